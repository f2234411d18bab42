/* spqr-cuda-columns.h: the column loop on the device; see spqr-cuda-columns.cu. */
#pragma once

#include "spqr-cuda-device.h"

#define SPQR_CUDA_BLOCK 128     /* columns per block of the loop, as published */

/* What decides the arithmetic of a group; C's SpqrGroupQuantizer without its header. */
typedef struct {
  float maxq;
  int wbits, scale_bits, zero_bits;
  bool sym, round_zero, compat, zero_sym;
} SpqrCudaQuantizer;

/* Device memory of one part of the rows. All matrices row-major, columns permuted. */
typedef struct {
  float *w;                     /* (rows, n) current weights; decoded once their column is done */
  size_t rows, n, groups, runs;
  const float *u, *d;           /* (n, n) upper factor or NULL: RTN; (n) its diagonal, or ones */
  float *error;                 /* (rows, ld_error): column j of the loop at j - error_first */
  size_t ld_error, error_first;
  uint8_t *codes;               /* (rows, n) */
  uint32_t *bits;               /* (rows, words) bit j % 32 of word j / 32: outlier; zeroed; NULL: no outliers */
  size_t words;
  float *residual;              /* (rows, n) where the bit is set; NULL in compat mode */
  float *gain;                  /* (rows, n) leave-one-out, or NULL */
  float *lo, *hi;               /* (rows) range of the current group; general path only */
  float *scale, *zero, *value;  /* (groups, rows); value: of constant rows */
  uint8_t *constant;            /* (groups, rows) */
  uint8_t *scale_codes, *zero_codes;                            /* (groups, rows) or NULL */
  float *scale_scale, *scale_zero, *zero_scale, *zero_zero;     /* (groups, runs) or NULL */
  size_t groupsize, run_rows;   /* run_rows: qq_groupsize, or 0: no second order */
  SpqrCudaQuantizer quantizer;
  float threshold;              /* INFINITY: no outliers */
  bool leave_one_out, perchannel;
} SpqrCudaColumns;

/* Runs all columns. Queued on op's stream, paced; read the results after op.finish(). */
void spqr_cuda_columns_run (SpqrCudaOp &op, SpqrCudaColumns columns);

/* The product after the block s … e-1, whose errors are in columns.error. */
void spqr_cuda_columns_update (SpqrCudaOp &op, const SpqrCudaColumns &columns, size_t s, size_t e);
