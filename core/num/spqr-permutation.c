/* spqr-permutation.c: identity, act_order and spearman column orders.
 *
 * Spearman: each column of W is replaced by its ranks over the rows, centred, scaled to norm 1;
 * S = cosine matrix. For i = 0 … n-3: j = argmax over k > i of S(i, k) in the current order; swap
 * i+1 and j. Column 0 stays first. Similarity is signed. */
#include "num/spqr-permutation.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#define RANKED_COLUMNS 4
#define TILE 256                /* of S */
#define CHAIN_POLL 64

typedef struct { float key; int32_t index; } Keyed;

static int
compare_descending (const void *a, const void *b)
{
  const Keyed *x = a, *y = b;

  if (x->key != y->key)
    return x->key > y->key ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static int
compare_ascending (const void *a, const void *b)
{
  const Keyed *x = a, *y = b;

  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static SpqrStatus
act_order (const float *h, size_t n, int32_t *perm)
{
  Keyed *keys = malloc (n * sizeof *keys);

  if (keys == NULL)
    return SPQR_NO_MEMORY;
  for (size_t i = 0; i < n; i++)
    keys[i] = (Keyed) { h[i * n + i], (int32_t) i };
  qsort (keys, n, sizeof *keys, compare_descending);
  for (size_t i = 0; i < n; i++)
    perm[i] = keys[i].index;
  free (keys);
  return SPQR_OK;
}

typedef struct {
  const float *w;
  size_t m, n;
  float *ranks;         /* (n, m) centred, norm 1 */
  float *similarity;    /* (n, n) */
  Keyed *keys;          /* (chunks, m) */
} Spearman;

static void
rank_column (const Spearman *s, size_t column, Keyed *keys)
{
  float *ranks = s->ranks + column * s->m;
  double mean = (double) (s->m - 1) / 2, norm = 0;

  for (size_t r = 0; r < s->m; r++)
    keys[r] = (Keyed) { s->w[r * s->n + column], (int32_t) r };
  qsort (keys, s->m, sizeof *keys, compare_ascending);
  for (size_t k = 0; k < s->m; k++)
    {
      ranks[keys[k].index] = (float) ((double) k - mean);
      norm += ((double) k - mean) * ((double) k - mean);
    }
  for (size_t r = 0; r < s->m && norm > 0; r++)
    ranks[r] = (float) (ranks[r] / sqrt (norm));
}

static void
rank_columns (void *data, size_t begin, size_t end)
{
  const Spearman *s = data;

  for (size_t chunk = begin; chunk < end; chunk++)
    for (size_t c = chunk * RANKED_COLUMNS; c < s->n && c < (chunk + 1) * RANKED_COLUMNS; c++)
      rank_column (s, c, s->keys + chunk * s->m);
}

/* Piece -> one tile of S. */
static void
compare_columns (void *data, size_t begin, size_t end)
{
  const Spearman *s = data;
  size_t tiles = (s->n + TILE - 1) / TILE;

  for (size_t piece = begin; piece < end; piece++)
    {
      size_t a = piece / tiles * TILE, b = piece % tiles * TILE;
      size_t rows = s->n - a < TILE ? s->n - a : TILE, cols = s->n - b < TILE ? s->n - b : TILE;

      cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (int) rows, (int) cols, (int) s->m, 1.0f,
                   s->ranks + a * s->m, (int) s->m, s->ranks + b * s->m, (int) s->m, 0.0f,
                   s->similarity + a * s->n + b, (int) s->n);
    }
}

static SpqrStatus
chain_neighbours (const float *similarity, size_t n, const SpqrExec *exec, int32_t *perm)
{
  for (size_t i = 0; i + 2 < n; i++)
    {
      const float *row = similarity + (size_t) perm[i] * n;
      size_t best = i + 1;
      int32_t swap;

      if (i % CHAIN_POLL == 0 && spqr_exec_should_stop (exec))
        return SPQR_CANCELLED;
      for (size_t k = i + 2; k < n; k++)
        if (row[perm[k]] > row[perm[best]])
          best = k;
      swap = perm[i + 1];
      perm[i + 1] = perm[best];
      perm[best] = swap;
    }
  return SPQR_OK;
}

static SpqrStatus
spearman_order (const float *w, size_t m, size_t n, const SpqrExec *exec, int32_t *perm)
{
  size_t chunks = (n + RANKED_COLUMNS - 1) / RANKED_COLUMNS, tiles = (n + TILE - 1) / TILE;
  Spearman s = { .w = w, .m = m, .n = n };
  SpqrStatus status = SPQR_NO_MEMORY;

  s.ranks = malloc (n * m * sizeof *s.ranks);
  s.similarity = malloc (n * n * sizeof *s.similarity);
  s.keys = malloc (chunks * m * sizeof *s.keys);
  if (s.ranks != NULL && s.similarity != NULL && s.keys != NULL)
    {
      status = spqr_exec_run (exec, chunks, 1, rank_columns, &s);
      if (status == SPQR_OK)
        status = spqr_exec_run (exec, tiles * tiles, 1, compare_columns, &s);
      if (status == SPQR_OK)
        status = chain_neighbours (s.similarity, n, exec, perm);
    }
  free (s.ranks);
  free (s.similarity);
  free (s.keys);
  return status;
}

SpqrStatus
spqr_permutation_compute (SpqrOrder order, const float *h, const float *w, size_t m, size_t n,
                          const SpqrExec *exec, int32_t *perm)
{
  for (size_t i = 0; i < n; i++)
    perm[i] = (int32_t) i;
  switch (order)
    {
    case SPQR_ORDER_IDENTITY:
      return SPQR_OK;
    case SPQR_ORDER_ACT_ORDER:
      return h != NULL ? act_order (h, n, perm) : SPQR_INVALID;
    case SPQR_ORDER_SPEARMAN:
      return w != NULL && m > 0 ? spearman_order (w, m, n, exec, perm) : SPQR_INVALID;
    default:
      return SPQR_INVALID;
    }
}

bool
spqr_permutation_valid (const int32_t *perm, size_t n)
{
  uint8_t *seen = calloc (n != 0 ? n : 1, 1);
  bool valid = seen != NULL;

  for (size_t i = 0; i < n && valid; i++)
    {
      valid = perm[i] >= 0 && (size_t) perm[i] < n && !seen[perm[i]];
      if (valid)
        seen[perm[i]] = 1;
    }
  free (seen);
  return valid;
}
