/* fixture.h: random layers and a toy thread pool for the tests of core/num. */
#pragma once

#include <glib.h>

#include "num/spqr-layer.h"

/* W (m, n) with a few large weights, H (n, n) of correlated inputs with some strong ones. */
typedef struct { gsize m, n; float *w, *h; } Fixture;

Fixture *fixture_new (gsize m, gsize n, guint32 seed);
void fixture_free (Fixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

/* params as published by default, with groups and runs of the given sizes. */
SpqrParams fixture_params (int wbits, int groupsize, int qq_bits, int qq_groupsize);

/* Factor and layer, asserted to succeed. */
void fixture_factor (const Fixture *fixture, const SpqrParams *params, const SpqrExec *exec, SpqrFactor *factor);
void fixture_quantize (const Fixture *fixture, const SpqrParams *params, const SpqrExec *exec,
                       SpqrLayerTrace *trace, SpqrLayer *layer);
/* Decoded weights (m, n), original order. */
float *fixture_decode (const SpqrLayer *layer);

/* Every stored number the same, bit for bit. */
void assert_layers_equal (const SpqrLayer *a, const SpqrLayer *b);

/* An exec of so many threads that are made anew for each loop. */
SpqrExec threads_exec (int *n_threads);

/* Stops at the stop_at-th poll (counting from 1) and from then on; 0: never. */
typedef struct { gint polls, stop_at; } StopAfter;
bool stop_after (void *data);
