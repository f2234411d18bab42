/* spqr-cell.h: the cells of a long table. A label asks for another size with every text, and the table then measures
 * all of its rows; such a cell asks for none, and the title above it for the width of the widest text. */
#pragma once

#include <gtk/gtk.h>

/* How wide a column's texts are. */
typedef struct _SpqrCellWidths SpqrCellWidths;

/* title: what keeps the column wide enough, and outlives this. */
SpqrCellWidths *spqr_cell_widths_new (GtkWidget *title);
void            spqr_cell_widths_free (SpqrCellWidths *widths);
/* The fonts or the texts are others: the column is as wide as what is set from now on. */
void            spqr_cell_widths_forget (SpqrCellWidths *widths);

/* first: the one that makes the row as high as a line. chars: of a column that takes what room there is, as many as it
 * has if possible, and texts are cut; 0: as wide as its texts. */
GtkWidget      *spqr_cell_new (gboolean right, gboolean first, guint chars);
/* widths NULL: texts are cut. text NULL: none. */
void            spqr_cell_set_text (GtkWidget *cell, SpqrCellWidths *widths, const char *text);
