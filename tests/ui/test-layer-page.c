/* The Layer page in a window: pictures, fields, the dragged threshold, undo, and a main loop that is
 * never kept waiting. */
#include <adwaita.h>
#include <glib/gstdio.h>
#include <math.h>
#include <time.h>
#include <string.h>
#include <unistd.h>

#include "../model/fixtures.h"
#include "chart/spqr-grid-view.h"
#include "chart/spqr-heatmap-view.h"
#include "chart/spqr-histogram-view.h"
#include "pages/spqr-layer-page.h"
#include "pages/spqr-layer-subject.h"
#include "pages/spqr-map-figures.h"
#include "pages/spqr-map-list.h"
#include "pages/spqr-map-page.h"

typedef struct {
  char *folder;
  SpqrSession *session;
  GtkWidget *window, *page;
  SpqrHeatmapView *heatmap;
  SpqrHistogramView *histogram;
} Fixture;

static GtkWidget *
find (GtkWidget *widget, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (widget, type))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, type);

      if (found != NULL)
        return found;
    }
  return NULL;
}

/* What can be read as numbers can be looked at, in whatever blocks it is stored. */
static void
test_stored_forms (void)
{
  g_autofree char *path = g_build_filename (g_getenv ("SPQR_SOURCE_ROOT"), "tests", "model", "golden", "blocks.gguf", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) model = spqr_model_open (path, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (spqr_model_get_n_tensors (model), >, 13);
  for (guint i = 0; i < spqr_model_get_n_tensors (model); i++)
    {
      g_autofree char *refused = spqr_layer_subject_refuse (spqr_model_get_tensor (model, i));

      g_assert_cmpstr (refused, ==, NULL);
    }
}

typedef gboolean (*Condition) (Fixture *f);

static void
wait_until (Fixture *f, Condition condition)
{
  gint64 limit = g_get_monotonic_time () + 120 * G_USEC_PER_SEC;

  while (!condition (f))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, limit);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
}

static gboolean has_model (Fixture *f) { return spqr_session_get_model (f->session) != NULL; }
static gboolean has_picture (Fixture *f) { return spqr_heatmap_view_get_field (f->heatmap) != NULL; }

static gboolean
has_marks (Fixture *f)
{
  g_autoptr (SpqrMarks) marks = NULL;

  g_object_get (f->heatmap, "marks", &marks, NULL);
  return marks != NULL;
}

static gboolean
has_threshold (Fixture *f)
{
  gboolean has;

  g_object_get (f->histogram, "has-threshold", &has, NULL);
  return has;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *model = g_build_filename (g_getenv ("SPQR_SOURCE_ROOT"), "tests", "net", "oracles", "llama", NULL);
  g_autofree char *database = NULL;

  f->folder = fixture_folder ();
  database = g_build_filename (f->folder, "runs.db", NULL);
  f->session = spqr_session_new (database);
  g_assert_no_error (spqr_session_get_store_error (f->session));
  f->page = spqr_layer_page_new (f->session);
  f->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1030, 700);
  gtk_window_set_child (GTK_WINDOW (f->window), f->page);
  gtk_window_present (GTK_WINDOW (f->window));
  f->heatmap = SPQR_HEATMAP_VIEW (find (f->page, SPQR_TYPE_HEATMAP_VIEW));
  f->histogram = SPQR_HISTOGRAM_VIEW (find (f->page, SPQR_TYPE_HISTOGRAM_VIEW));
  spqr_session_open (f->session, model);
  wait_until (f, has_model);
}

static gboolean is_gone (Fixture *f) { return f->session == NULL; }

/* Nothing keeps the session: threads that draw give back what they hold a little later. */
static void
tear_down (Fixture *f, gconstpointer data)
{
  SpqrSession *session = f->session;

  spqr_session_shutdown (session);
  gtk_window_destroy (GTK_WINDOW (f->window));
  g_object_add_weak_pointer (G_OBJECT (session), (gpointer *) &f->session);
  g_object_unref (session);
  wait_until (f, is_gone);
  fixture_remove (f->folder);
}

static void
select_role (Fixture *f, SpqrRole role)
{
  spqr_session_select (f->session, spqr_model_find (spqr_session_get_model (f->session), 0, role, FALSE));
}

