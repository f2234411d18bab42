/* spqr-marks.h: which weights of a matrix to point out, by row. Immutable and counted. */
#pragma once

#include <glib-object.h>

#include "num/spqr-layer.h"

G_BEGIN_DECLS

#define SPQR_TYPE_MARKS (spqr_marks_get_type ())

typedef struct {
  size_t rows, cols, count;
  uint32_t *offsets;         /* (rows + 1) */
  uint32_t *columns;         /* (count) original order, not sorted within a row */
} SpqrMarks;

GType spqr_marks_get_type (void);

/* The outliers of a layer, in the original column order. */
SpqrMarks *spqr_marks_new_from_layer (const SpqrLayer *layer);

/* Where |value| > threshold; at most `limit` of them, the rest is left out (and count == limit). */
SpqrMarks *spqr_marks_new_from_threshold (const float *values, size_t rows, size_t cols,
                                          float threshold, size_t limit);
SpqrMarks *spqr_marks_ref (SpqrMarks *marks);
void spqr_marks_unref (SpqrMarks *marks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrMarks, spqr_marks_unref)

G_END_DECLS
