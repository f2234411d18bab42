/* spqr-plot-share.h: how much of a sum so few of its parts carry: the largest weights against their
 * share of the error. */
#pragma once

#include "plot/spqr-axis.h"

/* The weights of at least `value` are `weights` of all and carry `sum` of the total. */
typedef struct { double weights, sum, value; } SpqrSharePoint;

typedef struct {
  const SpqrSharePoint *points; /* (n) rising; NULL: an empty frame with the message */
  size_t n;
  bool has_current;             /* as many weights as are kept now, the largest: a point of the curve */
  double current_weights;
  const char *current_name;
  double chosen_sum;            /* what those that are kept really carry, where that is less; NAN: the same */
  const char *chosen_name;
  const char *note, *reason;    /* above the plot: what is kept; below it: why that carries so little; or NULL */
  bool has_reference;           /* a point of the literature */
  double reference_weights, reference_sum;
  const char *reference_name;
  double marked;                /* a value pointed out from elsewhere; NAN: none */
  const char *x_label, *y_label, *value_name, *message;
} SpqrShare;

typedef struct { double width, height; SpqrRect plot; SpqrScale x, y; } SpqrShareLayout;

void spqr_share_layout (const SpqrShare *plot, const SpqrTheme *theme, double width, double height, SpqrShareLayout *layout);
/* The point of the curve under x; -1 outside. */
ptrdiff_t spqr_share_point_at (const SpqrShare *plot, const SpqrShareLayout *layout, double x, double y);
/* What the largest so many carry, between the points. */
double spqr_share_at (const SpqrShare *plot, double weights);
/* The first point that holds a value; -1: there is no curve. */
ptrdiff_t spqr_share_point_of (const SpqrShare *plot, double value);

void spqr_share_draw (const SpqrShare *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
void spqr_share_draw_hover (const SpqrShare *plot, SpqrInk *ink, const SpqrShareLayout *layout, size_t index);
/* "The largest 1.0 % carry 43 % · sensitivity ≥ 3.1×10⁻⁴" */
char *spqr_share_readout (const SpqrShare *plot, size_t index);
