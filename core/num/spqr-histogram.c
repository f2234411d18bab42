/* spqr-histogram.c: equal steps of v or of log10 |v|.
 *
 * For the logarithm the upper half of the magnitude's bits (sign left out: 2^15 of them) says
 * in which bin it starts; the few edges that cut such a range in two are compared with. */
#include "num/spqr-histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 32768u

typedef struct { double lo, per_unit /* bins per unit; 0: one bin for all */, bins; } Bins;

static Bins
bins_new (double lo, double hi, size_t bins)
{
  return (Bins) { lo, hi > lo ? (double) bins / (hi - lo) : 0.0, (double) bins };
}

static inline size_t
bin_of (const Bins *bins, double position)
{
  double bin = bins->per_unit > 0.0 ? (position - bins->lo) * bins->per_unit : 0.0;

  if (!(bin > 0.0))
    return 0;
  return (size_t) (bin < bins->bins ? bin : bins->bins - 1.0);
}

static inline uint32_t
magnitude_of (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof bits);
  return bits & 0x7fffffffu;
}

static size_t
log_bin_of (const Bins *bins, uint32_t magnitude)
{
  float value;

  memcpy (&value, &magnitude, sizeof value);
  return bin_of (bins, log10 ((double) value));
}

static void
histogram_log (const float *values, size_t n, const Bins *bins, uint64_t *counts)
{
  /* Bin of the first magnitude of each key; where the next key's is the same, of all of them. */
  uint32_t *starts = n >= KEYS ? malloc ((KEYS + 1) * sizeof *starts) : NULL;

  if (starts != NULL)
    for (uint32_t key = 0; key <= KEYS; key++)
      starts[key] = (uint32_t) log_bin_of (bins, key == 0 ? 1 : key < KEYS ? key << 16 : 0x7f800000u);
  for (size_t i = 0; i < n; i++)
    {
      uint32_t magnitude = magnitude_of (values[i]);
      uint32_t key = magnitude >> 16;

      if (magnitude == 0 || magnitude > 0x7f800000u)
        continue;
      if (starts != NULL && starts[key] == starts[key + 1])
        counts[starts[key]]++;
      else
        counts[log_bin_of (bins, magnitude)]++;
    }
  free (starts);
}

void
spqr_histogram (const float *values, size_t n, double lo, double hi, bool log10_abs,
                uint64_t *counts, size_t bins)
{
  Bins all = bins_new (lo, hi, bins);

  if (bins == 0)
    return;
  memset (counts, 0, bins * sizeof *counts);
  if (log10_abs)
    histogram_log (values, n, &all, counts);
  else
    for (size_t i = 0; i < n; i++)
      if (!isnan (values[i]))
        counts[bin_of (&all, (double) values[i])]++;
}
