/* spqr-patterns-weights.c: single weights that no row or column explains, and inputs that do nothing.
 *
 * Without structure s_ij ~ (R_i C_j / G)^4, with R, C, G the means of s^(1/4) over a row, a column and
 * all. Of the largest thousandth of what is not labelled yet, those at least EXCESS times that are
 * unstructured outliers; they are worth a label when they carry LEAST_SHARE of the field, and LEAST_EVEN
 * of it were every row and column on one scale. Of squares of normal values 1.3 % lies in the largest
 * thousandth, of Laplace's 3.2 %, of Student's t(3) about 20 %. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-patterns-private.h"

#define TOP_SHARE 0.001
#define EXCESS 40.0
#define LEAST_SHARE 0.08
#define LEAST_EVEN 0.05
#define LEAST_WEIGHTS 4096
#define MOST_PLACES 256
#define LOG_CHANCE (-14.0)      /* of a column of zeros, where zeros are common */

/* ---- unstructured ---- */

static bool
is_labelled (const SpqrSearch *s, const SpqrTopEntry *e)
{
  const SpqrProfiles *p = &s->profiles;

  return s->row_labelled[e->row] || s->col_labelled[e->col] || s->segment_labelled[e->row * p->n_segments + e->col / p->segment];
}

/* Moves what is not labelled to the front; returns how many that are. */
static size_t
keep_unlabelled (SpqrSearch *s)
{
  size_t n = 0;

  for (size_t i = 0; i < s->profiles.n_top; i++)
    if (!is_labelled (s, &s->profiles.top[i]))
      s->profiles.top[n++] = s->profiles.top[i];
  return n;
}

/* What lies outside labelled rows, parts of rows and columns. */
static void
measure_rest (const SpqrSearch *s, double *n_weights, double *mass)
{
  const SpqrProfiles *p = &s->profiles;
  double rows = 0, cols = 0;

  *mass = p->mass;
  for (size_t i = 0; i < p->rows; i++)
    {
      rows += s->row_labelled[i] ? 0 : 1;
      *mass -= s->row_labelled[i] ? p->row_mass[i] : 0;
    }
  for (size_t j = 0; j < p->cols; j++)
    {
      cols += s->col_labelled[j] ? 0 : 1;
      *mass -= s->col_labelled[j] ? p->col_mass[j] : 0;
    }
  for (size_t at = 0; at < p->rows * p->n_segments; at++)
    *mass -= s->segment_labelled[at] ? (double) p->segment_mass[at] : 0;
  *n_weights = rows * cols;
}

static double
mean_of_levels (const SpqrSearch *s)
{
  double sum = 0, n = 0;

  for (size_t i = 0; i < s->in->rows; i++)
    if (!isnan (s->row_level[i]) && !s->row_labelled[i])
      {
        sum += exp (s->row_level[i]);
        n++;
      }
  return n > 0 ? log (sum / n) : NAN;
}

static double
value_of (const SpqrSearch *s, const SpqrTopEntry *e)
{
  double value = (double) e->value;

  return s->profiles.squared ? value * value : value;
}

/* s_ij over what its row and column make expect, as a logarithm; huge where they hold nothing else. */
static double
log_excess (const SpqrSearch *s, const SpqrTopEntry *e, double grand)
{
  double row = s->row_level[e->row], col = s->col_level[e->col];

  if (isnan (row) || isnan (col))
    return INFINITY;
  return log (value_of (s, e)) - 4 * (row + col - grand);
}

static int
compare_entries (const void *a, const void *b)
{
  const SpqrTopEntry *p = a, *q = b;

  if (p->value != q->value)
    return p->value > q->value ? -1 : 1;
  if (p->row != q->row)
    return p->row < q->row ? -1 : 1;
  return p->col < q->col ? -1 : p->col > q->col;
}

/* Sum of (L_i)^4 over what is not labelled. */
static double
sum_fourth (const double *level, const unsigned char *labelled, size_t n)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += isnan (level[i]) || labelled[i] ? 0 : exp (4 * level[i]);
  return sum;
}

typedef struct { size_t n; double mass, excess /* sum of s_ij over what is expected */; } Outliers;

/* Keeps the outliers among the largest thousandth, in s->profiles.top. */
static SpqrStatus
choose_outliers (SpqrSearch *s, size_t n, double n_weights, double grand, Outliers *out)
{
  size_t most = (size_t) ceil (TOP_SHARE * n_weights);
  double least = 0, *values;

  if (n > most)
    {
      values = malloc (n * sizeof *values);
      if (values == NULL)
        return SPQR_NO_MEMORY;
      for (size_t i = 0; i < n; i++)
        values[i] = (double) s->profiles.top[i].value;
      least = spqr_select (values, n, n - most);
      free (values);
    }
  for (size_t i = 0; i < n; i++)
    {
      SpqrTopEntry e = s->profiles.top[i];
      double excess = log_excess (s, &e, grand);

      if ((double) e.value < least || !(excess >= log (EXCESS)))
        continue;
      s->profiles.top[out->n++] = e;
      out->mass += value_of (s, &e);
      out->excess += exp (excess);
    }
  return SPQR_OK;
}

