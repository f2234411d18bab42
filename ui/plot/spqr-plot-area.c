#include <math.h>

#include "plot/spqr-plot-area-private.h"

SpqrRect
_spqr_plot_area (SpqrInk *ink, const SpqrAreaText *text, double label_width, double width, double height)
{
  double line = ceil (spqr_ink_height (ink, SPQR_TEXT_SMALL));
  double top = _SPQR_PLOT_MARGIN;
  if (text->title)
    top += ceil (spqr_ink_height (ink, SPQR_TEXT_TITLE)) + 8;
  if (text->legend_height > 0)
    top += text->legend_height + 6;
  top += text->y_label ? line + 6 : line / 2;
  double bottom = _SPQR_PLOT_MARGIN + 6 + line + (text->x_label ? line + 2 : 0);
  double left = _SPQR_PLOT_MARGIN + ceil (label_width) + 8, right = _SPQR_PLOT_MARGIN + 8;
  return (SpqrRect) { left, ceil (top), MAX (1, floor (width - left - right)), MAX (1, floor (height - top - bottom)) };
}

void
_spqr_plot_area_draw (SpqrInk *ink, const SpqrAreaText *text, const SpqrRect *area, double width, double height)
{
  const SpqrTheme *t = ink->theme;
  spqr_ink_fill (ink, &t->background, 0, 0, width, height);
  if (text->title)
    {
      double h = ceil (spqr_ink_height (ink, SPQR_TEXT_TITLE)), room = width - 2 * _SPQR_PLOT_MARGIN;
      double w = spqr_ink_text (ink, SPQR_TEXT_TITLE, &t->ink, text->title, _SPQR_PLOT_MARGIN, _SPQR_PLOT_MARGIN + h / 2, 0, 0.5, room);
      if (text->subtitle && room - w > 60)
        spqr_ink_text (ink, SPQR_TEXT_BODY, &t->dim, text->subtitle, _SPQR_PLOT_MARGIN + w + 12, _SPQR_PLOT_MARGIN + h / 2 + 1, 0, 0.5, room - w - 12);
    }
  if (text->y_label)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, text->y_label, _SPQR_PLOT_MARGIN, _spqr_plot_line_above (ink, area), 0, 1, width - 2 * _SPQR_PLOT_MARGIN);
  if (text->x_label)
    spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, text->x_label, area->x + area->width, height - _SPQR_PLOT_MARGIN + 2, 1, 1, area->width);
}

double
_spqr_plot_line_above (SpqrInk *ink, const SpqrRect *area)
{
  return area->y - ceil (spqr_ink_height (ink, SPQR_TEXT_SMALL)) / 2 - 2;
}

double
_spqr_plot_free_from (SpqrInk *ink, const SpqrRect *area, const char *y_label)
{
  return MAX (area->x, _SPQR_PLOT_MARGIN + (y_label ? spqr_ink_width (ink, SPQR_TEXT_SMALL, y_label) + 12 : 0));
}

void
_spqr_plot_readout (SpqrInk *ink, const SpqrRect *area, const char *y_label, const char *text)
{
  double bottom = _spqr_plot_line_above (ink, area), line = ceil (spqr_ink_height (ink, SPQR_TEXT_SMALL));
  double from = _spqr_plot_free_from (ink, area, y_label), right = area->x + area->width;
  spqr_ink_fill (ink, &ink->theme->background, from - 4, bottom - line - 1, right - from + 8, line + 2);
  spqr_ink_text (ink, SPQR_TEXT_SMALL, &ink->theme->ink, text, right, bottom, 1, 1, MAX (1, right - from));
}

double
_spqr_plot_legend (SpqrInk *ink, const SpqrLegendItem *items, size_t n, double x, double y, double width)
{
  const SpqrTheme *t = ink->theme;
  double line = ceil (spqr_ink_height (ink, SPQR_TEXT_SMALL)) + 4, px = x, py = y;
  for (size_t i = 0; i < n; i++)
    {
      const SpqrLegendItem *item = &items[i];
      double swatch = item->line ? 18 : 10;
      double name = spqr_ink_width (ink, SPQR_TEXT_SMALL, item->name);
      double value = item->value ? spqr_ink_width (ink, SPQR_TEXT_SMALL, item->value) + 6 : 0;
      double whole = swatch + 6 + name + value;
      if (px > x && px + whole > x + width)
        {
          px = x;
          py += line;
        }
      if (ink->cr)
        {
          double middle = py + line / 2;
          spqr_color_set_source (item->color, ink->cr);
          if (item->line)
            {
              cairo_save (ink->cr);
              if (item->dashed)
                cairo_set_dash (ink->cr, (const double[]) { 4, 3 }, 2, 0);
              cairo_set_line_width (ink->cr, 2);
              cairo_move_to (ink->cr, px, middle);
              cairo_line_to (ink->cr, px + swatch, middle);
              cairo_stroke (ink->cr);
              cairo_restore (ink->cr);
            }
          else
            {
              spqr_ink_round_rect (ink, px, middle - 5, 10, 10, 2);
              cairo_fill (ink->cr);
            }
          double room = MAX (1, MIN (name + 1, x + width - px - swatch - 6));
          spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, item->name, px + swatch + 6, middle, 0, 0.5, room);
          if (item->value)
            spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->ink, item->value, px + swatch + 6 + room + 5, middle, 0, 0.5, 0);
        }
      px += whole + 18;
    }
  return n > 0 ? py + line - y : 0;
}
