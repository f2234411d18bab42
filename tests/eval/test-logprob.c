/* Continuations against the forward pass over context and continuation written out. */
#include <math.h>
#include <string.h>

#include "eval/spqr-logprob.h"
#include "eval/spqr-sweep.h"
#include "../net/oracle.h"

/* By the definition: one whole forward pass for this request alone. */
static SpqrLogprob
by_hand (Oracle *oracle, const gint32 *context, gsize n_context, const gint32 *continuation, gsize n_continuation)
{
  gsize vocab = spqr_net_get_config (oracle->net)->vocab, n = n_context + n_continuation;
  g_autofree gint32 *ids = g_new (gint32, n);
  g_autofree float *logits = g_new (float, n * vocab);
  g_autoptr (GError) error = NULL;
  SpqrExec exec = oracle_exec ();
  SpqrLogprob result = { 0, TRUE, 0 };

  memcpy (ids, context, n_context * sizeof *ids);
  memcpy (ids + n_context, continuation, n_continuation * sizeof *ids);
  g_assert_true (spqr_net_forward (oracle->net, ids, n, logits, &exec, &error));
  g_assert_no_error (error);
  for (gsize t = n_context; t < n; t++)
    {
      const float *z = logits + (t - 1) * vocab;
      double sum = 0;

      for (gsize v = 0; v < vocab; v++)
        {
          sum += exp ((double) z[v] - z[ids[t]]);
          result.greedy &= z[v] <= z[ids[t]];
        }
      result.logprob -= log (sum);
    }
  return result;
}

static gint32
likeliest (Oracle *oracle, const gint32 *context, gsize n)
{
  for (gint32 v = 0; v < spqr_net_get_config (oracle->net)->vocab; v++)
    if (by_hand (oracle, context, n, &v, 1).greedy)
      return v;
  return -1;
}

/* Shared contexts, contexts of their own, continuations of 0, 1 and more ids. */
static void
test_family (gconstpointer name)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  SpqrLogprob results[8];
  gint32 best;

  oracle_open (&oracle, name, NULL);
  best = likeliest (&oracle, oracle.ids, 7);
  {
    const gint32 *ids = oracle.ids;
    const SpqrLogprobRequest requests[G_N_ELEMENTS (results)] = {
      { ids, ids + 7, 7, 3 }, { ids, ids + 20, 7, 9 }, { ids, ids + 12, 7, 1 }, { ids, &best, 7, 1 },
      { ids, ids, 7, 0 }, { ids + 3, ids + 30, 12, 5 }, { ids + 5, ids + 9, 1, 2 }, { ids + 1, ids + 2, 30, 6 },
    };

    g_assert_true (spqr_logprob_compute (oracle.net, requests, G_N_ELEMENTS (requests), 0, NULL, NULL, NULL, NULL, NULL, results, &error));
    g_assert_no_error (error);
    for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
      {
        const SpqrLogprobRequest *r = &requests[i];
        SpqrLogprob want = by_hand (&oracle, r->context, r->n_context, r->continuation, r->n_continuation);

        g_assert_cmpfloat (fabs (results[i].logprob - want.logprob), <=, 1e-4 * (1 + fabs (want.logprob)));
        g_assert_cmpint (results[i].greedy, ==, want.greedy);
        g_assert_cmpuint (results[i].dropped, ==, 0);
      }
    g_assert_true (results[3].greedy);
    g_assert_cmpfloat (results[4].logprob, ==, 0);
    g_assert_true (results[4].greedy);
  }
}

