/* spqr-wrap.h: controls beside each other that go on in a next row where the window is narrow, as words do. */
#pragma once

#include <gtk/gtk.h>

/* An empty row with so many pixels between its children, which are appended by gtk_widget_set_parent() or in a
 * template. Each is as wide as it wants to be; those that expand share what is left of their row. */
#define SPQR_TYPE_WRAP (spqr_wrap_get_type ())
G_DECLARE_FINAL_TYPE (SpqrWrap, spqr_wrap, SPQR, WRAP, GtkWidget)

GtkWidget *spqr_wrap_new (int spacing);

void spqr_wrap_append (SpqrWrap *self, GtkWidget *child);
