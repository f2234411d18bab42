/* What the Layer page shows, without a screen: answers, pictures, thresholds, rulers, history, preview. */
#include <glib/gstdio.h>
#include <math.h>

#include "../model/fixtures.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "pack/spqr-pack.h"
#include "pages/spqr-layer-history.h"
#include "pages/spqr-layer-preview.h"
#include "pages/spqr-layer-readout.h"
#include "pages/spqr-layer-rulers.h"

static SpqrModel *
open_oracle (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("SPQR_SOURCE_ROOT"), "tests", "net", "oracles", "llama", NULL);
  g_autoptr (GError) error = NULL;
  SpqrModel *model = spqr_model_open (path, &error);

  g_assert_no_error (error);
  return model;
}

/* A matrix whose rows have a few weights far from the others, in a folder of its own. */
static SpqrLab *
new_lab (gsize rows, gsize cols, char **folder)
{
  const gint64 shape[] = { (gint64) rows, (gint64) cols };
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autofree float *w = g_new (float, rows * cols);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) model = NULL;
  g_autofree char *path = NULL;
  SpqrSafetensorsWriter *writer;
  SpqrLab *lab;

  *folder = fixture_folder ();
  path = g_build_filename (*folder, "model.safetensors", NULL);
  for (gsize i = 0; i < rows * cols; i++)
    w[i] = (float) ((g_rand_double (random) - 0.5) * (g_rand_int_range (random, 0, 100) == 0 ? 1 : 0.1));
  writer = spqr_safetensors_writer_new (path);
  spqr_safetensors_writer_declare (writer, "model.layers.0.mlp.down_proj.weight", "F32", shape, 2, rows * cols * sizeof (float));
  g_assert_true (spqr_safetensors_writer_begin (writer, &error));
  g_assert_true (spqr_safetensors_writer_append (writer, w, rows * cols * sizeof (float), &error));
  g_assert_true (spqr_safetensors_writer_close (writer, &error));
  spqr_safetensors_writer_free (writer);
  model = spqr_model_open (*folder, &error);
  g_assert_no_error (error);
  lab = spqr_lab_new (spqr_model_get_tensor (model, 0), &error);
  g_assert_no_error (error);
  return lab;
}

static void
drop_lab (SpqrLab *lab, char *folder)
{
  spqr_lab_unref (lab);
  fixture_remove (folder);
}

/* ---- answers ---- */

static void
test_answer (void)
{
  char *folder;
  SpqrLab *lab = new_lab (48, 80, &folder);
  SpqrParams params = spqr_params_default;
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrLayerAnswer) answer = spqr_layer_answer_new (lab, &params, FALSE, NULL, &error);
  g_autofree float *decoded = g_new (float, 48 * 80);
  SpqrLabAnswer plain;
  gsize outliers = 0;

  g_assert_no_error (error);
  g_assert_true (spqr_lab_quantize (lab, &params, 0, 0, NULL, NULL, &plain, &error));
  g_assert_cmpfloat_with_epsilon (answer->figures.formula_bits, plain.bits_formula, 1e-9);
  g_assert_cmpfloat_with_epsilon (answer->figures.stored_bits, plain.bits_stored, 1e-9);
  g_assert_cmpfloat (answer->figures.error, ==, sqrt (plain.proxy_loss));
  g_assert_cmpfloat_with_epsilon (answer->figures.formula[SPQR_LAYER_BITS_SECOND_ORDER], 64.0 / 256, 1e-9);
  spqr_layer_decode (&plain.layer, 0, 48, decoded);
  for (gsize row = 0; row < 48; row++)
    for (gsize col = 0; col < 80; col++)
      {
        SpqrLayerCell cell = spqr_layer_answer_get_cell (answer, row, col);

        g_assert_cmpfloat (cell.decoded, ==, decoded[row * 80 + col]);
        g_assert_cmpuint (cell.code, <, 8);
        g_assert_cmpuint (cell.group, ==, (gsize) answer->place[col] / 16);
        outliers += cell.outlier;
      }
  g_assert_cmpuint (outliers, >, 0);
  g_assert_cmpfloat ((double) outliers, ==, answer->figures.n_outliers);
  spqr_lab_answer_clear (&plain);
  drop_lab (lab, folder);
}

