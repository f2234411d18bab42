#include "oracle.h"

#include <math.h>

#include "compute/spqr-pool.h"
#include "model/spqr-safetensors.h"

static char *
case_folder (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "net", "oracles", name, NULL);
}

static gconstpointer
copy_entry (SpqrSafetensors *file, const char *name, gsize *n)
{
  const SpqrSafetensorsEntry *entry = spqr_safetensors_lookup (file, name);

  g_assert_nonnull (entry);
  g_assert_cmpuint (entry->n_bytes % 4, ==, 0);
  *n = entry->n_bytes / 4;
  return g_memdup2 (entry->data, entry->n_bytes);
}

void
oracle_open (Oracle *oracle, const char *name, SpqrWeightSource *source)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = case_folder (name);
  g_autofree char *expected = g_build_filename (folder, "expected.safetensors", NULL);
  g_autoptr (SpqrSafetensors) file = spqr_safetensors_open (expected, &error);
  gsize n_logits, n_hidden;

  *oracle = (Oracle) { NULL };
  g_assert_no_error (error);
  oracle->ids = (gint32 *) copy_entry (file, "ids", &oracle->n_ids);
  oracle->logits = (float *) copy_entry (file, "logits", &n_logits);
  oracle->hidden = (float *) copy_entry (file, "hidden", &n_hidden);
  oracle->model = spqr_model_open (folder, &error);
  g_assert_no_error (error);
  oracle->net = spqr_net_new (oracle->model, source, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_logits, ==, oracle->n_ids * spqr_net_get_config (oracle->net)->vocab);
  g_assert_cmpuint (n_hidden, ==, oracle->n_ids * spqr_net_get_config (oracle->net)->hidden);
}

void
oracle_clear (Oracle *oracle)
{
  g_clear_pointer (&oracle->net, spqr_net_free);
  g_clear_object (&oracle->model);
  g_clear_pointer (&oracle->ids, g_free);
  g_clear_pointer (&oracle->logits, g_free);
  g_clear_pointer (&oracle->hidden, g_free);
}

char **
oracle_list (void)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "net", "oracles", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

void
oracle_compare (const char *what, const float *got, const float *want, gsize n, double tolerance)
{
  double largest = 0, worst = 0;

  for (gsize i = 0; i < n; i++)
    {
      double difference = fabs ((double) got[i] - want[i]);

      largest = fmax (largest, fabs (want[i]));
      worst = difference > worst || isnan (difference) ? difference : worst;
    }
  g_test_message ("%s: largest difference %.3g of %.3g", what, worst, largest);
  g_assert_cmpfloat (worst, <=, tolerance * largest);
}

SpqrExec
oracle_exec (void)
{
  return spqr_pool_exec (spqr_pool_get_default (), NULL, NULL);
}
