#include "job/spqr-subject.h"

#include <glib/gstdio.h>

#include "spqr-build.h"

static void
add_text (GChecksum *sum, const char *text)
{
  g_checksum_update (sum, (const guchar *) (text != NULL ? text : ""), -1);
  g_checksum_update (sum, (const guchar *) "", 1);
}

static void
add_layer (GChecksum *sum, const SpqrRun *run, const SpqrRunLayer *layer)
{
  g_autofree char *path = g_build_filename (run->folder, layer->file, NULL);
  g_autofree char *state = NULL;
  GStatBuf info = { 0 };

  if (g_stat (path, &info) == 0)
    state = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", (gint64) info.st_size,
                             (gint64) info.st_mtim.tv_sec, (long) info.st_mtim.tv_nsec);
  add_text (sum, layer->name);
  add_text (sum, path);
  add_text (sum, state);
}

char *
spqr_weights_fingerprint (SpqrModel *model, SpqrStore *store, SpqrRun *run, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GPtrArray) layers = NULL;

  add_text (sum, SPQR_VERSION);      /* another version may compute in another order */
  add_text (sum, spqr_model_get_fingerprint (model));
  if (run != NULL && (layers = spqr_store_list_layers (store, run->id, error)) == NULL)
    return NULL;
  for (guint i = 0; layers != NULL && i < layers->len; i++)
    add_layer (sum, run, layers->pdata[i]);
  return g_strdup (g_checksum_get_string (sum));
}

char *
spqr_perplexity_subject (const char *weights, const char *base, const char *data_fingerprint, guint seqlen, gsize windows)
{
  return g_strdup_printf ("%s perplexity of %s in %" G_GSIZE_FORMAT " windows of %u, base %s", weights, data_fingerprint,
                          windows, seqlen, base != NULL ? base : "none");
}
