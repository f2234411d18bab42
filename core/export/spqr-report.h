/* spqr-report.h: a run as one HTML file: its figures, parameters, evaluations, layers and origin, with
 * charts as inline SVG. It needs nothing else, neither scripts nor a network, and follows the reader's
 * light or dark setting. */
#pragma once

#include "export/spqr-export.h"
#include "store/spqr-store.h"

G_BEGIN_DECLS

/* All of a run; the arrays hold SpqrRunLayer, SpqrRunEval, SpqrRunExport. */
typedef struct {
  SpqrRun *run;
  GPtrArray *layers, *evals, *exports;
} SpqrReport;

/* Reads it from the database; any thread. */
gboolean spqr_report_load (SpqrStore *store, gint64 run_id, SpqrReport *report, GError **error);
void     spqr_report_clear (SpqrReport *report);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SpqrReport, spqr_report_clear)

/* The page; g_free(). */
char    *spqr_report_to_html (const SpqrReport *report);
/* Writes it beside and renames. */
gboolean spqr_report_save (const SpqrReport *report, const char *path, GError **error);

/* A command line that makes the same run again, quoted for a shell; a recipe with overrides is
 * named as spqr-runN-recipe.json. g_free(). */
char    *spqr_report_command (const SpqrRun *run);

/* "spqr export RUN --format html|csv": into a folder, which is made where it is missing and may hold
 * other files; every file is read back. Sets result. */
gboolean spqr_export_html (SpqrStore *store, gint64 run_id, const char *folder, SpqrExportResult *result, GError **error);
gboolean spqr_export_csv (SpqrStore *store, gint64 run_id, const char *folder, SpqrExportResult *result, GError **error);

G_END_DECLS
