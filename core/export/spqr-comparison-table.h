/* spqr-comparison-table.h: several runs side by side, for other programs. */
#pragma once

#include "export/spqr-csv.h"
#include "export/spqr-report.h"

G_BEGIN_DECLS

/* A column each of the reports (SpqrReport), in their order; a line each figure, evaluation that all share, parameter,
 * and rule of a recipe. "differs" tells which to look at. */
SpqrCsv *spqr_comparison_to_csv (GPtrArray *reports);

G_END_DECLS
