#include "plot/spqr-marks.h"

#include <math.h>
#include <string.h>

G_DEFINE_BOXED_TYPE (SpqrMarks, spqr_marks, spqr_marks_ref, spqr_marks_unref)

static SpqrMarks *
marks_new (size_t rows, size_t cols, size_t count)
{
  SpqrMarks *m = g_atomic_rc_box_new0 (SpqrMarks);
  m->rows = rows;
  m->cols = cols;
  m->count = count;
  m->offsets = g_new0 (uint32_t, rows + 1);
  m->columns = g_new (uint32_t, MAX (count, 1));
  return m;
}

SpqrMarks *
spqr_marks_new_from_layer (const SpqrLayer *layer)
{
  size_t count = layer->outlier_offsets ? layer->outlier_offsets[layer->rows] : 0;
  SpqrMarks *m = marks_new (layer->rows, layer->cols, count);
  if (count > 0)
    memcpy (m->offsets, layer->outlier_offsets, (layer->rows + 1) * sizeof *m->offsets);
  for (size_t k = 0; k < count; k++)
    m->columns[k] = (uint32_t) layer->perm[layer->outlier_cols[k]];
  return m;
}

SpqrMarks *
spqr_marks_new_from_threshold (const float *values, size_t rows, size_t cols, float threshold, size_t limit)
{
  size_t n = rows * cols, count = 0;
  for (size_t i = 0; i < n && count < limit; i++)
    count += fabsf (values[i]) > threshold;
  SpqrMarks *m = marks_new (rows, cols, count);
  size_t k = 0;
  for (size_t i = 0; i < rows; i++)
    {
      for (size_t j = 0; j < cols && k < count; j++)
        if (fabsf (values[i * cols + j]) > threshold)
          m->columns[k++] = (uint32_t) j;
      m->offsets[i + 1] = (uint32_t) k;
    }
  return m;
}

SpqrMarks *
spqr_marks_ref (SpqrMarks *marks)
{
  return g_atomic_rc_box_acquire (marks);
}

static void
marks_clear (gpointer box)
{
  SpqrMarks *m = box;
  g_free (m->offsets);
  g_free (m->columns);
}

void
spqr_marks_unref (SpqrMarks *marks)
{
  g_atomic_rc_box_release_full (marks, marks_clear);
}