static void
test_picture (Fixture *f, gconstpointer data)
{
  SpqrTensor *q = spqr_model_find (spqr_session_get_model (f->session), 0, SPQR_ROLE_Q, FALSE);
  g_autofree char *path = g_build_filename (f->folder, "q.svg", NULL);
  g_autoptr (GError) error = NULL;
  GStatBuf info;

  g_assert_null (spqr_heatmap_view_get_field (f->heatmap));
  select_role (f, SPQR_ROLE_Q);
  wait_until (f, has_marks);
  g_assert_cmpuint (spqr_heatmap_view_get_field (f->heatmap)->rows, ==, spqr_tensor_get_rows (q));
  g_assert_true (has_threshold (f));
  g_assert_true (spqr_chart_save (SPQR_CHART (f->heatmap), path, &(SpqrPictureChoices) { 600, 400, 2, FALSE, "caption", TRUE }, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, >, 1000);

  /* A vector: its weights, no threshold, no outliers. */
  select_role (f, SPQR_ROLE_INPUT_NORM);
  g_assert_null (spqr_heatmap_view_get_field (f->heatmap));
  wait_until (f, has_picture);
  g_assert_cmpuint (spqr_heatmap_view_get_field (f->heatmap)->rows, ==, 1);
  g_assert_false (has_marks (f));
  g_assert_false (has_threshold (f));

  spqr_session_select (f->session, NULL);
  g_assert_null (spqr_heatmap_view_get_field (f->heatmap));
}

static gboolean has_no_picture (Fixture *f) { return !has_picture (f); }

/* Without a run there is no difference: nor is what was seen before, neither in the heat map nor below it. */
static void
test_no_difference (Fixture *f, gconstpointer data)
{
  GtkDropDown *field = GTK_DROP_DOWN (find (f->page, GTK_TYPE_DROP_DOWN));

  select_role (f, SPQR_ROLE_Q);
  wait_until (f, has_marks);
  gtk_drop_down_set_selected (field, 4);
  wait_until (f, has_no_picture);
  g_assert_false (has_threshold (f));
  gtk_drop_down_set_selected (field, 2);
  wait_until (f, has_threshold);
  g_assert_true (has_picture (f));
}

static gboolean
is_refused (Fixture *f)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (GTK_STACK (find (f->page, GTK_TYPE_STACK))), "refused") == 0;
}

/* Too large to be looked at: that is said where the matrix would be, and nothing is read. The file has a hole
 * instead of 512 MB. */
static void
test_too_large (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "model.safetensors", NULL);
  const char *header = "{\"model.embed_tokens.weight\":{\"dtype\":\"F16\",\"shape\":[16385,16384],\"data_offsets\":[0,536903680]}}";
  guint64 size = GUINT64_TO_LE (strlen (header));
  GString *start = g_string_new_len ((const char *) &size, sizeof size);
  SpqrTensor *tensor;

  g_string_append (start, header);
  g_assert_true (g_file_set_contents (path, start->str, (gssize) start->len, NULL));
  g_assert_cmpint (truncate (path, (off_t) start->len + 536903680), ==, 0);
  g_string_free (start, TRUE);
  spqr_session_open (f->session, f->folder);
  while (spqr_session_is_opening (f->session))
    g_main_context_iteration (NULL, TRUE);
  tensor = spqr_model_lookup (spqr_session_get_model (f->session), "model.embed_tokens.weight");
  g_assert_nonnull (tensor);
  g_assert_false (spqr_session_has_bench (tensor));
  spqr_session_select (f->session, tensor);
  wait_until (f, is_refused);
  g_assert_null (spqr_session_get_lab (f->session));
  g_assert_null (spqr_session_get_lab_problem (f->session));
}

