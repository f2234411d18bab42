/* spqr-catalog-private.h: what a tensor's name says, and the order of the catalog. */
#pragma once

#include "model/spqr-family-private.h"
#include "model/spqr-tensor.h"

typedef struct {
  SpqrRole role;
  int block;              /* -1 outside blocks */
  gboolean is_bias;
} SpqrPlace;

/* By the family's templates; family NULL: by whichever family's template fits first. n_blocks > 0:
 * a name with a block outside 0 … n_blocks-1 gets no role. */
SpqrPlace spqr_catalog_place (const char *name, const SpqrFamily *family, int n_blocks);

/* Embeddings, blocks ascending with roles in network order, final norm, head, the rest; weights
 * before biases; then by name. For g_ptr_array_sort(): compares SpqrTensor pointers. */
int spqr_catalog_compare (gconstpointer a, gconstpointer b);
