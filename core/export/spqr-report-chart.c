#include "export/spqr-report-chart.h"

#include <math.h>

#include "export/spqr-html.h"

enum { WIDTH = 960, HEIGHT = 220, LEFT = 72, RIGHT = 12, TOP = 12, BOTTOM = 30, TICKS = 4 };
enum { CELL = 24, GRID_LEFT = 56, GRID_TOP = 24, COLUMN = 104, BAR = 14 };

/* Steps of a perceptually even scale from pale to deep (blue to yellow, for all kinds of eyes). */
static const char *const steps[] = { "#fee838", "#dfc94e", "#bfab5f", "#a0916b", "#848073", "#6a6d77", "#4b5d75", "#1f4c72", "#00366c", "#00224e" };

static void
attribute (GString *page, const char *name, double value)
{
  g_string_append_printf (page, " %s=\"", name);
  spqr_html_coordinate (page, value);
  g_string_append_c (page, '"');
}

static void
text_at (GString *page, double x, double y, const char *class, const char *text)
{
  g_string_append (page, "<text");
  attribute (page, "x", x);
  attribute (page, "y", y);
  g_string_append_printf (page, " class=\"%s\">", class);
  spqr_html_text (page, text);
  g_string_append (page, "</text>");
}

static void
line_at (GString *page, double x0, double y0, double x1, double y1)
{
  g_string_append (page, "<line class=\"grid\"");
  attribute (page, "x1", x0);
  attribute (page, "y1", y0);
  attribute (page, "x2", x1);
  attribute (page, "y2", y1);
  g_string_append (page, "/>");
}

static void
begin (GString *page, double width, double height, const char *title)
{
  g_string_append (page, "<figure><figcaption>");
  spqr_html_text (page, title);
  g_string_append (page, "</figcaption><svg role=\"img\" viewBox=\"0 0 ");
  spqr_html_coordinate (page, width);
  g_string_append_c (page, ' ');
  spqr_html_coordinate (page, height);
  g_string_append (page, "\" style=\"max-width:");
  spqr_html_coordinate (page, width);
  g_string_append (page, "px\" aria-label=\"");
  spqr_html_text (page, title);
  g_string_append (page, "\">");
}

static void
end (GString *page)
{
  g_string_append (page, "</svg></figure>\n");
}

/* The range of what is finite; FALSE: nothing is. */
static gboolean
find_range (const double *values, guint n, double *lo, double *hi)
{
  *lo = INFINITY;
  *hi = -INFINITY;
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        *lo = MIN (*lo, values[i]);
        *hi = MAX (*hi, values[i]);
      }
  return *lo <= *hi;
}

