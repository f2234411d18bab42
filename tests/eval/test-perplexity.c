/* Perplexity by the published rule: a trained model against an f64 implementation (skipped where
 * $SPQR_SHARED lacks it), and the small models of tests/net against their own logits. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "eval/spqr-perplexity.h"
#include "eval/spqr-sweep.h"
#include "../net/oracle.h"

static char *
stories_path (const char *name)
{
  const char *shared = g_getenv ("SPQR_SHARED");

  return g_build_filename (shared != NULL ? shared : "../shared", "models", "stories260K", name, NULL);
}

static JsonNode *
read_json (const char *name)
{
  g_autofree char *path = stories_path (name);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;

  g_assert_true (json_parser_load_from_file (parser, path, &error));
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

static void
test_stories (void)
{
  g_autofree char *folder = stories_path (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) model = NULL;
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (JsonNode) oracle = NULL, eval = NULL;
  g_autofree gint32 *ids = NULL;
  JsonArray *array, *nll;
  JsonObject *want;
  SpqrPerplexity result;

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("SPQR_SHARED has no models/stories260K");
      return;
    }
  oracle = read_json ("oracle.json");
  eval = read_json ("eval_ids.json");
  array = json_node_get_array (eval);
  ids = g_new (gint32, json_array_get_length (array));
  for (guint i = 0; i < json_array_get_length (array); i++)
    ids[i] = (gint32) json_array_get_int_element (array, i);
  model = spqr_model_open (folder, &error);
  g_assert_no_error (error);
  net = spqr_net_new (model, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (spqr_perplexity_compute (net, NULL, ids, json_array_get_length (array), 512, 0, NULL, NULL, NULL, NULL, &result, &error));
  want = json_object_get_object_member (json_node_get_object (oracle), "perplexity");
  g_test_message ("perplexity %.6f ± %.6f", result.ppl, result.ppl_stderr);
  g_assert_cmpfloat (fabs (result.ppl - json_object_get_double_member (want, "ppl")), <, 1e-4);
  nll = json_object_get_array_member (want, "nll_per_window");
  g_assert_cmpuint (result.windows, ==, json_array_get_length (nll));
  g_assert_cmpuint (result.tokens, ==, result.windows * 511);
  for (guint w = 0; w < result.windows; w++)
    g_assert_cmpfloat (fabs (result.window_nll[w] - json_array_get_double_element (nll, w)), <, 2e-6);
  g_assert_true (isnan (result.kl));
  spqr_perplexity_clear (&result);
}

#define WINDOW 9        /* 37 ids: four windows, one id left over */

/* The logits of one window of the case, by the forward pass alone. */
static float *
window_logits (Oracle *oracle, gsize w)
{
  gsize vocab = spqr_net_get_config (oracle->net)->vocab;
  float *logits = g_new (float, WINDOW * vocab);
  g_autoptr (GError) error = NULL;
  SpqrExec exec = oracle_exec ();

  g_assert_true (spqr_net_forward (oracle->net, oracle->ids + w * WINDOW, WINDOW, logits, &exec, &error));
  g_assert_no_error (error);
  return logits;
}

static double
log_softmax (const float *z, gsize n, gsize v)
{
  double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += exp ((double) z[i] - z[v]);
  return -log (sum);
}

static gsize
argmax (const float *z, gsize n)
{
  gsize best = 0;

  for (gsize i = 1; i < n; i++)
    if (z[i] > z[best])
      best = i;
  return best;
}

/* nll, KL and agreement of two cases over the same ids, straight from their definitions. */
static void
test_against_base (void)
{
  g_auto (Oracle) model = { NULL }, base = { NULL };
  g_autoptr (GError) error = NULL;
  SpqrPerplexity result;
  double nll = 0, kl = 0, squares = 0, window_nll[4] = { 0 };
  gsize vocab, agreed = 0;

  oracle_open (&model, "gemma2", NULL);
  oracle_open (&base, "opt-post-norm", NULL);
  vocab = spqr_net_get_config (model.net)->vocab;
  memcpy (base.ids, model.ids, model.n_ids * sizeof *model.ids);
  g_assert_true (spqr_perplexity_compute (model.net, base.net, model.ids, model.n_ids, WINDOW, 0, NULL, NULL, NULL, NULL, &result, &error));
  g_assert_no_error (error);
  for (gsize w = 0; w < 4; w++)
    {
      g_autofree float *z = window_logits (&model, w), *b = window_logits (&base, w);

      for (gsize t = 0; t + 1 < WINDOW; t++)
        {
          const float *zt = z + t * vocab, *bt = b + t * vocab;

          window_nll[w] -= log_softmax (zt, vocab, model.ids[w * WINDOW + t + 1]) / (WINDOW - 1);
          agreed += argmax (zt, vocab) == argmax (bt, vocab);
          for (gsize v = 0; v < vocab; v++)
            {
              double log_b = log_softmax (bt, vocab, v);

              kl += exp (log_b) * (log_b - log_softmax (zt, vocab, v)) / (WINDOW - 1) / 4;
            }
        }
      nll += window_nll[w] / 4;
      g_assert_cmpfloat (fabs (result.window_nll[w] - window_nll[w]), <, 1e-5);
    }
  for (gsize w = 0; w < 4; w++)
    squares += (window_nll[w] - nll) * (window_nll[w] - nll);
  g_assert_cmpuint (result.windows, ==, 4);
  g_assert_cmpuint (result.tokens, ==, 4 * (WINDOW - 1));
  g_assert_cmpfloat (fabs (result.nll - nll), <, 1e-5);
  g_assert_cmpfloat (fabs (result.ppl - exp (nll)), <, 1e-5 * exp (nll));
  g_assert_cmpfloat (fabs (result.ppl_stderr - exp (nll) * sqrt (squares / 3 / 4)), <, 1e-5 * exp (nll));
  g_assert_cmpfloat (fabs (result.kl - kl), <, 1e-5 * kl);
  g_assert_cmpfloat (result.top1_agreement, ==, agreed / (4.0 * (WINDOW - 1)));
  g_assert_cmpfloat (result.kl_stderr, >, 0);
  spqr_perplexity_clear (&result);
}

