/* spqr-stats-block-private.h: the inner loop of spqr-stats.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "num/spqr-stats.h"

#define SPQR_STATS_LANES 16
#define SPQR_STATS_BLOCK 1024   /* weights: 64 groups of 16 */
#define SPQR_STATS_MEAN 256     /* weights of a row whose mean its sums are taken about */
#define SPQR_STATS_CONSTANT_RANGE 1e-30f   /* of a group; 7 / range must not overflow */

/* Sums of one row. Weight i of a row adds to lane i % 16; within a block in f32, then in f64. */
typedef struct {
  double s1[SPQR_STATS_LANES], s2[SPQR_STATS_LANES], s3[SPQR_STATS_LANES], s4[SPQR_STATS_LANES]; /* of (w - c)^k */
  double error[SPQR_STATS_LANES];       /* of (w - RTN(w))^2 */
  float min[SPQR_STATS_LANES], max[SPQR_STATS_LANES];   /* of all; which lane knows it says nothing */
  size_t zeros;
} SpqrStatsLanes;

/* Those of one block, in f32. */
typedef struct {
  float a1[SPQR_STATS_LANES], a2[SPQR_STATS_LANES], a3[SPQR_STATS_LANES], a4[SPQR_STATS_LANES], error[SPQR_STATS_LANES];
} SpqrStatsBlockSums;

void spqr_stats_lanes_init (SpqrStatsLanes *lanes);
void spqr_stats_lanes_flush (SpqrStatsLanes *lanes, const SpqrStatsBlockSums *sums);
/* Adds n <= SPQR_STATS_BLOCK weights that begin at a multiple of 16 of their row; c: about their mean. */
void spqr_stats_lanes_add (SpqrStatsLanes *lanes, const float *w, size_t n, float c);
/* The same for as many whole blocks of the n f16 or bf16 weights of a row as this processor takes as they
 * lie in the file; returns how many weights that were and, if any, c, the mean of the first SPQR_STATS_MEAN. */
size_t spqr_stats_lanes_add_half (SpqrStatsLanes *lanes, SpqrElem elem, const uint16_t *w, size_t n, float *c);
/* Of n > 0 weights; only about the mean when they are not finite or very large. */
float spqr_stats_block_mean (const float *w, size_t n);
/* How many of n weights have |w| > limit. */
size_t spqr_stats_count_above (const float *w, size_t n, float limit);
/* How many of n f16 or bf16 weights have a magnitude above that of the bits `limit`; NaN counts as the largest. */
size_t spqr_stats_count_bits_above (const uint16_t *w, size_t n, uint16_t limit);
