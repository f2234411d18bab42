/* spqr-runs-columns.h: the columns of the table of runs: how a run's figure reads, and what it is sorted by. */
#pragma once

#include "store/spqr-store.h"

typedef struct {
  const char *title;
  char *(*text) (SpqrRun *run);
  SpqrRunOrder order;
  gboolean number;
  guint chars;               /* of a text that is cut where it does not fit: these columns share the room that is left; 0: no such */
  const char *help;
} SpqrRunColumn;

enum { SPQR_N_RUN_COLUMNS = 13 };
extern const SpqrRunColumn spqr_run_columns[SPQR_N_RUN_COLUMNS];

/* "finished", "running, 3 of 28"; to be freed. */
char *spqr_run_text_state (SpqrRun *run);
