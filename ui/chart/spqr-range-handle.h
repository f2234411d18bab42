/* spqr-range-handle.h: one end of a range, to be moved along a colour bar by the pointer or by keys. */
#pragma once

#include <gtk/gtk.h>

#include "plot/spqr-theme.h"

G_BEGIN_DECLS

#define SPQR_TYPE_RANGE_HANDLE (spqr_range_handle_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRangeHandle, spqr_range_handle, SPQR, RANGE_HANDLE, GtkWidget)

enum { SPQR_RANGE_HANDLE_WIDTH = 15, SPQR_RANGE_HANDLE_HEIGHT = 22 };

/* Signals:
 *   "dragged" (gdouble x, gboolean finished): its middle is held at x of its parent
 *   "stepped" (gdouble by): by a key, as a share of the range; Shift: far
 *   "reset" (): by a double click, Backspace or Delete */
GtkWidget *spqr_range_handle_new (const char *name);
void       spqr_range_handle_set_theme (SpqrRangeHandle *self, const SpqrTheme *theme);
/* What a screen reader says: the value, as a number and in words. */
void       spqr_range_handle_set_value (SpqrRangeHandle *self, double least, double most, double value, const char *text);

G_END_DECLS
