/* spqr-cmd-compare.h: "spqr runs compare". */
#pragma once

#include "cli/spqr-cli.h"
#include "store/spqr-store.h"

/* Prints what these runs differ in. */
gboolean spqr_cli_compare_runs (SpqrCli *cli, SpqrStore *store, const gint64 *ids, guint n, GError **error);
