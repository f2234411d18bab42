/* spqr-patterns-lines.c: rows, parts of rows and columns that stand out.
 *
 *   r_i = level of line i - what heads and the rotary period make of it
 *   z_i = (r_i - median) / (1.4826 MAD)      ratio_i = e^(4 (r_i - median)), as levels are of s^(1/4)
 *
 * A line stands out when z and ratio both do; strength is the smaller of them over its threshold. Where
 * more than a tenth of the lines would, nothing stands out: the spread is just not what MAD takes it for.
 * Parts of rows: the same for each run of columns, against the same run of the other rows. */
#include <math.h>
#include <stdlib.h>

#include "num/spqr-patterns-private.h"

#define LINE_Z 5.0
#define LINE_LOG_RATIO 1.386294361119891        /* 4 times as sensitive as the middle line */
#define SEGMENT_Z 6.5
#define SEGMENT_LOG_RATIO 1.791759469228055     /* 6 times */
#define LEAST_SEGMENTS 3        /* fewer have no middle one */
#define LEAST_SEGMENT_WIDTH 16
#define GROW_STRENGTH 0.5
#define MOST_SHARE 0.1
#define WHOLE_SHARE 0.6         /* of a row's segments that have half of its excess: a whole row */

static double
strength_of (double above, double scale, double z, double log_ratio, size_t n)
{
  return fmin (above / scale / spqr_z_needed (z, n), 4 * above / log_ratio);
}

/* strengths (n): at least 1 where line i stands out, else 0. Returns how many do. */
static size_t
find_lines (const double *level, const double *structure, size_t n, double *scratch, double *residual, double *strengths,
            SpqrRobust *robust)
{
  size_t found = 0;

  for (size_t i = 0; i < n; i++)
    residual[i] = level[i] - structure[i];
  *robust = spqr_robust (residual, n, 1, scratch);
  for (size_t i = 0; i < n; i++)
    {
      double strength = strength_of (residual[i] - robust->centre, robust->scale, LINE_Z, LINE_LOG_RATIO, robust->n);

      strengths[i] = strength >= 1 ? strength : 0;
      found += strength >= 1;
    }
  if (robust->n >= LEAST_SEGMENT_WIDTH && (double) found <= fmax (MOST_SHARE * (double) robust->n, 1))
    return found;
  for (size_t i = 0; i < n; i++)
    strengths[i] = 0;
  return 0;
}

SpqrStatus
spqr_search_columns (SpqrSearch *s)
{
  const SpqrProfiles *p = &s->profiles;
  double *strengths = calloc (p->cols, sizeof *strengths), share = 0;
  SpqrPattern *pattern = NULL;
  SpqrRobust robust;
  size_t found;

  if (strengths == NULL)
    return SPQR_NO_MEMORY;
  found = find_lines (s->col_level, s->col_structure, p->cols, s->scratch, s->scratch2, strengths, &robust);
  if (found > 0)
    pattern = spqr_search_label (s, SPQR_PATTERN_COLUMNS, found);
  for (size_t j = 0; pattern != NULL && j < p->cols; j++)
    if (strengths[j] > 0)
      {
        spqr_search_place (pattern, 0, p->rows, j, j + 1, strengths[j]);
        s->col_labelled[j] = 1;
        share += p->col_mass[j] / p->mass;
      }
  free (strengths);
  if (pattern == NULL)
    return found > 0 ? SPQR_NO_MEMORY : SPQR_OK;
  pattern->count = found;
  spqr_search_finish (pattern, share);
  return SPQR_OK;
}

/* ---- rows ---- */

typedef struct {
  double *strengths;            /* (rows) */
  double *middle;               /* (rows): the median of the row's segments, of above */
  float *above;                 /* (rows, segments): level over the middle of the column's segment */
  float *segment_strengths;     /* (rows, segments) */
} Rows;

static size_t
segment_width (const SpqrProfiles *p, size_t k)
{
  return k + 1 < p->n_segments ? p->segment : p->cols - k * p->segment;
}

