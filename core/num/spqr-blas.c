#include "num/spqr-blas.h"

#include <cblas.h>

void
spqr_blas_single_thread (void)
{
  openblas_set_num_threads (1);
}
