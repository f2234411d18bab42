#include "pages/spqr-run-place.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <inttypes.h>

#include "plot/spqr-theme.h"

enum { LETTERS = 26 };

char *
spqr_run_letter (guint place)
{
  if (place < LETTERS)
    return g_strdup_printf ("%c", 'A' + (int) place);
  return g_strdup_printf ("%c%c", 'A' + (int) (place / LETTERS - 1) % LETTERS, 'A' + (int) place % LETTERS);
}

char *
spqr_run_label (guint place, gint64 run_id)
{
  g_autofree char *letter = spqr_run_letter (place);

  /* Translators: a run that is compared: its letter and its number. */
  return g_strdup_printf (_("%s · Run %" PRId64), letter, run_id);
}

char *
spqr_run_swatch (guint place)
{
  SpqrThemeKind kind = adw_style_manager_get_dark (adw_style_manager_get_default ()) ? SPQR_THEME_DARK : SPQR_THEME_LIGHT;
  SpqrTheme theme;
  const SpqrColor *c;

  spqr_theme_init (&theme, kind);
  c = spqr_theme_series (&theme, place);
  return g_strdup_printf ("<span foreground=\"#%02x%02x%02x\">▍</span>", (guint) (CLAMP (c->red, 0, 1) * 255 + 0.5),
                          (guint) (CLAMP (c->green, 0, 1) * 255 + 0.5), (guint) (CLAMP (c->blue, 0, 1) * 255 + 0.5));
}

char *
spqr_run_markup (guint place, gint64 run_id)
{
  g_autofree char *swatch = spqr_run_swatch (place), *label = spqr_run_label (place, run_id), *escaped = g_markup_escape_text (label, -1);

  return g_strconcat (swatch, escaped, NULL);
}

int
spqr_run_compare_ids (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

int
spqr_run_compare_elder (gconstpointer a, gconstpointer b)
{
  return spqr_run_compare_ids (&(*(SpqrRun *const *) a)->id, &(*(SpqrRun *const *) b)->id);
}
