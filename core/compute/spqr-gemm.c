/* spqr-gemm.c: y (t, m) = x (t, n) W (m, n)' + bias, cut into tiles of y.
 *
 * Where the processor has spqr-panel.h's products, a tile is at most 1024 tokens x 384 outputs and walks
 * along n in steps of 576: that much of W, widened and packed, stays in the second cache while all tokens
 * of the tile go by. Elsewhere it is at most 512 x 1024 and its steps are a library's products of 1024,
 * 16-bit weights being widened 4 MiB at a time. Either way a stop is noticed within some milliseconds.
 *
 * Few tokens (a decoding step) are products of the matrix with single vectors: packing W for a real
 * matrix product would cost more than reading it once a token. */
#include "compute/spqr-gemm.h"

#include <cblas.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "num/spqr-fp16.h"
#include "num/spqr-panel.h"

#define PANEL_TILE_T 1024
#define PANEL_TILE_M 384
#define PANEL_TILES_ENOUGH 8
#define TILE_T 512
#define TILE_M 1024
#define TILES_ENOUGH 16         /* below this many tiles, smaller ones keep more threads busy */
#define STEP 1024
#define FEW_TOKENS 4

typedef struct {
  const float *x;
  size_t ldx, tokens;
  const void *w;
  SpqrElem elem;
  size_t m, n;
  const float *bias;
  float *y;
  size_t ldy;
  const SpqrExec *exec;
  size_t tile_t, tile_m, tiles_m, step;
  bool panels;                  /* packed here, not by a library */
  atomic_int status;            /* the first trouble */
} Gemm;

typedef struct { size_t t0, t, m0, m; } Tile;

static size_t
tiles_of (size_t length, size_t tile)
{
  return length / tile + (length % tile != 0);
}

static void
gemm_fail (Gemm *gemm, SpqrStatus status)
{
  int none = SPQR_OK;

  atomic_compare_exchange_strong (&gemm->status, &none, (int) status);
}

static bool
gemm_stopped (Gemm *gemm)
{
  if (atomic_load_explicit (&gemm->status, memory_order_relaxed) != SPQR_OK)
    return true;
  if (!spqr_exec_should_stop (gemm->exec))
    return false;
  gemm_fail (gemm, SPQR_CANCELLED);
  return true;
}

/* W[m0 + 0…m-1][k0 + 0…k-1] as f32: in place, or widened into scratch. *ldw is its row stride. */
static const float *
gemm_weights (const Gemm *gemm, size_t m0, size_t m, size_t k0, size_t k, float *scratch, size_t *ldw)
{
  if (gemm->elem == SPQR_ELEM_F32)
    {
      *ldw = gemm->n;
      return (const float *) gemm->w + m0 * gemm->n + k0;
    }
  for (size_t i = 0; i < m; i++)
    {
      const uint16_t *row = (const uint16_t *) gemm->w + (m0 + i) * gemm->n + k0;

      if (gemm->elem == SPQR_ELEM_F16)
        spqr_f16_to_f32_row (row, scratch + i * k, k);
      else
        spqr_bf16_to_f32_row (row, scratch + i * k, k);
    }
  *ldw = k;
  return scratch;
}

static void
tile_start (const Gemm *gemm, const Tile *tile)
{
  if (gemm->bias == NULL && gemm->n > 0)
    return;
  for (size_t t = 0; t < tile->t; t++)
    {
      float *row = gemm->y + (tile->t0 + t) * gemm->ldy + tile->m0;

      for (size_t i = 0; i < tile->m; i++)
        row[i] = gemm->bias != NULL ? gemm->bias[tile->m0 + i] : 0.0f;
    }
}

static void
tile_add (const Gemm *gemm, const Tile *tile, size_t k0, size_t k, const float *w, size_t ldw)
{
  const float *x = gemm->x + tile->t0 * gemm->ldx + k0;
  float *y = gemm->y + tile->t0 * gemm->ldy + tile->m0;
  float beta = k0 == 0 && gemm->bias == NULL ? 0.0f : 1.0f;

  if (gemm->tokens > FEW_TOKENS)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (int) tile->t, (int) tile->m, (int) k, 1.0f,
                 x, (int) gemm->ldx, w, (int) ldw, beta, y, (int) gemm->ldy);
  else
    for (size_t t = 0; t < tile->t; t++)
      cblas_sgemv (CblasRowMajor, CblasNoTrans, (int) tile->m, (int) k, 1.0f, w, (int) ldw,
                   x + t * gemm->ldx, 1, beta, y + t * gemm->ldy, 1);
}

static void
tile_add_panels (const Gemm *gemm, const Tile *tile, size_t k0, size_t k, float *panels)
{
  size_t size = gemm->elem == SPQR_ELEM_F32 ? sizeof (float) : sizeof (uint16_t);
  const char *w = (const char *) gemm->w + (tile->m0 * gemm->n + k0) * size;

  spqr_panel_pack_transposed (w, gemm->elem, gemm->n, tile->m, k, panels);
  spqr_panel_multiply (gemm->x + tile->t0 * gemm->ldx + k0, gemm->ldx, tile->t, panels, k, tile->m, k, 1.0f,
                       k0 > 0 || gemm->bias != NULL, gemm->y + tile->t0 * gemm->ldy + tile->m0, gemm->ldy);
}

