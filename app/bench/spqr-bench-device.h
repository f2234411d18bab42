/* spqr-bench-device.h: `spqr bench --backend cuda`: what a device measures of itself. */
#pragma once

#include "cli/spqr-cli.h"

/* Runs the suites on the device and prints table or JSON. Suites that have nothing to do with a device (open) are
 * passed over, with a word. */
gboolean spqr_bench_device (SpqrCli *cli, SpqrDevice *device, char **suites, int n_suites, guint repeat, gboolean quick, GError **error);
