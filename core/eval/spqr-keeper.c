#include "eval/spqr-keeper.h"

gsize
spqr_keeper_get (const SpqrKeeper *keeper, SpqrMeasured *items, gsize n)
{
  g_autoptr (GError) error = NULL;
  gsize known = 0;

  if (keeper == NULL || keeper->store == NULL)
    return 0;
  if (!spqr_store_get_measured (keeper->store, keeper->subject, items, n, &known, &error))
    g_info ("%s; measuring all of it", error->message);
  return known;
}

void
spqr_keeper_add (const SpqrKeeper *keeper, gsize first, const SpqrMeasured *items, gsize n)
{
  g_autoptr (GError) error = NULL;

  if (keeper == NULL || keeper->store == NULL)
    return;
  if (!spqr_store_add_measured (keeper->store, keeper->subject, first, items, n, &error))
    g_info ("%s; going on without", error->message);
}
