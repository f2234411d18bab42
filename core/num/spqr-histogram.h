/* spqr-histogram.h: how many values fall where. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* counts (bins), overwritten: values over [lo, hi] in equal steps of v or, with log10_abs, of
 * log10 |v| with zeros left out. A bin holds its lower edge, the last one hi too. Values outside
 * fall into the end bins, NaN nowhere. lo >= hi: everything into the first bin. */
void spqr_histogram (const float *values, size_t n, double lo, double hi, bool log10_abs,
                     uint64_t *counts, size_t bins);
