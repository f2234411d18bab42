/* spqr-patterns.c: from profiles to labels. */
#include "num/spqr-patterns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-patterns-private.h"

#define LEAST_LINES 16          /* fewer have no spread to stand out from */
#define MOST_MISSING 0.01

SpqrPattern *
spqr_search_label (SpqrSearch *search, SpqrPatternKind kind, size_t n_places)
{
  SpqrPattern *pattern = &search->out->items[search->out->n];

  memset (pattern, 0, sizeof *pattern);
  pattern->kind = kind;
  pattern->places = n_places > 0 ? calloc (n_places, sizeof *pattern->places) : NULL;
  if (pattern->places == NULL)
    return NULL;
  search->out->n++;
  return pattern;
}

void
spqr_search_place (SpqrPattern *pattern, size_t row0, size_t row1, size_t col0, size_t col1, double strength)
{
  pattern->places[pattern->n_places++] = (SpqrPatternPlace) { row0, row1, col0, col1, strength };
}

static int
compare_places (const void *a, const void *b)
{
  const SpqrPatternPlace *p = a, *q = b;

  if (p->strength != q->strength)
    return p->strength > q->strength ? -1 : 1;
  if (p->row0 != q->row0)
    return p->row0 < q->row0 ? -1 : 1;
  return p->col0 < q->col0 ? -1 : p->col0 > q->col0;
}

void
spqr_search_finish (SpqrPattern *pattern, double share)
{
  qsort (pattern->places, pattern->n_places, sizeof *pattern->places, compare_places);
  pattern->confidence = 1 - 0.5 * exp (-fmax (pattern->places[0].strength - 1, 0));
  pattern->share = share;
}

static bool
search_alloc (SpqrSearch *s)
{
  size_t rows = s->in->rows, cols = s->in->cols, longer = rows > cols ? rows : cols;

  s->row_level = calloc (rows, sizeof (double));
  s->col_level = calloc (cols, sizeof (double));
  s->row_structure = calloc (rows, sizeof (double));
  s->col_structure = calloc (cols, sizeof (double));
  s->row_labelled = calloc (rows, 1);
  s->col_labelled = calloc (cols, 1);
  s->segment_labelled = calloc (rows * s->profiles.n_segments, 1);
  s->scratch = calloc (longer, sizeof (double));
  s->scratch2 = calloc (longer, sizeof (double));
  return s->row_level && s->col_level && s->row_structure && s->col_structure && s->row_labelled && s->col_labelled &&
         s->segment_labelled && s->scratch && s->scratch2;
}

static void
search_clear (SpqrSearch *s)
{
  free (s->row_level);
  free (s->col_level);
  free (s->row_structure);
  free (s->col_structure);
  free (s->row_labelled);
  free (s->col_labelled);
  free (s->segment_labelled);
  free (s->scratch);
  free (s->scratch2);
  spqr_profiles_clear (&s->profiles);
}

static void
take_levels (SpqrSearch *s)
{
  const SpqrProfiles *p = &s->profiles;

  for (size_t i = 0; i < p->rows; i++)
    s->row_level[i] = spqr_level (p, p->row_q[i], p->row_max[i], p->cols, p->row_missing[i]);
  for (size_t j = 0; j < p->cols; j++)
    s->col_level[j] = spqr_level (p, p->col_q[j], p->col_max[j], p->rows, atomic_load (&p->col_missing[j]));
}

/* Structure first, so that the rows of a sensitive head are not taken for single rows; single weights
 * last, when what rows and columns explain is known. */
static SpqrStatus
search (SpqrSearch *s)
{
  static SpqrStatus (*const steps[]) (SpqrSearch *) = { spqr_search_structure, spqr_search_rows, spqr_search_columns,
                                                       spqr_search_unstructured, spqr_search_dead };
  SpqrStatus status = SPQR_OK;

  take_levels (s);
  for (size_t i = 0; status == SPQR_OK && i < sizeof steps / sizeof steps[0]; i++)
    status = steps[i] (s);
  return status;
}

static int
compare_patterns (const void *a, const void *b)
{
  const SpqrPattern *p = a, *q = b;

  return (int) p->kind - (int) q->kind;
}

SpqrStatus
spqr_patterns_find (const SpqrPatternInput *input, const SpqrExec *exec, SpqrPatterns *patterns)
{
  SpqrSearch s = { .in = input, .out = patterns };
  SpqrStatus status;

  memset (patterns, 0, sizeof *patterns);
  if (input->rows < LEAST_LINES || input->cols < LEAST_LINES)
    return SPQR_OK;
  if (input->cols > SIZE_MAX / sizeof (double) / 4 / input->rows || input->rows > UINT32_MAX || input->cols > UINT32_MAX)
    return SPQR_INVALID;
  status = spqr_profiles_make (input, exec, &s.profiles);
  if (status != SPQR_OK)
    return status;
  if (s.profiles.mass > 0 && (double) s.profiles.missing <= MOST_MISSING * (double) input->rows * (double) input->cols)
    status = search_alloc (&s) ? search (&s) : SPQR_NO_MEMORY;
  search_clear (&s);
  if (status != SPQR_OK)
    spqr_patterns_clear (patterns);
  else
    qsort (patterns->items, patterns->n, sizeof *patterns->items, compare_patterns);
  return status;
}

void
spqr_patterns_clear (SpqrPatterns *patterns)
{
  for (size_t i = 0; i < patterns->n; i++)
    free (patterns->items[i].places);
  memset (patterns, 0, sizeof *patterns);
}

const SpqrPattern *
spqr_patterns_get (const SpqrPatterns *patterns, SpqrPatternKind kind)
{
  for (size_t i = 0; i < patterns->n; i++)
    if (patterns->items[i].kind == kind)
      return &patterns->items[i];
  return NULL;
}