static void
test_same_base (void)
{
  g_auto (Oracle) model = { NULL };
  g_autoptr (GError) error = NULL;
  SpqrPerplexity result;

  oracle_open (&model, "llama", NULL);
  g_assert_true (spqr_perplexity_compute (model.net, model.net, model.ids, model.n_ids, 12, 0, NULL, NULL, NULL, NULL, &result, &error));
  g_assert_cmpfloat (result.kl, ==, 0);
  g_assert_cmpfloat (result.top1_agreement, ==, 1);
  spqr_perplexity_clear (&result);
}

static void
note_progress (double fraction, const char *what, gpointer user_data)
{
  double *last = user_data;

  g_assert_cmpfloat (fraction, >=, *last);
  g_assert_cmpfloat (fraction, <=, 1);
  g_assert_nonnull (what);
  *last = fraction;
}

static void
test_progress (void)
{
  g_auto (Oracle) model = { NULL };
  g_autoptr (GError) error = NULL;
  SpqrPerplexity result;
  double last = 0;

  oracle_open (&model, "mistral", NULL);
  g_assert_true (spqr_perplexity_compute (model.net, NULL, model.ids, model.n_ids, 5, 3, NULL, note_progress, &last, NULL, &result, &error));
  g_assert_cmpuint (result.windows, ==, 3);
  g_assert_cmpfloat (fabs (last - 1), <, 1e-9);
  spqr_perplexity_clear (&result);
}

