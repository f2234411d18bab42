/* spqr-attention.c: o_i = Σ_j softmax_j(s_ij) v_j, s_ij = scale q_i·k_j, for j <= i (and i - j < window).
 *
 * A piece of work is QUERIES queries of one head, or of some heads that share their keys. It walks over
 * the keys in tiles of KEYS, keeping for every query the largest score m so far, the sum l = Σ e^(s - m)
 * and o = Σ e^(s - m) v; when a tile raises m to m', l and o are multiplied by e^(m - m') first. No more
 * than one tile of scores exists at a time, and what is computed does not depend on the threads.
 *
 * Where the processor has spqr-panel.h's products, a tile's keys and values are packed once for all of the
 * piece's queries, which then go by a few at a time and meet no more of the keys than they see. */
#include "net/spqr-attention.h"

#include <cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "net/spqr-rotary.h"
#include "net/spqr-vector.h"
#include "num/spqr-panel.h"

#define QUERIES 256
#define KEYS 256
#define KEYS_STRIDE (KEYS + 16)   /* of a row of scores: not a power of two, for the cache's sake */
#define HEADS 4                   /* of a piece, at most */
#define FEW_QUERIES 4           /* below this, matrix times vector */

typedef struct {
  const SpqrAttention *attention;
  const SpqrAttentionItem *items;
  gsize *first;                 /* number of the first piece of each item; (n_items + 1) */
  gsize n_items;
  const SpqrExec *exec;
  atomic_int status;
} Job;

/* The work of some heads that share their keys on QUERIES queries. */
typedef struct {
  const Job *job;
  const SpqrAttentionItem *item;
  gsize head0, n_heads, kv_head;
  gsize q0, n;                  /* queries q0 … q0 + n - 1 of the item */
  float *scores;                /* (n, KEYS_STRIDE) */
  float *keys, *values;         /* a tile of them in panels; NULL: products are a library's */
  float largest[HEADS][QUERIES];
  double sum[HEADS][QUERIES];
} Piece;

/* h: which of the piece's heads. */
static float *
piece_out (const Piece *piece, gsize h, gsize i)
{
  return piece->item->out + (piece->q0 + i) * piece->item->out_stride + (piece->head0 + h) * piece->job->attention->head_dim;
}

static const float *
piece_query (const Piece *piece, gsize h, gsize i)
{
  return piece->item->q + (piece->q0 + i) * piece->item->stride + piece->job->attention->q_offset[piece->head0 + h];
}

static void
tile_scores (Piece *piece, gsize h, const SpqrKeySpan *span, gsize j0, gsize keys)
{
  const SpqrAttention *attention = piece->job->attention;
  const float *k = span->k + j0 * span->stride + span->k_offset[piece->kv_head];

  if (piece->n >= FEW_QUERIES)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (int) piece->n, (int) keys, (int) attention->head_dim,
                 attention->scale, piece_query (piece, h, 0), (int) piece->item->stride, k, (int) span->stride,
                 0.0f, piece->scores, KEYS_STRIDE);
  else
    for (gsize i = 0; i < piece->n; i++)
      cblas_sgemv (CblasRowMajor, CblasNoTrans, (int) keys, (int) attention->head_dim, attention->scale,
                   k, (int) span->stride, piece_query (piece, h, i), 1, 0.0f, piece->scores + i * KEYS_STRIDE, 1);
}

/* o += p v */
static void
tile_values (Piece *piece, gsize h, const SpqrKeySpan *span, gsize j0, gsize keys)
{
  const SpqrAttention *attention = piece->job->attention;
  const float *v = span->v + j0 * span->stride + span->v_offset[piece->kv_head];

  if (piece->n >= FEW_QUERIES)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) piece->n, (int) attention->head_dim, (int) keys,
                 1.0f, piece->scores, KEYS_STRIDE, v, (int) span->stride, 1.0f, piece_out (piece, h, 0), (int) piece->item->out_stride);
  else
    for (gsize i = 0; i < piece->n; i++)
      cblas_sgemv (CblasRowMajor, CblasTrans, (int) keys, (int) attention->head_dim, 1.0f, v, (int) span->stride,
                   piece->scores + i * KEYS_STRIDE, 1, 1.0f, piece_out (piece, h, i), 1);
}

/* The keys that the query sees of the tile that begins at position j0: lo … hi-1, counted in the tile. */
static void
seen_keys (const SpqrAttention *attention, gsize query, gsize j0, gsize keys, gsize *lo, gsize *hi)
{
  gsize oldest = attention->window > 0 && query + 1 > attention->window ? query + 1 - attention->window : 0;

  *lo = oldest > j0 ? MIN (oldest - j0, keys) : 0;
  *hi = query + 1 > j0 ? MIN (query + 1 - j0, keys) : 0;
  *lo = MIN (*lo, *hi);
}

/* Keys from … to-1 of a tile that begins at `position`, with ALiBi's bias for them, if any. */
typedef struct { gsize position, keys, from, to; const float *bias; } Tile;

