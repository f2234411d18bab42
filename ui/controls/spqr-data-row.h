/* spqr-data-row.h: a row to choose data with: a text or ids file, or a named data set. */
#pragma once

#include <adwaita.h>

#define SPQR_TYPE_DATA_ROW (spqr_data_row_get_type ())
G_DECLARE_FINAL_TYPE (SpqrDataRow, spqr_data_row, SPQR, DATA_ROW, AdwEntryRow)

GtkWidget  *spqr_data_row_new (const char *title);
const char *spqr_data_row_get_data (SpqrDataRow *self);      /* NULL when empty */
const char *spqr_data_row_get_problem (SpqrDataRow *self);   /* why it cannot be read, or NULL; of a file that is not there */
void        spqr_data_row_set_data (SpqrDataRow *self, const char *data);