static void
assert_fails (SpqrNet *net, SpqrNet *base, const gint32 *ids, gsize n, guint seqlen, GQuark domain, int code, const char *word)
{
  g_autoptr (GError) error = NULL;
  SpqrPerplexity result;

  g_assert_false (spqr_perplexity_compute (net, base, ids, n, seqlen, 0, NULL, NULL, NULL, NULL, &result, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_null (result.window_nll);
}

static void
test_errors (void)
{
  g_auto (Oracle) model = { NULL };

  oracle_open (&model, "opt", NULL);
  assert_fails (model.net, NULL, model.ids, 37, 38, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE, "37 tokens");
  assert_fails (model.net, NULL, model.ids, 0, 38, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE, "0 tokens");
  assert_fails (model.net, NULL, model.ids, 37, 1, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE, "at least 2");
  assert_fails (model.net, NULL, model.ids, 37, 0, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE, "at least 2");
  model.ids[7] = 61;
  assert_fails (model.net, NULL, model.ids, 37, 8, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY, "61");
  model.ids[7] = -1;
  assert_fails (model.net, NULL, model.ids, 37, 8, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY, "-1");
}

/* The same bits whether all windows are held in memory or one batch of them at a time. */
static void
test_chunks (void)
{
  g_auto (Oracle) model = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree gint32 *ids = g_new (gint32, 9000);
  SpqrPerplexity whole, chunked;

  oracle_open (&model, "llama-f32", NULL);
  for (gsize i = 0; i < 9000; i++)
    ids[i] = i < 37 ? model.ids[i] : (ids[i - 37] * 5 + ids[i - 1]) % 61;
  g_assert_true (spqr_perplexity_compute (model.net, model.net, ids, 9000, 11, 0, NULL, NULL, NULL, NULL, &whole, &error));
  spqr_sweep_set_memory (1);
  g_assert_true (spqr_perplexity_compute (model.net, model.net, ids, 9000, 11, 0, NULL, NULL, NULL, NULL, &chunked, &error));
  spqr_sweep_set_memory (0);
  g_assert_cmpuint (whole.windows, ==, 9000 / 11);
  g_assert_cmpmem (whole.window_nll, whole.windows * sizeof (double), chunked.window_nll, chunked.windows * sizeof (double));
  g_assert_cmpfloat (whole.ppl, ==, chunked.ppl);
  spqr_perplexity_clear (&whole);
  spqr_perplexity_clear (&chunked);
}

static void
test_cancelled (void)
{
  g_auto (Oracle) model = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  SpqrPerplexity result;

  oracle_open (&model, "opt", NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (spqr_perplexity_compute (model.net, NULL, model.ids, 37, 8, 0, NULL, NULL, NULL, cancellable, &result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Gone on with after any number of windows, the figures are those of one sitting. */
static void
check_sitting (Oracle *model, const gint32 *ids, gsize n, SpqrStore *store, const SpqrMeasured *items, gsize kept, const SpqrPerplexity *whole)
{
  g_autofree char *subject = g_strdup_printf ("after %" G_GSIZE_FORMAT, kept);
  const SpqrKeeper keeper = { store, subject };
  g_autofree SpqrMeasured *now = g_new (SpqrMeasured, whole->windows);
  g_autoptr (GError) error = NULL;
  SpqrPerplexity result;
  gsize known;

  g_assert_true (spqr_store_add_measured (store, subject, 0, items, kept, &error));
  g_assert_true (spqr_perplexity_compute (model->net, model->net, ids, n, 11, 0, &keeper, NULL, NULL, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (result.known, <=, kept);
  g_assert_cmpuint (kept - result.known, <, SPQR_SWEEP_ROWS / 11);
  g_assert_true (kept < whole->windows || result.known == kept);
  g_assert_true (memcmp (whole->window_nll, result.window_nll, whole->windows * sizeof (double)) == 0);
  g_assert_true (whole->ppl == result.ppl && whole->ppl_stderr == result.ppl_stderr && whole->kl == result.kl);
  g_assert_true (whole->base_ppl == result.base_ppl && whole->top1_agreement == result.top1_agreement);
  g_assert_true (spqr_store_get_measured (store, subject, now, whole->windows, &known, &error));
  g_assert_cmpuint (known, ==, whole->windows);
  g_assert_true (memcmp (now, items, known * sizeof *now) == 0);
  spqr_perplexity_clear (&result);
}

static void
test_sittings (void)
{
  const gsize n = 6000, kept[] = { 0, 1, 185, 186, 187, 400, 544, 545 };
  g_auto (Oracle) model = { NULL };
  g_autofree char *folder = g_dir_make_tmp ("spqr-perplexity-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "studio.db", NULL);
  g_autofree SpqrMeasured *items = g_new0 (SpqrMeasured, n / 11);
  g_autofree gint32 *ids = g_new (gint32, n);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrStore) store = spqr_store_open (path, &error);
  const SpqrKeeper keeper = { store, "whole" };
  SpqrPerplexity whole, result;
  gsize known;

  g_assert_no_error (error);
  oracle_open (&model, "llama-f32", NULL);
  for (gsize i = 0; i < n; i++)
    ids[i] = model.ids[i * 7 % model.n_ids];
  g_assert_true (spqr_perplexity_compute (model.net, model.net, ids, n, 11, 0, &keeper, NULL, NULL, NULL, &whole, &error));
  g_assert_cmpfloat (fabs (whole.base_ppl - whole.ppl), <, 1e-9 * whole.ppl);
  g_assert_true (spqr_store_get_measured (store, "whole", items, whole.windows, &known, &error));
  g_assert_cmpuint (known, ==, whole.windows);
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    check_sitting (&model, ids, n, store, items, kept[i], &whole);
  /* What is kept is what counts. */
  items[3].nll += 1;
  g_assert_true (spqr_store_add_measured (store, "whole", 3, items + 3, 1, &error));
  g_assert_true (spqr_perplexity_compute (model.net, model.net, ids, n, 11, 0, &keeper, NULL, NULL, NULL, &result, &error));
  g_assert_cmpfloat (fabs (result.nll - whole.nll - 1.0 / whole.windows), <, 1e-12);
  spqr_perplexity_clear (&whole);
  spqr_perplexity_clear (&result);
  g_clear_object (&store);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/perplexity/stories", test_stories);
  g_test_add_func ("/perplexity/against-base", test_against_base);
  g_test_add_func ("/perplexity/same-base", test_same_base);
  g_test_add_func ("/perplexity/progress", test_progress);
  g_test_add_func ("/perplexity/errors", test_errors);
  g_test_add_func ("/perplexity/chunks", test_chunks);
  g_test_add_func ("/perplexity/cancelled", test_cancelled);
  g_test_add_func ("/perplexity/sittings", test_sittings);
  return g_test_run ();
}