static void
test_rows (void)
{
  char *folder;
  SpqrLab *lab = new_lab (64, 80, &folder);
  SpqrParams params = spqr_params_default;
  g_autoptr (GError) error = NULL;
  SpqrLayerFigures figures;

  g_assert_true (spqr_layer_figures_of_rows (lab, &params, 20, 4, &figures, NULL, &error));
  g_assert_false (figures.whole);
  g_assert_false (figures.calibrated);
  g_assert_cmpuint (figures.row0, ==, 16);
  g_assert_cmpuint (figures.count, ==, 16);
  g_assert_cmpuint (figures.rows, ==, 64);
  drop_lab (lab, folder);
}

/* ---- pictures ---- */

static guint64
total (const SpqrLayerPicture *picture)
{
  guint64 sum = 0;

  for (guint i = 0; i < picture->histogram.bins; i++)
    sum += picture->histogram.counts[i];
  return sum;
}

/* Along the edges of the field of outliers stands what share of the line is one. */
static void
check_outlier_profiles (const SpqrFieldData *data)
{
  for (gsize i = 0; i < data->rows; i++)
    {
      float sum = 0;

      for (gsize j = 0; j < data->cols; j++)
        sum += data->values[i * data->cols + j];
      g_assert_cmpfloat_with_epsilon (data->row_profile[i], sum / (float) data->cols, 1e-6);
    }
  for (gsize j = 0; j < data->cols; j++)
    {
      float sum = 0;

      for (gsize i = 0; i < data->rows; i++)
        sum += data->values[i * data->cols + j];
      g_assert_cmpfloat_with_epsilon (data->col_profile[j], sum / (float) data->rows, 1e-6);
    }
}

static void
test_picture (void)
{
  char *folder;
  SpqrLab *lab = new_lab (48, 80, &folder);
  SpqrParams params = spqr_params_default;
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrLayerAnswer) answer = spqr_layer_answer_new (lab, &params, TRUE, NULL, &error);

  for (guint field = 0; field < SPQR_N_FIELDS; field++)
    for (guint scale = 0; scale < SPQR_N_SCALES; scale++)
      {
        g_autoptr (SpqrLayerPicture) picture = spqr_layer_picture_new (lab, &params, field, scale, answer, NULL, NULL, &error);
        g_autoptr (SpqrLayerPicture) again = NULL;

        g_assert_no_error (error);
        g_assert_cmpuint (picture->data->rows, ==, 48);
        g_assert_cmpuint (picture->marks->count, ==, (gsize) answer->figures.n_outliers);
        if (field == SPQR_FIELD_OUTLIERS)
          check_outlier_profiles (picture->data);
        if (scale == SPQR_SCALE_LOG)
          g_assert_cmpuint (total (picture), <=, 48 * 80);     /* zeros have no logarithm */
        else
          g_assert_cmpuint (total (picture), ==, 48 * 80);
        again = spqr_layer_picture_recount (picture, SPQR_SCALE_LINEAR, NULL, NULL, &error);
        g_assert_true (again->data == picture->data);
        g_assert_null (again->marks);
      }
  {
    g_autoptr (SpqrLayerPicture) codes = spqr_layer_picture_new (lab, &params, SPQR_FIELD_CODES, SPQR_SCALE_LINEAR, answer, NULL, NULL, &error);
    g_autoptr (SpqrLayerPicture) kept = spqr_layer_picture_new (lab, &params, SPQR_FIELD_OUTLIERS, SPQR_SCALE_LINEAR, answer, NULL, NULL, &error);

    g_assert_cmpuint (codes->histogram.bins, ==, 8);
    g_assert_cmpuint (kept->histogram.bins, ==, 2);
    g_assert_cmpuint (kept->histogram.counts[1], ==, (guint64) answer->figures.n_outliers);
  }
  drop_lab (lab, folder);
}

/* Without second order and leave-one-out the rule is the plain one: the weights beyond the line are
 * the outliers, but for what f16 statistics change. */
