/* spqr-grid-view.h: the map of a model, to point at and to open tensors from. */
#pragma once

#include "chart/spqr-chart.h"
#include "plot/spqr-plot-grid.h"

G_BEGIN_DECLS

#define SPQR_TYPE_GRID_VIEW (spqr_grid_view_get_type ())
G_DECLARE_FINAL_TYPE (SpqrGridView, spqr_grid_view, SPQR, GRID_VIEW, SpqrChart)

/* Properties: "colormap", "scale" (guint: the enums), "auto-range" (gboolean).
 * Signals: "cell-activated" (guint block, guint role): a click (each of a double click) or Return;
 *          "cell-hovered" (gint64 block, gint64 role): the pointer is there; -1, -1: nowhere;
 *          "cell-selected" (guint block, guint role): the keyboard moved there.
 * Keys: arrows, Home/End (with Control: corners), Return. */
GtkWidget *spqr_grid_view_new (void);

/* Copied: values (n_blocks, n_roles), values[block * n_roles + role], NAN: none. Labels of the blocks
 * may be NULL: their numbers. With auto-range the colours follow the values. */
void spqr_grid_view_set_values (SpqrGridView *self, size_t n_blocks, size_t n_roles, const double *values,
                                const char *const *block_labels, const char *const *role_labels);
/* How a value is printed (static function, such as spqr_format_percent) and what the bar's ticks are. */
void spqr_grid_view_set_format (SpqrGridView *self, char *(*format) (double value, double step), SpqrAxisFormat axis);
void spqr_grid_view_set_titles (SpqrGridView *self, const char *title, const char *subtitle,
                                const char *value_label, const char *block_name);
void spqr_grid_view_set_colormap (SpqrGridView *self, SpqrColormap map, gboolean reversed);
void spqr_grid_view_set_scale (SpqrGridView *self, SpqrScaleKind kind);
void spqr_grid_view_set_auto_range (SpqrGridView *self, gboolean auto_range);
/* Emits nothing. block < 0: none. */
void spqr_grid_view_select (SpqrGridView *self, gint64 block, gint64 role);

G_END_DECLS
