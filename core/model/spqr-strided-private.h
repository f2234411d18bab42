/* spqr-strided-private.h: tensors whose elements do not lie one behind the other, as torch.save writes a transposed
 * matrix or a part of a larger one. */
#pragma once

#include <glib.h>

#define SPQR_STRIDED_MAX_DIMS 8

/* Element (i_0, i_1, …) lies Σ i_d · strides[d] elements behind data. */
typedef struct {
  const guint8 *data;
  gsize size;                    /* bytes an element */
  guint n_dims;
  const gint64 *shape, *strides; /* (n_dims), none negative */
} SpqrStrided;

/* How many elements lie between the first and the last, both counted (0: there are none). FALSE when two indices mean the
 * same element or the number does not fit 64 bits; so a TRUE span is at least as long as the packed tensor. */
gboolean spqr_strided_span (const gint64 *shape, const gint64 *strides, guint n_dims, guint64 *span);

/* Packs rows row0 … row0+rows-1, columns col0 … col0+cols-1 of the tensor as a matrix (spqr_tensor_get_rows()) into out,
 * whose rows are pitch elements apart. */
void     spqr_strided_pack (const SpqrStrided *self, gsize row0, gsize rows, gsize col0, gsize cols, guint8 *out, gsize pitch);
