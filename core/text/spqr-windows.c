/* spqr-windows.c: calibration and evaluation windows of a corpus. */
#include "text/spqr-corpus-private.h"

#include <string.h>

#define C4_WINDOWS 256
/* Ids in one set of windows. */
#define MAX_IDS ((guint64) 1 << 28)

static gboolean
too_short (const SpqrCorpus *corpus, gsize have, guint seqlen, GError **error)
{
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT,
               "%s: %" G_GSIZE_FORMAT " %s, fewer than one window of %u: take a longer text or a shorter window "
               "(--seqlen)", corpus->name, have, have == 1 ? "id" : "ids", seqlen);
  return FALSE;
}

static gboolean
check_vocabulary (const SpqrCorpus *corpus, const GArray *ids, GError **error)
{
  for (guint i = 0; corpus->vocab > 0 && i < ids->len; i++)
    {
      gint32 id = g_array_index (ids, gint32, i);

      if (id >= 0 && (guint32) id < corpus->vocab)
        continue;
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
                   "%s: the id %d at position %u is outside the model's vocabulary of %u", corpus->name, id, i,
                   corpus->vocab);
      return FALSE;
    }
  return TRUE;
}

static gboolean
draw_from_documents (SpqrCorpus *corpus, guint n, guint seqlen, gint64 seed, GArray *ids, GCancellable *cancellable,
                     GError **error)
{
  SpqrPythonRandom random;

  spqr_python_random_seed (&random, seed);
  for (guint i = 0; i < n; i++)
    {
      if (!spqr_documents_draw (corpus->documents, seqlen, &random, ids, cancellable, error))
        return FALSE;
    }
  return check_vocabulary (corpus, ids, error);
}

static gboolean
draw_from_text (SpqrCorpus *corpus, guint n, guint seqlen, gint64 seed, GArray *ids, GError **error)
{
  SpqrPythonRandom random;

  if (corpus->n_loaded < seqlen)
    return too_short (corpus, corpus->n_loaded, seqlen, error);
  spqr_python_random_seed (&random, seed);
  for (guint i = 0; i < n; i++)
    {
      gint64 start = corpus->n_loaded > seqlen
                       ? spqr_python_random_int (&random, 0, (gint64) (corpus->n_loaded - seqlen) - 1) : 0;

      g_array_append_vals (ids, corpus->ids + start, seqlen);
    }
  return TRUE;
}

static gboolean
take_rows (SpqrCorpus *corpus, guint n, guint seqlen, GArray *ids, GError **error)
{
  if (corpus->n_rows < n)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT,
                   "%s: %" G_GSIZE_FORMAT " rows of ids, fewer than the %u asked for (--nsamples)", corpus->name,
                   corpus->n_rows, n);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    {
      gsize start = corpus->row_starts[i], have = corpus->row_starts[i + 1] - start;

      if (have < seqlen)
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT,
                       "%s: row %u has %" G_GSIZE_FORMAT " ids, fewer than the window of %u", corpus->name, i, have,
                       seqlen);
          return FALSE;
        }
      g_array_append_vals (ids, corpus->ids + start, seqlen);
    }
  return TRUE;
}

static gboolean
check_counts (guint n, guint seqlen, GError **error)
{
  if (n > 0 && seqlen > 0 && (guint64) n * seqlen <= MAX_IDS)
    return TRUE;
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "%u windows of %u ids: at least one of each, and at most %" G_GUINT64_FORMAT " ids in all", n, seqlen,
               MAX_IDS);
  return FALSE;
}

gint32 *
spqr_corpus_calibration_windows (SpqrCorpus *corpus, guint nsamples, guint seqlen, gint64 seed, char **fingerprint,
                                 GError **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  gboolean done;

  g_return_val_if_fail (corpus != NULL, NULL);

  if (!check_counts (nsamples, seqlen, error))
    return NULL;
  if (corpus->documents != NULL)
    done = draw_from_documents (corpus, nsamples, seqlen, seed, ids, NULL, error);
  else if (corpus->row_starts != NULL)
    done = take_rows (corpus, nsamples, seqlen, ids, error);
  else
    done = draw_from_text (corpus, nsamples, seqlen, seed, ids, error);
  if (!done)
    return NULL;
  if (fingerprint != NULL)
    *fingerprint = spqr_ids_fingerprint ((gint32 *) (gpointer) ids->data, ids->len);
  return (gint32 *) (gpointer) g_array_free (g_steal_pointer (&ids), FALSE);
}

gboolean
spqr_corpus_prepare_evaluation (SpqrCorpus *corpus, guint seqlen, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (corpus != NULL, FALSE);

  if (!check_counts (C4_WINDOWS, seqlen, error))
    return FALSE;
  if (corpus->documents != NULL)
    {
      g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

      if (!draw_from_documents (corpus, C4_WINDOWS, seqlen, 0, ids, cancellable, error))
        return FALSE;
      g_free (corpus->ids);
      corpus->n_ids = ids->len;
      corpus->ids = (gint32 *) (gpointer) g_array_free (g_steal_pointer (&ids), FALSE);
    }
  else
    corpus->n_ids = corpus->max_windows > 0 ? MIN (corpus->n_loaded, (gsize) corpus->max_windows * seqlen)
                                            : corpus->n_loaded;
  g_free (corpus->fingerprint);
  corpus->fingerprint = spqr_ids_fingerprint (corpus->ids, corpus->n_ids);
  return corpus->n_ids >= seqlen || too_short (corpus, corpus->n_ids, seqlen, error);
}

gsize
spqr_corpus_n_windows (SpqrCorpus *corpus, guint seqlen)
{
  return seqlen > 0 ? corpus->n_ids / seqlen : 0;
}
