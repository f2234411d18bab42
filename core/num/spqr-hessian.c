/* spqr-hessian.c: H = (2/N) sum x x', kept up to date call by call.
 *
 *   H   (n, n) upper triangle        N   sequences so far
 *   B   sequences of this call       x   (t, n) its tokens
 *
 *   H <- N/(N+B) H + y'y,   y = sqrt(2/(N+B)) x   in f32, as the published code has it
 *
 * The upper triangle is cut into tiles of 512 x 512 (256 where n is small), each a single-threaded
 * BLAS product over at most 2048 tokens at a time. Tile and token cuts depend on the shapes alone,
 * so do the bits of H. */
#include "num/spqr-hessian.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS 2048
#define TILE 512
#define TILE_SMALL 256
#define SMALL 2048              /* below this many inputs 512 would leave threads idle */

typedef struct {
  SpqrHessian *hessian;
  const float *x;               /* this call's tokens t0 …, not scaled */
  size_t ldx, tokens;
  float x_scale, h_scale;
  float *y;                     /* (tokens, n) */
  size_t tile, tiles;           /* tiles along one side */
} Update;

SpqrStatus
spqr_hessian_init (SpqrHessian *hessian, size_t n)
{
  memset (hessian, 0, sizeof *hessian);
  if (n == 0 || n > INT_MAX)
    return SPQR_INVALID;
  if (n > SIZE_MAX / sizeof (float) / n)
    return SPQR_NO_MEMORY;
  hessian->h = calloc (n * n, sizeof *hessian->h);
  if (hessian->h == NULL)
    return SPQR_NO_MEMORY;
  hessian->n = n;
  return SPQR_OK;
}

void
spqr_hessian_clear (SpqrHessian *hessian)
{
  free (hessian->h);
  memset (hessian, 0, sizeof *hessian);
}

static void
scale_tokens (void *data, size_t begin, size_t end)
{
  const Update *update = data;
  size_t n = update->hessian->n;

  for (size_t t = begin; t < end; t++)
    for (size_t j = 0; j < n; j++)
      update->y[t * n + j] = update->x_scale * update->x[t * update->ldx + j];
}

/* The index-th tile of the upper triangle, counted column by column. */
static void
tile_place (size_t index, size_t *row, size_t *col)
{
  size_t c = (size_t) ((sqrt (8.0 * (double) index + 1.0) - 1.0) / 2.0);

  while (c * (c + 1) / 2 > index)
    c--;
  while ((c + 1) * (c + 2) / 2 <= index)
    c++;
  *col = c;
  *row = index - c * (c + 1) / 2;
}

static size_t
tile_length (const Update *update, size_t tile)
{
  size_t left = update->hessian->n - tile * update->tile;

  return left < update->tile ? left : update->tile;
}

static void
add_tiles (void *data, size_t begin, size_t end)
{
  const Update *update = data;
  int n = (int) update->hessian->n;

  for (size_t i = begin; i < end; i++)
    {
      size_t row, col;
      const float *a, *b;
      float *h;

      tile_place (i, &row, &col);
      a = update->y + row * update->tile;
      b = update->y + col * update->tile;
      h = update->hessian->h + row * update->tile * (size_t) n + col * update->tile;
      if (row == col)
        cblas_ssyrk (CblasRowMajor, CblasUpper, CblasTrans, (int) tile_length (update, row),
                     (int) update->tokens, 1.0f, a, n, update->h_scale, h, n);
      else
        cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, (int) tile_length (update, row),
                     (int) tile_length (update, col), (int) update->tokens, 1.0f, a, n, b, n,
                     update->h_scale, h, n);
    }
}

static void
scale_rows (void *data, size_t begin, size_t end)
{
  const Update *update = data;
  size_t n = update->hessian->n;

  for (size_t i = begin; i < end; i++)
    for (size_t j = i; j < n; j++)
      update->hessian->h[i * n + j] *= update->h_scale;
}

SpqrStatus
spqr_hessian_add (SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens,
                  size_t sequences, const SpqrExec *exec)
{
  Update update = { .hessian = hessian, .ldx = ldx };
  size_t n = hessian->n;
  size_t most = tokens < TOKENS ? tokens : TOKENS;
  size_t all = hessian->sequences + sequences;
  SpqrStatus status = SPQR_OK;

  if (n == 0 || ldx < n || sequences == 0 || all < sequences)
    return SPQR_INVALID;
  if (n > SIZE_MAX / sizeof (float) / TOKENS)
    return SPQR_NO_MEMORY;
  update.x_scale = (float) sqrt (2.0 / (double) all);
  update.h_scale = (float) ((double) hessian->sequences / (double) all);
  update.tile = n < SMALL ? TILE_SMALL : TILE;
  update.tiles = n / update.tile + (n % update.tile != 0);
  if (tokens == 0)
    {
      status = spqr_exec_run (exec, n, 64, scale_rows, &update);
      if (status == SPQR_OK)
        hessian->sequences = all;
      return status;
    }

  update.y = malloc (most * n * sizeof *update.y);
  if (update.y == NULL)
    return SPQR_NO_MEMORY;
  for (size_t t0 = 0; t0 < tokens && status == SPQR_OK; t0 += TOKENS)
    {
      update.x = x + t0 * ldx;
      update.tokens = tokens - t0 < TOKENS ? tokens - t0 : TOKENS;
      status = spqr_exec_run (exec, update.tokens, 64, scale_tokens, &update);
      if (status == SPQR_OK)
        status = spqr_exec_run (exec, update.tiles * (update.tiles + 1) / 2, 1, add_tiles, &update);
      update.h_scale = 1.0f;
    }
  free (update.y);
  if (status == SPQR_OK)
    hessian->sequences = all;
  return status;
}

/* In square blocks: a whole column at a stride of n misses the cache at every step. */
void
spqr_hessian_finish (SpqrHessian *hessian)
{
  const size_t block = 64;
  size_t n = hessian->n;

  for (size_t i0 = 0; i0 < n; i0 += block)
    for (size_t j0 = 0; j0 <= i0; j0 += block)
      for (size_t i = i0; i < n && i < i0 + block; i++)
        for (size_t j = j0; j < i && j < j0 + block; j++)
          hessian->h[i * n + j] = hessian->h[j * n + i];
}
