/* spqr-rotary.h: rotary position tables and ALiBi slopes. */
#pragma once

#include <glib.h>

#include "model/spqr-config.h"

typedef struct _SpqrRotary SpqrRotary;

SpqrRotary *spqr_rotary_new (const SpqrConfig *config);
void        spqr_rotary_free (SpqrRotary *self);

/* Cosines and sines of the positions 0 … length-1, (length, dim / 2) each. Immutable; keep the
 * reference while using it. */
typedef struct {
  gsize length, half;
  float *cosine, *sine;
} SpqrRotaryTable;

/* A table of at least length positions for a sequence of that length (which matters for dynamic
 * scaling alone). NULL when there is no memory. Any thread. */
SpqrRotaryTable *spqr_rotary_get_table (SpqrRotary *self, gsize length);
void             spqr_rotary_table_unref (SpqrRotaryTable *table);

/* slopes (heads) as Falcon and BLOOM have them. */
void spqr_alibi_slopes (guint heads, float *slopes);
/* What Falcon adds to a score at key position j: slope · j, both and their product rounded to bf16,
 * as its published code computes it. */
float spqr_alibi_bias (float slope, gsize j);