/* The threshold, moved in the histogram, is the session's tau; undo takes it back. */
static void
test_threshold (Fixture *f, gconstpointer data)
{
  double before, value;

  select_role (f, SPQR_ROLE_Q);
  wait_until (f, has_threshold);
  before = spqr_session_get_params (f->session)->layer.outlier_threshold;
  value = spqr_histogram_view_get_threshold (f->histogram);
  g_signal_emit_by_name (f->histogram, "threshold-changed", value * 2, FALSE);
  g_signal_emit_by_name (f->histogram, "threshold-changed", value * 3, TRUE);
  g_assert_cmpfloat_with_epsilon (spqr_session_get_params (f->session)->layer.outlier_threshold, 3 * before, 1e-9);
  g_assert_true (gtk_widget_activate_action (f->page, "layer.undo", NULL));
  g_assert_cmpfloat (spqr_session_get_params (f->session)->layer.outlier_threshold, ==, before);
  g_assert_true (gtk_widget_activate_action (f->page, "layer.compare", NULL));
  g_assert_cmpfloat_with_epsilon (spqr_session_get_params (f->session)->layer.outlier_threshold, 3 * before, 1e-9);
  g_assert_true (gtk_widget_activate_action (f->page, "layer.compare", NULL));
  g_assert_cmpfloat (spqr_session_get_params (f->session)->layer.outlier_threshold, ==, before);
}

/* ---- calibrated with what ---- */

static GtkWidget *
find_classed (GtkWidget *widget, const char *css_class)
{
  if (gtk_widget_has_css_class (widget, css_class))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_classed (child, css_class);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
is_calibrated (Fixture *f)
{
  const char *with = spqr_session_get_calibrated_with (f->session, spqr_session_get_tensor (f->session));

  return with != NULL && g_str_has_prefix (with, g_object_get_data (G_OBJECT (f->page), "name")) &&
         spqr_lab_is_calibrated (spqr_session_get_lab (f->session));
}

static void
calibrate_with (Fixture *f, const char *name, int first)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);
  g_autoptr (GString) ids = g_string_new ("[");

  for (int i = 0; i < 200; i++)
    g_string_append_printf (ids, "%s%d", i > 0 ? ", " : "", (first + 7 * i) % 30);
  g_string_append_c (ids, ']');
  g_assert_true (g_file_set_contents (path, ids->str, -1, NULL));
  g_object_set_data (G_OBJECT (f->page), "name", (gpointer) name);
  spqr_session_set_calibration (f->session, path);
  spqr_session_calibrate (f->session, FALSE);
  wait_until (f, is_calibrated);
}

/* The badge names the text and how much of it; another text takes its place. */
static void
test_calibrated (Fixture *f, gconstpointer data)
{
  SpqrRunParams params = *spqr_session_get_params (f->session);
  SpqrTensor *tensor;
  GtkWidget *badge;

  params.nsamples = 2;
  params.seqlen = 16;
  spqr_session_set_params (f->session, &params);
  select_role (f, SPQR_ROLE_Q);
  tensor = spqr_session_get_tensor (f->session);
  wait_until (f, has_marks);
  badge = find_classed (f->page, "badge");
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (badge)), ==, "data-free");
  g_assert_null (spqr_session_get_calibrated_with (f->session, tensor));
  calibrate_with (f, "first.json", 1);
  g_assert_cmpstr (spqr_session_get_calibrated_with (f->session, tensor), ==, "first.json, 2 windows of 16 tokens");
  g_assert_cmpstr (gtk_label_get_label (GTK_LABEL (badge)), ==, "calibrated");
  g_assert_nonnull (strstr (gtk_widget_get_tooltip_text (badge), "first.json, 2 windows of 16 tokens"));
  g_assert_cmpstr (gtk_button_get_label (GTK_BUTTON (gtk_widget_get_next_sibling (badge))), ==, "_Calibrate Again…");
  calibrate_with (f, "second.json", 5);
  g_assert_nonnull (strstr (gtk_widget_get_tooltip_text (badge), "second.json"));
}

/* A figure that nothing is known of: the list says what to do. */
static void
test_empty_map (Fixture *f, gconstpointer data)
{
  GtkWidget *map = spqr_map_page_new (f->session);
  guint n, calibrated = 0;
  const SpqrMapFigure *figures = spqr_map_figures (&n);
  GtkWidget *list, *label = NULL;

  g_object_ref (f->page);
  gtk_window_set_child (GTK_WINDOW (f->window), map);
  while (figures[calibrated].source != SPQR_FIGURE_CALIBRATED)
    calibrated++;
  gtk_drop_down_set_selected (GTK_DROP_DOWN (find (map, GTK_TYPE_DROP_DOWN)), calibrated);
  list = find (map, SPQR_TYPE_MAP_LIST);
  for (GtkWidget *child = gtk_widget_get_first_child (gtk_widget_get_first_child (list)); child != NULL; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_LABEL (child))
      label = child;
  g_assert_true (gtk_widget_get_visible (label));
  g_assert_nonnull (strstr (gtk_label_get_label (GTK_LABEL (label)), "Calibrate"));
  gtk_window_set_child (GTK_WINDOW (f->window), f->page);
  g_object_unref (f->page);
}

