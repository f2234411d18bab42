/* spqr-cuda-shim-private.h: what the shim's own files share. */
#pragma once

#include "spqr-cuda-shim.h"

#include "spqr-cuda-shim-control.h"

/* One call at a time, whichever thread it comes from; kernels run inside one. */
struct SpqrShimGuard { SpqrShimGuard (); ~SpqrShimGuard (); };

/* True when *counter was 1; a positive one goes down. */
bool spqr_shim_counts_down (int *counter);
cudaError_t spqr_shim_set_error (cudaError_t error);
cudaError_t spqr_shim_sticky ();
