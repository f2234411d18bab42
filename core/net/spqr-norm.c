/* spqr-norm.c: y = (x - mean) / sqrt(var + e) · w + b, or without the mean: x / sqrt(mean(x²) + e) · w.
 * Means are gathered in f64. */
#include <math.h>

#include "net/spqr-net-private.h"
#include "net/spqr-vector.h"

typedef struct {
  const SpqrNet *net;
  const SpqrNormWeights *norm;
  const float *x;
  float *y;
  gsize n;
} NormJob;

void
spqr_net_norm_row (const SpqrNet *net, const SpqrNormWeights *norm, const float *x, float *y, gsize n)
{
  double mean = 0, variance;

  if (net->config->norm == SPQR_NORM_LAYER)
    mean = (float) (spqr_vector_sum (x, n) / n);
  variance = spqr_vector_sum_squares (x, mean, n) / n;
  spqr_vector_normalize (y, x, (float) mean, (float) (1.0 / sqrt (variance + net->config->norm_epsilon)),
                         norm->weight, norm->bias, n);
}

static void
norm_rows (void *data, size_t begin, size_t end)
{
  NormJob *job = data;

  for (size_t t = begin; t < end; t++)
    spqr_net_norm_row (job->net, job->norm, job->x + t * job->n, job->y + t * job->n, job->n);
}

SpqrStatus
spqr_net_norm (SpqrNet *net, const SpqrNormWeights *norm, const float *x, float *y, gsize tokens, const SpqrExec *exec)
{
  NormJob job = { net, norm, x, y, net->hidden };

  return spqr_exec_run (exec, tokens, 16, norm_rows, &job);
}
