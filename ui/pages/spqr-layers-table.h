/* spqr-layers-table.h: the layers of one run and their figures. */
#pragma once

#include <gtk/gtk.h>

#include "store/spqr-store.h"

#define SPQR_TYPE_LAYERS_TABLE (spqr_layers_table_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayersTable, spqr_layers_table, SPQR, LAYERS_TABLE, GtkWidget)

GtkWidget *spqr_layers_table_new (void);
/* Takes a reference to the array (of SpqrRunLayer), which must not change afterwards; NULL: empty. */
void       spqr_layers_table_set_layers (SpqrLayersTable *self, GPtrArray *layers);

/* Signal "layer-activated" (const char *tensor_name). */
