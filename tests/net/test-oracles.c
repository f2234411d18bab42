/* Every family against the logits and first hidden states of an independent implementation. */
#include "oracle.h"

#include <math.h>

#define TOLERANCE 1e-5          /* promised: 1e-4 */

static void
test_logits (gconstpointer data)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree float *logits = NULL;
  SpqrExec exec = oracle_exec ();
  gsize vocab;

  oracle_open (&oracle, data, NULL);
  vocab = spqr_net_get_config (oracle.net)->vocab;
  logits = g_new (float, oracle.n_ids * vocab);
  g_assert_true (spqr_net_forward (oracle.net, oracle.ids, oracle.n_ids, logits, &exec, &error));
  g_assert_no_error (error);
  oracle_compare ("logits", logits, oracle.logits, oracle.n_ids * vocab, TOLERANCE);
}

static void
test_first_block (gconstpointer data)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree float *hidden = NULL;
  g_autoptr (SpqrBlock) block = NULL;
  SpqrExec exec = oracle_exec ();
  gsize n;

  oracle_open (&oracle, data, NULL);
  n = oracle.n_ids * spqr_net_get_config (oracle.net)->hidden;
  hidden = g_new (float, n);
  g_assert_true (spqr_net_embed (oracle.net, oracle.ids, oracle.n_ids, 0, hidden, &error));
  block = spqr_net_load_block (oracle.net, 0, &error);
  g_assert_no_error (error);
  g_assert_true (spqr_net_run_block (oracle.net, block, hidden, oracle.n_ids, 0, NULL, NULL, &exec, &error));
  oracle_compare ("hidden", hidden, oracle.hidden, n, TOLERANCE);
}

/* Cross entropy from the oracle's logits in f64. */
static void
test_cross_entropy (gconstpointer data)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree float *hidden = NULL;
  g_autofree double *nll = NULL;
  SpqrExec exec = oracle_exec ();
  const SpqrConfig *config;
  gsize n;

  oracle_open (&oracle, data, NULL);
  config = spqr_net_get_config (oracle.net);
  n = oracle.n_ids - 1;
  hidden = g_new (float, oracle.n_ids * config->hidden);
  nll = g_new (double, n);
  g_assert_true (spqr_net_embed (oracle.net, oracle.ids, oracle.n_ids, 0, hidden, &error));
  for (int b = 0; b < config->n_blocks; b++)
    {
      g_autoptr (SpqrBlock) block = spqr_net_load_block (oracle.net, b, &error);

      g_assert_no_error (error);
      g_assert_true (spqr_net_run_block (oracle.net, block, hidden, oracle.n_ids, 0, NULL, NULL, &exec, &error));
    }
  g_assert_true (spqr_net_cross_entropy (oracle.net, hidden, n, oracle.ids + 1, nll, &exec, &error));
  for (gsize t = 0; t < n; t++)
    {
      const float *z = oracle.logits + t * config->vocab;
      double sum = 0;

      for (int v = 0; v < config->vocab; v++)
        sum += exp ((double) z[v] - z[oracle.ids[t + 1]]);
      g_assert_cmpfloat (fabs (nll[t] - log (sum)), <=, 3e-4);
    }
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) cases = NULL;

  g_test_init (&argc, &argv, NULL);
  cases = oracle_list ();
  for (guint i = 0; cases[i] != NULL; i++)
    {
      g_autofree char *logits = g_strdup_printf ("/oracles/%s/logits", cases[i]);
      g_autofree char *block = g_strdup_printf ("/oracles/%s/first-block", cases[i]);
      g_autofree char *entropy = g_strdup_printf ("/oracles/%s/cross-entropy", cases[i]);

      g_test_add_data_func (logits, cases[i], test_logits);
      g_test_add_data_func (block, cases[i], test_first_block);
      g_test_add_data_func (entropy, cases[i], test_cross_entropy);
    }
  return g_test_run ();
}
