#include "pages/spqr-layer-share.h"

#include <math.h>
#include <string.h>

/* Floats above 0 are in the order of their bits: the upper ones are a bin, as wide as 2^-8 of its values. */
enum { SHIFT = 15, BINS = 0x7f800000 >> SHIFT, PIECE = 1 << 22 };

static const double step = 1.0 / 32; /* decades of weights between two points */

typedef struct {
  const SpqrFieldData *data;
  gboolean positive;         /* negative values count for nothing */
  guint32 *counts;           /* (BINS) */
  GMutex lock;
} Counting;

gboolean
spqr_layer_share_has (SpqrField field)
{
  return field != SPQR_FIELD_OUTLIERS && field != SPQR_FIELD_CODES && field != SPQR_FIELD_SCALES && field != SPQR_FIELD_ZEROS;
}

static void
count_pieces (void *user_data, size_t begin, size_t end)
{
  Counting *c = user_data;
  gsize n = c->data->rows * c->data->cols;
  g_autofree guint32 *counts = g_new0 (guint32, BINS);

  for (gsize i = begin * PIECE; i < MIN (end * PIECE, n); i++)
    {
      guint32 bits;

      memcpy (&bits, &c->data->values[i], sizeof bits);
      if (c->positive && bits >> 31 != 0)
        continue;
      bits = (bits & 0x7fffffff) >> SHIFT;
      if (bits < BINS)
        counts[bits]++;
    }
  g_mutex_lock (&c->lock);
  for (guint b = 0; b < BINS; b++)
    c->counts[b] += counts[b];
  g_mutex_unlock (&c->lock);
}

static float
lower_edge (guint bin)
{
  guint32 bits = bin << SHIFT;
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}

static double
quantity (const SpqrLayerShare *self, double value)
{
  return self->squared ? value * value : value;
}

/* q of a weight in the middle of a bin. */
static double
middle (const SpqrLayerShare *self, guint bin)
{
  return quantity (self, ((double) lower_edge (bin) + (double) lower_edge (bin + 1)) / 2);
}

static void
take_points (SpqrLayerShare *self, const guint32 *counts, gsize n_weights)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (SpqrSharePoint));
  double n = (double) n_weights, seen = 0, sum = 0, last = -INFINITY;

  for (guint b = BINS; b-- > 1;)
    {
      SpqrSharePoint point;

      if (counts[b] == 0)
        continue;
      seen += counts[b];
      sum += counts[b] * middle (self, b);
      point = (SpqrSharePoint) { seen / n, sum / self->total, lower_edge (b) };
      if (log10 (point.weights) - last < step && b > 1)
        continue;
      last = log10 (point.weights);
      g_array_append_val (points, point);
    }
  /* All of them. */
  if (points->len > 0 && g_array_index (points, SpqrSharePoint, points->len - 1).weights < 1)
    {
      SpqrSharePoint all = { 1, 1, 0 };
      g_array_append_val (points, all);
    }
  self->n = points->len;
  self->points = (SpqrSharePoint *) (gpointer) g_array_free (points, FALSE);
}

static void
clear (gpointer data)
{
  g_free (((SpqrLayerShare *) data)->points);
}

SpqrLayerShare *
spqr_layer_share_new (const SpqrFieldData *data, SpqrField field, const SpqrExec *exec)
{
  g_autofree guint32 *counts = g_new0 (guint32, BINS);
  g_autoptr (SpqrLayerShare) self = NULL;
  Counting c = { .data = data, .counts = counts, .positive = field == SPQR_FIELD_LOO_GAIN };
  gsize n = data->rows * data->cols;
  SpqrStatus status;

  if (!spqr_layer_share_has (field))
    return NULL;
  self = g_atomic_rc_box_new0 (SpqrLayerShare);
  self->squared = field != SPQR_FIELD_SENSITIVITY && field != SPQR_FIELD_LOO_GAIN;
  g_mutex_init (&c.lock);
  status = spqr_exec_run (exec, (n + PIECE - 1) / PIECE, 1, count_pieces, &c);
  g_mutex_clear (&c.lock);
  for (guint b = 1; b < BINS; b++)
    self->total += counts[b] > 0 ? counts[b] * middle (self, b) : 0;
  if (status != SPQR_OK || !(self->total > 0) || !isfinite (self->total))
    return NULL;
  take_points (self, counts, n);
  return g_steal_pointer (&self);
}

double
spqr_layer_share_of_marks (const SpqrLayerShare *self, const SpqrFieldData *data, const SpqrMarks *marks)
{
  double sum = 0;

  for (gsize row = 0; row < marks->rows; row++)
    for (guint32 k = marks->offsets[row]; k < marks->offsets[row + 1]; k++)
      {
        double value = (double) data->values[row * data->cols + marks->columns[k]];

        if (isfinite (value) && (self->squared || value > 0))
          sum += quantity (self, value);
      }
  return MIN (sum / self->total, 1);
}

SpqrLayerShare *
spqr_layer_share_ref (SpqrLayerShare *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
spqr_layer_share_unref (SpqrLayerShare *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear);
}
