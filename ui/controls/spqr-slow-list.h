/* spqr-slow-list.h: a long list whose rows are neither made nor thrown away all at once. A view makes a row for each of
 * the first two hundred items as soon as it hears of them, and throws those away whose items are gone, in one turn of
 * the main loop; here it hears of a few at once, and of the others when there is nothing else to do. */
#pragma once

#include <gtk/gtk.h>

#define SPQR_TYPE_SLOW_LIST (spqr_slow_list_get_type ())
G_DECLARE_FINAL_TYPE (SpqrSlowList, spqr_slow_list, SPQR, SLOW_LIST, GObject)

/* Of what the model has; takes the model, as GTK's own list models do. */
SpqrSlowList *spqr_slow_list_new (GListModel *model);
/* hold: the model is about to change; FALSE: it has. Where it gets shorter in between, its last items stay at the end of
 * this list for a moment and go a few at a time: who says this has made them blank. */
void          spqr_slow_list_hold (SpqrSlowList *self, gboolean hold);
