/* spqr-empty-note.h: what stands in the middle of a table without rows: why there is nothing, and what to do. */
#pragma once

#include <gtk/gtk.h>

/* Around the table; the text is seen while `rows` is empty. */
GtkWidget *spqr_empty_note_new (GtkWidget *table, GListModel *rows);
/* NULL: nothing is said. */
void       spqr_empty_note_set_text (GtkWidget *note, const char *text);
