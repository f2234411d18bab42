/* spqr-slow-list.h: a long list whose rows are not all made at once. A view makes a row for each of the first two hundred
 * items as soon as it hears of them, in one turn of the main loop; here it hears of a few at once, and of the others
 * when there is nothing else to do. */
#pragma once

#include <gtk/gtk.h>

/* Of what the model has; takes the model, as GTK's own list models do. */
GListModel *spqr_slow_list_new (GListModel *model);
/* All of them now: for who has to reach one that is not there yet. */
void        spqr_slow_list_finish (GListModel *list);
