/* spqr-vector.h: the element-by-element functions of a network over plain arrays.
 *
 * Each exists once (spqr-vector-impl.h) and is compiled for several vector widths; sums always run in
 * 16 lanes that are added up in one order, so every width gives the same bits. Arrays need no
 * alignment; x and y are the same array or do not overlap. NaN and Inf pass through, nothing else
 * happens on them. Any thread. */
#pragma once

#include <stddef.h>

/* y[i] = e^x[i], within 2 units in the last place, down to the smallest subnormal number. */
void spqr_vector_exp (float *y, const float *x, size_t n);

/* In place: x / (1 + e^-x); x Φ(x); its tanh form; max(x, 0). */
void spqr_vector_silu (float *x, size_t n);
void spqr_vector_gelu (float *x, size_t n);
void spqr_vector_gelu_tanh (float *x, size_t n);
void spqr_vector_relu (float *x, size_t n);
/* In place: cap · tanh(x / cap). */
void spqr_vector_softcap (float *x, size_t n, float cap);

void spqr_vector_mul (float *x, const float *y, size_t n);               /* x *= y */
void spqr_vector_add (float *x, const float *y, size_t n);               /* x += y */
void spqr_vector_scale (float *x, float factor, size_t n);               /* x *= factor */

float  spqr_vector_max (const float *x, size_t n);                       /* -inf when n = 0 */
double spqr_vector_sum (const float *x, size_t n);
double spqr_vector_sum_squares (const float *x, double mean, size_t n);  /* Σ (x - mean)² */
/* In place x[i] = e^(x[i] - shift); returns their sum. shift = +inf or -inf is the caller's business. */
double spqr_vector_exp_sum (float *x, float shift, size_t n);
/* Σ e^(x - shift); the same without storing anything. */
double spqr_vector_sum_exp (const float *x, float shift, size_t n);
/* Σ e^(x - shift) (x - y). */
double spqr_vector_sum_exp_difference (const float *x, float shift, const float *y, size_t n);

/* y = (x - mean) · factor · weight + bias; bias may be NULL. */
void spqr_vector_normalize (float *y, const float *x, float mean, float factor, const float *weight,
                            const float *bias, size_t n);
/* Turns the pairs (a[i], b[i]) by the angles whose cosines and sines are given. */
void spqr_vector_rotate (float *a, float *b, const float *cosine, const float *sine, size_t n);
