/* spqr-triangular.c: right-looking Cholesky and block inverse over tiles.
 *
 *   Cholesky, for each tile column k:    L_kk = chol(A_kk);  L_ik = A_ik L_kk^-T;
 *                                        A_ij -= L_ik L_jk'            (i >= j > k)
 *   Inverse X of L, tile columns from the last to the first, X right of k already there:
 *                                        X_kk = L_kk^-1;  X_ik = -(sum over j of X_ij L_jk) X_kk */
#include "num/spqr-triangular.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* LAPACK, column-major: what is lower for us is upper for it. */
extern void spotrf_ (const char *uplo, const int *n, float *a, const int *lda, int *info);
extern void strtri_ (const char *uplo, const char *diag, const int *n, float *a, const int *lda,
                     int *info);

typedef struct {
  float *a;
  size_t n, tile, tiles;
  size_t k;             /* current tile column */
  float *panel;         /* inverse: (n, tile) L_jk X_kk of this column */
} Tiles;

static size_t
choose_tile (size_t n)
{
  return n >= 2048 ? 384 : n >= 512 ? 128 : 64;
}

static Tiles
tiles_init (float *a, size_t n)
{
  size_t tile = choose_tile (n);

  return (Tiles) { .a = a, .n = n, .tile = tile, .tiles = (n + tile - 1) / tile };
}

static int
tile_size (const Tiles *t, size_t i)
{
  size_t rest = t->n - i * t->tile;

  return (int) (rest < t->tile ? rest : t->tile);
}

static float *
tile_at (const Tiles *t, size_t i, size_t j)
{
  return t->a + i * t->tile * t->n + j * t->tile;
}

static void
solve_panel (void *data, size_t begin, size_t end)
{
  const Tiles *t = data;

  for (size_t p = begin; p < end; p++)
    {
      size_t i = t->k + 1 + p;

      cblas_strsm (CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit,
                   tile_size (t, i), tile_size (t, t->k), 1.0f, tile_at (t, t->k, t->k), (int) t->n,
                   tile_at (t, i, t->k), (int) t->n);
    }
}

/* Piece p -> tile (i, j) of the trailing lower triangle, rows in order. */
static void
trailing_tile (const Tiles *t, size_t p, size_t *i, size_t *j)
{
  size_t row = 0;

  while (p > row)
    p -= ++row;
  *i = t->k + 1 + row;
  *j = t->k + 1 + p;
}

static void
update_trailing (void *data, size_t begin, size_t end)
{
  const Tiles *t = data;
  int depth = tile_size (t, t->k), ld = (int) t->n;

  for (size_t p = begin; p < end; p++)
    {
      size_t i, j;

      trailing_tile (t, p, &i, &j);
      if (i == j)
        cblas_ssyrk (CblasRowMajor, CblasLower, CblasNoTrans, tile_size (t, i), depth, -1.0f,
                     tile_at (t, i, t->k), ld, 1.0f, tile_at (t, i, i), ld);
      else
        cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, tile_size (t, i), tile_size (t, j),
                     depth, -1.0f, tile_at (t, i, t->k), ld, tile_at (t, j, t->k), ld, 1.0f,
                     tile_at (t, i, j), ld);
    }
}

static SpqrStatus
factor_diagonal_tile (const Tiles *t)
{
  float *a = tile_at (t, t->k, t->k);
  int size = tile_size (t, t->k), ld = (int) t->n, info = 0;

  for (int i = 0; i < size; i++)
    if (!isfinite (a[(size_t) i * t->n + i]))
      return SPQR_NOT_POSITIVE_DEFINITE;
  spotrf_ ("U", &size, a, &ld, &info);
  if (info != 0)
    return SPQR_NOT_POSITIVE_DEFINITE;
  for (int i = 0; i < size; i++)
    if (!(a[(size_t) i * t->n + i] > 0.0f) || !isfinite (a[(size_t) i * t->n + i]))
      return SPQR_NOT_POSITIVE_DEFINITE;
  return SPQR_OK;
}

SpqrStatus
spqr_cholesky_lower (float *a, size_t n, const SpqrExec *exec)
{
  Tiles t = tiles_init (a, n);

  for (t.k = 0; t.k < t.tiles; t.k++)
    {
      size_t below = t.tiles - t.k - 1;
      SpqrStatus status = factor_diagonal_tile (&t);

      if (status == SPQR_OK)
        status = spqr_exec_run (exec, below, 1, solve_panel, &t);
      if (status == SPQR_OK)
        status = spqr_exec_run (exec, below * (below + 1) / 2, 1, update_trailing, &t);
      if (status != SPQR_OK)
        return status;
    }
  return SPQR_OK;
}

/* panel_j = L_jk X_kk */
static void
multiply_panel (void *data, size_t begin, size_t end)
{
  const Tiles *t = data;
  size_t width = (size_t) tile_size (t, t->k);

  for (size_t p = begin; p < end; p++)
    {
      size_t j = t->k + 1 + p;
      float *panel = t->panel + j * t->tile * t->tile;

      for (int r = 0; r < tile_size (t, j); r++)
        memcpy (panel + (size_t) r * t->tile, tile_at (t, j, t->k) + (size_t) r * t->n,
                width * sizeof *panel);
      cblas_strmm (CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit,
                   tile_size (t, j), (int) width, 1.0f, tile_at (t, t->k, t->k), (int) t->n, panel,
                   (int) t->tile);
    }
}

/* X_ik = -sum over k < j <= i of X_ij panel_j; the longest rows first. */
static void
multiply_inverse (void *data, size_t begin, size_t end)
{
  const Tiles *t = data;
  int width = tile_size (t, t->k), ld = (int) t->n, ldp = (int) t->tile;

  for (size_t p = begin; p < end; p++)
    {
      size_t i = t->tiles - 1 - p, first = t->k + 1;
      float *x = tile_at (t, i, t->k), *panel = t->panel + i * t->tile * t->tile;

      for (int r = 0; r < tile_size (t, i); r++)
        memcpy (x + (size_t) r * t->n, panel + (size_t) r * t->tile, (size_t) width * sizeof *x);
      cblas_strmm (CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit,
                   tile_size (t, i), width, -1.0f, tile_at (t, i, i), ld, x, ld);
      if (i > first)
        cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, tile_size (t, i), width,
                     (int) ((i - first) * t->tile), -1.0f, tile_at (t, i, first), ld,
                     t->panel + first * t->tile * t->tile, ldp, 1.0f, x, ld);
    }
}

SpqrStatus
spqr_invert_lower (float *l, size_t n, const SpqrExec *exec)
{
  Tiles t = tiles_init (l, n);
  SpqrStatus status = SPQR_OK;

  t.panel = malloc (t.tiles * t.tile * t.tile * sizeof *t.panel);
  if (t.panel == NULL)
    return SPQR_NO_MEMORY;
  for (size_t done = 0; done < t.tiles && status == SPQR_OK; done++)
    {
      int size, ld = (int) n, info = 0;

      t.k = t.tiles - 1 - done;
      size = tile_size (&t, t.k);
      strtri_ ("U", "N", &size, tile_at (&t, t.k, t.k), &ld, &info);
      status = info == 0 ? spqr_exec_run (exec, done, 1, multiply_panel, &t)
                         : SPQR_NOT_POSITIVE_DEFINITE;
      if (status == SPQR_OK)
        status = spqr_exec_run (exec, done, 1, multiply_inverse, &t);
    }
  free (t.panel);
  return status;
}
