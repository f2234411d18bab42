/* What the runs page computes to compare runs, apart from its widgets: rules, order, tables, maps. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "compare-fixture.h"
#include "pages/spqr-compare-picture.h"
#include "pages/spqr-compare-rules.h"
#include "export/spqr-run-tables.h"
#include "pages/spqr-compare-text.h"
#include "pages/spqr-run-actions.h"
#include "pages/spqr-run-note.h"
#include "pages/spqr-run-place.h"

/* ---- which runs ---- */

static SpqrRun *
make_run (gint64 id, const char *fingerprint, SpqrRunState state)
{
  SpqrRun *run = spqr_run_new ();

  run->id = id;
  run->state = state;
  run->n_layers_done = 3;
  run->n_layers = 28;
  run->model_name = g_strdup_printf ("model-%s", fingerprint);
  run->model_fingerprint = g_strdup (fingerprint);
  return run;
}

/* Checks runs whose fingerprints and states are given in pairs of letters: "aF" finished of model a. */
static SpqrCompareKind
check (const char *what, char **why)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; what[2 * i] != '\0'; i++)
    {
      char fingerprint[2] = { what[2 * i], '\0' };
      g_ptr_array_add (runs, make_run (i + 1, fingerprint, what[2 * i + 1] == 'F' ? SPQR_RUN_FINISHED : SPQR_RUN_INTERRUPTED));
    }
  return spqr_compare_check (runs, why);
}

static void
test_rules (void)
{
  static const struct { const char *runs; SpqrCompareKind kind; const char *says; } cases[] = {
    { "", SPQR_COMPARE_NOTHING, "Select a run" },
    { "aF", SPQR_COMPARE_ONE, NULL },
    { "aI", SPQR_COMPARE_NOTHING, "Run 1 is not finished: 3 of 28" },
    { "aFaF", SPQR_COMPARE_TWO, NULL },
    { "aFaI", SPQR_COMPARE_NOTHING, "Run 2 is not finished" },
    { "aFbF", SPQR_COMPARE_NOTHING, "model-b" },
    { "aFaFbI", SPQR_COMPARE_TWO, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *why = NULL;

      g_assert_cmpint (check (cases[i].runs, &why), ==, cases[i].kind);
      g_assert_true ((why != NULL) == (cases[i].says != NULL));
      if (why != NULL)
        g_assert_nonnull (strstr (why, cases[i].says));
    }
}

/* ---- which layers ---- */

static void
add_layer (GPtrArray *layers, const char *name, gint64 rows, double error)
{
  SpqrRunLayer *layer = g_new0 (SpqrRunLayer, 1);

  layer->name = g_strdup (name);
  layer->role = g_strdup ("q_proj");
  layer->file = g_strdup ("layer.safetensors");
  layer->block = 4;
  layer->rows = rows;
  layer->cols = 8;
  layer->n_outliers = 12;
  layer->bits = 3.25;
  layer->output_error = error;
  layer->bits_stored = layer->outlier_share = layer->proxy_loss = layer->mse = layer->seconds = layer->percdamp_used = NAN;
  g_ptr_array_add (layers, layer);
}

static GPtrArray *
new_layers (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_layer_free);
}

