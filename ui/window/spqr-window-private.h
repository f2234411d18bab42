/* What the window's parts share. */
#pragma once

#include "window/spqr-model-view.h"
#include "window/spqr-window.h"

void spqr_window_class_install_actions (GtkWidgetClass *widget_class);
/* Which actions make sense now. */
void spqr_window_update_actions (SpqrWindow *self);
void spqr_window_add_tab (SpqrWindow *self);
/* The tab in front; the window with the last one. */
void spqr_window_close_tab (SpqrWindow *self);
void spqr_window_toggle_sidebar (SpqrWindow *self);
void spqr_window_focus_search (SpqrWindow *self);
void spqr_window_show_jobs (SpqrWindow *self);
/* A toast that offers to show a folder. */
void spqr_window_toast_with_folder (SpqrWindow *self, const char *text, const char *folder);
/* Why the button in the header bar cannot be pressed; NULL: it can. */
void spqr_window_explain_quantize (SpqrWindow *self, const char *why);

/* What is remembered from one window to the next. `first` is the first tab of a window, `front` the one in front at the end. */
void spqr_window_restore (GtkWindow *window, SpqrModelView *first);
void spqr_window_restore_view (SpqrModelView *view);
void spqr_window_keep (GtkWindow *window, SpqrModelView *front);