/* The colours' scale is chosen for each figure, and remembered for it. */
static void
test_map_scale (Fixture *f, gconstpointer data)
{
  GtkWidget *map = spqr_map_page_new (f->session), *figure = find (map, GTK_TYPE_DROP_DOWN), *grid = find (map, SPQR_TYPE_GRID_VIEW);
  GtkWidget *scale = gtk_widget_get_next_sibling (figure);
  static const struct { guint figure, set, seen; } steps[] = {
    { 0, SPQR_N_SCALES, SPQR_SCALE_LINEAR }, { 0, SPQR_SCALE_LOG, SPQR_SCALE_LOG }, { 1, SPQR_N_SCALES, SPQR_SCALE_LOG },
    { 1, SPQR_SCALE_LINEAR, SPQR_SCALE_LINEAR }, { 0, SPQR_N_SCALES, SPQR_SCALE_LOG }, { 1, SPQR_N_SCALES, SPQR_SCALE_LINEAR } };

  g_object_ref (f->page);
  gtk_window_set_child (GTK_WINDOW (f->window), map);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      guint seen;

      gtk_drop_down_set_selected (GTK_DROP_DOWN (figure), steps[i].figure);
      if (steps[i].set < SPQR_N_SCALES)
        gtk_drop_down_set_selected (GTK_DROP_DOWN (scale), steps[i].set);
      g_object_get (grid, "scale", &seen, NULL);
      g_assert_cmpuint (seen, ==, steps[i].seen);
      g_assert_cmpuint (gtk_drop_down_get_selected (GTK_DROP_DOWN (scale)), ==, steps[i].seen);
    }
  gtk_window_set_child (GTK_WINDOW (f->window), f->page);
  g_object_unref (f->page);
}

/* ---- by keyboard alone ---- */

/* Controls a person must be able to get to, and those that a person may ask why not. */
static gboolean
is_control (GtkWidget *widget)
{
  return GTK_IS_BUTTON (widget) || GTK_IS_MENU_BUTTON (widget) || GTK_IS_DROP_DOWN (widget) || GTK_IS_SWITCH (widget) ||
         GTK_IS_TEXT (widget) || GTK_IS_SPIN_BUTTON (widget) || SPQR_IS_CHART (widget);
}