/* Levels over the middle of their segment. */
static void
measure_segments (SpqrSearch *s, size_t k, Rows *rows)
{
  const SpqrProfiles *p = &s->profiles;
  SpqrRobust robust;

  for (size_t i = 0; i < p->rows; i++)
    {
      size_t at = i * p->n_segments + k;
      bool usable = segment_width (p, k) >= LEAST_SEGMENT_WIDTH && p->row_missing[i] <= p->cols / 100;
      double level = usable ? spqr_level (p, (double) p->segment_q[at], p->segment_max[at], segment_width (p, k), 0) : NAN;

      s->scratch2[i] = level - s->row_structure[i];
    }
  robust = spqr_robust (s->scratch2, p->rows, 1, s->scratch);
  for (size_t i = 0; i < p->rows; i++)
    rows->above[i * p->n_segments + k] = (float) (s->scratch2[i] - robust.centre);
}

/* What segments have over their own row's middle one, against the same in the other rows. */
static void
find_segments (SpqrSearch *s, size_t k, Rows *rows)
{
  const SpqrProfiles *p = &s->profiles;
  double z = SEGMENT_Z * (1 + 8.0 / (double) segment_width (p, k));     /* short sums have heavier tails */
  SpqrRobust robust;

  for (size_t i = 0; i < p->rows; i++)
    s->scratch2[i] = (double) rows->above[i * p->n_segments + k] - rows->middle[i];
  robust = spqr_robust (s->scratch2, p->rows, 1, s->scratch);
  for (size_t i = 0; i < p->rows; i++)
    {
      double strength = p->n_segments < LEAST_SEGMENTS ? 0 : strength_of (s->scratch2[i] - robust.centre, robust.scale, z, SEGMENT_LOG_RATIO, robust.n);

      rows->segment_strengths[i * p->n_segments + k] = strength >= GROW_STRENGTH ? (float) strength : 0;
    }
}

/* A strong segment takes its less strong neighbours along: they are mostly the stretch's ends. Leaves
 * strengths of strong segments and of these. Returns how many there are. */
static size_t
grow_segments (float *strengths, size_t n)
{
  size_t found = 0;

  for (size_t k = 0; k < n; )
    {
      size_t begin = k;
      bool strong = false;

      for (; k < n && strengths[k] > 0; k++)
        strong |= strengths[k] >= 1;
      for (size_t l = begin; l < k && !strong; l++)
        strengths[l] = 0;
      found += strong ? k - begin : 0;
      k += k == begin;
    }
  return found;
}

static void
search_segments (SpqrSearch *s, Rows *rows)
{
  const SpqrProfiles *p = &s->profiles;

  for (size_t k = 0; k < p->n_segments; k++)
    measure_segments (s, k, rows);
  for (size_t i = 0; i < p->rows; i++)
    {
      for (size_t k = 0; k < p->n_segments; k++)
        s->scratch[k] = (double) rows->above[i * p->n_segments + k];
      rows->middle[i] = spqr_robust (s->scratch, p->n_segments, 1, s->scratch2).centre;
    }
  for (size_t k = 0; k < p->n_segments; k++)
    find_segments (s, k, rows);
}

/* Does a row stand out everywhere, rather than in some segments? */
static bool
is_whole (const SpqrProfiles *p, const Rows *rows, size_t i, double above)
{
  const float *segments = rows->above + i * p->n_segments, *strengths = rows->segment_strengths + i * p->n_segments;
  size_t high = 0, known = 0, strong = 0;

  for (size_t k = 0; k < p->n_segments; k++)
    {
      known += !isnan (segments[k]);
      high += (double) segments[k] >= above / 2;
      strong += strengths[k] >= 1;
    }
  if (p->n_segments < 2 || known == 0 || (double) high >= WHOLE_SHARE * (double) known)
    return true;
  return strong == 0;
}

