#include "num/spqr-large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BIG ((size_t) 4 << 20)
#define HUGE_PAGE ((size_t) 2 << 20)

void *
spqr_large_alloc (size_t bytes)
{
  void *data;

  if (bytes < BIG)
    return malloc (bytes > 0 ? bytes : 1);
  if (bytes > SIZE_MAX - HUGE_PAGE)
    return NULL;
  bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  data = aligned_alloc (HUGE_PAGE, bytes);
#ifdef MADV_HUGEPAGE
  if (data != NULL)
    (void) madvise (data, bytes, MADV_HUGEPAGE);        /* only a hint */
#endif
  return data;
}
