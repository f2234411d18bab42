/* spqr-report-chart.h: the pictures of a report, as SVG that takes its colours from the page: in light
 * and dark alike, sharp at any size, every point with its figure as a tooltip. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *title;
  const char *const *names;  /* (n) of the positions */
  const double *values;      /* (n) NAN: a gap */
  guint n;
  char *(*format) (double value);
} SpqrReportChart;

/* Values over positions from left to right: a line through points, from 0 or from the smallest value. */
void spqr_report_chart_line (GString *page, const SpqrReportChart *chart);

typedef struct {
  const char *title;
  const char *const *columns;    /* (n_columns) */
  guint n_rows, n_columns;
  const double *values;      /* (n_rows, n_columns) NAN: none */
  const char *row_name;      /* "block" */
  char *(*format) (double value);
} SpqrReportGrid;

/* Rows × columns, coloured by the value. */
void spqr_report_chart_grid (GString *page, const SpqrReportGrid *grid);

G_END_DECLS
