/* spqr-axis.h: where the ticks of a scale stand and what they say. */
#pragma once

#include "plot/spqr-ink.h"
#include "plot/spqr-scale.h"

enum { SPQR_AXIS_MAX_TICKS = 64, SPQR_TICK_LABEL = 32 };

typedef struct {
  double value, position;       /* position: 0…1 on the scale */
  bool major;                   /* minor ticks have no label */
  char label[SPQR_TICK_LABEL];  /* UTF-8, in the reader's locale */
} SpqrTick;

typedef struct { size_t n; SpqrTick ticks[SPQR_AXIS_MAX_TICKS]; } SpqrAxis;

typedef enum { SPQR_AXIS_NUMBER, SPQR_AXIS_INTEGER, SPQR_AXIS_PERCENT } SpqrAxisFormat;

/* About `wanted` labelled ticks (at least 1), never outside the scale. A pathological scale gets one
 * tick in the middle. */
void spqr_axis_init (SpqrAxis *axis, const SpqrScale *scale, size_t wanted, SpqrAxisFormat format);

/* The same with two labels at least, where that can be: a single one says where something lies, but no scale. */
void spqr_axis_init_telling (SpqrAxis *axis, const SpqrScale *scale, size_t wanted, SpqrAxisFormat format);

/* The largest of 1, 2, 5 x 10^k that is not above x; x > 0. */
double spqr_axis_nice_floor (double x);

/* Makes lo…hi wide enough for nice first and last ticks; lo == hi is opened up around the value. */
void spqr_axis_nice_range (double *lo, double *hi, size_t wanted);

double spqr_axis_label_width (const SpqrAxis *axis, SpqrInk *ink); /* the widest */

/* Labels and grid lines. Labels that would touch their neighbour are left out. Below: x from rect's
 * left to right, labels under its bottom edge. Left: y from bottom to top, labels left of it. */
void spqr_axis_draw_below (const SpqrAxis *axis, SpqrInk *ink, const SpqrRect *rect, bool grid);
void spqr_axis_draw_left (const SpqrAxis *axis, SpqrInk *ink, const SpqrRect *rect, bool grid);