static void
test_threshold (void)
{
  char *folder;
  SpqrLab *lab = new_lab (64, 96, &folder);
  SpqrParams params = spqr_params_default;
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrLayerAnswer) answer = NULL, other = NULL;
  g_autoptr (SpqrLayerPicture) picture = NULL;
  double threshold, tau;
  gsize above = 0;

  params.qq_scale_bits = params.qq_zero_bits = 0;
  params.simplified_outliers = TRUE;
  answer = spqr_layer_answer_new (lab, &params, FALSE, NULL, &error);
  threshold = spqr_layer_threshold_value (SPQR_FIELD_SENSITIVITY, SPQR_SCALE_LOG, answer);
  picture = spqr_layer_picture_new (lab, &params, SPQR_FIELD_SENSITIVITY, SPQR_SCALE_LOG, answer, NULL, NULL, &error);
  for (gsize i = 0; i < 64 * 96; i++)
    above += picture->data->values[i] > threshold;
  g_assert_cmpuint (above, >, 10);
  g_assert_cmpfloat_with_epsilon ((double) above, answer->figures.n_outliers, 0.02 * (double) above + 1);
  g_assert_cmpfloat (picture->histogram.scale.hi, >, threshold);

  g_assert_cmpfloat_with_epsilon (spqr_layer_threshold_value (SPQR_FIELD_ERROR, SPQR_SCALE_LOG, answer), sqrt (threshold), 1e-9);
  g_assert_true (isnan (spqr_layer_threshold_value (SPQR_FIELD_ERROR, SPQR_SCALE_LINEAR, answer)));
  g_assert_true (isnan (spqr_layer_threshold_value (SPQR_FIELD_CODES, SPQR_SCALE_LINEAR, answer)));
  g_assert_cmpfloat (spqr_layer_threshold_value (SPQR_FIELD_LOO_GAIN, SPQR_SCALE_LOG, answer), ==, answer->layer.threshold);

  /* Dragged to another value, tau puts it exactly there. */
  tau = spqr_layer_threshold_tau (SPQR_FIELD_SENSITIVITY, params.outlier_threshold, threshold, threshold / 3);
  params.outlier_threshold = tau;
  other = spqr_layer_answer_new (lab, &params, FALSE, NULL, &error);
  g_assert_cmpfloat_with_epsilon (spqr_layer_threshold_value (SPQR_FIELD_SENSITIVITY, SPQR_SCALE_LOG, other), threshold / 3,
                                  1e-6 * threshold);
  params.outlier_threshold = INFINITY;
  g_clear_pointer (&other, spqr_layer_answer_unref);
  other = spqr_layer_answer_new (lab, &params, FALSE, NULL, &error);
  g_assert_true (isnan (spqr_layer_threshold_value (SPQR_FIELD_SENSITIVITY, SPQR_SCALE_LOG, other)));
  drop_lab (lab, folder);
}

/* ---- rulers, readout ---- */

static void
test_rulers (void)
{
  g_autoptr (SpqrModel) model = open_oracle ();
  const SpqrConfig *config = spqr_model_get_config (model);
  SpqrTensor *q = spqr_model_find (model, 0, SPQR_ROLE_Q, FALSE), *o = spqr_model_find (model, 0, SPQR_ROLE_O, FALSE);
  SpqrTensor *norm = spqr_model_find (model, 0, SPQR_ROLE_INPUT_NORM, FALSE);
  SpqrParams params = spqr_params_default;
  SpqrLayerRulers rulers;

  params.groupsize = params.qq_groupsize = 4;
  spqr_layer_rulers_init (&rulers, q, config, &params, TRUE);
  g_assert_cmpuint (rulers.n, ==, 3);
  g_assert_cmpint (rulers.items[0].side, ==, SPQR_RULER_ROWS);
  g_assert_cmpuint (rulers.items[0].period, ==, (gsize) config->head_dim);
  g_assert_cmpuint (rulers.items[0].half, ==, (gsize) config->head_dim / 2);
  /* “Runs” are something else. */
  g_assert_cmpstr (rulers.items[2].name, ==, "statistics tiles");
  g_assert_cmpuint (rulers.items[2].period, ==, 4);
  spqr_layer_rulers_init (&rulers, q, config, &params, FALSE);
  g_assert_cmpuint (rulers.n, ==, 2);          /* reordered columns: groups are no runs */
  spqr_layer_rulers_init (&rulers, o, config, &params, TRUE);
  g_assert_cmpint (rulers.items[0].side, ==, SPQR_RULER_COLUMNS);
  g_assert_cmpuint (rulers.items[0].half, ==, 0);
  spqr_layer_rulers_init (&rulers, norm, config, &params, TRUE);
  g_assert_cmpuint (rulers.n, ==, 0);
}

