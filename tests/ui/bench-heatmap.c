/* How long the main thread works on a frame of a heat map while it is panned and zoomed, and how soon a
 * layer is there. Not a test: figures to read, of processor time where another process may be busy.
 *
 *   bench-heatmap                        frames of 4096 × 11008 and 32000 × 4096 at 1600 × 1000
 *   bench-heatmap MODEL [TENSOR…]        from the choice of a tensor to its picture and its outliers, and how long the
 *                                        main thread works in one turn of its loop
 *   bench-heatmap --stages MODEL [TENSOR…]  what of it takes how much processor time, without a window */
#include <adwaita.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "chart/spqr-heatmap-view.h"
#include "pages/spqr-layer-page.h"
#include "pages/spqr-layer-picture.h"
#include "plot-demo.h"

enum { FRAMES = 120, WIDTH = 1600, HEIGHT = 1000 };

static double
clock_ms (clockid_t clock)
{
  struct timespec t;

  clock_gettime (clock, &t);
  return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static void
draw_frame (GtkWidget *widget, cairo_t *cr)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;

  GTK_WIDGET_GET_CLASS (widget)->snapshot (widget, snapshot);
  node = gtk_snapshot_free_to_node (snapshot);
  if (node != NULL)
    gsk_render_node_draw (node, cr);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
report (const char *what, double *times)
{
  qsort (times, FRAMES, sizeof *times, compare_doubles);
  printf ("%s: median %.2f ms, worst %.2f ms\n", what, times[FRAMES / 2], times[FRAMES - 1]);
}

static void
turn (gint64 ms)
{
  gint64 end = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
}

static void
settle (SpqrHeatmapView *view)
{
  do
    turn (20);
  while (!spqr_heatmap_view_is_settled (view));
}

/* What a frame's events and drawing take of the main thread; the worker's answer comes in between. */
static void
measure_frames (gsize rows, gsize cols)
{
  g_autoptr (SpqrFieldData) field = demo_sensitivity (rows, cols, 128);
  g_autoptr (SpqrMarks) marks = spqr_marks_new_from_threshold (field->values, rows, cols, 4e-3f, 1000000);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, WIDTH, HEIGHT);
  cairo_t *cr = cairo_create (surface);
  GtkWidget *window = gtk_window_new (), *widget = spqr_heatmap_view_new ();
  SpqrHeatmapView *view = SPQR_HEATMAP_VIEW (widget);
  double pan[FRAMES], zoom[FRAMES];
  static const SpqrRuler rulers[] = { { "heads", NULL, "h", SPQR_RULER_ROWS, 128, 64, true }, { "groups", NULL, NULL, SPQR_RULER_COLUMNS, 16, 0, false } };

  spqr_heatmap_view_set_scale (view, SPQR_SCALE_LOG);
  spqr_heatmap_view_set_labels (view, "sensitivity", "outputs", "inputs");
  spqr_heatmap_view_set_rulers (view, rulers, 2);
  spqr_heatmap_view_set_field (view, field);
  spqr_heatmap_view_set_marks (view, marks);
  spqr_heatmap_view_add_handles (view);
  gtk_widget_set_size_request (widget, WIDTH, HEIGHT);
  gtk_window_set_child (GTK_WINDOW (window), widget);
  gtk_window_present (GTK_WINDOW (window));
  settle (view);
  spqr_heatmap_view_zoom (view, 4, -1, -1);
  settle (view);
  for (int i = 0; i < FRAMES; i++)
    {
      SpqrViewport v = spqr_heatmap_view_get_view (view);
      double step = (v.col1 - v.col0) / 150 * (i < FRAMES / 2 ? 1 : -1), begin = clock_ms (CLOCK_THREAD_CPUTIME_ID);

      v = (SpqrViewport) { v.row0 + step / 3, v.row1 + step / 3, v.col0 + step, v.col1 + step };
      spqr_heatmap_view_set_view (view, &v);
      draw_frame (widget, cr);
      pan[i] = clock_ms (CLOCK_THREAD_CPUTIME_ID) - begin;
      turn (16);
    }
  for (int i = 0; i < FRAMES; i++)
    {
      double begin = clock_ms (CLOCK_THREAD_CPUTIME_ID);

      spqr_heatmap_view_zoom (view, i % 60 < 30 ? 1.1 : 1 / 1.1, WIDTH / 3, HEIGHT / 2);
      draw_frame (widget, cr);
      zoom[i] = clock_ms (CLOCK_THREAD_CPUTIME_ID) - begin;
      turn (16);
    }
  printf ("%zu × %zu at %d × %d, main thread's processor time a frame\n", rows, cols, WIDTH, HEIGHT);
  report ("  pan ", pan);
  report ("  zoom", zoom);
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
  gtk_window_destroy (GTK_WINDOW (window));
}

static SpqrHeatmapView *
find_heatmap (GtkWidget *widget)
{
  if (SPQR_IS_HEATMAP_VIEW (widget))
    return SPQR_HEATMAP_VIEW (widget);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL; child = gtk_widget_get_next_sibling (child))
    {
      SpqrHeatmapView *found = find_heatmap (child);

      if (found != NULL)
        return found;
    }
  return NULL;
}

typedef struct { double wall, cpu; } Moment;

static Moment
now (void)
{
  return (Moment) { clock_ms (CLOCK_MONOTONIC), clock_ms (CLOCK_PROCESS_CPUTIME_ID) };
}

