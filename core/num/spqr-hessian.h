/* spqr-hessian.h: H = (2/N) sum x x', N in sequences, not tokens (spqr-spec: Hessian).
 *
 * Per call with B sequences, tokens flattened to rows x (t, n):
 *     H *= N / (N + B);  N += B;  H += (2/N) x'x
 * with x scaled by sqrt(2/N) in f32 before the product, as the published code does. */
#pragma once

#include "num/spqr-exec.h"
#include "num/spqr-status.h"

typedef struct {
  size_t n;             /* inputs */
  size_t sequences;     /* N */
  float *h;             /* (n, n); only the upper triangle is kept up to date until _finish() */
} SpqrHessian;

SpqrStatus spqr_hessian_init (SpqrHessian *hessian, size_t n);
/* x (tokens, n) with row stride ldx, const. */
SpqrStatus spqr_hessian_add (SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens,
                             size_t sequences, const SpqrExec *exec);
void spqr_hessian_finish (SpqrHessian *hessian);   /* mirrors the upper triangle down */
void spqr_hessian_clear (SpqrHessian *hessian);
