/* spqr-cuda-shim-open.h: the plugin over the shim, for tests that reach it through the registry of backends. */
#pragma once

#include "spqr-cuda-shim-control.h"

/* The registry looks for plugins there from now on; before it was asked for the first time. Aborts the test program when
 * there is none. */
SpqrCudaShim *spqr_cuda_shim_open (void);