/* A row's strength where it is a whole one, else 0. Its segments stay marked where it is not. */
static size_t
sort_out (const SpqrProfiles *p, Rows *rows, const double *residual, const SpqrRobust *robust, size_t *n_partial)
{
  size_t n_whole = 0;

  *n_partial = 0;
  for (size_t i = 0; i < p->rows; i++)
    {
      float *strengths = rows->segment_strengths + i * p->n_segments;
      size_t strong = grow_segments (strengths, p->n_segments);

      if (rows->strengths[i] > 0 && !is_whole (p, rows, i, residual[i] - robust->centre))
        rows->strengths[i] = 0;
      if (rows->strengths[i] > 0 || (double) strong >= WHOLE_SHARE * (double) p->n_segments)
        for (size_t k = 0; k < p->n_segments; k++)
          strengths[k] = 0;
      else
        *n_partial += strong > 0;
      n_whole += rows->strengths[i] > 0;
    }
  return n_whole;
}

static SpqrStatus
label_whole (SpqrSearch *s, const Rows *rows, size_t found)
{
  const SpqrProfiles *p = &s->profiles;
  SpqrPattern *pattern = spqr_search_label (s, SPQR_PATTERN_ROWS, found);
  double share = 0;

  if (pattern == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < p->rows; i++)
    if (rows->strengths[i] > 0)
      {
        spqr_search_place (pattern, i, i + 1, 0, p->cols, rows->strengths[i]);
        s->row_labelled[i] = 1;
        share += p->row_mass[i] / p->mass;
      }
  pattern->count = found;
  spqr_search_finish (pattern, share);
  return SPQR_OK;
}

/* One place for each run of strong segments. */
static SpqrStatus
label_partial (SpqrSearch *s, const Rows *rows, size_t found)
{
  const SpqrProfiles *p = &s->profiles;
  SpqrPattern *pattern = spqr_search_label (s, SPQR_PATTERN_PARTIAL_ROWS, found * ((p->n_segments + 1) / 2));
  double share = 0;

  if (pattern == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < p->rows; i++)
    for (size_t k = 0; k < p->n_segments; k++)
      {
        const float *strengths = rows->segment_strengths + i * p->n_segments;
        size_t begin = k;
        double strength = 0;

        for (; k < p->n_segments && strengths[k] > 0; k++)
          {
            strength = fmax (strength, (double) strengths[k]);
            s->segment_labelled[i * p->n_segments + k] = 1;
            share += (double) p->segment_mass[i * p->n_segments + k] / p->mass;
          }
        if (k > begin)
          spqr_search_place (pattern, i, i + 1, begin * p->segment, k < p->n_segments ? k * p->segment : p->cols, strength);
      }
  pattern->count = found;
  spqr_search_finish (pattern, share);
  return SPQR_OK;
}

SpqrStatus
spqr_search_rows (SpqrSearch *s)
{
  const SpqrProfiles *p = &s->profiles;
  size_t n = p->rows * p->n_segments, n_whole, n_partial;
  Rows rows = { calloc (p->rows, sizeof *rows.strengths), calloc (p->rows, sizeof *rows.middle), calloc (n, sizeof *rows.above),
                calloc (n, sizeof *rows.segment_strengths) };
  SpqrStatus status = rows.strengths && rows.middle && rows.above && rows.segment_strengths ? SPQR_OK : SPQR_NO_MEMORY;
  SpqrRobust robust;

  if (status == SPQR_OK)
    {
      search_segments (s, &rows);
      find_lines (s->row_level, s->row_structure, p->rows, s->scratch, s->scratch2, rows.strengths, &robust);
      n_whole = sort_out (p, &rows, s->scratch2, &robust, &n_partial);
      if (n_whole > 0)
        status = label_whole (s, &rows, n_whole);
      if (status == SPQR_OK && n_partial > 0 && (double) n_partial <= MOST_SHARE * (double) p->rows)
        status = label_partial (s, &rows, n_partial);
    }
  free (rows.strengths);
  free (rows.middle);
  free (rows.above);
  free (rows.segment_strengths);
  return status;
}
