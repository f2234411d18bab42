/* spqr-panel.h: matrix products of small and middling sizes on one thread, for processors with AVX-512.
 *
 * A library's product packs both factors at every call, which a network's thin matrices (hidden 576, heads
 * of 64) pay for dearly. Here the right factor is packed once, for as many products as want it, and the
 * left one is read where it lies. An element of the result is one chain of fused multiply-adds in the order
 * of k: it does not depend on what else is computed with it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "num/spqr-stats.h"

#define SPQR_PANEL_WIDTH 32     /* columns of the right factor that lie together */
#define SPQR_PANEL_DEPTH 576    /* k of one product at most */
#define SPQR_PANEL_ROWS 14      /* rows of the left factor that are multiplied at a time */

/* Whether this processor has these products. Without, none of the others may be called. */
bool spqr_panel_supported (void);
/* Floats that a right factor of k rows and m columns takes when packed. */
size_t spqr_panel_size (size_t m, size_t k);
/* Packs W' for W (m, k), f32 or widened, row i at i · ldw elements. panels: 64-byte aligned or not. */
void spqr_panel_pack_transposed (const void *w, SpqrElem elem, size_t ldw, size_t m, size_t k, float *panels);
/* Packs V (k, m), row i at i · ldv. */
void spqr_panel_pack (const float *v, size_t ldv, size_t m, size_t k, float *panels);
/* y (t, m) = factor x (t, k) · panels, or y += where add. panels: of k_packed >= k rows, of which the first k
 * count, and of m columns at least. */
void spqr_panel_multiply (const float *x, size_t ldx, size_t t, const float *panels, size_t k_packed, size_t m, size_t k,
                          float factor, bool add, float *y, size_t ldy);
