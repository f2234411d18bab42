/* spqr-plot-histogram.h: how values are distributed, and where a threshold cuts. */
#pragma once

#include "plot/spqr-ink.h"
#include "plot/spqr-scale.h"

typedef struct {
  const uint64_t *counts;     /* (bins); NULL: an empty frame */
  size_t bins;
  SpqrScale x;                /* bins are equally wide on this scale */
  bool log_counts;
  bool whole_numbers;         /* a bin a number, its middle */
  const uint64_t *compare;    /* (bins) a second distribution as an outline, or NULL */
  bool in_series;             /* bars and outline have the colours of these series; else neutral ones */
  size_t series, compare_series;
  bool has_threshold;
  double threshold;
  const char *threshold_name; /* "τ", or NULL */
  const char *threshold_note; /* a second line under it, or NULL */
  bool has_mark;
  double mark;                /* a value pointed out from elsewhere */
  const char *title, *subtitle, *x_label, *y_label;
} SpqrHistogram;

typedef struct { double width, height; SpqrRect plot; } SpqrHistogramLayout;

void spqr_histogram_layout (const SpqrHistogram *plot, const SpqrTheme *theme, double width, double height, SpqrHistogramLayout *layout);

/* The bin under x, or -1 outside the plot. */
ptrdiff_t spqr_histogram_bin_at (const SpqrHistogram *plot, const SpqrHistogramLayout *layout, double x, double y);
double spqr_histogram_value_at (const SpqrHistogram *plot, const SpqrHistogramLayout *layout, double x);
double spqr_histogram_x_of (const SpqrHistogram *plot, const SpqrHistogramLayout *layout, double value);
/* On the threshold's line or handle. */
bool spqr_histogram_threshold_at (const SpqrHistogram *plot, const SpqrHistogramLayout *layout, double x, double y);

/* Share of the counted values above the threshold, the bin it cuts taken in proportion. */
double spqr_histogram_share_above (const SpqrHistogram *plot, double threshold);

void spqr_histogram_draw (const SpqrHistogram *plot, cairo_t *cr, const SpqrTheme *theme, double width, double height);
void spqr_histogram_draw_hover (const SpqrHistogram *plot, SpqrInk *ink, const SpqrHistogramLayout *layout, size_t bin);
/* "3.0×10⁻⁴ … 4.1×10⁻⁴: 1204", with a second distribution "…: 1204, outline 998" */
char *spqr_histogram_readout (const SpqrHistogram *plot, size_t bin);
