/* spqr-index-chart.h: what charts of numbered parts (bars, bins, points of a curve) share: one part is
 * pointed at, by the pointer or the keyboard, shown above the kept picture and told. */
#pragma once

#include "chart/spqr-chart.h"
#include "plot/spqr-ink.h"

G_BEGIN_DECLS

#define SPQR_TYPE_INDEX_CHART (spqr_index_chart_get_type ())
G_DECLARE_DERIVABLE_TYPE (SpqrIndexChart, spqr_index_chart, SPQR, INDEX_CHART, SpqrChart)

struct _SpqrIndexChartClass {
  SpqrChartClass parent_class;

  /* The part under a place of the widget; -1: none. */
  gint64 (*index_at) (SpqrIndexChart *self, double x, double y);
  /* The part that is pointed at, above the picture. */
  void (*draw_index) (SpqrIndexChart *self, SpqrInk *ink, gint64 index);
  /* Another part is, or none (-1). */
  void (*pointed) (SpqrIndexChart *self, gint64 index);
};

/* -1: none. */
gint64 spqr_index_chart_get_index (SpqrIndexChart *self);
/* Points at a part; says so unless it was pointed at before. */
void spqr_index_chart_point (SpqrIndexChart *self, gint64 index);
/* The parts are others now: none is pointed at, and nobody is told. */
void spqr_index_chart_forget (SpqrIndexChart *self);

G_END_DECLS
