/* spqr-large.h: memory for whole matrices. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As malloc(), to be given back with free(); large pieces in huge pages where the system has them: to touch 4 KiB
 * pages for the first time costs as much as to fill them. NULL: no memory. */
void *spqr_large_alloc (size_t bytes);

#ifdef __cplusplus
}
#endif
