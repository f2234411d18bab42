/* spqr-factor.c: U, upper, with U'U = inv(H), of the permuted and damped Hessian.
 *
 *     dead_j = (H_jj == 0);  H += percdamp mean|diag H| I;  H_jj = 1 for dead j
 *     H = R R', R upper (a Cholesky factor taken from the last column backwards);  U = inv(R),
 *     for U'U = inv(R)' inv(R) = inv(R R').
 *
 * This needs neither inv(H) nor a second factorisation, as the published Cholesky -> inverse ->
 * Cholesky does. Backwards is forwards on the matrix with both indices reversed; reversing both
 * indices of a row-major matrix is reversing its n^2 numbers, so everything happens in u itself. */
#include "num/spqr-layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-figures-private.h"
#include "num/spqr-params-private.h"
#include "num/spqr-permutation.h"
#include "num/spqr-triangular.h"

#define ROW_CHUNK 64
#define RETRY_FACTOR 10.0
#define RETRY_AT_LEAST 0.01

typedef struct {
  const float *h;
  SpqrFactor *factor;
  uint8_t *bad_chunk;           /* a NaN or an infinity was seen there */
} Gather;

/* u(a, b) = H(p(n-1-a), p(n-1-b)): permuted and reversed. */
static void
gather_rows (void *data, size_t begin, size_t end)
{
  const Gather *g = data;
  size_t n = g->factor->n;
  const int32_t *perm = g->factor->perm;

  for (size_t chunk = begin; chunk < end; chunk++)
    {
      float check = 0.0f;

      for (size_t a = chunk * ROW_CHUNK; a < n && a < (chunk + 1) * ROW_CHUNK; a++)
        {
          const float *in = g->h + (size_t) perm[n - 1 - a] * n;
          float *out = g->factor->u + a * n;

          for (size_t b = 0; b <= a; b++)
            {
              out[b] = in[perm[n - 1 - b]];
              check += out[b] * 0.0f;
            }
        }
      g->bad_chunk[chunk] = !(check == 0.0f);
    }
}

double
spqr_factor_lambda (const float *h, size_t n, double percdamp)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += fabs ((double) h[i * n + i]);
  return (float) percdamp * (float) (sum / (double) n);
}

static SpqrStatus
gather_hessian (const float *h, double percdamp, const SpqrExec *exec, SpqrFactor *factor)
{
  size_t n = factor->n, chunks = (n + ROW_CHUNK - 1) / ROW_CHUNK;
  Gather g = { .h = h, .factor = factor, .bad_chunk = calloc (chunks, 1) };
  float damp = (float) spqr_factor_lambda (h, n, percdamp);
  SpqrStatus status;

  if (g.bad_chunk == NULL)
    return SPQR_NO_MEMORY;
  status = spqr_exec_run (exec, chunks, 1, gather_rows, &g);
  for (size_t chunk = 0; chunk < chunks && status == SPQR_OK; chunk++)
    if (g.bad_chunk[chunk])
      status = SPQR_INVALID;
  free (g.bad_chunk);
  for (size_t a = 0; a < n && status == SPQR_OK; a++)
    factor->u[a * n + a] = factor->dead[n - 1 - a] ? 1.0f : factor->u[a * n + a] + damp;
  return status;
}

static void
reverse_rows (void *data, size_t begin, size_t end)
{
  const SpqrFactor *factor = data;
  size_t n = factor->n;

  for (size_t chunk = begin; chunk < end; chunk++)
    for (size_t a = chunk * ROW_CHUNK; a < (n + 1) / 2 && a < (chunk + 1) * ROW_CHUNK; a++)
      {
        float *low = factor->u + a * n, *high = factor->u + (n - 1 - a) * n;

        /* Only the lower triangle means anything; what it leaves behind becomes 0. */
        memset (low + a + 1, 0, (n - 1 - a) * sizeof *low);
        if (low == high)
          {
            for (size_t b = 0; b < n / 2; b++)
              {
                float swap = low[b];

                low[b] = low[n - 1 - b];
                low[n - 1 - b] = swap;
              }
            continue;
          }
        memset (high + n - a, 0, a * sizeof *high);
        for (size_t b = 0; b < n; b++)
          {
            float swap = low[b];

            low[b] = high[n - 1 - b];
            high[n - 1 - b] = swap;
          }
      }
}

static SpqrStatus
factorize (const float *h, double percdamp, const SpqrExec *exec, SpqrFactor *factor)
{
  size_t n = factor->n, half_chunks = ((n + 1) / 2 + ROW_CHUNK - 1) / ROW_CHUNK;
  SpqrStatus status = gather_hessian (h, percdamp, exec, factor);

  if (status == SPQR_OK)
    status = spqr_cholesky_lower (factor->u, n, exec);
  if (status == SPQR_OK)
    status = spqr_invert_lower (factor->u, n, exec);
  if (status == SPQR_OK)
    status = spqr_exec_run (exec, half_chunks, 1, reverse_rows, factor);
  for (size_t j = 0; j < n && status == SPQR_OK; j++)
    if (!(factor->u[j * n + j] > 0.0f) || !isfinite (factor->u[j * n + j]))
      status = SPQR_NOT_POSITIVE_DEFINITE;
  factor->percdamp_used = percdamp;
  return status;
}

static SpqrStatus
prepare (const float *h, const float *w, size_t m, const SpqrParams *params, const int32_t *perm_in,
         const SpqrExec *exec, SpqrFactor *factor)
{
  size_t n = factor->n;

  factor->perm = malloc (n * sizeof *factor->perm);
  factor->dead = malloc (n);
  factor->u = malloc (n * n * sizeof *factor->u);
  if (factor->perm == NULL || factor->dead == NULL || factor->u == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < n; i++)
    if (!isfinite (h[i * n + i]))
      return SPQR_INVALID;
  if (perm_in != NULL)
    {
      if (!spqr_permutation_valid (perm_in, n))
        return SPQR_INVALID;
      memcpy (factor->perm, perm_in, n * sizeof *factor->perm);
    }
  else
    {
      SpqrStatus status = spqr_permutation_compute (params->permutation_order, h, w, m, n, exec,
                                                    factor->perm);
      if (status != SPQR_OK)
        return status;
    }
  for (size_t j = 0; j < n; j++)
    {
      size_t p = (size_t) factor->perm[j];

      factor->dead[j] = h[p * n + p] == 0.0f;
    }
  return SPQR_OK;
}

SpqrStatus
spqr_factor_compute (const float *h, const float *w, size_t m, size_t n, const SpqrParams *params,
                     const int32_t *perm_in, const SpqrExec *exec, SpqrFactor *factor)
{
  SpqrStatus status;

  *factor = (SpqrFactor) { .n = n };
  if (h == NULL || n == 0 || n > INT32_MAX || n > SIZE_MAX / n / sizeof (float) ||
      !(params->percdamp >= 0) || isinf (params->percdamp))
    return SPQR_INVALID;
  status = prepare (h, w, m, params, perm_in, exec, factor);
  if (status == SPQR_OK)
    {
      status = factorize (h, params->percdamp, exec, factor);
      if (status == SPQR_NOT_POSITIVE_DEFINITE)
        status = factorize (h, fmax (params->percdamp * RETRY_FACTOR, RETRY_AT_LEAST), exec, factor);
    }
  if (status != SPQR_OK)
    spqr_factor_clear (factor);
  return status;
}

void
spqr_factor_clear (SpqrFactor *factor)
{
  free (factor->perm);
  free (factor->u);
  free (factor->dead);
  *factor = (SpqrFactor) { 0 };
}
