/* test-run.c: SpqrRun as an object: properties, notifications, refreshing. */
#include <glib.h>
#include <math.h>

#include "store/spqr-store.h"

static void
test_new (void)
{
  g_autoptr (SpqrRun) run = spqr_run_new ();

  g_assert_cmpint (run->state, ==, SPQR_RUN_RUNNING);
  g_assert_true (isnan (run->ppl) && isnan (run->ppl_base) && isnan (run->bits_formula) && isnan (run->bits_stored)
                 && isnan (run->outlier_share) && isnan (run->mean_proxy_loss) && isnan (run->seconds)
                 && isnan (run->outlier_threshold) && isnan (run->percdamp));
  g_assert_cmpint (run->id, ==, 0);
  g_assert_null (run->model_name);
  g_assert_null (run->tags);
}

static void
test_state_names (void)
{
  g_assert_cmpstr (spqr_run_state_name (SPQR_RUN_RUNNING), ==, "running");
  g_assert_cmpstr (spqr_run_state_name (SPQR_RUN_FINISHED), ==, "finished");
  g_assert_cmpstr (spqr_run_state_name (SPQR_RUN_CANCELLED), ==, "cancelled");
  g_assert_cmpstr (spqr_run_state_name (SPQR_RUN_FAILED), ==, "failed");
  g_assert_cmpstr (spqr_run_state_name (SPQR_RUN_INTERRUPTED), ==, "interrupted");
}

static void
test_properties (void)
{
  static const char *const names[] = {
    "id", "state", "model_path", "model_name", "model_fingerprint", "architecture", "calibration",
    "calibration_fingerprint", "nsamples", "seqlen", "seed", "params_json", "method", "wbits", "groupsize",
    "qq_scale_bits", "qq_zero_bits", "qq_groupsize", "outlier_threshold", "percdamp", "permutation_order", "backend",
    "version", "folder", "note", "error", "created", "finished", "seconds", "bits_formula", "bits_stored",
    "outlier_share", "mean_proxy_loss", "ppl_base", "ppl", "ppl_data", "n_layers_done", "n_layers", "tags",
  };
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autofree GParamSpec **specs = NULL;
  guint n_specs;
  g_autofree char *model = NULL;
  g_auto (GStrv) tags = NULL;
  double threshold, ppl;
  gint64 id;
  int wbits;
  guint done;
  SpqrRunState state;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (run), names[i]);

      g_assert_nonnull (spec);
      g_assert_true ((spec->flags & G_PARAM_READABLE) != 0);
      g_assert_false ((spec->flags & G_PARAM_WRITABLE) != 0);
    }
  specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (run), &n_specs);
  g_assert_cmpuint (n_specs, ==, G_N_ELEMENTS (names));

  run->id = 77;
  run->wbits = 3;
  run->n_layers_done = 5;
  run->state = SPQR_RUN_FAILED;
  run->model_name = g_strdup ("tiny");
  run->outlier_threshold = INFINITY;
  run->tags = g_strsplit ("a b", " ", -1);
  g_object_get (run, "id", &id, "wbits", &wbits, "n-layers-done", &done, "state", &state, "model-name", &model,
                "outlier-threshold", &threshold, "ppl", &ppl, "tags", &tags, NULL);
  g_assert_cmpint (id, ==, 77);
  g_assert_cmpint (wbits, ==, 3);
  g_assert_cmpuint (done, ==, 5);
  g_assert_cmpint (state, ==, SPQR_RUN_FAILED);
  g_assert_cmpstr (model, ==, "tiny");
  g_assert_true (isinf (threshold));
  g_assert_true (isnan (ppl));
  g_assert_cmpuint (g_strv_length (tags), ==, 2);
}

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer data)
{
  g_string_append_printf (data, "%s ", pspec->name);
}

static void
test_update (void)
{
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autoptr (SpqrRun) from = spqr_run_new ();
  g_autoptr (GString) notified = g_string_new (NULL);

  run->note = g_strdup ("old");
  from->note = g_strdup ("new");
  from->state = SPQR_RUN_FINISHED;
  from->ppl = 5.5;
  from->n_layers = 9;
  from->tags = g_strsplit ("x", " ", -1);
  g_signal_connect (run, "notify", G_CALLBACK (count_notify), notified);

  spqr_run_update (run, from);
  /* Frozen notifications come out newest first. */
  g_assert_cmpstr (notified->str, ==, "tags ppl n-layers note state ");
  g_assert_cmpstr (run->note, ==, "new");
  g_assert_true (run->note != from->note);
  g_assert_cmpfloat (run->ppl, ==, 5.5);
  g_assert_cmpstr (run->tags[0], ==, "x");

  g_string_truncate (notified, 0);
  spqr_run_update (run, from); /* NAN equals NAN here: nothing is different */
  spqr_run_update (run, run);
  g_assert_cmpstr (notified->str, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/run/new", test_new);
  g_test_add_func ("/store/run/state-names", test_state_names);
  g_test_add_func ("/store/run/properties", test_properties);
  g_test_add_func ("/store/run/update", test_update);
  return g_test_run ();
}
