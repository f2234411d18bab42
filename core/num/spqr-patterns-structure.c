/* spqr-patterns-structure.c: what heads and the rotary period make of the levels of lines. */
#include <math.h>
#include <stdlib.h>

#include "num/spqr-patterns-private.h"

/* The longest run of places in the period that lie above the middle between the wave's median and its
 * top; it may go round the period's end. Returns its beginning. */
static size_t
longest_run (const double *wave, size_t period, double *scratch, size_t *length)
{
  double least, top = -INFINITY;
  size_t best = 0, run = 0;

  for (size_t p = 0; p < period; p++)
    {
      scratch[p] = wave[p];
      top = fmax (top, wave[p]);
    }
  least = (spqr_median (scratch, period) + top) / 2;
  *length = 0;
  for (size_t p = 0; p < 2 * period; p++)
    {
      run = wave[p % period] >= least ? run + 1 : 0;
      if (run > *length && run <= period)
        {
          *length = run;
          best = (p + 1 - run) % period;
        }
    }
  return best;
}

static SpqrStatus
label_rotary (SpqrSearch *s, const SpqrRotaryTest *test)
{
  size_t rows = s->in->rows, length, begin = longest_run (test->wave, test->period, s->scratch, &length);
  SpqrPattern *pattern = spqr_search_label (s, SPQR_PATTERN_ROTARY, rows / test->period);

  if (pattern == NULL)
    return SPQR_NO_MEMORY;
  for (size_t row = 0; row + test->period <= rows; row += test->period)
    {
      size_t end = row + begin + length;

      spqr_search_place (pattern, row + begin, end < rows ? end : rows, 0, s->in->cols, test->strength);
    }
  pattern->count = rows / test->period;
  pattern->period = test->period;
  spqr_search_finish (pattern, test->explained);
  return SPQR_OK;
}

static SpqrStatus
search_rotary (SpqrSearch *s)
{
  SpqrRotaryTest test = { .period = s->in->rotary_period };
  SpqrStatus status = SPQR_OK;

  if (s->in->heads != SPQR_PATTERN_ROW_HEADS || test.period == 0)
    return SPQR_OK;
  test.wave = calloc (s->in->rows, sizeof (double));
  if (test.wave == NULL)
    return SPQR_NO_MEMORY;
  spqr_rotary_test (s->row_level, s->in->rows, s->in->head_dim, s->scratch, s->scratch2, &test);
  if (test.found)
    {
      for (size_t i = 0; i < s->in->rows; i++)
        s->row_structure[i] += test.wave[i % test.period];
      status = label_rotary (s, &test);
    }
  free (test.wave);
  return status;
}

static SpqrStatus
label_heads (SpqrSearch *s, const SpqrHeadTest *test, size_t n_heads)
{
  const SpqrProfiles *p = &s->profiles;
  bool by_row = s->in->heads == SPQR_PATTERN_ROW_HEADS;
  const double *mass = by_row ? p->row_mass : p->col_mass;
  SpqrPattern *pattern = spqr_search_label (s, SPQR_PATTERN_HEADS, test->n_found);
  size_t d = s->in->head_dim;
  double share = 0;

  if (pattern == NULL)
    return SPQR_NO_MEMORY;
  for (size_t h = 0; h < n_heads; h++)
    {
      if (!(test->strength[h] > 0))
        continue;
      spqr_search_place (pattern, by_row ? h * d : 0, by_row ? (h + 1) * d : p->rows, by_row ? 0 : h * d,
                         by_row ? p->cols : (h + 1) * d, test->strength[h]);
      for (size_t i = h * d; i < (h + 1) * d; i++)
        share += mass[i] / p->mass;
    }
  pattern->count = test->n_found;
  spqr_search_finish (pattern, share);
  return SPQR_OK;
}

static SpqrStatus
search_heads (SpqrSearch *s)
{
  bool by_row = s->in->heads == SPQR_PATTERN_ROW_HEADS;
  size_t n = by_row ? s->in->rows : s->in->cols, d = s->in->head_dim;
  const double *level = by_row ? s->row_level : s->col_level;
  double *structure = by_row ? s->row_structure : s->col_structure;
  double *levels = calloc (n, sizeof (double));
  SpqrHeadTest test = { .medians = calloc (n, sizeof (double)), .strength = calloc (n, sizeof (double)) };
  SpqrStatus status = levels != NULL && test.medians != NULL && test.strength != NULL ? SPQR_OK : SPQR_NO_MEMORY;

  if (status == SPQR_OK)
    {
      for (size_t i = 0; i < n; i++)
        levels[i] = level[i] - structure[i];
      spqr_head_test (levels, n, d, s->scratch, s->scratch2, &test);
      for (size_t i = 0; test.differ && i < n; i++)
        structure[i] += test.medians[i / d];
      if (test.n_found > 0)
        status = label_heads (s, &test, n / d);
    }
  free (levels);
  free (test.medians);
  free (test.strength);
  return status;
}

SpqrStatus
spqr_search_structure (SpqrSearch *s)
{
  SpqrStatus status;

  if (s->in->heads == SPQR_PATTERN_NO_HEADS || s->in->head_dim == 0)
    return SPQR_OK;
  status = search_rotary (s);
  return status == SPQR_OK ? search_heads (s) : status;
}
