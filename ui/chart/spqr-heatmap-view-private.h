/* spqr-heatmap-view-private.h: what the parts of SpqrHeatmapView share. */
#pragma once

#include "chart/spqr-heatmap-view.h"
#include "chart/spqr-range-handle.h"

/* Finished pixels of a part of the matrix. */
typedef struct {
  cairo_surface_t *surface; /* NULL: none. Not a GdkTexture: GTK 4.8 draws those through floats without a GPU */
  SpqrViewport view;
  double scale_x, scale_y; /* device pixels a cell */
  guint64 serial;          /* of the contents */
} SpqrHeatmapImage;

typedef struct _SpqrRenderJob SpqrRenderJob;

struct _SpqrHeatmapView {
  SpqrChart parent_instance;

  SpqrHeatmap plot;          /* .field and .marks hold a reference, strings are owned, .view is derived */
  GArray *rulers;
  gboolean auto_range, compact;
  double lo, hi;             /* of a range of its own */

  /* Where we look: logical pixels a cell, and the cell at the top left corner. */
  double px_x, px_y, row0, col0;
  gboolean fitted;           /* shows the whole and shall stay so */
  gboolean placed;           /* the above are valid for the present size */
  SpqrViewport wish;         /* set before there was a size */
  gboolean has_wish;
  SpqrHeatmapLayout layout;
  gboolean layout_valid;

  SpqrHeatmapImage image, overview, minimap; /* the last two are of the whole */
  SpqrRenderJob *job;        /* the one under way */
  gboolean image_stale, overview_stale;
  guint64 content_serial;    /* counts what changes pixels at the same place */

  gint64 hover_row, hover_col;
  gint64 selected_row, selected_col;
  double pointer_x, pointer_y;

  /* Gestures. */
  double drag_row0, drag_col0, pinch_px;
  double speed_x, speed_y;   /* logical pixels a second while gliding */
  gint64 last_motion;        /* us */
  double last_x, last_y;
  gboolean dragged;
  gboolean mapping;          /* the minimap's view is held */
  gboolean hide_minimap;
  guint glide;               /* tick callback */
  gint64 glide_time;
  gboolean syncing;

  GtkWidget *handles[2];     /* of the colours' range: low, high; NULL: none */
  gboolean holding;          /* one of them is held */
  SpqrViewport pointed;      /* pointed out from elsewhere */
  gboolean has_pointed;
};

/* -view.c */
const SpqrHeatmapLayout *_spqr_heatmap_view_layout (SpqrHeatmapView *self);
void _spqr_heatmap_view_place (SpqrHeatmapView *self, double row0, double col0, double px_x, double px_y);
void _spqr_heatmap_view_hover (SpqrHeatmapView *self, gint64 row, gint64 col);
void _spqr_heatmap_view_user_select (SpqrHeatmapView *self, gint64 row, gint64 col);
void _spqr_heatmap_view_activate (SpqrHeatmapView *self);

/* -range.c */
void _spqr_heatmap_view_update_handles (SpqrHeatmapView *self);
void _spqr_heatmap_view_allocate_handles (SpqrHeatmapView *self);

/* -render.c */
gboolean _spqr_heatmap_view_minimap (SpqrHeatmapView *self, SpqrRect *map, SpqrRect *seen);
void _spqr_heatmap_view_content_changed (SpqrHeatmapView *self);
void _spqr_heatmap_view_snapshot (SpqrChart *chart, GtkSnapshot *snapshot, int width, int height, const SpqrTheme *theme);
void _spqr_heatmap_view_stop (SpqrHeatmapView *self);

/* -input.c */
void _spqr_heatmap_view_add_input (SpqrHeatmapView *self);
void _spqr_heatmap_view_class_add_keys (GtkWidgetClass *class);
void _spqr_heatmap_view_stop_glide (SpqrHeatmapView *self);
