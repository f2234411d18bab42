/* spqr-run-import.h: a run whose folder came from elsewhere (archived, copied from another machine, or removed from the
 * history without its files) enters the database. */
#pragma once

#include <gio/gio.h>

#include "store/spqr-store.h"

/* folder: a run's own, with run.json and its layers; it stays where it is. Every layer is read and checked, its figures
 * are taken from it; what only a database had (evaluations, notes, times) is not in it. A run of which layers are missing
 * is imported as interrupted, to be gone on with. Nothing is written to the database unless all of it is sound.
 * Blocking, any thread. The run (full reference), or NULL: no run, malformed, or in the database already. */
SpqrRun *spqr_run_import (SpqrStore *store, const char *folder, GCancellable *cancellable, GError **error);
