/* spqr-run-tables.h: what the database has of runs as tables for other programs. */
#pragma once

#include "export/spqr-csv.h"
#include "store/spqr-store.h"

G_BEGIN_DECLS

/* Runs (of SpqrRun) in the order given, a line each: parameters, figures, origin, note. */
SpqrCsv *spqr_runs_to_csv (GPtrArray *runs);
/* The layers (of SpqrRunLayer) of a run, in the order given. */
SpqrCsv *spqr_layers_to_csv (const SpqrRun *run, GPtrArray *layers);
/* Its evaluations (of SpqrRunEval), each with its protocol. */
SpqrCsv *spqr_evals_to_csv (const SpqrRun *run, GPtrArray *evals);

G_END_DECLS