static void
test_readout (void)
{
  g_autoptr (SpqrModel) model = open_oracle ();
  const SpqrConfig *config = spqr_model_get_config (model);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrLab) lab = spqr_lab_new (spqr_model_find (model, 0, SPQR_ROLE_Q, FALSE), &error);
  SpqrParams params = spqr_params_default;
  g_autoptr (SpqrLayerAnswer) answer = spqr_layer_answer_new (lab, &params, FALSE, NULL, &error);
  g_autofree char *bare = spqr_layer_readout (lab, config, NULL, NULL, 1, 2);
  g_autofree char *full = spqr_layer_readout (lab, config, NULL, answer, 1, 2);

  g_assert_true (g_str_has_prefix (bare, "row 1 · column 2 · head 0, dimension 1"));
  g_assert_nonnull (strstr (bare, "\nweight "));
  g_assert_nonnull (strstr (full, " · group 0 · statistics tile 0\nweight "));
  g_assert_nonnull (strstr (full, " · code "));
  for (guint f = 0; f < SPQR_N_FIELDS; f++)
    {
      g_assert_cmpstr (spqr_layer_field_name (f), !=, "");
      g_assert_cmpstr (spqr_layer_field_help (f, FALSE), !=, "");
    }
}

/* ---- history ---- */

static void
test_history (void)
{
  SpqrRunParams a = spqr_run_params_default, b = a, c = a;
  SpqrLayerHistory history;
  const gint64 second = G_USEC_PER_SEC;

  b.layer.wbits = 4;
  c.layer.wbits = 5;
  spqr_layer_history_init (&history, &a);
  g_assert_false (spqr_layer_history_can_undo (&history));
  spqr_layer_history_add (&history, &a, 10 * second);
  g_assert_false (spqr_layer_history_can_undo (&history));
  spqr_layer_history_add (&history, &b, 20 * second);
  spqr_layer_history_add (&history, &c, 30 * second);
  g_assert_true (spqr_run_params_equal (spqr_layer_history_undo (&history), &b));
  g_assert_true (spqr_run_params_equal (spqr_layer_history_swap (&history), &c));
  g_assert_true (spqr_run_params_equal (spqr_layer_history_swap (&history), &b));
  g_assert_true (spqr_run_params_equal (spqr_layer_history_undo (&history), &a));
  g_assert_true (spqr_run_params_equal (spqr_layer_history_undo (&history), &a));
  /* A new one after undoing forgets what was undone; a drag is one step. */
  spqr_layer_history_add (&history, &c, 40 * second);
  g_assert_false (spqr_layer_history_can_redo (&history));
  spqr_layer_history_add (&history, &b, 40 * second + 1000);
  g_assert_true (spqr_run_params_equal (spqr_layer_history_undo (&history), &a));
  spqr_layer_history_clear (&history);
}

/* ---- the preview ---- */

typedef struct { SpqrLayerPreview *preview; guint n_rows, n_whole, n_pictures, n_uncounted; } Watch;

static void
on_figures (Watch *watch)
{
  const SpqrLayerFigures *figures = spqr_layer_preview_get_figures (watch->preview);

  if (figures != NULL && figures->whole)
    watch->n_whole++;
  else if (figures != NULL)
    watch->n_rows++;
}

static void
on_picture (Watch *watch)
{
  SpqrLayerPicture *picture = spqr_layer_preview_get_picture (watch->preview);

  watch->n_pictures += picture != NULL;
  /* Only the first one comes before its values are counted. */
  watch->n_uncounted += picture != NULL && picture->histogram.bins == 0;
  g_assert_true (picture == NULL || picture->histogram.bins > 0 || watch->n_pictures == 1);
}

static void
watch (SpqrLayerPreview *preview, Watch *w)
{
  *w = (Watch) { .preview = preview };
  g_signal_connect_swapped (preview, "figures-changed", G_CALLBACK (on_figures), w);
  g_signal_connect_swapped (preview, "picture-changed", G_CALLBACK (on_picture), w);
}

static void
wait_for (SpqrLayerPreview *preview)
{
  gint64 end = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  while (spqr_layer_preview_is_busy (preview))
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
    }
}

