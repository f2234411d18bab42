#include "plot/spqr-figure.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "plot/spqr-ink.h"

enum { MARGIN = 12, MAX_PIXELS = 32767 };

G_DEFINE_QUARK (spqr-figure-error-quark, spqr_figure_error)

void
spqr_figure_init (SpqrFigure *figure, double width, double height)
{
  *figure = (SpqrFigure) { .format = SPQR_FIGURE_PNG, .width = width, .height = height, .scale = 2 };
  spqr_theme_init (&figure->theme, SPQR_THEME_LIGHT);
}

bool
spqr_figure_format_from_path (const char *path, SpqrFigureFormat *format, GError **error)
{
  static const struct { const char *suffix; SpqrFigureFormat format; } known[] = {
    { ".png", SPQR_FIGURE_PNG }, { ".svg", SPQR_FIGURE_SVG }, { ".pdf", SPQR_FIGURE_PDF },
  };
  g_autofree char *lower = g_ascii_strdown (path, -1);
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_has_suffix (lower, known[i].suffix))
      {
        *format = known[i].format;
        return true;
      }
  g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_FORMAT,
               _("“%s”: a picture is saved as .png, .svg or .pdf; give the name one of these endings"), path);
  return false;
}

/* Where the bytes go. A failed write is remembered with its errno; cairo only knows that it failed. */
typedef struct { int fd; int error; } Sink;

