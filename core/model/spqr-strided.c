#include "model/spqr-strided-private.h"

#include <string.h>

#define ROWS 32   /* packed beside each other: in a transposed matrix they share a cache line */

/* From the smallest stride up, each must reach beyond all that the smaller ones span. */
gboolean
spqr_strided_span (const gint64 *shape, const gint64 *strides, guint n_dims, guint64 *span)
{
  gboolean used[SPQR_STRIDED_MAX_DIMS] = { FALSE };

  g_return_val_if_fail (n_dims <= SPQR_STRIDED_MAX_DIMS, FALSE);
  *span = 1;
  for (guint d = 0; d < n_dims; d++)
    if (shape[d] == 0)
      {
        *span = 0;
        return TRUE;
      }
  for (guint step = 0; step < n_dims; step++)
    {
      guint least = n_dims;
      guint64 reach;

      for (guint d = 0; d < n_dims; d++)
        if (!used[d] && shape[d] != 1 && (least == n_dims || strides[d] < strides[least]))
          least = d;
      if (least == n_dims)
        break;
      used[least] = TRUE;
      if ((guint64) strides[least] < *span ||
          !g_uint64_checked_mul (&reach, (guint64) strides[least], (guint64) shape[least] - 1) ||
          !g_uint64_checked_add (span, *span, reach))
        return FALSE;
    }
  return TRUE;
}

/* The places of columns col0 … col0+cols-1, counted up like an odometer; all dimensions but the rows'. */
typedef struct {
  guint first;
  gint64 index[SPQR_STRIDED_MAX_DIMS];
  gsize at;
} Columns;

static void
columns_init (Columns *self, const SpqrStrided *tensor, gsize col)
{
  *self = (Columns) { .first = tensor->n_dims < 2 ? 0 : 1 };
  for (guint d = tensor->n_dims; d-- > self->first;)
    {
      self->index[d] = (gint64) (col % (gsize) tensor->shape[d]);
      col /= (gsize) tensor->shape[d];
      self->at += (gsize) self->index[d] * (gsize) tensor->strides[d];
    }
}

static void
columns_step (Columns *self, const SpqrStrided *tensor)
{
  for (guint d = tensor->n_dims; d-- > self->first;)
    {
      self->at += (gsize) tensor->strides[d];
      if (++self->index[d] < tensor->shape[d])
        return;
      self->at -= (gsize) tensor->shape[d] * (gsize) tensor->strides[d];
      self->index[d] = 0;
    }
}

void
spqr_strided_pack (const SpqrStrided *self, gsize row0, gsize rows, gsize col0, gsize cols, guint8 *out, gsize pitch)
{
  gsize row_stride = self->n_dims < 2 ? 0 : (gsize) self->strides[0];

  for (gsize r0 = 0; r0 < rows; r0 += ROWS)
    {
      Columns columns;

      columns_init (&columns, self, col0);
      for (gsize c = 0; c < cols; c++)
        {
          for (gsize r = r0; r < MIN (rows, r0 + ROWS); r++)
            memcpy (out + (r * pitch + c) * self->size,
                    self->data + (columns.at + (row0 + r) * row_stride) * self->size, self->size);
          columns_step (&columns, self);
        }
    }
}