static void
assert_order (GArray *layers, const char *const *names, guint n)
{
  g_assert_cmpuint (layers->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpstr (g_array_index (layers, SpqrCompareLayer, i).a->name, ==, names[i]);
}

static void
test_order (void)
{
  g_autoptr (GPtrArray) a = new_layers (), b = new_layers ();
  g_autoptr (GArray) both = NULL, again = NULL, alone = NULL;
  g_autofree char *text = NULL;

  add_layer (a, "one", 8, 0.10);
  add_layer (a, "unknown", 8, NAN);
  add_layer (a, "two", 8, 0.20);
  add_layer (a, "only in a", 8, 0.90);
  add_layer (a, "another shape", 8, 0.50);
  add_layer (a, "equal 1", 8, 0.30);
  add_layer (a, "equal 2", 8, 0.40);
  add_layer (b, "two", 8, 0.25);
  add_layer (b, "one", 8, 0.02);
  add_layer (b, "equal 2", 8, 0.40);
  add_layer (b, "equal 1", 8, 0.30);
  add_layer (b, "another shape", 16, 0.10);
  add_layer (b, "unknown", 8, 0.1);
  both = spqr_compare_layers (a, b);
  assert_order (both, (const char *const[]) { "one", "two", "equal 1", "equal 2", "unknown" }, 5);
  g_assert_cmpfloat_with_epsilon (g_array_index (both, SpqrCompareLayer, 0).difference, 0.08, 1e-12);
  text = spqr_compare_layer_describe (&g_array_index (both, SpqrCompareLayer, 0));
  g_assert_nonnull (strstr (text, "Block 4 · q_proj"));
  g_assert_nonnull (strstr (text, "→"));

  alone = spqr_compare_layers (a, NULL);
  assert_order (alone, (const char *const[]) { "only in a", "another shape", "equal 2", "equal 1", "two", "one", "unknown" }, 7);

  again = spqr_compare_layers (a, b);
  g_assert_true (spqr_compare_layers_equal (both, again));
  g_assert_false (spqr_compare_layers_equal (both, alone));
  g_assert_false (spqr_compare_layers_equal (both, NULL));
}

/* ---- tables ---- */

static void
test_csv (void)
{
  g_autoptr (SpqrCsv) csv = spqr_csv_new ();
  g_autofree char *folder = g_dir_make_tmp ("spqr-compare-XXXXXX", NULL), *path = g_build_filename (folder, "t.csv", NULL);
  g_autofree char *missing = g_build_filename (folder, "no", "t.csv", NULL), *text = NULL;
  g_autoptr (GError) error = NULL;

  spqr_csv_add_text (csv, "plain");
  spqr_csv_add_text (csv, "a,b");
  spqr_csv_add_text (csv, "say \"w\"");
  spqr_csv_add_text (csv, "two\nlines");
  spqr_csv_add_text (csv, NULL);
  spqr_csv_add_text (csv, " edge");
  spqr_csv_end_line (csv);
  spqr_csv_add_number (csv, 0.1);
  spqr_csv_add_number (csv, NAN);
  spqr_csv_add_number (csv, 0.1 + 0.2);
  spqr_csv_add_integer (csv, G_MININT64);
  spqr_csv_add_time (csv, 86400);
  spqr_csv_add_time (csv, 0);
  spqr_csv_end_line (csv);
  g_assert_cmpstr (spqr_csv_peek (csv), ==,
                   "plain,\"a,b\",\"say \"\"w\"\"\",\"two\nlines\",,\" edge\"\r\n"
                   "0.1,,0.30000000000000004,-9223372036854775808,1970-01-02T00:00:00Z,\r\n");
  g_assert_true (spqr_csv_save (csv, path, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, spqr_csv_peek (csv));
  g_assert_false (spqr_csv_save (csv, missing, &error));
  g_assert_nonnull (strstr (error->message, missing));
  g_unlink (path);
  g_rmdir (folder);
}

static guint
count_fields (const char *line)
{
  guint n = 1;
  gboolean quoted = FALSE;

  for (; *line != '\r' && *line != '\0'; line++)
    {
      quoted ^= *line == '"';
      n += !quoted && *line == ',';
    }
  return n;
}

static void
test_tables (void)
{
  static const char *const tags[] = { "good", "three bits", NULL };
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_object_unref), layers = new_layers ();
  SpqrRun *run = make_run (7, "a", SPQR_RUN_FINISHED);
  g_autoptr (SpqrCsv) table = NULL, of_layers = NULL;
  g_auto (GStrv) lines = NULL, layer_lines = NULL;

  run->note = g_strdup ("better, at last");
  run->tags = g_strdupv ((char **) tags);
  run->ppl = 5.5;
  g_ptr_array_add (runs, run);
  g_ptr_array_add (runs, make_run (8, "b", SPQR_RUN_FAILED));
  table = spqr_runs_to_csv (runs);
  lines = g_strsplit (spqr_csv_peek (table), "\r\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_true (g_str_has_prefix (lines[1], "7,finished,model-a,"));
  g_assert_nonnull (strstr (lines[1], ",\"good, three bits\",\"better, at last\","));
  g_assert_nonnull (strstr (lines[1], ",5.5,"));
  g_assert_true (g_str_has_prefix (lines[2], "8,failed,"));
  g_assert_cmpuint (count_fields (lines[1]), ==, count_fields (lines[0]));
  g_assert_cmpuint (count_fields (lines[2]), ==, count_fields (lines[0]));

  add_layer (layers, "model.layers.4.q", 8, 0.5);
  of_layers = spqr_layers_to_csv (run, layers);
  layer_lines = g_strsplit (spqr_csv_peek (of_layers), "\r\n", -1);
  g_assert_cmpuint (g_strv_length (layer_lines), ==, 3);
  g_assert_cmpstr (layer_lines[1], ==, "7,model.layers.4.q,4,q_proj,8,8,3.25,,12,,0.5,,,,,,layer.safetensors,");
  g_assert_cmpuint (count_fields (layer_lines[1]), ==, count_fields (layer_lines[0]));
}

static void
test_tags (void)
{
  g_auto (GStrv) tags = spqr_run_note_parse_tags (" b, a,, b ,two words,");
  g_auto (GStrv) none = spqr_run_note_parse_tags (" , ");
  g_autofree char *joined = g_strjoinv ("|", tags);

  g_assert_cmpstr (joined, ==, "b|a|two words");
  g_assert_cmpuint (g_strv_length (none), ==, 0);
}

/* ---- maps ---- */

static SpqrCompareQuestion
question (CompareFixture *f, SpqrCompareField field, gboolean two)
{
  return (SpqrCompareQuestion) { .tensor = COMPARE_TENSOR, .path_a = f->paths[0], .path_b = two ? f->paths[1] : NULL,
                                 .model_path = f->model, .model_fingerprint = f->fingerprint, .field = field };
}

static guint64
sum_counts (const guint64 *counts)
{
  guint64 sum = 0;

  for (guint i = 0; i < SPQR_COMPARE_MAX_BINS; i++)
    sum += counts[i];
  return sum;
}

static void
test_two (CompareFixture *f, gconstpointer user_data)
{
  SpqrCompareField field = GPOINTER_TO_UINT (user_data);
  SpqrCompareQuestion q = question (f, field, TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrComparePicture) p = spqr_compare_picture_new (&q, NULL, &error);
  const SpqrCompareMap *a, *b, *d;

  g_assert_no_error (error);
  a = &p->maps[SPQR_COMPARE_A];
  b = &p->maps[SPQR_COMPARE_B];
  d = &p->maps[SPQR_COMPARE_DIFFERENCE];
  for (guint i = 0; i < COMPARE_ROWS * COMPARE_COLS; i++)
    g_assert_cmpfloat (d->data->values[i], ==, a->data->values[i] - b->data->values[i]);
  g_assert_cmpfloat (a->scale.lo, ==, b->scale.lo);
  g_assert_cmpfloat (a->scale.hi, ==, b->scale.hi);
  g_assert_cmpfloat (a->scale.hi, >, a->scale.lo);
  g_assert_cmpfloat (d->scale.lo, ==, -d->scale.hi);
  g_assert_true (spqr_colormap_is_diverging (d->colormap));
  g_assert_true (p->has_second && !p->alone);
  g_assert_cmpuint (sum_counts (p->counts[0]), ==, COMPARE_ROWS * COMPARE_COLS);
  g_assert_cmpuint (sum_counts (p->counts[1]), ==, COMPARE_ROWS * COMPARE_COLS);
}

static void
test_values (CompareFixture *f, gconstpointer user_data)
{
  SpqrCompareQuestion q = question (f, SPQR_COMPARE_FIELD_ERROR, TRUE);
  g_autoptr (SpqrComparePicture) p = spqr_compare_picture_new (&q, NULL, NULL);
  g_autoptr (SpqrComparePicture) outliers = NULL;
  float decoded[COMPARE_ROWS * COMPARE_COLS];

  for (guint run = 0; run < 2; run++)
    {
      spqr_layer_decode (&f->layers[run], 0, COMPARE_ROWS, decoded);
      for (guint i = 0; i < COMPARE_ROWS * COMPARE_COLS; i++)
        g_assert_cmpfloat (p->maps[run].data->values[i], ==, f->w[i] - decoded[i]);
      g_assert_cmpuint (p->maps[run].marks->count, ==, spqr_layer_outliers (&f->layers[run]));
    }
  q = question (f, SPQR_COMPARE_FIELD_OUTLIERS, TRUE);
  outliers = spqr_compare_picture_new (&q, NULL, NULL);
  g_assert_cmpuint (outliers->n_bins, ==, 2);
  g_assert_cmpuint (outliers->counts[0][1], ==, spqr_layer_outliers (&f->layers[0]));
  g_assert_cmpuint (outliers->counts[1][1], ==, spqr_layer_outliers (&f->layers[1]));
  g_assert_cmpfloat (outliers->maps[0].data->values[17 * COMPARE_COLS + 5], ==, 1);
}

static void
test_alone (CompareFixture *f, gconstpointer user_data)
{
  float decoded[COMPARE_ROWS * COMPARE_COLS];

  spqr_layer_decode (&f->layers[0], 0, COMPARE_ROWS, decoded);
  for (guint field = 0; field < SPQR_N_COMPARE_FIELDS; field++)
    {
      SpqrCompareQuestion q = question (f, field, FALSE);
      g_autoptr (GError) error = NULL;
      g_autoptr (SpqrComparePicture) p = spqr_compare_picture_new (&q, NULL, &error);
      gboolean of_weights = field == SPQR_COMPARE_FIELD_DECODED;

      g_assert_no_error (error);
      g_assert_true (p->alone);
      g_assert_true (p->has_second == of_weights);
      g_assert_true ((p->maps[0].scale.hi == p->maps[1].scale.hi) == of_weights);
      for (guint i = 0; i < COMPARE_ROWS * COMPARE_COLS; i++)
        {
          g_assert_cmpfloat (p->maps[SPQR_COMPARE_B].data->values[i], ==, f->w[i]);
          g_assert_cmpfloat (p->maps[SPQR_COMPARE_DIFFERENCE].data->values[i], ==, decoded[i] - f->w[i]);
        }
    }
}

static void
refuse (const SpqrCompareQuestion *q, const char *says)
{
  g_autoptr (GError) error = NULL;
  SpqrComparePicture *p = spqr_compare_picture_new (q, NULL, &error);

  g_assert_null (p);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_refused (CompareFixture *f, gconstpointer user_data)
{
  SpqrCompareQuestion q = question (f, SPQR_COMPARE_FIELD_ERROR, TRUE), gone = q, other = q, no_model = q, stopped = q;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrComparePicture) without = NULL;

  gone.path_b = f->paths[2];
  refuse (&gone, f->paths[2]);
  other.model_fingerprint = "another";
  refuse (&other, f->model);
  no_model.model_path = f->paths[2];
  refuse (&no_model, f->paths[2]);
  /* What needs no unquantized weights is shown without them. */
  no_model.field = SPQR_COMPARE_FIELD_CODES;
  without = spqr_compare_picture_new (&no_model, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (without->model);
  g_cancellable_cancel (cancellable);
  g_assert_null (spqr_compare_picture_new (&stopped, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_text (CompareFixture *f, gconstpointer user_data)
{
  SpqrCompareQuestion q = question (f, SPQR_COMPARE_FIELD_OUTLIERS, TRUE);
  g_autoptr (SpqrComparePicture) p = spqr_compare_picture_new (&q, NULL, NULL);
  g_autoptr (SpqrRun) a = make_run (3, "a", SPQR_RUN_FINISHED), b = make_run (9, "a", SPQR_RUN_FINISHED);
  g_autoptr (GPtrArray) of_a = new_layers (), of_b = new_layers ();
  const SpqrComparePair pair = { a, b, "A", "C" }, alone = { a, NULL, "A", "" };
  g_autofree char *cell = spqr_compare_describe_cell (p, &pair, 17, 5), *outside = spqr_compare_describe_cell (p, &pair, COMPARE_ROWS, 0);
  g_autofree char *title = NULL, *legend = NULL, *provenance = NULL;
  SpqrCompareLabels labels;

  g_assert_true (g_str_has_prefix (cell, "row 17 · column 5 · A 1"));
  g_assert_nonnull (strstr (cell, "A − C "));
  g_assert_cmpstr (outside, ==, "");
  add_layer (of_a, COMPARE_TENSOR, COMPARE_ROWS, 0.25);
  add_layer (of_b, COMPARE_TENSOR, COMPARE_ROWS, 0.10);
  spqr_compare_labels_init (&labels, &pair, &(SpqrCompareLayer) { of_a->pdata[0], of_b->pdata[0], 0.15 }, p, SPQR_COMPARE_DIFFERENCE);
  g_assert_true (g_str_has_prefix (labels.title, "A − C"));
  g_assert_nonnull (strstr (labels.title, "3"));
  g_assert_nonnull (strstr (labels.title, "9"));
  g_assert_nonnull (strstr (labels.caption, "+15"));
  spqr_compare_labels_clear (&labels);
  spqr_compare_labels_init (&labels, &alone, &(SpqrCompareLayer) { of_a->pdata[0], NULL, 0.25 }, p, SPQR_COMPARE_B);
  g_assert_nonnull (strstr (labels.caption, "48 × 64"));
  spqr_compare_labels_clear (&labels);
  spqr_compare_describe_counts (&pair, &(SpqrCompareLayer) { of_a->pdata[0], of_b->pdata[0], 0.15 }, p, &title, &legend, &provenance);
  g_assert_cmpstr (legend, ==, "bars: A, run 3 · outline: C, run 9");
}

/* The elder first, whatever was clicked first; beyond Z there are two letters. */
static void
test_places (void)
{
  static const struct { guint place; const char *letter; } cases[] = { { 0, "A" }, { 25, "Z" }, { 26, "AA" }, { 53, "BB" } };
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree char *label = spqr_run_label (1, 12), *markup = spqr_run_markup (1, 12), *other = spqr_run_swatch (0);
  gint64 ids[] = { 9, 3, 7 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *letter = spqr_run_letter (cases[i].place);
      g_assert_cmpstr (letter, ==, cases[i].letter);
    }
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    g_ptr_array_add (runs, make_run (ids[i], "a", SPQR_RUN_FINISHED));
  g_ptr_array_sort (runs, spqr_run_compare_elder);
  qsort (ids, G_N_ELEMENTS (ids), sizeof *ids, spqr_run_compare_ids);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    g_assert_cmpint (((SpqrRun *) runs->pdata[i])->id, ==, ids[i]);
  g_assert_cmpint (ids[0], ==, 3);
  g_assert_cmpstr (label, ==, "B · Run 12");
  g_assert_true (g_str_has_suffix (markup, label));
  g_assert_false (g_str_has_prefix (markup, other));
}

/* ---- what can be done with a run ---- */

static void
test_reasons (void)
{
  g_autoptr (SpqrRun) finished = make_run (3, "a", SPQR_RUN_FINISHED), cut = make_run (4, "a", SPQR_RUN_INTERRUPTED);
  g_autoptr (SpqrRun) running = make_run (5, "a", SPQR_RUN_RUNNING);

  for (guint i = 0; i < SPQR_N_RUN_ACTIONS; i++)
    {
      g_autofree char *none = spqr_run_action_refuse (i, NULL, 0), *several = spqr_run_action_refuse (i, NULL, 3);

      g_assert_cmpstr (none, ==, "Select a run in the table");
      g_assert_true (g_str_has_prefix (several, "3 runs are selected"));
    }
  g_assert_null (spqr_run_action_refuse (SPQR_RUN_ACTION_EXPORT, finished, 1));
  g_assert_null (spqr_run_action_refuse (SPQR_RUN_ACTION_REMOVE, cut, 1));
  g_assert_null (spqr_run_action_refuse (SPQR_RUN_ACTION_RESUME, cut, 1));
  {
    g_autofree char *exporting = spqr_run_action_refuse (SPQR_RUN_ACTION_EXPORT, cut, 1), *removing = spqr_run_action_refuse (SPQR_RUN_ACTION_REMOVE, running, 1);
    g_autofree char *resuming = spqr_run_action_refuse (SPQR_RUN_ACTION_RESUME, finished, 1), *using = spqr_run_action_refuse (SPQR_RUN_ACTION_USE, finished, 1);

    g_assert_nonnull (strstr (exporting, "Resume it first"));
    g_assert_nonnull (strstr (removing, "cancel its job"));
    g_assert_nonnull (resuming);
    g_assert_nonnull (using);         /* it has no parameters */
  }
}

/* What goes, what stays, and what can be had back. */
static void
test_removal (void)
{
  g_autoptr (SpqrRun) run = make_run (3, "a", SPQR_RUN_FINISHED);
  g_autoptr (GPtrArray) layers = new_layers (), evals = g_ptr_array_new (), exports = g_ptr_array_new ();
  SpqrReport report = { run, layers, evals, exports };
  g_autofree char *own = NULL, *foreign = NULL;

  run->folder = g_strdup ("/data/runs/20261122");
  add_layer (layers, "one", 800, 0.1);
  ((SpqrRunLayer *) layers->pdata[0])->bits_stored = 4;
  g_ptr_array_add (exports, run);
  own = spqr_run_describe_removal (&report, TRUE);
  foreign = spqr_run_describe_removal (&report, FALSE);
  g_assert_nonnull (strstr (own, "figures of 1 layer, 0 evaluations"));
  g_assert_nonnull (strstr (own, "/data/runs/20261122"));
  g_assert_nonnull (strstr (own, "3.2\302\240kB"));        /* 800 × 8 weights of 4 bits */
  g_assert_nonnull (strstr (own, "Deleting them cannot be undone"));
  g_assert_nonnull (strstr (own, "exported from it stays"));
  g_assert_null (strstr (foreign, "Deleting"));
  g_assert_nonnull (strstr (foreign, "brings the run back"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ui/compare/rules", test_rules);
  g_test_add_func ("/ui/compare/order", test_order);
  g_test_add_func ("/ui/compare/csv", test_csv);
  g_test_add_func ("/ui/compare/tables", test_tables);
  g_test_add_func ("/ui/compare/tags", test_tags);
  g_test_add_func ("/ui/compare/places", test_places);
  g_test_add_func ("/ui/runs/reasons", test_reasons);
  g_test_add_func ("/ui/runs/removal", test_removal);
  for (guint field = 0; field < SPQR_N_COMPARE_FIELDS; field++)
    {
      g_autofree char *path = g_strdup_printf ("/ui/compare/two/%u", field);
      g_test_add (path, CompareFixture, GUINT_TO_POINTER (field), compare_fixture_set_up, test_two, compare_fixture_tear_down);
    }
  g_test_add ("/ui/compare/values", CompareFixture, NULL, compare_fixture_set_up, test_values, compare_fixture_tear_down);
  g_test_add ("/ui/compare/alone", CompareFixture, NULL, compare_fixture_set_up, test_alone, compare_fixture_tear_down);
  g_test_add ("/ui/compare/refused", CompareFixture, NULL, compare_fixture_set_up, test_refused, compare_fixture_tear_down);
  g_test_add ("/ui/compare/text", CompareFixture, NULL, compare_fixture_set_up, test_text, compare_fixture_tear_down);
  return g_test_run ();
}