static SpqrStatus
label_outliers (SpqrSearch *s, const Outliers *outliers, double strength)
{
  size_t n_places = outliers->n < MOST_PLACES ? outliers->n : MOST_PLACES;
  SpqrPattern *pattern = spqr_search_label (s, SPQR_PATTERN_UNSTRUCTURED, n_places);

  if (pattern == NULL)
    return SPQR_NO_MEMORY;
  qsort (s->profiles.top, outliers->n, sizeof *s->profiles.top, compare_entries);
  for (size_t i = 0; i < n_places; i++)
    {
      const SpqrTopEntry *e = &s->profiles.top[i];

      spqr_search_place (pattern, e->row, e->row + 1, e->col, e->col + 1, strength);
    }
  pattern->count = outliers->n;
  /* All are as sure as each other: they stay in the order of their values. */
  pattern->confidence = 1 - 0.5 * exp (1 - strength);
  pattern->share = outliers->mass / s->profiles.mass;
  return SPQR_OK;
}

SpqrStatus
spqr_search_unstructured (SpqrSearch *s)
{
  size_t n = keep_unlabelled (s);
  double grand = mean_of_levels (s), n_weights, rest, even, strength;
  Outliers outliers = { 0 };
  SpqrStatus status;

  measure_rest (s, &n_weights, &rest);
  if (s->profiles.top_overflow || n == 0 || n_weights < LEAST_WEIGHTS || !(rest > 0))
    return SPQR_OK;
  status = choose_outliers (s, n, n_weights, grand, &outliers);
  if (status != SPQR_OK)
    return status;
  /* The mean of s_ij over what is expected is mass over the sum of what is expected. */
  even = rest / exp (log (sum_fourth (s->row_level, s->row_labelled, s->in->rows)) - 4 * grand +
                     log (sum_fourth (s->col_level, s->col_labelled, s->in->cols)));
  strength = fmin (outliers.mass / rest / LEAST_SHARE, outliers.excess / (even * n_weights) / LEAST_EVEN);
  return strength >= 1 ? label_outliers (s, &outliers, strength) : SPQR_OK;
}

/* ---- dead inputs ---- */

static bool
is_zero_column (const SpqrProfiles *p, size_t j)
{
  return p->col_max[j] == 0 && atomic_load (&p->col_missing[j]) == 0;
}

/* Clears marks of columns that hold a weight; ends as soon as none is left, mostly after a few rows. */
static void
keep_zero_weights (const SpqrPatternInput *in, unsigned char *zero)
{
  size_t left = in->cols;

  for (size_t i = 0; i < in->rows && left > 0; i++)
    {
      left = 0;
      for (size_t j = 0; j < in->cols; j++)
        {
          zero[j] &= in->weights[i * in->cols + j] == 0;
          left += zero[j];
        }
    }
}

/* Of some rows, in all of their columns. */
static double
weights_zero_share (const SpqrPatternInput *in)
{
  size_t step = in->rows > 16 ? in->rows / 16 : 1, zeros = 0, n = 0;

  for (size_t i = 0; i < in->rows; i += step, n += in->cols)
    for (size_t j = 0; j < in->cols; j++)
      zeros += in->weights[i * in->cols + j] == 0;
  return (double) zeros / (double) n;
}

/* Marks columns as dead where `zero` does, unless zeros are so common that some column must be one by
 * chance. zero_share: of all values. */
static void
add_zero_columns (const unsigned char *zero, double zero_share, size_t n_rows, size_t n_cols, unsigned char *dead)
{
  double n_zero = 0, others, cols = (double) n_cols;

  for (size_t j = 0; j < n_cols; j++)
    n_zero += zero[j];
  if (n_zero == 0 || n_zero == cols)
    return;
  others = (zero_share - n_zero / cols) / (1 - n_zero / cols);
  if (others > 0 && (double) n_rows * log (fmin (others, 1)) + log (cols) > LOG_CHANCE)
    return;
  for (size_t j = 0; j < n_cols; j++)
    dead[j] |= zero[j];
}

static void
mark_zero_columns (const SpqrSearch *s, unsigned char *dead, unsigned char *zero)
{
  const SpqrProfiles *p = &s->profiles;

  for (size_t j = 0; j < p->cols; j++)
    zero[j] = is_zero_column (p, j);
  add_zero_columns (zero, p->zero_share, p->rows, p->cols, dead);
  if (s->in->weights == NULL)
    return;
  memset (zero, 1, p->cols);
  keep_zero_weights (s->in, zero);
  add_zero_columns (zero, weights_zero_share (s->in), p->rows, p->cols, dead);
}

/* One place for each run of columns. */
static SpqrStatus
label_dead (SpqrSearch *s, const unsigned char *dead, size_t found)
{
  SpqrPattern *pattern = spqr_search_label (s, SPQR_PATTERN_DEAD_INPUTS, found);
  double share = 0;

  if (pattern == NULL)
    return SPQR_NO_MEMORY;
  for (size_t j = 0; j < s->in->cols; j++)
    {
      size_t begin = j;

      for (; j < s->in->cols && dead[j]; j++)
        share += s->profiles.col_mass[j] / s->profiles.mass;
      if (j > begin)
        spqr_search_place (pattern, 0, s->in->rows, begin, j, (double) (j - begin));
    }
  pattern->count = found;
  spqr_search_finish (pattern, share);
  pattern->confidence = 1;      /* a fact, not a test */
  return SPQR_OK;
}

SpqrStatus
spqr_search_dead (SpqrSearch *s)
{
  size_t cols = s->in->cols, found = 0;
  unsigned char *dead = calloc (2, cols);
  SpqrStatus status = SPQR_OK;

  if (dead == NULL)
    return SPQR_NO_MEMORY;
  mark_zero_columns (s, dead, dead + cols);
  for (size_t j = 0; j < cols; j++)
    {
      dead[j] |= s->in->hessian_diag != NULL && s->in->hessian_diag[j] == 0;
      found += dead[j];
    }
  if (found > 0 && found < cols)
    status = label_dead (s, dead, found);
  free (dead);
  return status;
}
