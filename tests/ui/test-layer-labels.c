/* The list of patterns beside a layer: what it says, and where a click leads. */
#include <adwaita.h>
#include <math.h>

#include "../model/fixtures.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "pages/spqr-layer-labels.h"

enum { ROWS = 96, COLS = 256 };

typedef struct { char *folder; SpqrModel *model; SpqrLab *lab; GtkWidget *window; SpqrLayerLabels *labels; SpqrLayerPlace place; guint chosen; } Fixture;

static void
write_model (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_autofree float *w = g_new (float, ROWS * COLS);
  const gint64 shape[] = { ROWS, COLS };
  g_autoptr (GError) error = NULL;
  SpqrSafetensorsWriter *writer = spqr_safetensors_writer_new (path);

  for (gsize i = 0; i < ROWS * COLS; i++)
    w[i] = (float) (g_rand_double (random) - 0.5) * (i / COLS == 17 ? 20 : i / COLS == 60 ? 9 : 1);
  spqr_safetensors_writer_declare (writer, "model.layers.0.mlp.down_proj.weight", "F32", shape, 2, ROWS * COLS * sizeof (float));
  g_assert_true (spqr_safetensors_writer_begin (writer, &error));
  g_assert_true (spqr_safetensors_writer_append (writer, w, ROWS * COLS * sizeof (float), &error));
  g_assert_true (spqr_safetensors_writer_close (writer, &error));
  spqr_safetensors_writer_free (writer);
}

