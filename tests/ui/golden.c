#include "golden.h"

#include <pango/pangocairo.h>
#include <stdlib.h>

bool
golden_font_available (void)
{
  PangoContext *context = pango_font_map_create_context (pango_cairo_font_map_get_default ());
  PangoFontDescription *wanted = pango_font_description_from_string ("DejaVu Sans 10px");
  PangoFont *font = pango_context_load_font (context, wanted);
  PangoFontDescription *got = font ? pango_font_describe (font) : NULL;
  bool found = got && g_strcmp0 (pango_font_description_get_family (got), "DejaVu Sans") == 0;
  g_clear_pointer (&got, pango_font_description_free);
  g_clear_object (&font);
  pango_font_description_free (wanted);
  g_object_unref (context);
  if (!found)
    g_test_skip ("the font DejaVu Sans is not installed");
  return found;
}

static cairo_surface_t *
draw_picture (int width, int height, SpqrThemeKind kind, GoldenDraw draw, gconstpointer data)
{
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cr = cairo_create (surface);
  SpqrTheme theme;
  spqr_theme_init (&theme, kind);
  draw (cr, &theme, width, height, data);
  g_assert_cmpint (cairo_status (cr), ==, CAIRO_STATUS_SUCCESS);
  cairo_destroy (cr);
  cairo_surface_flush (surface);
  return surface;
}

static int
channel (const unsigned char *p, int x, int c)
{
  return p[4 * x + c];
}

/* Fills the difference picture; says whether it is too much. */
static bool
differs (cairo_surface_t *a, cairo_surface_t *b, cairo_surface_t *diff, double *mean, double *share)
{
  int w = cairo_image_surface_get_width (a), h = cairo_image_surface_get_height (a);
  double sum = 0, large = 0;
  for (int y = 0; y < h; y++)
    {
      const unsigned char *pa = cairo_image_surface_get_data (a) + (size_t) y * (size_t) cairo_image_surface_get_stride (a);
      const unsigned char *pb = cairo_image_surface_get_data (b) + (size_t) y * (size_t) cairo_image_surface_get_stride (b);
      unsigned char *pd = cairo_image_surface_get_data (diff) + (size_t) y * (size_t) cairo_image_surface_get_stride (diff);
      for (int x = 0; x < w; x++)
        {
          int most = 0;
          for (int c = 0; c < 3; c++)
            {
              int d = abs (channel (pa, x, c) - channel (pb, x, c));
              pd[4 * x + c] = (unsigned char) MIN (255, 10 * d);
              sum += d;
              most = MAX (most, d);
            }
          large += most > 48;
        }
    }
  *mean = sum / (3.0 * w * h);
  *share = large / ((double) w * h);
  return *mean > 0.3 || *share > 0.004;
}

static void
write_picture (cairo_surface_t *surface, const char *path)
{
  g_assert_cmpint (cairo_surface_write_to_png (surface, path), ==, CAIRO_STATUS_SUCCESS);
}

void
golden_check (const char *name, int width, int height, SpqrThemeKind theme, GoldenDraw draw, gconstpointer data)
{
  g_autofree char *file = g_strconcat (name, ".png", NULL), *out_name = g_strconcat (name, ".out.png", NULL);
  g_autofree char *diff_name = g_strconcat (name, ".diff.png", NULL);
  g_autofree char *kept_path = g_test_build_filename (G_TEST_DIST, "ui", "golden", file, NULL);
  g_autofree char *out_path = g_test_build_filename (G_TEST_BUILT, "ui", out_name, NULL);
  g_autofree char *diff_path = g_test_build_filename (G_TEST_BUILT, "ui", diff_name, NULL);
  cairo_surface_t *drawn = draw_picture (width, height, theme, draw, data);
  write_picture (drawn, g_getenv ("SPQR_UPDATE_GOLDEN") ? kept_path : out_path);
  cairo_surface_t *read = cairo_image_surface_create_from_png (kept_path);
  if (cairo_surface_status (read) != CAIRO_STATUS_SUCCESS)
    {
      g_test_message ("%s cannot be read: %s", kept_path, cairo_status_to_string (cairo_surface_status (read)));
      g_test_fail ();
    }
  else if (cairo_image_surface_get_width (read) != width || cairo_image_surface_get_height (read) != height)
    {
      g_test_message ("%s is not %d × %d", kept_path, width, height);
      g_test_fail ();
    }
  else
    {
      cairo_surface_t *kept = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
      cairo_t *cr = cairo_create (kept);
      cairo_set_source_surface (cr, read, 0, 0);
      cairo_paint (cr);
      cairo_destroy (cr);
      cairo_surface_flush (kept);
      cairo_surface_t *diff = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
      double mean, share;
      if (differs (drawn, kept, diff, &mean, &share))
        {
          cairo_surface_mark_dirty (diff);
          write_picture (diff, diff_path);
          g_test_message ("%s: mean difference %.2f, %.2f %% of the pixels differ strongly; see %s and %s", name, mean, 100 * share, out_path, diff_path);
          g_test_fail ();
        }
      cairo_surface_destroy (diff);
      cairo_surface_destroy (kept);
    }
  cairo_surface_destroy (read);
  cairo_surface_destroy (drawn);
}
