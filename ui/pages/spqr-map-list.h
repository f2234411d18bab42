/* spqr-map-list.h: the layers of a model as a table that is sorted by a figure, either way. */
#pragma once

#include <gtk/gtk.h>

#include "model/spqr-tensor.h"

#define SPQR_TYPE_MAP_LIST (spqr_map_list_get_type ())
G_DECLARE_FINAL_TYPE (SpqrMapList, spqr_map_list, SPQR, MAP_LIST, GtkWidget)

enum { SPQR_MAP_LIST_FIGURES = 2 };

GtkWidget *spqr_map_list_new (void);
/* Of SpqrTensor, in the network's order; their figures are not known yet. */
void       spqr_map_list_set_tensors (SpqrMapList *self, GPtrArray *tensors);
/* The figure of the first or second column for each tensor, as many values; NAN: not known. Layers whose
 * first figure is not known are not listed. values NULL: the column is hidden. */
void       spqr_map_list_set_figure (SpqrMapList *self, guint column, const char *title, char *(*format) (double value, double step),
                                    double step, const double *values);
/* Why nothing is listed, and what to do; shown while it is so. */
void       spqr_map_list_set_message (SpqrMapList *self, const char *message);
/* Emits nothing; NULL: none. */
void       spqr_map_list_select (SpqrMapList *self, SpqrTensor *tensor);
/* As sorted; full reference, of SpqrTensor. */
GPtrArray *spqr_map_list_get_tensors (SpqrMapList *self);

/* Signals: "layer-selected" (SpqrTensor): by a click or the keyboard;
 *          "layer-activated" (SpqrTensor): double click or Return. */