/* Cut from the left: as if only the last max_length + 1 ids had been there. */
static void
test_cut (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  SpqrLogprob results[2], want;

  oracle_open (&oracle, "llama", NULL);
  {
    const SpqrLogprobRequest requests[] = { { oracle.ids, oracle.ids + 20, 20, 4 }, { oracle.ids, oracle.ids + 20, 20, 2 } };

    g_assert_true (spqr_logprob_compute (oracle.net, requests, 2, 16, NULL, NULL, NULL, NULL, NULL, results, &error));
  }
  g_assert_no_error (error);
  g_assert_cmpuint (results[0].dropped, ==, 7);
  g_assert_cmpuint (results[1].dropped, ==, 5);
  want = by_hand (&oracle, oracle.ids + 7, 13, oracle.ids + 20, 4);
  g_assert_cmpfloat (fabs (results[0].logprob - want.logprob), <, 1e-4);
  want = by_hand (&oracle, oracle.ids + 5, 15, oracle.ids + 20, 2);
  g_assert_cmpfloat (fabs (results[1].logprob - want.logprob), <, 1e-4);
}

/* More requests than one batch, and than one chunk, takes. */
static void
test_many (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) requests = g_array_new (FALSE, FALSE, sizeof (SpqrLogprobRequest));
  g_autofree SpqrLogprob *results = NULL;
  SpqrLogprob want[4];

  oracle_open (&oracle, "llama-f32", NULL);
  for (guint i = 0; i < 4; i++)
    want[i] = by_hand (&oracle, oracle.ids + i, 10 + i, oracle.ids + 20 - i, 3 + i);
  for (guint i = 0; i < 1000; i++)
    {
      SpqrLogprobRequest request = { oracle.ids + i % 4, oracle.ids + 20 - i % 4, 10 + i % 4, 3 + i % 4 };

      g_array_append_val (requests, request);
    }
  spqr_sweep_set_memory (1);
  results = g_new (SpqrLogprob, requests->len);
  g_assert_true (spqr_logprob_compute (oracle.net, (SpqrLogprobRequest *) (gpointer) requests->data, requests->len, 0, NULL, NULL, NULL, NULL,
                                       NULL, results, &error));
  spqr_sweep_set_memory (0);
  for (guint i = 0; i < requests->len; i++)
    g_assert_cmpfloat (fabs (results[i].logprob - want[i % 4].logprob), <, 1e-4 * (1 + fabs (want[i % 4].logprob)));
}

static void
test_errors (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  SpqrLogprob result;
  GError *error = NULL;

  oracle_open (&oracle, "llama", NULL);
  {
    SpqrLogprobRequest empty = { oracle.ids, oracle.ids, 0, 3 }, long_one = { oracle.ids, oracle.ids, 2, 20 };
    gint32 wrong = 61;
    SpqrLogprobRequest outside = { oracle.ids, &wrong, 5, 1 };

    g_assert_false (spqr_logprob_compute (oracle.net, &empty, 1, 0, NULL, NULL, NULL, NULL, NULL, &result, &error));
    g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE);
    g_clear_error (&error);
    g_assert_false (spqr_logprob_compute (oracle.net, &long_one, 1, 10, NULL, NULL, NULL, NULL, NULL, &result, &error));
    g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE);
    g_clear_error (&error);
    g_assert_false (spqr_logprob_compute (oracle.net, &outside, 1, 0, NULL, NULL, NULL, NULL, NULL, &result, &error));
    g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY);
    g_clear_error (&error);
    g_cancellable_cancel (cancellable);
    outside.continuation = oracle.ids;
    g_assert_false (spqr_logprob_compute (oracle.net, &outside, 1, 0, NULL, NULL, NULL, NULL, cancellable, &result, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_clear_error (&error);
    g_assert_true (spqr_logprob_compute (oracle.net, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, &error));
    g_assert_no_error (error);
  }
}

int
main (int argc, char **argv)
{
  static const char *const families[] = { "llama", "mistral", "falcon-alibi", "opt", "gemma2", "gpt_neox" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree char *path = g_strdup_printf ("/logprob/%s", families[i]);

      g_test_add_data_func (path, families[i], test_family);
    }
  g_test_add_func ("/logprob/cut", test_cut);
  g_test_add_func ("/logprob/many", test_many);
  g_test_add_func ("/logprob/errors", test_errors);
  return g_test_run ();
}
