/* many-runs.h: a history of ten thousand runs, written at once. */
#pragma once

#include <glib.h>

enum { N_RUNS = 10000 };

/* Into a database that is there: run i of model-(i % 7), measured, every hundredth tagged; its bits are
 * 2 + (i × 7919 % 10000) / 2500, so that every run has its own. then: SQL that says more of them; or NULL. */
void many_runs_write (const char *path, const char *then);
