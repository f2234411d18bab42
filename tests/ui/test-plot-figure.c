/* A figure's file is whole or absent, whatever the format and however full the disk. */
#include <errno.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "plot-demo.h"
#include "plot/spqr-figure.h"

static void
draw_any (cairo_t *cr, double width, double height, const SpqrTheme *theme, gpointer data)
{
  spqr_heatmap_draw (data, cr, theme, width, height);
}

static void
test_figure_formats (void)
{
  g_autofree char *folder = g_dir_make_tmp ("spqr-figure-XXXXXX", NULL);
  g_autoptr (SpqrFieldData) field = demo_weights (32, 48);
  SpqrHeatmap plot;
  spqr_heatmap_init (&plot, field);
  static const struct { const char *name, *magic; } kinds[] = { { "a.png", "\x89PNG" }, { "b.SVG", "<?xml" }, { "c.pdf", "%PDF" } };
  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *path = g_build_filename (folder, kinds[i].name, NULL);
      g_autofree char *content = NULL;
      g_autoptr (GError) error = NULL;
      SpqrFigure figure;
      gsize length;
      spqr_figure_init (&figure, 400, 300);
      figure.caption = "Weights of the down projection, with a <caption> that is long enough to need a second line of text";
      figure.provenance = "run 7f3a · 3 bit · groups of 16";
      g_assert_true (spqr_figure_format_from_path (path, &figure.format, &error));
      spqr_figure_save (&figure, path, draw_any, &plot, &error);
      g_assert_no_error (error);
      g_assert_true (g_file_get_contents (path, &content, &length, NULL));
      g_assert_true (length > 1000 && memcmp (content, kinds[i].magic, strlen (kinds[i].magic)) == 0);
      g_unlink (path);
    }
  /* Nothing was left beside them. */
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_figure_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrFieldData) field = demo_weights (8, 8);
  SpqrHeatmap plot;
  SpqrFigure figure;
  spqr_heatmap_init (&plot, field);
  spqr_figure_init (&figure, 400, 300);
  g_assert_false (spqr_figure_format_from_path ("picture.jpeg", &figure.format, &error));
  g_assert_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_false (spqr_figure_save (&figure, "/nonexistent/folder/a.png", draw_any, &plot, &error));
  g_assert_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE);
  g_assert_nonnull (strstr (error->message, "/nonexistent/folder/a.png"));
  g_clear_error (&error);
  figure.width = 1e9;
  g_autofree char *folder = g_dir_make_tmp ("spqr-figure-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.png", NULL);
  g_assert_false (spqr_figure_save (&figure, path, draw_any, &plot, &error));
  g_assert_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_SIZE);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* The disk fills up while writing: a clear error, the old file as it was, nothing left beside it. */
static void
test_figure_disk_full (void)
{
  g_autofree char *folder = g_dir_make_tmp ("spqr-figure-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.png", NULL), *content = NULL;
  g_autoptr (SpqrFieldData) field = demo_weights (64, 64);
  g_assert_true (g_file_set_contents (path, "old", 3, NULL));
  signal (SIGXFSZ, SIG_IGN);
  struct rlimit before, limit;
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  limit = before;
  limit.rlim_cur = 2000;
  setrlimit (RLIMIT_FSIZE, &limit);
  static const SpqrFigureFormat formats[] = { SPQR_FIGURE_PNG, SPQR_FIGURE_SVG, SPQR_FIGURE_PDF };
  for (size_t i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (GError) error = NULL;
      SpqrHeatmap plot;
      SpqrFigure figure;
      spqr_heatmap_init (&plot, field);
      spqr_figure_init (&figure, 400, 300);
      figure.format = formats[i];
      bool saved = spqr_figure_save (&figure, path, draw_any, &plot, &error);
      setrlimit (RLIMIT_FSIZE, &before); /* a failing test writes too */
      g_assert_false (saved);
      g_assert_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE);
      g_assert_nonnull (strstr (error->message, g_strerror (EFBIG)));
      setrlimit (RLIMIT_FSIZE, &limit);
    }
  setrlimit (RLIMIT_FSIZE, &before);
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "old");
  g_unlink (path);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plot/figure/formats", test_figure_formats);
  g_test_add_func ("/plot/figure/errors", test_figure_errors);
  g_test_add_func ("/plot/figure/disk-full", test_figure_disk_full);
  return g_test_run ();
}
