/* Generation with kept keys and values against the whole forward pass, id by id. */
#include <string.h>

#include "net/spqr-generate.h"
#include "oracle.h"

static gint32
next_id (Oracle *oracle, const gint32 *ids, gsize n)
{
  gsize vocab = spqr_net_get_config (oracle->net)->vocab;
  g_autofree float *logits = g_new (float, n * vocab);
  const float *last = logits + (n - 1) * vocab;
  SpqrExec exec = oracle_exec ();
  gsize best = 0;

  g_assert_true (spqr_net_forward (oracle->net, ids, n, logits, &exec, NULL));
  for (gsize v = 1; v < vocab; v++)
    if (last[v] > last[best])
      best = v;
  return (gint32) best;
}

static void
test_greedy (gconstpointer name)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree gint32 *got = NULL;
  SpqrGenerateOptions options = { .max_tokens = 20, .stop_id = -1 };
  gint32 ids[25];
  gsize n;

  oracle_open (&oracle, name, NULL);
  memcpy (ids, oracle.ids, 5 * sizeof *ids);
  for (gsize i = 5; i < 25; i++)
    ids[i] = next_id (&oracle, ids, i);
  got = spqr_generate (oracle.net, ids, 5, &options, NULL, NULL, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (got, n * sizeof *got, ids + 5, 20 * sizeof *ids);
}

static gboolean
stop_at_third (gint32 id, gpointer user_data)
{
  return ++*(int *) user_data < 3;
}

static void
test_ends (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree gint32 *whole = NULL, *stopped = NULL, *three = NULL, *none = NULL;
  SpqrGenerateOptions options = { .max_tokens = 1000, .stop_id = -1 };
  gsize n, at;
  int calls = 0;

  oracle_open (&oracle, "llama", NULL);
  whole = spqr_generate (oracle.net, oracle.ids, 5, &options, NULL, NULL, NULL, &n, &error);
  g_assert_cmpuint (n, ==, 64 - 5);             /* the model's context */
  options.stop_id = whole[3];
  for (at = 0; whole[at] != whole[3]; at++)
    ;
  stopped = spqr_generate (oracle.net, oracle.ids, 5, &options, NULL, NULL, NULL, &n, &error);
  g_assert_cmpmem (stopped, n * sizeof *stopped, whole, at * sizeof *whole);
  options.stop_id = -1;
  three = spqr_generate (oracle.net, oracle.ids, 5, &options, stop_at_third, &calls, NULL, &n, &error);
  g_assert_cmpmem (three, n * sizeof *three, whole, 3 * sizeof *whole);
  options.max_tokens = 0;
  none = spqr_generate (oracle.net, oracle.ids, 5, &options, NULL, NULL, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_nonnull (none);
  g_assert_cmpuint (n, ==, 0);
}

/* Drawn ids are always among the likeliest top_k, and all of those come. */
static void
test_top_k (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autofree float *logits = NULL;
  gboolean seen[61] = { FALSE };
  SpqrExec exec = oracle_exec ();
  guint distinct = 0;

  oracle_open (&oracle, "llama", NULL);
  logits = g_new (float, 5 * 61);
  g_assert_true (spqr_net_forward (oracle.net, oracle.ids, 5, logits, &exec, NULL));
  for (guint seed = 0; seed < 300; seed++)
    {
      SpqrGenerateOptions options = { .max_tokens = 1, .temperature = 3, .top_k = 4, .seed = seed, .stop_id = -1 };
      gsize n;
      g_autofree gint32 *ids = spqr_generate (oracle.net, oracle.ids, 5, &options, NULL, NULL, NULL, &n, NULL);
      guint larger = 0;

      for (int v = 0; v < 61; v++)
        larger += logits[4 * 61 + v] > logits[4 * 61 + ids[0]];
      g_assert_cmpuint (larger, <, 4);
      distinct += !seen[ids[0]];
      seen[ids[0]] = TRUE;
    }
  g_assert_cmpuint (distinct, ==, 4);
}

static void
test_errors (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  SpqrGenerateOptions options = { .max_tokens = 5, .stop_id = -1 };
  GError *error = NULL;
  gint32 wrong = 61;
  gint32 ids[65] = { 0 };
  gsize n;

  oracle_open (&oracle, "llama", NULL);
  g_assert_null (spqr_generate (oracle.net, ids, 0, &options, NULL, NULL, NULL, &n, &error));
  g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (spqr_generate (oracle.net, ids, 65, &options, NULL, NULL, NULL, &n, &error));
  g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (spqr_generate (oracle.net, &wrong, 1, &options, NULL, NULL, NULL, &n, &error));
  g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (spqr_generate (oracle.net, ids, 1, &options, NULL, NULL, cancellable, &n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
}

int
main (int argc, char **argv)
{
  static const char *const families[] = { "llama", "mistral", "opt", "falcon-alibi", "falcon-grouped", "gemma2", "gpt_neox" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree char *path = g_strdup_printf ("/generate/greedy/%s", families[i]);

      g_test_add_data_func (path, families[i], test_greedy);
    }
  g_test_add_func ("/generate/ends", test_ends);
  g_test_add_func ("/generate/top-k", test_top_k);
  g_test_add_func ("/generate/errors", test_errors);
  return g_test_run ();
}