static cairo_status_t
sink_write (void *data, const unsigned char *bytes, unsigned int length)
{
  Sink *sink = data;
  while (length > 0 && sink->error == 0)
    {
      ssize_t n = write (sink->fd, bytes, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          sink->error = n < 0 ? errno : EIO;
          break;
        }
      bytes += n;
      length -= (unsigned int) n;
    }
  return sink->error ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

typedef struct { PangoLayout *caption, *provenance; double caption_height, provenance_height, height; } Foot;

static double
wrap (SpqrInk *ink, PangoLayout **layout, const char *text, double size, double width)
{
  int w, h;
  PangoFontDescription *font = pango_font_description_new ();
  *layout = pango_layout_copy (ink->layout);
  pango_font_description_set_family (font, ink->theme->font);
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_layout_set_font_description (*layout, font);
  pango_font_description_free (font);
  pango_layout_set_single_paragraph_mode (*layout, FALSE);
  pango_layout_set_width (*layout, (int) (width * PANGO_SCALE));
  pango_layout_set_wrap (*layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_text (*layout, text, -1);
  pango_layout_get_size (*layout, &w, &h);
  return ceil ((double) h / PANGO_SCALE);
}

static void
foot_init (Foot *foot, const SpqrFigure *f, SpqrInk *ink)
{
  *foot = (Foot) { 0 };
  double width = MAX (40, f->width - 2 * MARGIN);
  if (f->caption && *f->caption)
    foot->caption_height = wrap (ink, &foot->caption, f->caption, f->theme.size_body, width);
  if (f->provenance && *f->provenance)
    foot->provenance_height = wrap (ink, &foot->provenance, f->provenance, f->theme.size_small * 0.9, width);
  if (foot->caption || foot->provenance)
    foot->height = foot->caption_height + foot->provenance_height + (foot->caption && foot->provenance ? 4 : 0) + MARGIN;
}

static void
foot_clear (Foot *foot)
{
  g_clear_object (&foot->caption);
  g_clear_object (&foot->provenance);
}

static void
draw_all (const SpqrFigure *f, cairo_t *cr, const Foot *foot, SpqrFigureDraw draw, gpointer data)
{
  const SpqrTheme *t = &f->theme;
  spqr_color_set_source (&t->background, cr);
  cairo_rectangle (cr, 0, 0, f->width, f->height + foot->height);
  cairo_fill (cr);
  cairo_save (cr);
  draw (cr, f->width, f->height, t, data);
  cairo_restore (cr);
  double y = f->height;
  if (foot->caption)
    {
      spqr_color_set_source (&t->ink, cr);
      cairo_move_to (cr, MARGIN, y);
      pango_cairo_show_layout (cr, foot->caption);
      y += foot->caption_height + 4;
    }
  if (foot->provenance)
    {
      spqr_color_set_source (&t->dim, cr);
      cairo_move_to (cr, MARGIN, y);
      pango_cairo_show_layout (cr, foot->provenance);
    }
}

/* Paper units are points: 72 an inch against the picture's 96. */
static cairo_surface_t *
surface_new (const SpqrFigure *f, double height, Sink *sink)
{
  const double points = 72.0 / 96;
  double scale = f->scale > 0 ? f->scale : 1;
  cairo_surface_t *s;
  switch (f->format)
    {
    case SPQR_FIGURE_SVG:
      s = cairo_svg_surface_create_for_stream (sink_write, sink, f->width, height);
      cairo_svg_surface_set_document_unit (s, CAIRO_SVG_UNIT_PX);
      return s;
    case SPQR_FIGURE_PDF:
      s = cairo_pdf_surface_create_for_stream (sink_write, sink, f->width * points, height * points);
      cairo_pdf_surface_set_metadata (s, CAIRO_PDF_METADATA_CREATOR, "SpQR Studio");
      if (f->caption)
        cairo_pdf_surface_set_metadata (s, CAIRO_PDF_METADATA_TITLE, f->caption);
      if (f->provenance)
        cairo_pdf_surface_set_metadata (s, CAIRO_PDF_METADATA_SUBJECT, f->provenance);
      return s;
    case SPQR_FIGURE_PNG:
    default:
      s = cairo_image_surface_create (CAIRO_FORMAT_RGB24, (int) ceil (f->width * scale), (int) ceil (height * scale));
      cairo_surface_set_device_scale (s, scale, scale);
      return s;
    }
}

static bool
check_size (const SpqrFigure *f, double height, const char *path, GError **error)
{
  double scale = f->format == SPQR_FIGURE_PNG && f->scale > 0 ? f->scale : 1;
  if (f->width >= 1 && f->height >= 1 && f->width * scale <= MAX_PIXELS && height * scale <= MAX_PIXELS)
    return true;
  g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_SIZE,
               _("“%s”: a picture of %.0f × %.0f pixels cannot be made; each side must be 1 to %d"),
               path, f->width * scale, height * scale, MAX_PIXELS);
  return false;
}

static bool
render (const SpqrFigure *f, const char *path, Sink *sink, SpqrFigureDraw draw, gpointer data, GError **error)
{
  g_auto (SpqrInk) ink = { 0 };
  Foot foot;
  spqr_ink_init (&ink, NULL, &f->theme);
  foot_init (&foot, f, &ink);
  double height = f->height + foot.height;
  if (!check_size (f, height, path, error))
    {
      foot_clear (&foot);
      return false;
    }
  cairo_surface_t *surface = surface_new (f, height, sink);
  cairo_t *cr = cairo_create (surface);
  if (f->format == SPQR_FIGURE_PDF)
    cairo_scale (cr, 72.0 / 96, 72.0 / 96);
  draw_all (f, cr, &foot, draw, data);
  cairo_status_t status = cairo_status (cr);
  cairo_destroy (cr);
  foot_clear (&foot);
  if (status == CAIRO_STATUS_SUCCESS && f->format == SPQR_FIGURE_PNG)
    status = cairo_surface_write_to_png_stream (surface, sink_write, sink);
  cairo_surface_finish (surface);
  if (status == CAIRO_STATUS_SUCCESS)
    status = cairo_surface_status (surface);
  cairo_surface_destroy (surface);
  if (sink->error == 0 && status == CAIRO_STATUS_SUCCESS && fsync (sink->fd) != 0 && errno != EINVAL)
    sink->error = errno;
  if (sink->error)
    g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE, _("“%s” cannot be written: %s"), path, g_strerror (sink->error));
  else if (status == CAIRO_STATUS_NO_MEMORY)
    g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_NO_MEMORY,
                 _("“%s”: not enough memory for a picture of %.0f × %.0f; try a smaller one, or SVG or PDF"), path, f->width, f->height);
  else if (status != CAIRO_STATUS_SUCCESS)
    g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE, _("“%s” cannot be drawn: %s"), path, cairo_status_to_string (status));
  return sink->error == 0 && status == CAIRO_STATUS_SUCCESS;
}

bool
spqr_figure_save (const SpqrFigure *f, const char *path, SpqrFigureDraw draw, gpointer data, GError **error)
{
  g_autofree char *beside = g_strconcat (path, ".XXXXXX", NULL);
  Sink sink = { g_mkstemp_full (beside, O_RDWR | O_CLOEXEC, 0666), 0 };
  if (sink.fd < 0)
    {
      g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE, _("“%s” cannot be written: %s"), path, g_strerror (errno));
      return false;
    }
  bool done = render (f, path, &sink, draw, data, error);
  if (close (sink.fd) != 0 && done)
    {
      g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE, _("“%s” cannot be written: %s"), path, g_strerror (errno));
      done = false;
    }
  if (done && g_rename (beside, path) != 0)
    {
      g_set_error (error, SPQR_FIGURE_ERROR, SPQR_FIGURE_ERROR_WRITE, _("“%s” cannot be put in place: %s"), path, g_strerror (errno));
      done = false;
    }
  if (!done)
    g_unlink (beside);
  return done;
}