/* Scores of one query become weights e^(s - m); what it does not see becomes 0. */
static void
weigh_row (Piece *piece, gsize h, gsize i, const Tile *tile, float *row)
{
  const SpqrAttention *attention = piece->job->attention;
  float *most = &piece->largest[h][i], largest;
  gsize lo, hi;

  seen_keys (attention, piece->item->position0 + piece->q0 + i, tile->position, tile->keys, &lo, &hi);
  lo = CLAMP (lo, tile->from, tile->to);
  hi = CLAMP (hi, lo, tile->to);
  memset (row + tile->from, 0, (lo - tile->from) * sizeof *row);
  memset (row + hi, 0, (tile->to - hi) * sizeof *row);
  if (lo == hi)
    return;
  if (attention->softcap > 0)
    spqr_vector_softcap (row + lo, hi - lo, attention->softcap);
  if (tile->bias != NULL)
    spqr_vector_add (row + lo, tile->bias + lo, hi - lo);
  largest = spqr_vector_max (row + lo, hi - lo);
  if (largest > *most)
    {
      float shrink = expf (*most - largest);

      piece->sum[h][i] *= shrink;
      if (shrink != 1.0f)
        spqr_vector_scale (piece_out (piece, h, i), shrink, attention->head_dim);
      *most = largest;
    }
  piece->sum[h][i] += spqr_vector_exp_sum (row + lo, *most, hi - lo);
}

/* Some queries of one head, and the packed keys that at least one of them sees. */
static void
rows_tile (Piece *piece, gsize h, gsize i0, gsize rows, const Tile *whole)
{
  const SpqrAttention *attention = piece->job->attention;
  gsize first = piece->item->position0 + piece->q0 + i0, unused;
  Tile tile = *whole;

  seen_keys (attention, first, tile.position, tile.keys, &tile.from, &unused);
  seen_keys (attention, first + rows - 1, tile.position, tile.keys, &unused, &tile.to);
  tile.from -= tile.from % SPQR_PANEL_WIDTH;
  if (tile.from >= tile.to)
    return;
  spqr_panel_multiply (piece_query (piece, h, i0), piece->item->stride, rows, piece->keys + tile.from * attention->head_dim,
                       attention->head_dim, tile.to - tile.from, attention->head_dim, attention->scale, false,
                       piece->scores + tile.from, KEYS_STRIDE);
  for (gsize i = 0; i < rows; i++)
    weigh_row (piece, h, i0 + i, &tile, piece->scores + i * KEYS_STRIDE);
  spqr_panel_multiply (piece->scores + tile.from, KEYS_STRIDE, rows, piece->values + tile.from * SPQR_PANEL_WIDTH, tile.keys,
                       attention->head_dim, tile.to - tile.from, 1.0f, true, piece_out (piece, h, i0), piece->item->out_stride);
}

static void
head_tile (Piece *piece, gsize h, const SpqrKeySpan *span, gsize j0, Tile *tile)
{
  const SpqrAttention *attention = piece->job->attention;
  float bias[KEYS];

  /* Falcon adds the bias before it scales. */
  if (attention->slopes != NULL)
    for (gsize j = 0; j < tile->keys; j++)
      bias[j] = spqr_alibi_bias (attention->slopes[piece->head0 + h], tile->position + j) * attention->scale;
  tile->bias = attention->slopes != NULL ? bias : NULL;
  if (piece->keys != NULL)
    {
      for (gsize i = 0; i < piece->n; i += SPQR_PANEL_ROWS)
        rows_tile (piece, h, i, MIN (SPQR_PANEL_ROWS, piece->n - i), tile);
      return;
    }
  tile_scores (piece, h, span, j0, tile->keys);
  for (gsize i = 0; i < piece->n; i++)
    weigh_row (piece, h, i, tile, piece->scores + i * KEYS_STRIDE);
  tile_values (piece, h, span, j0, tile->keys);
}

static void
piece_tile (Piece *piece, const SpqrKeySpan *span, gsize j0, gsize keys)
{
  gsize head_dim = piece->job->attention->head_dim;
  Tile tile = { .position = span->position0 + j0, .keys = keys, .to = keys };

  if (piece->keys != NULL)
    {
      spqr_panel_pack_transposed (span->k + j0 * span->stride + span->k_offset[piece->kv_head], SPQR_ELEM_F32, span->stride,
                                  keys, head_dim, piece->keys);
      spqr_panel_pack (span->v + j0 * span->stride + span->v_offset[piece->kv_head], span->stride, head_dim, keys, piece->values);
    }
  for (gsize h = 0; h < piece->n_heads; h++)
    head_tile (piece, h, span, j0, &tile);
}

/* FALSE when told to stop. */
static gboolean
piece_span (Piece *piece, const SpqrKeySpan *span)
{
  const SpqrAttention *attention = piece->job->attention;
  gsize first_query = piece->item->position0 + piece->q0;
  gsize oldest = attention->window > 0 && first_query + 1 > attention->window ? first_query + 1 - attention->window : 0;
  gsize begin = oldest > span->position0 ? oldest - span->position0 : 0;
  gsize end = MIN (span->count, first_query + piece->n > span->position0 ? first_query + piece->n - span->position0 : 0);

  for (gsize j0 = begin; j0 < end; j0 += KEYS)
    {
      if (spqr_exec_should_stop (piece->job->exec))
        return FALSE;
      piece_tile (piece, span, j0, MIN (KEYS, end - j0));
    }
  return TRUE;
}

