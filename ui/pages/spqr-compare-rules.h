/* spqr-compare-rules.h: which stored layers may stand side by side, and in what order they are
 * worth looking at. No widgets, no files. */
#pragma once

#include "store/spqr-store.h"

G_BEGIN_DECLS

typedef enum {
  SPQR_COMPARE_NOTHING,
  SPQR_COMPARE_ONE,          /* a run beside the unquantized weights */
  SPQR_COMPARE_TWO,          /* a run beside another one of the same model */
} SpqrCompareKind;

/* What the first two of the runs (of SpqrRun) allow. *why: for NOTHING, a sentence for people; g_free(). */
SpqrCompareKind spqr_compare_check (GPtrArray *runs, char **why);

/* A layer that can be compared; borrows from the lists it was made of. */
typedef struct {
  const SpqrRunLayer *a, *b; /* b NULL: a run by itself */
  double difference;         /* |output error of a − of b|, by itself the output error; NAN: not known */
} SpqrCompareLayer;

/* The layers that both lists (of SpqrRunLayer) hold in one shape, largest difference first; equal
 * ones, and the unknown ones at the end, in a's order. b NULL: all of a's. */
GArray *spqr_compare_layers (GPtrArray *a, GPtrArray *b);
/* "block 3 · down_proj · 1.92 % → 2.41 %"; g_free(). */
char   *spqr_compare_layer_describe (const SpqrCompareLayer *layer);
/* Both describe the same layers in the same order. */
gboolean spqr_compare_layers_equal (GArray *layers, GArray *others);

G_END_DECLS
