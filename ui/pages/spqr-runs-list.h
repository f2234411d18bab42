/* spqr-runs-list.h: the history of runs as a list of any length. Which runs, and in what order, the
 * database says, in a worker; rows are read page by page as somebody looks at them. */
#pragma once

#include <gio/gio.h>

#include "session/spqr-session.h"

/* An item: a run whose row is read a moment after it was asked for. Where many change at once,
 * the items stay and are other runs; those that are left over are of none, id 0. */
#define SPQR_TYPE_RUN_ROW (spqr_run_row_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunRow, spqr_run_row, SPQR, RUN_ROW, GObject)
struct _SpqrRunRow {
  GObject parent_instance;
  gint64 id;
  SpqrRun *run;              /* NULL: not read yet */
};

#define SPQR_TYPE_RUNS_LIST (spqr_runs_list_get_type ())
G_DECLARE_FINAL_TYPE (SpqrRunsList, spqr_runs_list, SPQR, RUNS_LIST, GObject)

SpqrRunsList *spqr_runs_list_new (SpqrSession *session);
/* What is listed, as SpqrRunQuery has it; copied. Nothing is read before the first call of this or of refresh. */
void          spqr_runs_list_set_query (SpqrRunsList *self, const char *words, SpqrRunOrder order, gboolean descending);
/* The database has changed. */
void          spqr_runs_list_refresh (SpqrRunsList *self);
/* As listed, of gint64; full reference, never changes. */
GArray       *spqr_runs_list_get_ids (SpqrRunsList *self);
/* Where a run stands; GTK_INVALID_LIST_POSITION (G_MAXUINT) where it does not. */
guint         spqr_runs_list_find (SpqrRunsList *self, gint64 run_id);
/* How many there are without words; 0 before the first reading. */
guint         spqr_runs_list_get_n_all (SpqrRunsList *self);
/* The highest id there is, with or without words. */
gint64        spqr_runs_list_get_newest (SpqrRunsList *self);

/* Signals: "row-changed" (SpqrRunRow): its run is another; "listing": the items are about to change; "listed": they have, or were found unchanged. */