static void
test_preview (void)
{
  char *folder;
  SpqrLab *lab = new_lab (640, 1024, &folder);     /* large enough for rows to come first */
  g_autoptr (SpqrJobQueue) jobs = spqr_job_queue_new ();
  g_autoptr (SpqrLayerPreview) preview = spqr_layer_preview_new (jobs);
  SpqrParams params = spqr_params_default;
  SpqrLayerPicture *first;
  Watch w;

  watch (preview, &w);
  spqr_layer_preview_set_rows (preview, 100, 40);
  spqr_layer_preview_set_lab (preview, lab, TRUE);
  g_assert_false (spqr_layer_preview_is_busy (preview));       /* nobody looks */
  spqr_layer_preview_set_active (preview, TRUE);
  wait_for (preview);
  g_assert_cmpuint (w.n_rows, ==, 1);
  g_assert_cmpuint (w.n_whole, ==, 1);
  g_assert_cmpuint (w.n_pictures, ==, 3);                      /* at once, with its histogram, and with its outliers */
  g_assert_cmpuint (w.n_uncounted, ==, 1);
  first = spqr_layer_preview_get_picture (preview);
  g_assert_nonnull (first->marks);
  g_assert_null (spqr_layer_preview_get_previous (preview));

  /* Newest wins: of many settings only the last is answered for the whole layer. */
  w = (Watch) { .preview = preview };
  for (int bits = 1; bits <= 6; bits++)
    {
      params.wbits = bits;
      spqr_layer_preview_set_params (preview, &params);
      g_assert_null (spqr_layer_preview_get_answer (preview));
      for (guint i = 0; i < 5; i++)
        g_main_context_iteration (NULL, FALSE);
    }
  wait_for (preview);
  g_assert_cmpint (spqr_layer_preview_get_answer (preview)->params.wbits, ==, 6);
  g_assert_cmpint (spqr_layer_preview_get_answer (preview)->layer.params.wbits, ==, 6);
  g_assert_cmpuint (w.n_whole, ==, 1);
  g_assert_nonnull (spqr_layer_preview_get_previous (preview));
  g_assert_cmpfloat (spqr_layer_preview_get_previous (preview)->error, >, spqr_layer_preview_get_figures (preview)->error);

  /* Another field of the same answer asks for no new one, unless it is of the leave-one-out search. */
  w = (Watch) { .preview = preview };
  spqr_layer_preview_set_field (preview, SPQR_FIELD_ERROR, SPQR_SCALE_LINEAR);
  wait_for (preview);
  g_assert_cmpuint (w.n_whole, ==, 0);
  g_assert_cmpint (spqr_layer_preview_get_picture (preview)->field, ==, SPQR_FIELD_ERROR);
  spqr_layer_preview_set_field (preview, SPQR_FIELD_ERROR, SPQR_SCALE_LOG);
  wait_for (preview);
  g_assert_cmpint (spqr_layer_preview_get_picture (preview)->histogram.scale.kind, ==, SPQR_SCALE_LOG);
  spqr_layer_preview_set_field (preview, SPQR_FIELD_LOO_GAIN, SPQR_SCALE_LOG);
  wait_for (preview);
  g_assert_cmpuint (w.n_whole, ==, 1);
  g_assert_nonnull (spqr_layer_preview_get_answer (preview)->loo_gain);

  spqr_layer_preview_set_lab (preview, NULL, FALSE);
  wait_for (preview);
  g_assert_null (spqr_layer_preview_get_picture (preview));
  g_assert_null (spqr_layer_preview_get_figures (preview));
  g_signal_handlers_disconnect_by_data (preview, &w);
  spqr_job_queue_shutdown (jobs);
  drop_lab (lab, folder);
}

/* A Hessian that arrives makes the answers calibrated; what was seen stays meanwhile. */
static void
test_preview_calibrated (void)
{
  char *folder;
  SpqrLab *lab = new_lab (32, 48, &folder);
  g_autoptr (SpqrJobQueue) jobs = spqr_job_queue_new ();
  g_autoptr (SpqrLayerPreview) preview = spqr_layer_preview_new (jobs);
  g_autofree float *h = g_new0 (float, 48 * 48);

  spqr_layer_preview_set_active (preview, TRUE);
  spqr_layer_preview_set_lab (preview, lab, TRUE);
  wait_for (preview);
  g_assert_false (spqr_layer_preview_get_figures (preview)->calibrated);
  g_assert_true (spqr_layer_preview_get_picture (preview)->in_order);
  for (gsize j = 0; j < 48; j++)
    h[j * 48 + j] = (float) (j + 1);
  g_assert_true (spqr_lab_set_hessian (lab, h, NULL));
  spqr_layer_preview_set_lab (preview, lab, TRUE);
  g_assert_nonnull (spqr_layer_preview_get_picture (preview));
  g_assert_null (spqr_layer_preview_get_figures (preview));
  wait_for (preview);
  g_assert_true (spqr_layer_preview_get_figures (preview)->calibrated);
  /* act_order puts the most active input, the last, first. */
  g_assert_false (spqr_layer_preview_get_answer (preview)->in_order);
  g_assert_cmpint (spqr_layer_preview_get_answer (preview)->place[47], ==, 0);
  spqr_job_queue_shutdown (jobs);
  drop_lab (lab, folder);
}