static void
gemm_tile (Gemm *gemm, const Tile *tile)
{
  float *scratch = NULL;

  if ((gemm->panels || gemm->elem != SPQR_ELEM_F32) && gemm->step > 0)
    {
      scratch = malloc ((gemm->panels ? spqr_panel_size (tile->m, gemm->step) : tile->m * gemm->step) * sizeof *scratch);
      if (scratch == NULL)
        {
          gemm_fail (gemm, SPQR_NO_MEMORY);
          return;
        }
    }
  tile_start (gemm, tile);
  for (size_t k0 = 0; k0 < gemm->n && !gemm_stopped (gemm); k0 += gemm->step)
    {
      size_t k = gemm->n - k0 < gemm->step ? gemm->n - k0 : gemm->step;
      size_t ldw;
      const float *w;

      if (gemm->panels)
        {
          tile_add_panels (gemm, tile, k0, k, scratch);
          continue;
        }
      w = gemm_weights (gemm, tile->m0, tile->m, k0, k, scratch, &ldw);
      tile_add (gemm, tile, k0, k, w, ldw);
    }
  free (scratch);
}

static void
gemm_tiles (void *data, size_t begin, size_t end)
{
  Gemm *gemm = data;

  for (size_t i = begin; i < end && !gemm_stopped (gemm); i++)
    {
      Tile tile = { .t0 = i / gemm->tiles_m * gemm->tile_t, .m0 = i % gemm->tiles_m * gemm->tile_m };

      tile.t = gemm->tokens - tile.t0 < gemm->tile_t ? gemm->tokens - tile.t0 : gemm->tile_t;
      tile.m = gemm->m - tile.m0 < gemm->tile_m ? gemm->m - tile.m0 : gemm->tile_m;
      gemm_tile (gemm, &tile);
    }
}

static size_t
gemm_count_tiles (const Gemm *gemm)
{
  return tiles_of (gemm->tokens, gemm->tile_t) * tiles_of (gemm->m, gemm->tile_m);
}

static void
gemm_choose_library_tiles (Gemm *gemm)
{
  size_t *halve[] = { &gemm->tile_m, &gemm->tile_t, &gemm->tile_m, &gemm->tile_t, &gemm->tile_m };

  gemm->step = gemm->n < STEP ? gemm->n : STEP;
  gemm->tile_t = TILE_T;
  gemm->tile_m = TILE_M;
  for (int i = 0; i < 5 && gemm_count_tiles (gemm) < TILES_ENOUGH; i++)
    *halve[i] /= 2;
}

/* Tiles and steps of about one size each, in whole panels and vectors. W is packed once for every tile of
 * tokens, and x read once for every tile of outputs: the former are the cheaper to have more of. */
static void
gemm_choose_panel_tiles (Gemm *gemm)
{
  size_t steps = gemm->n > 0 ? tiles_of (gemm->n, SPQR_PANEL_DEPTH) : 1;
  size_t columns = tiles_of (gemm->m, PANEL_TILE_M);

  gemm->step = tiles_of (tiles_of (gemm->n, steps), 16) * 16;
  gemm->tile_t = PANEL_TILE_T;
  gemm->tile_m = tiles_of (tiles_of (gemm->m, columns), SPQR_PANEL_WIDTH) * SPQR_PANEL_WIDTH;
  if (gemm_count_tiles (gemm) < TILES_ENOUGH)
    gemm->tile_t /= 2;
  for (int i = 0; i < 2 && gemm_count_tiles (gemm) < PANEL_TILES_ENOUGH; i++)
    {
      gemm->tile_m = tiles_of (gemm->tile_m / 2, SPQR_PANEL_WIDTH) * SPQR_PANEL_WIDTH;
      gemm->tile_t /= 2;
    }
}

/* From the shapes alone: that is what makes the result independent of the threads. */
static size_t
gemm_choose_tiles (Gemm *gemm)
{
  (gemm->panels ? gemm_choose_panel_tiles : gemm_choose_library_tiles) (gemm);
  gemm->tiles_m = tiles_of (gemm->m, gemm->tile_m);
  return gemm_count_tiles (gemm);
}

SpqrStatus
spqr_gemm_nt (const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem,
              size_t m, size_t n, const float *bias, float *y, size_t ldy, const SpqrExec *exec)
{
  Gemm gemm = { x, ldx, tokens, w, elem, m, n, bias, y, ldy, exec };
  size_t n_tiles;

  if (elem != SPQR_ELEM_F32 && elem != SPQR_ELEM_F16 && elem != SPQR_ELEM_BF16)
    return SPQR_INVALID;
  if (ldx < n || ldy < m || ldx > INT_MAX || ldy > INT_MAX || tokens > INT_MAX)
    return SPQR_INVALID;
  if (tokens == 0 || m == 0)
    return SPQR_OK;
  if (spqr_exec_should_stop (exec))
    return SPQR_CANCELLED;
  gemm.panels = tokens > FEW_TOKENS && spqr_panel_supported ();
  n_tiles = gemm_choose_tiles (&gemm);
  spqr_exec_for (exec, n_tiles, 1, gemm_tiles, &gemm);
  return (SpqrStatus) atomic_load (&gemm.status);
}