static gboolean has_field (SpqrHeatmapView *view) { return spqr_heatmap_view_get_field (view) != NULL; }

static gboolean
has_marks (SpqrHeatmapView *view)
{
  g_autoptr (SpqrMarks) marks = NULL;

  g_object_get (view, "marks", &marks, NULL);
  return marks != NULL;
}

static void
say_when (const char *what, SpqrHeatmapView *view, gboolean (*condition) (SpqrHeatmapView *), Moment begin)
{
  double longest = 0;
  Moment end;

  while (!condition (view))
    {
      double turn_begin = clock_ms (CLOCK_THREAD_CPUTIME_ID);

      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (500);
      longest = MAX (longest, clock_ms (CLOCK_THREAD_CPUTIME_ID) - turn_begin);
    }
  end = now ();
  printf ("  %-22s %6.0f ms, %6.0f ms of all processors, longest turn of the loop %.1f ms\n", what, end.wall - begin.wall, end.cpu - begin.cpu,
          longest);
}

static void
measure_layer (SpqrSession *session, SpqrHeatmapView *view, SpqrTensor *tensor)
{
  Moment begin = now ();

  printf ("%s %zu × %zu\n", spqr_tensor_get_name (tensor), spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor));
  spqr_session_select (session, tensor);
  say_when ("field and its pyramid", view, has_field, begin);
  say_when ("drawn", view, spqr_heatmap_view_is_settled, begin);
  if (spqr_tensor_get_block (tensor) >= 0)
    say_when ("quantized, outliers", view, has_marks, begin);
}

static void
measure_model (const char *path, const char *const *names)
{
  g_autofree char *folder = g_dir_make_tmp ("bench-XXXXXX", NULL), *database = g_build_filename (folder, "runs.db", NULL);
  SpqrSession *session = spqr_session_new (database);
  GtkWidget *window = gtk_window_new (), *page = spqr_layer_page_new (session);
  SpqrModel *model;

  gtk_window_set_default_size (GTK_WINDOW (window), 1280, 800);
  gtk_window_set_child (GTK_WINDOW (window), page);
  gtk_window_present (GTK_WINDOW (window));
  spqr_session_open (session, path);
  while (spqr_session_get_model (session) == NULL)
    turn (5);
  /* The figures of the whole model are a background job of their own. */
  turn (2000);
  model = spqr_session_get_model (session);
  for (guint i = 0; names[i] != NULL; i++)
    {
      SpqrTensor *tensor = spqr_model_lookup (model, names[i]);

      if (tensor != NULL)
        measure_layer (session, find_heatmap (page), tensor);
    }
  spqr_session_shutdown (session);
  gtk_window_destroy (GTK_WINDOW (window));
}

static double
since (double *begin)
{
  double end = clock_ms (CLOCK_PROCESS_CPUTIME_ID), taken = end - *begin;

  *begin = end;
  return taken;
}

static void
measure_stages (SpqrTensor *tensor)
{
  g_autoptr (GError) error = NULL;
  double begin = clock_ms (CLOCK_PROCESS_CPUTIME_ID), read, made;
  g_autoptr (SpqrLab) lab = spqr_lab_new (tensor, &error);
  SpqrParams params = spqr_params_default;
  SpqrLayerPicture *picture, *counted;

  if (lab == NULL)
    {
      printf ("%s\n", error->message);
      return;
    }
  read = since (&begin);
  picture = spqr_layer_picture_new_uncounted (lab, &params, SPQR_FIELD_SENSITIVITY, SPQR_SCALE_LOG, NULL, &error);
  made = since (&begin);
  counted = spqr_layer_picture_recount (picture, SPQR_SCALE_LOG, NULL, NULL, &error);
  printf ("%s: weights read %.0f ms, picture %.0f ms, counted %.0f ms of all processors\n", spqr_tensor_get_name (tensor), read, made, since (&begin));
  spqr_layer_picture_unref (counted);
  spqr_layer_picture_unref (picture);
}

static int
measure_all_stages (const char *path, const char *const *names)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) model = spqr_model_open (path, &error);

  for (guint i = 0; model != NULL && names[i] != NULL; i++)
    if (spqr_model_lookup (model, names[i]) != NULL)
      measure_stages (spqr_model_lookup (model, names[i]));
  if (error != NULL)
    fprintf (stderr, "bench-heatmap: %s\n", error->message);
  return error != NULL;
}

int
main (int argc, char **argv)
{
  static const char *const usual[] = { "model.layers.0.self_attn.q_proj.weight", "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.up_proj.weight", NULL };

  /* Beside the program lies the plugin that plays a device on the processor, for tests: it takes a hundred times as long. */
  g_setenv ("SPQR_PLUGIN_DIR", "", FALSE);
  if (argc > 2 && g_str_equal (argv[1], "--stages"))
    return measure_all_stages (argv[2], argc > 3 ? (const char *const *) argv + 3 : usual);
  if (!gtk_init_check ())
    {
      fprintf (stderr, "bench-heatmap: there is no screen\n");
      return 77;
    }
  adw_init ();
  if (argc > 1)
    measure_model (argv[1], argc > 2 ? (const char *const *) argv + 2 : usual);
  else
    {
      measure_frames (4096, 11008);
      measure_frames (32000, 4096);
    }
  return 0;
}