/* A vector has weights and nothing else. */
static void
test_preview_vector (void)
{
  g_autoptr (SpqrModel) model = open_oracle ();
  g_autoptr (SpqrLab) lab = spqr_lab_new (spqr_model_find (model, 0, SPQR_ROLE_INPUT_NORM, FALSE), NULL);
  g_autoptr (SpqrJobQueue) jobs = spqr_job_queue_new ();
  g_autoptr (SpqrLayerPreview) preview = spqr_layer_preview_new (jobs);

  spqr_layer_preview_set_active (preview, TRUE);
  spqr_layer_preview_set_field (preview, SPQR_FIELD_ABS_WEIGHT, SPQR_SCALE_LINEAR);
  spqr_layer_preview_set_lab (preview, lab, FALSE);
  wait_for (preview);
  g_assert_nonnull (spqr_layer_preview_get_picture (preview));
  g_assert_null (spqr_layer_preview_get_figures (preview));
  g_assert_null (spqr_layer_preview_get_problem (preview));
  spqr_job_queue_shutdown (jobs);
}

/* What is subtracted is the stored layer, decoded: with itself nothing is left; with another setting's, the
 * difference of both; another layer's shape is refused with words. */
static void
test_difference (void)
{
  char *folder;
  SpqrLab *lab = new_lab (48, 64, &folder);
  g_autofree char *path = g_build_filename (folder, "stored.safetensors", NULL);
  SpqrParams two = spqr_params_default, four = spqr_params_default;
  g_autoptr (SpqrLayerAnswer) coarse = NULL, fine = NULL;
  g_autoptr (SpqrLayerPicture) none = NULL, some = NULL;
  g_autofree float *a = g_new (float, 48 * 64), *b = g_new (float, 48 * 64);
  g_autoptr (GError) error = NULL;

  two.wbits = 2;
  four.wbits = 4;
  coarse = spqr_layer_answer_new (lab, &two, FALSE, NULL, &error);
  fine = spqr_layer_answer_new (lab, &four, FALSE, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (spqr_pack_write (path, spqr_tensor_get_name (spqr_lab_get_tensor (lab)), &coarse->layer, &error));
  none = spqr_layer_picture_new (lab, &two, SPQR_LAYER_FIELD_DIFFERENCE, SPQR_SCALE_LINEAR, coarse, path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (none->data->pyramid.min, ==, 0);
  g_assert_cmpfloat (none->data->pyramid.max, ==, 0);
  some = spqr_layer_picture_new (lab, &four, SPQR_LAYER_FIELD_DIFFERENCE, SPQR_SCALE_LINEAR, fine, path, NULL, &error);
  g_assert_no_error (error);
  spqr_layer_decode (&fine->layer, 0, 48, a);
  spqr_layer_decode (&coarse->layer, 0, 48, b);
  for (gsize i = 0; i < 48 * 64; i++)
    g_assert_cmpfloat_with_epsilon (some->data->values[i], a[i] - b[i], 1e-6);
  g_assert_cmpfloat (some->data->pyramid.max, >, 0);
  g_assert_null (spqr_layer_picture_new (lab, &four, SPQR_LAYER_FIELD_DIFFERENCE, SPQR_SCALE_LINEAR, fine, "/nowhere/at-all", NULL, &error));
  g_assert_nonnull (error);
  drop_lab (lab, folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layer/answer", test_answer);
  g_test_add_func ("/layer/rows", test_rows);
  g_test_add_func ("/layer/picture", test_picture);
  g_test_add_func ("/layer/threshold", test_threshold);
  g_test_add_func ("/layer/rulers", test_rulers);
  g_test_add_func ("/layer/readout", test_readout);
  g_test_add_func ("/layer/history", test_history);
  g_test_add_func ("/layer/preview", test_preview);
  g_test_add_func ("/layer/preview-calibrated", test_preview_calibrated);
  g_test_add_func ("/layer/preview-vector", test_preview_vector);
  g_test_add_func ("/layer/difference", test_difference);
  return g_test_run ();
}