/* 1, 2 or 5 times a power of ten, so that about TICKS of them span the range. */
static double
tick_step (double span)
{
  double rough = span / TICKS, power = pow (10, floor (log10 (rough))), rest = rough / power;

  return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

/* ---- lines ---- */

typedef struct { double lo, hi; guint n; } Place;

static double place_x (const Place *p, guint i) { return LEFT + (p->n > 1 ? (double) i / (p->n - 1) : 0.5) * (WIDTH - LEFT - RIGHT); }
static double place_y (const Place *p, double v) { return TOP + (1 - (v - p->lo) / (p->hi - p->lo)) * (HEIGHT - TOP - BOTTOM); }

static Place
choose_place (const SpqrReportChart *chart, double lo, double hi)
{
  Place place = { lo, hi, chart->n };
  double step;

  /* Differences count where all values are close to each other, shares where they are not. */
  if (lo >= 0 && lo < 0.5 * hi)
    place.lo = 0;
  if (place.hi <= place.lo)
    {
      place.lo -= MAX (fabs (lo) * 0.05, 1e-6);
      place.hi += MAX (fabs (hi) * 0.05, 1e-6);
    }
  step = tick_step (place.hi - place.lo);
  place.lo = floor (place.lo / step) * step;
  place.hi = ceil (place.hi / step) * step;
  return place;
}

static void
draw_axis (GString *page, const SpqrReportChart *chart, const Place *place)
{
  double step = tick_step (place->hi - place->lo);
  int n = (int) round ((place->hi - place->lo) / step);

  for (int i = 0; i <= n; i++)
    {
      double value = place->lo + i * step;
      g_autofree char *label = chart->format (fabs (value) < step * 1e-9 ? 0 : value);

      line_at (page, LEFT, place_y (place, value), WIDTH - RIGHT, place_y (place, value));
      text_at (page, LEFT - 8, place_y (place, value) + 4, "tick end", label);
    }
  text_at (page, LEFT, HEIGHT - 8, "tick", chart->names[0]);
  if (chart->n > 1)
    text_at (page, WIDTH - RIGHT, HEIGHT - 8, "tick end", chart->names[chart->n - 1]);
}

static void
draw_line (GString *page, const SpqrReportChart *chart, const Place *place)
{
  gboolean pen_down = FALSE;

  g_string_append (page, "<path class=\"line\" d=\"");
  for (guint i = 0; i < chart->n; i++)
    {
      if (isfinite (chart->values[i]))
        {
          g_string_append (page, pen_down ? "L" : "M");
          spqr_html_coordinate (page, place_x (place, i));
          g_string_append_c (page, ' ');
          spqr_html_coordinate (page, place_y (place, chart->values[i]));
        }
      pen_down = isfinite (chart->values[i]);
    }
  g_string_append (page, "\"/>");
}

static void
draw_points (GString *page, const SpqrReportChart *chart, const Place *place)
{
  for (guint i = 0; i < chart->n; i++)
    {
      g_autofree char *value = chart->format (chart->values[i]);

      if (!isfinite (chart->values[i]))
        continue;
      g_string_append (page, "<circle class=\"point\"");
      attribute (page, "cx", place_x (place, i));
      attribute (page, "cy", place_y (place, chart->values[i]));
      attribute (page, "r", chart->n > 150 ? 1.8 : 3);
      g_string_append (page, "><title>");
      spqr_html_text (page, chart->names[i]);
      g_string_append (page, ": ");
      spqr_html_text (page, value);
      g_string_append (page, "</title></circle>");
    }
}

void
spqr_report_chart_line (GString *page, const SpqrReportChart *chart)
{
  double lo, hi;
  Place place;

  if (!find_range (chart->values, chart->n, &lo, &hi))
    return;
  place = choose_place (chart, lo, hi);
  begin (page, WIDTH, HEIGHT, chart->title);
  draw_axis (page, chart, &place);
  draw_line (page, chart, &place);
  draw_points (page, chart, &place);
  end (page);
}

/* ---- grids ---- */

static const char *
step_of (double value, double lo, double hi)
{
  double t = hi > lo ? (value - lo) / (hi - lo) : 0.5;

  return steps[G_N_ELEMENTS (steps) - 1 - (guint) CLAMP (t * G_N_ELEMENTS (steps), 0, G_N_ELEMENTS (steps) - 1)];
}

static void
draw_cell (GString *page, const SpqrReportGrid *grid, guint row, guint column, double lo, double hi)
{
  double value = grid->values[row * grid->n_columns + column];
  g_autofree char *text = grid->format (value);

  g_string_append (page, "<rect");
  attribute (page, "x", GRID_LEFT + (double) column * COLUMN);
  attribute (page, "y", GRID_TOP + (double) row * CELL);
  attribute (page, "width", COLUMN - 2);
  attribute (page, "height", CELL - 2);
  if (isfinite (value))
    g_string_append_printf (page, " fill=\"%s\"><title>%s %u · ", step_of (value, lo, hi), grid->row_name, row);
  else
    g_string_append_printf (page, " class=\"none\"><title>%s %u · ", grid->row_name, row);
  spqr_html_text (page, grid->columns[column]);
  g_string_append (page, ": ");
  spqr_html_text (page, text);
  g_string_append (page, "</title></rect>");
}

/* What the colours stand for, from the smallest value to the largest. */
static void
draw_key (GString *page, const SpqrReportGrid *grid, double y, double lo, double hi)
{
  g_autofree char *first = grid->format (lo), *last = grid->format (hi);
  double width = 240.0 / G_N_ELEMENTS (steps);

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_string_append_printf (page, "<rect fill=\"%s\"", steps[G_N_ELEMENTS (steps) - 1 - i]);
      attribute (page, "x", GRID_LEFT + i * width);
      attribute (page, "y", y);
      attribute (page, "width", width);
      attribute (page, "height", BAR);
      g_string_append (page, "/>");
    }
  text_at (page, GRID_LEFT, y + BAR + 16, "tick", first);
  text_at (page, GRID_LEFT + 240, y + BAR + 16, "tick end", last);
}

void
spqr_report_chart_grid (GString *page, const SpqrReportGrid *grid)
{
  double lo, hi, bottom = GRID_TOP + (double) grid->n_rows * CELL;

  if (!find_range (grid->values, grid->n_rows * grid->n_columns, &lo, &hi))
    return;
  begin (page, GRID_LEFT + MAX ((double) grid->n_columns * COLUMN, 260), bottom + 46, grid->title);
  for (guint c = 0; c < grid->n_columns; c++)
    text_at (page, GRID_LEFT + c * (double) COLUMN + COLUMN / 2 - 1, GRID_TOP - 8, "tick middle", grid->columns[c]);
  for (guint r = 0; r < grid->n_rows; r++)
    {
      char number[16];

      g_snprintf (number, sizeof number, "%u", r);
      text_at (page, GRID_LEFT - 8, GRID_TOP + r * (double) CELL + CELL / 2 + 3, "tick end", number);
      for (guint c = 0; c < grid->n_columns; c++)
        draw_cell (page, grid, r, c, lo, hi);
    }
  draw_key (page, grid, bottom + 8, lo, hi);
  end (page);
}
