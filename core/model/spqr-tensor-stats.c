#include "model/spqr-tensor-stats.h"

static gboolean
elem_of (SpqrDtype dtype, SpqrElem *elem)
{
  if (dtype == SPQR_DTYPE_F32)
    *elem = SPQR_ELEM_F32;
  else if (dtype == SPQR_DTYPE_F16)
    *elem = SPQR_ELEM_F16;
  else if (dtype == SPQR_DTYPE_BF16)
    *elem = SPQR_ELEM_BF16;
  else
    return FALSE;
  return TRUE;
}

gboolean
spqr_tensor_compute_stats (SpqrTensor *tensor, const SpqrExec *exec, SpqrStats *stats)
{
  gsize rows = spqr_tensor_get_rows (tensor), cols = spqr_tensor_get_cols (tensor);
  gconstpointer bytes = spqr_tensor_is_plain (tensor) ? spqr_tensor_peek (tensor) : NULL;
  g_autofree float *copy = NULL;
  SpqrElem elem;

  /* Files need not align their tensors nor have them in order, and f64 has no streaming pass: all go through a copy. */
  if (bytes == NULL || !elem_of (spqr_tensor_get_dtype (tensor), &elem) ||
      GPOINTER_TO_SIZE (bytes) % spqr_dtype_size (spqr_tensor_get_dtype (tensor)) != 0)
    {
      copy = spqr_tensor_read (tensor, NULL);
      bytes = copy;
      elem = SPQR_ELEM_F32;
    }
  return bytes != NULL && spqr_stats_compute (bytes, elem, rows, cols, exec, stats) == SPQR_OK;
}