static void
collect (GtkWidget *widget, GPtrArray *controls)
{
  if (!gtk_widget_get_mapped (widget))
    return;
  if (is_control (widget))
    g_ptr_array_add (controls, widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    collect (child, controls);
}

/* It, something in it or something that it is part of had the keyboard; of radio buttons one is enough, arrows go on from it. */
static gboolean
was_reached (GtkWidget *control, GPtrArray *focused)
{
  for (guint i = 0; i < focused->len; i++)
    {
      GtkWidget *widget = focused->pdata[i];

      if (widget == control || gtk_widget_is_ancestor (widget, control) || (gtk_widget_is_ancestor (control, widget) && is_control (widget)))
        return TRUE;
      if (GTK_IS_TOGGLE_BUTTON (control) && GTK_IS_TOGGLE_BUTTON (widget) && gtk_widget_get_parent (control) == gtk_widget_get_parent (widget))
        return TRUE;
    }
  return FALSE;
}

static char *
name_control (GtkWidget *control)
{
  return g_strdup_printf ("%s “%s” (%s)", G_OBJECT_TYPE_NAME (control), GTK_IS_BUTTON (control) ? gtk_button_get_label (GTK_BUTTON (control)) : "",
                          gtk_widget_get_tooltip_text (control));
}

/* Tab comes to every control that can be used; every other one says why it cannot. */
static void
check_keyboard (GtkWidget *window, GtkWidget *page, guint at_least)
{
  g_autoptr (GPtrArray) controls = g_ptr_array_new (), focused = g_ptr_array_new ();
  guint n = 0;

  gtk_window_set_focus (GTK_WINDOW (window), NULL);
  for (guint i = 0; i < 200 && gtk_widget_child_focus (window, GTK_DIR_TAB_FORWARD); i++)
    g_ptr_array_add (focused, gtk_window_get_focus (GTK_WINDOW (window)));
  collect (page, controls);
  for (guint i = 0; i < controls->len; i++)
    {
      GtkWidget *control = controls->pdata[i], *with = control;
      g_autofree char *name = name_control (control);

      if (gtk_widget_is_sensitive (control))
        {
          n++;
          if (!was_reached (control, focused))
            g_error ("Tab does not come to %s", name);
          continue;
        }
      while (with != page && gtk_widget_get_tooltip_text (with) == NULL)
        with = gtk_widget_get_parent (with);
      if (with == page)
        g_error ("%s does not say why it cannot be used", name);
    }
  g_assert_cmpuint (n, >=, at_least);
}

static void
test_keyboard (Fixture *f, gconstpointer data)
{
  select_role (f, SPQR_ROLE_Q);
  wait_until (f, has_marks);
  check_keyboard (f->window, f->page, 30);
  /* A vector has neither error nor outliers: that is said, too. */
  select_role (f, SPQR_ROLE_INPUT_NORM);
  wait_until (f, has_picture);
  check_keyboard (f->window, f->page, 15);
}

static void
test_keyboard_map (Fixture *f, gconstpointer data)
{
  GtkWidget *map = spqr_map_page_new (f->session);

  g_object_ref (f->page);
  gtk_window_set_child (GTK_WINDOW (f->window), map);
  check_keyboard (f->window, map, 6);
  gtk_window_set_child (GTK_WINDOW (f->window), f->page);
  g_object_unref (f->page);
}

/* ---- the main loop ---- */

typedef struct { gint64 last, worst; } Pulse;

static gboolean
beat (gpointer data)
{
  Pulse *pulse = data;
  struct timespec t;
  gint64 now;

  /* What this thread works between two turns, whoever else has the processors meanwhile. */
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  now = t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;

  pulse->worst = MAX (pulse->worst, pulse->last > 0 ? now - pulse->last : 0);
  pulse->last = now;
  return G_SOURCE_CONTINUE;
}

static gboolean
is_new_picture (Fixture *f)
{
  return g_object_get_data (G_OBJECT (f->page), "old") != spqr_heatmap_view_get_field (f->heatmap);
}

static void
test_loop (Fixture *f, gconstpointer data)
{
  Pulse pulse = { 0 };
  guint timer;

  select_role (f, SPQR_ROLE_Q);
  wait_until (f, has_marks);
  timer = g_timeout_add (1, beat, &pulse);
  for (int bits = 1; bits <= 8; bits++)
    {
      SpqrRunParams params = *spqr_session_get_params (f->session);

      params.layer.wbits = bits == 3 ? 4 : bits;
      g_object_set_data (G_OBJECT (f->page), "old", spqr_heatmap_view_get_field (f->heatmap));
      if (spqr_run_params_equal (&params, spqr_session_get_params (f->session)))
        continue;
      spqr_session_set_params (f->session, &params);
      wait_until (f, is_new_picture);
    }
  g_source_remove (timer);
  g_test_message ("most work in one turn of the main loop: %.1f ms", pulse.worst / 1e3);
  g_assert_cmpint (pulse.worst, <, 250000);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/layer-page/stored-forms", test_stored_forms);
  g_test_add ("/layer-page/picture", Fixture, NULL, set_up, test_picture, tear_down);
  g_test_add ("/layer-page/no-difference", Fixture, NULL, set_up, test_no_difference, tear_down);
  g_test_add ("/layer-page/too-large", Fixture, NULL, set_up, test_too_large, tear_down);
  g_test_add ("/layer-page/keyboard", Fixture, NULL, set_up, test_keyboard, tear_down);
  g_test_add ("/layer-page/calibrated", Fixture, NULL, set_up, test_calibrated, tear_down);
  g_test_add ("/map-page/empty", Fixture, NULL, set_up, test_empty_map, tear_down);
  g_test_add ("/map-page/scale", Fixture, NULL, set_up, test_map_scale, tear_down);
  g_test_add ("/map-page/keyboard", Fixture, NULL, set_up, test_keyboard_map, tear_down);
  g_test_add ("/layer-page/threshold", Fixture, NULL, set_up, test_threshold, tear_down);
  g_test_add ("/layer-page/loop", Fixture, NULL, set_up, test_loop, tear_down);
  return g_test_run ();
}