static void
on_place (SpqrLayerLabels *labels, const SpqrLayerPlace *place, Fixture *f)
{
  f->place = *place;
  f->chosen++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = fixture_folder ();
  write_model (f->folder);
  f->model = spqr_model_open (f->folder, &error);
  g_assert_no_error (error);
  f->lab = spqr_lab_new (spqr_model_get_tensor (f->model, 0), &error);
  g_assert_no_error (error);
  f->labels = SPQR_LAYER_LABELS (spqr_layer_labels_new ());
  f->window = gtk_window_new ();
  gtk_window_set_child (GTK_WINDOW (f->window), GTK_WIDGET (f->labels));
  gtk_window_present (GTK_WINDOW (f->window));
  g_signal_connect (f->labels, "place-chosen", G_CALLBACK (on_place), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gtk_window_destroy (GTK_WINDOW (f->window));
  spqr_lab_unref (f->lab);
  g_object_unref (f->model);
  fixture_remove (f->folder);
}

static SpqrFieldData *
new_data (Fixture *f, SpqrField field)
{
  g_autoptr (GError) error = NULL;
  float *values = spqr_lab_field (f->lab, field, &spqr_params_default, NULL, &error);
  SpqrFieldData *data;

  g_assert_no_error (error);
  data = spqr_field_data_new (values, ROWS, COLS, NULL, values, g_free, &error);
  g_assert_no_error (error);
  return data;
}

static void
wait_for_patterns (Fixture *f)
{
  gint64 limit = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  while (spqr_layer_labels_get_patterns (f->labels) == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, limit);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
}

static GtkButton *
find_button (GtkWidget *widget)
{
  if (GTK_IS_BUTTON (widget))
    return GTK_BUTTON (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkButton *found = find_button (child);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static void
test_click (Fixture *f, gconstpointer user_data)
{
  g_autoptr (SpqrFieldData) data = new_data (f, SPQR_FIELD_WEIGHT);
  const SpqrPatterns *patterns;
  GtkButton *button;
  float loudest = 0;

  spqr_layer_labels_set_field (f->labels, data, SPQR_FIELD_WEIGHT, f->lab, NULL);
  g_assert_null (spqr_layer_labels_get_patterns (f->labels));
  g_assert_null (find_button (GTK_WIDGET (f->labels)));
  wait_for_patterns (f);
  patterns = spqr_layer_labels_get_patterns (f->labels);
  g_assert_cmpuint (patterns->n, ==, 1);
  g_assert_cmpint (patterns->items[0].kind, ==, SPQR_PATTERN_ROWS);
  g_assert_cmpuint (patterns->items[0].count, ==, 2);

  button = find_button (GTK_WIDGET (f->labels));
  g_assert_nonnull (button);
  g_assert_true (g_str_has_prefix (gtk_button_get_label (button), "2 row outliers"));
  g_assert_nonnull (gtk_widget_get_tooltip_text (GTK_WIDGET (button)));
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpuint (f->chosen, ==, 1);
  g_assert_cmpint (f->place.row, ==, 17);
  for (gsize col = 0; col < COLS; col++)
    loudest = MAX (loudest, fabsf (data->values[17 * COLS + col]));
  g_assert_cmpfloat (fabsf (data->values[17 * COLS + f->place.col]), ==, loudest);
  g_assert_cmpfloat (f->place.view.row0, <=, 17);
  g_assert_cmpfloat (f->place.view.row1, >=, 18);
  g_assert_cmpfloat (f->place.view.row1 - f->place.view.row0, <, 40);
  g_assert_cmpfloat (f->place.view.col0, ==, 0);
  g_assert_cmpfloat (f->place.view.col1, ==, COLS);
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpint (f->place.row, ==, 60);
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpint (f->place.row, ==, 17);
}

/* Only the last field's labels come, and fields without labels have none. */
static void
test_newest (Fixture *f, gconstpointer user_data)
{
  g_autoptr (SpqrFieldData) weights = new_data (f, SPQR_FIELD_WEIGHT), sensitivity = new_data (f, SPQR_FIELD_SENSITIVITY);

  spqr_layer_labels_set_field (f->labels, weights, SPQR_FIELD_WEIGHT, f->lab, NULL);
  for (guint i = 0; i < 50; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (4000);
      spqr_layer_labels_set_field (f->labels, i % 2 ? weights : sensitivity, i % 2 ? SPQR_FIELD_WEIGHT : SPQR_FIELD_SENSITIVITY, f->lab, NULL);
    }
  spqr_layer_labels_set_field (f->labels, sensitivity, SPQR_FIELD_SENSITIVITY, f->lab, NULL);
  wait_for_patterns (f);
  g_assert_cmpuint (spqr_layer_labels_get_patterns (f->labels)->n, ==, 1);
  /* The same again keeps what is known. */
  spqr_layer_labels_set_field (f->labels, sensitivity, SPQR_FIELD_SENSITIVITY, f->lab, NULL);
  g_assert_nonnull (spqr_layer_labels_get_patterns (f->labels));
  spqr_layer_labels_set_field (f->labels, weights, SPQR_FIELD_CODES, f->lab, NULL);
  g_assert_null (spqr_layer_labels_get_patterns (f->labels));
  g_assert_null (find_button (GTK_WIDGET (f->labels)));
  spqr_layer_labels_set_field (f->labels, NULL, SPQR_FIELD_WEIGHT, NULL, NULL);
  g_assert_null (find_button (GTK_WIDGET (f->labels)));
}

/* Calibration tells which inputs are always 0: nothing in the weights does. The label then says so with
 * its confidence, and a click shows those columns. */
static void
test_dead_inputs (Fixture *f, gconstpointer user_data)
{
  g_autoptr (SpqrFieldData) data = new_data (f, SPQR_FIELD_WEIGHT);
  g_autofree float *h = g_new0 (float, COLS * COLS), *diagonal = NULL;
  g_autoptr (GError) error = NULL;
  const SpqrPattern *dead;
  GtkButton *button;

  spqr_layer_labels_set_field (f->labels, data, SPQR_FIELD_WEIGHT, f->lab, NULL);
  wait_for_patterns (f);
  g_assert_null (spqr_patterns_get (spqr_layer_labels_get_patterns (f->labels), SPQR_PATTERN_DEAD_INPUTS));
  g_assert_null (spqr_lab_get_hessian_diagonal (f->lab));

  for (gsize j = 0; j < COLS; j++)
    h[j * (COLS + 1)] = j >= 40 && j < 43 ? 0 : 1 + j;
  g_assert_true (spqr_lab_set_hessian (f->lab, h, &error));
  g_assert_no_error (error);
  diagonal = spqr_lab_get_hessian_diagonal (f->lab);
  g_assert_cmpfloat (diagonal[41], ==, 0);
  g_assert_cmpfloat (diagonal[255], ==, 256);
  spqr_layer_labels_set_field (f->labels, data, SPQR_FIELD_WEIGHT, f->lab, NULL);
  g_assert_null (spqr_layer_labels_get_patterns (f->labels));
  wait_for_patterns (f);
  dead = spqr_patterns_get (spqr_layer_labels_get_patterns (f->labels), SPQR_PATTERN_DEAD_INPUTS);
  g_assert_nonnull (dead);
  g_assert_cmpuint (dead->count, ==, 3);
  button = find_button (GTK_WIDGET (f->labels));
  g_assert_cmpstr (gtk_button_get_label (button), ==, "3 dead inputs · 100 % sure");
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpint (f->place.col, >=, 40);
  g_assert_cmpint (f->place.col, <, 43);
  g_assert_cmpfloat (f->place.view.col0, <=, 40);
  g_assert_cmpfloat (f->place.view.col1, >=, 43);
  g_assert_cmpfloat (f->place.view.col1 - f->place.view.col0, <, 60);
}

/* Noise alone: nothing is said. */
static void
test_silent (Fixture *f, gconstpointer user_data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  float *values = g_new (float, ROWS * COLS);
  g_autoptr (SpqrFieldData) data = NULL;

  for (gsize i = 0; i < ROWS * COLS; i++)
    values[i] = (float) (g_rand_double (random) - 0.5);
  data = spqr_field_data_new (values, ROWS, COLS, NULL, values, g_free, NULL);
  spqr_layer_labels_set_field (f->labels, data, SPQR_FIELD_ERROR, f->lab, NULL);
  wait_for_patterns (f);
  g_assert_cmpuint (spqr_layer_labels_get_patterns (f->labels)->n, ==, 0);
  g_assert_null (find_button (GTK_WIDGET (f->labels)));
}

/* A window closed in the middle of a search. */
static void
test_close (Fixture *f, gconstpointer user_data)
{
  g_autoptr (SpqrFieldData) data = new_data (f, SPQR_FIELD_WEIGHT);
  gint64 until = g_get_monotonic_time () + 130 * G_TIME_SPAN_MILLISECOND;

  spqr_layer_labels_set_field (f->labels, data, SPQR_FIELD_WEIGHT, f->lab, NULL);
  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add ("/layer-labels/click", Fixture, NULL, set_up, test_click, tear_down);
  g_test_add ("/layer-labels/newest", Fixture, NULL, set_up, test_newest, tear_down);
  g_test_add ("/layer-labels/dead-inputs", Fixture, NULL, set_up, test_dead_inputs, tear_down);
  g_test_add ("/layer-labels/silent", Fixture, NULL, set_up, test_silent, tear_down);
  g_test_add ("/layer-labels/close", Fixture, NULL, set_up, test_close, tear_down);
  return g_test_run ();
}
