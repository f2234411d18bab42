/* What the parts of the layer page share: the page itself, and which field it shows in which colours. */
#pragma once

#include <adwaita.h>

#include "chart/spqr-heatmap-view.h"
#include "pages/spqr-layer-charts.h"
#include "pages/spqr-layer-colors.h"
#include "pages/spqr-layer-labels.h"
#include "pages/spqr-layer-page.h"
#include "pages/spqr-layer-preview.h"
#include "pages/spqr-layer-reference.h"
#include "pages/spqr-layer-title.h"
#include "pages/spqr-layer-tune.h"

struct _SpqrLayerPage {
  GtkWidget parent_instance;

  SpqrSession *session;
  SpqrLayerPreview *preview;

  GtkStack *stack;
  AdwStatusPage *refusal;
  SpqrLayerTitle *title;
  GtkLabel *readout;
  GtkDropDown *field, *scale, *colormap, *clip;
  GtkToggleButton *mark_outliers;
  SpqrHeatmapView *heatmap;
  SpqrLayerLabels *labels;
  SpqrLayerReference *reference;
  SpqrLayerCharts *charts;
  SpqrLayerTune *tune;

  SpqrField wanted;                      /* as last chosen, also while a vector has no such field */
  SpqrLayerColors colors;
  gboolean tunable;                      /* the selected tensor can be quantized */
  gint64 hover_row, hover_col;           /* pointed at; -1: none */
  guint level;                           /* of the pyramid, that the colours are made for */
  gboolean updating;
};

/* ---- spqr-layer-page-field.c ---- */

/* As chosen in the menu. */
SpqrField _spqr_layer_page_get_field (SpqrLayerPage *self);
/* The fields that the selected tensor has, the wanted one chosen if it is among them. */
void      _spqr_layer_page_fill_fields (SpqrLayerPage *self);
/* Asks for the picture of the chosen field. */
void      _spqr_layer_page_ask_for_field (SpqrLayerPage *self);
void      _spqr_layer_page_show_calibration (SpqrLayerPage *self);
/* What stands in the heat map's place, if anything does. */
void      _spqr_layer_page_show_message (SpqrLayerPage *self);
/* How coarsely the matrix is seen: a level of its pyramid. */
guint     _spqr_layer_page_seen_level (SpqrLayerPage *self, const SpqrFieldData *data);
/* The colours' range follows the field and how closely it is looked at. */
void      _spqr_layer_page_show_range (SpqrLayerPage *self);
/* The colour map of the preferences, where no other was chosen. */
void      _spqr_layer_page_take_colormap (SpqrLayerPage *self);
/* The callbacks of the field's, the scale's and the colours' controls. */
void      _spqr_layer_page_bind_field (GtkWidgetClass *widget_class);
