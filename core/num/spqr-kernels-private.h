/* spqr-kernels-private.h: the inner loops over a tile of rows, in vectors that run over the rows.
 *
 * A tile holds its weights transposed, w[column * ld + row], so that neighbouring lanes are
 * neighbouring rows, which never mix. ld is a multiple of 16; rows that are not there are 0. Every
 * instruction set gives the same bits (see spqr-lanes-private.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPQR_LANE_ROWS 16       /* ld is a multiple of this */

/* Leave-one-out on one group of k columns. For each row, with e(i) the squared error of weight i
 * over d_i, fitted on the whole group, and e_j(i) the same fitted without weight j:
 *     gain(j) = sum over i, ascending, of   i = j: e(j)   else: e(i) - e_j(i)          ( = E0 - Ej)
 * A weight with gain > threshold is a likely outlier; the range of the others is the result. */
typedef struct {
  const float *w;               /* (k, ld) */
  const float *d;               /* (k) diagonal of U */
  size_t ld, k;
  float maxq, threshold;
  bool sym, compat;
  float *gain;                  /* (k, ld) */
  float *lo, *hi;               /* (ld) range of what is left, compat: with the mean that replaces
                                 * likely outliers; 0, 0 when nothing is left */
} SpqrLooJob;

/* One column of the loop. */
typedef struct {
  float *w;                     /* (ld) in: current weights; out: decoded weights */
  float *error;                 /* (ld) (w - w^) / u */
  float *code;                  /* (ld) */
  float *outlier;               /* (ld) residual (default) or value (compat) where the bit is set */
  uint16_t *outlier_bits;       /* (ld / 16) */
  const float *scale, *zero;    /* (ld) */
  const float *code0, *value0;  /* (ld) code of 0, and what it decodes to; constant rows: of theirs */
  const float *constant;        /* (ld) 1: the row is constant, decodes to value0; NULL: none is */
  size_t ld;
  float maxq, u, threshold;     /* threshold INFINITY: no outliers */
  bool compat;
} SpqrColumnJob;

typedef struct {
  /* lo, hi (ld): min and max over k columns. */
  void (*range) (const float *w, size_t ld, size_t k, float *lo, float *hi);
  void (*leave_one_out) (const SpqrLooJob *job);
  void (*quantize_column) (const SpqrColumnJob *job);
  /* w(c, :) -= error(t, :) u[t * ldu + c] for t = 0, 1, … n_errors-1 in this order, c < n_columns. */
  void (*update) (float *w, size_t ld, size_t n_columns, const float *error, size_t n_errors,
                  const float *u, size_t ldu);
  /* The product after a block: w(c, :) -= sum over t < n_errors of error(t, :) u[t * ldu + c]. Every
   * number is summed up on its own, t ascending, fused where the instruction set has it: the result
   * of a row depends on neither ld nor n_columns. n_errors <= SPQR_BLOCK. room: SPQR_TRAILING_ROOM. */
  void (*trailing) (float *w, size_t ld, size_t n_columns, const float *error, size_t n_errors,
                    const float *u, size_t ldu, float *room);
  /* Sum of a_i b_i in f64. */
  double (*dot) (const float *a, const float *b, size_t count);
  /* 16 rows of n columns: w(j, :) of 16 numbers in original order, w_hat(j, :) ld apart in permuted
   * order. Adds to sums: 0: (w - w^)^2 of live columns, 1: of dead ones, 2: w^^2 of dead ones. */
  void (*strip_errors) (const float *w, const float *w_hat, size_t ld, size_t n, const int32_t *perm,
                        const uint8_t *dead, double sums[3]);
  /* Sums over rows 1 … m-1 of x and x^2, x = w(r, c) - w(0, c), of `width` columns. */
  void (*column_sums) (const float *w, size_t n, size_t m, size_t width, double *sum, double *squares);
} SpqrKernels;

#define SPQR_BLOCK 128          /* columns per block of the loop, as published */
#define SPQR_TRAILING_COLUMNS 96       /* columns of U that are packed at a time */
#define SPQR_TRAILING_ROOM (SPQR_BLOCK * SPQR_TRAILING_COLUMNS)

/* For this processor, or less under spqr_cpu_limit(). */
const SpqrKernels *spqr_kernels (void);

extern const SpqrKernels spqr_kernels_plain;
extern const SpqrKernels spqr_kernels_avx2;
extern const SpqrKernels spqr_kernels_avx512;
