/* spqr-compare-tables.h: the tables of the runs page as files for other programs. */
#pragma once

#include "session/spqr-csv.h"
#include "store/spqr-store.h"

G_BEGIN_DECLS

/* Runs (of SpqrRun) in the order given, a line each: parameters, figures, origin, note. */
SpqrCsv *spqr_runs_to_csv (GPtrArray *runs);
/* The layers (of SpqrRunLayer) of a run, in the order given. */
SpqrCsv *spqr_layers_to_csv (const SpqrRun *run, GPtrArray *layers);

G_END_DECLS
