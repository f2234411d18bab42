#include "model/spqr-tensor-stats.h"

#include <string.h>

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

static bool
fetch_rows (void *tensor, size_t row0, size_t count, float *out)
{
  return spqr_tensor_read_rows (tensor, row0, count, out, NULL);
}

static SpqrStatsPass *
begin_pass (SpqrTensor *tensor)
{
  gsize rows = spqr_tensor_get_rows (tensor), cols = spqr_tensor_get_cols (tensor);
  gconstpointer bytes = spqr_tensor_is_plain (tensor) ? spqr_tensor_peek (tensor) : NULL;
  SpqrDtype dtype = spqr_tensor_get_dtype (tensor);
  SpqrElem elem;

  /* Files need not align their tensors nor have them in order, and f64 has no streaming pass: their rows are read. */
  if (bytes == NULL || !elem_of (dtype, &elem) || GPOINTER_TO_SIZE (bytes) % spqr_dtype_size (dtype) != 0)
    return spqr_stats_pass_new_fetching (fetch_rows, tensor, rows, cols);
  return spqr_stats_pass_new (bytes, elem, rows, cols);
}

gboolean
spqr_tensor_compute_stats_resting (SpqrTensor *tensor, const SpqrExec *exec, SpqrRestFunc rest, gpointer user_data, SpqrStats *stats)
{
  SpqrStatsPass *pass;
  SpqrStatus status;

  memset (stats, 0, sizeof *stats);
  if (!spqr_tensor_is_numeric (tensor))
    return FALSE;
  if (spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor) == 0)
    return TRUE;
  pass = begin_pass (tensor);
  status = pass != NULL ? spqr_stats_pass_run (pass, exec, stats) : SPQR_NO_MEMORY;
  while (status == SPQR_CANCELLED && rest != NULL && rest (user_data))
    status = spqr_stats_pass_run (pass, exec, stats);
  spqr_stats_pass_free (pass);
  return status == SPQR_OK;
}

gboolean
spqr_tensor_compute_stats (SpqrTensor *tensor, const SpqrExec *exec, SpqrStats *stats)
{
  return spqr_tensor_compute_stats_resting (tensor, exec, NULL, NULL, stats);
}