static gboolean
piece_run (Piece *piece)
{
  const SpqrAttention *attention = piece->job->attention;

  for (gsize h = 0; h < piece->n_heads; h++)
    for (gsize i = 0; i < piece->n; i++)
      {
        piece->largest[h][i] = -INFINITY;
        piece->sum[h][i] = 0;
        memset (piece_out (piece, h, i), 0, attention->head_dim * sizeof (float));
      }
  for (guint s = 0; s < piece->item->n_spans; s++)
    if (!piece_span (piece, &piece->item->spans[s]))
      return FALSE;
  for (gsize h = 0; h < piece->n_heads; h++)
    for (gsize i = 0; i < piece->n; i++)
      spqr_vector_scale (piece_out (piece, h, i), (float) (1.0 / piece->sum[h][i]), attention->head_dim);
  return TRUE;
}

static void
job_fail (Job *job, SpqrStatus status)
{
  int none = SPQR_OK;

  atomic_compare_exchange_strong (&job->status, &none, (int) status);
}

/* Matrix products of a few queries cost more to prepare than to do: every head for itself then. */
static gboolean
item_has_panels (const SpqrAttentionItem *item)
{
  return item->n >= FEW_QUERIES && spqr_panel_supported ();
}

/* Pieces that a block of queries is cut into: some heads of one key-value head each. */
static gsize
pieces_a_kv_head (const SpqrAttention *attention, const SpqrAttentionItem *item)
{
  gsize group = attention->heads / attention->kv_heads;

  return item_has_panels (item) ? (group + HEADS - 1) / HEADS : group;
}

/* Piece `local` of its item. */
static void
piece_place (Piece *piece, gsize local)
{
  const SpqrAttention *attention = piece->job->attention;
  gsize group = attention->heads / attention->kv_heads, parts = pieces_a_kv_head (attention, piece->item);
  gsize a_part = (group + parts - 1) / parts, part = local % parts;

  piece->kv_head = local / parts % attention->kv_heads;
  piece->head0 = piece->kv_head * group + MIN (part * a_part, group);
  piece->n_heads = MIN (a_part, group - MIN (part * a_part, group));
  piece->q0 = local / parts / attention->kv_heads * QUERIES;
  piece->n = MIN (QUERIES, piece->item->n - piece->q0);
}

static const SpqrAttentionItem *
item_of_piece (const Job *job, gsize number, gsize *local)
{
  gsize low = 0, high = job->n_items;

  while (high - low > 1)                /* the item with first[low] <= number < first[low + 1] */
    {
      gsize middle = (low + high) / 2;

      if (job->first[middle] <= number)
        low = middle;
      else
        high = middle;
    }
  *local = number - job->first[low];
  return &job->items[low];
}

static void
job_pieces (void *data, size_t begin, size_t end)
{
  Job *job = data;
  gsize head_dim = job->attention->head_dim, scores = QUERIES * KEYS_STRIDE;
  gsize keys = spqr_panel_size (KEYS, head_dim), values = spqr_panel_size (head_dim, KEYS);
  gboolean panels = spqr_panel_supported ();
  g_autofree float *memory = g_try_new (float, panels ? scores + keys + values : scores);

  if (memory == NULL)
    {
      job_fail (job, SPQR_NO_MEMORY);
      return;
    }
  for (size_t number = begin; number < end && atomic_load_explicit (&job->status, memory_order_relaxed) == SPQR_OK; number++)
    {
      Piece piece = { .job = job, .scores = memory };
      gsize local;

      piece.item = item_of_piece (job, number, &local);
      piece_place (&piece, local);
      if (item_has_panels (piece.item))
        {
          piece.keys = memory + scores;
          piece.values = piece.keys + keys;
        }
      if (!piece_run (&piece))
        job_fail (job, SPQR_CANCELLED);
    }
}

SpqrStatus
spqr_attention_run (const SpqrAttention *attention, const SpqrAttentionItem *items, gsize n_items, const SpqrExec *exec)
{
  Job job = { .attention = attention, .items = items, .n_items = n_items, .exec = exec };
  g_autofree gsize *first = g_try_new (gsize, n_items + 1);
  SpqrStatus status;

  if (first == NULL)
    return SPQR_NO_MEMORY;
  first[0] = 0;
  for (gsize i = 0; i < n_items; i++)
    first[i + 1] = first[i] + attention->kv_heads * pieces_a_kv_head (attention, &items[i]) * ((items[i].n + QUERIES - 1) / QUERIES);
  job.first = first;
  status = spqr_exec_run (exec, first[n_items], 1, job_pieces, &job);
  return status != SPQR_OK ? status : (SpqrStatus) atomic_load (&job.status);
}
