/* spqr-run-place.h: the places of runs that stand side by side: the elder first, everywhere, and with its place a run
 * has its letter and the colour of its curve. */
#pragma once

#include <gtk/gtk.h>

#include "store/spqr-store.h"

G_BEGIN_DECLS

/* "A", "B", … "Z", "AA", …; g_free(). */
char *spqr_run_letter (guint place);
/* "A · Run 12"; g_free(). */
char *spqr_run_label (guint place, gint64 run_id);
/* The same as markup, behind a bar in the colour of the run's curve; g_free(). */
char *spqr_run_markup (guint place, gint64 run_id);
/* A bar in that colour, and a blank, as markup; g_free(). */
char *spqr_run_swatch (guint place);

/* For arrays of SpqrRun, and of gint64. */
int   spqr_run_compare_elder (gconstpointer a, gconstpointer b);
int   spqr_run_compare_ids (gconstpointer a, gconstpointer b);

G_END_DECLS
