/* spqr-blas.h: OpenBLAS as core/num uses it. */
#pragma once

/* Lets OpenBLAS compute on the calling thread only. core/num cuts its own work into pieces and
 * calls BLAS from inside them on several threads at once; OpenBLAS's own threads would fight with
 * those, and would make sums depend on their number. Call once, at the start of the process, before
 * any other function of core/num that takes a SpqrExec. */
void spqr_blas_single_thread (void);
