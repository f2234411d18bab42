/* spqr-attention.c: o_i = Σ_j softmax_j(s_ij) v_j, s_ij = scale q_i·k_j, for j <= i (and i - j < window).
 *
 * A piece of work is a head and QUERIES queries. It walks over the keys in tiles of KEYS, keeping for
 * every query the largest score m so far, the sum l = Σ e^(s - m) and o = Σ e^(s - m) v; when a tile
 * raises m to m', l and o are multiplied by e^(m - m') first. No more than one tile of scores exists
 * at a time, and what is computed does not depend on the threads. */
#include "net/spqr-attention.h"

#include <cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "net/spqr-rotary.h"
#include "net/spqr-vector.h"

#define QUERIES 128
#define KEYS 256
#define FEW_QUERIES 4           /* below this, matrix times vector */

typedef struct {
  const SpqrAttention *attention;
  const SpqrAttentionItem *items;
  gsize *first;                 /* number of the first piece of each item; (n_items + 1) */
  gsize n_items;
  const SpqrExec *exec;
  atomic_int status;
} Job;

/* The work of one head on QUERIES queries. */
typedef struct {
  const Job *job;
  const SpqrAttentionItem *item;
  gsize head, kv_head;
  gsize q0, n;                  /* queries q0 … q0 + n - 1 of the item */
  float *scores;                /* (n, KEYS) */
  float largest[QUERIES];
  double sum[QUERIES];
} Piece;

static float *
piece_out (const Piece *piece, gsize i)
{
  return piece->item->out + (piece->q0 + i) * piece->item->out_stride + piece->head * piece->job->attention->head_dim;
}

static const float *
piece_query (const Piece *piece, gsize i)
{
  return piece->item->q + (piece->q0 + i) * piece->item->stride + piece->job->attention->q_offset[piece->head];
}

static void
tile_scores (Piece *piece, const SpqrKeySpan *span, gsize j0, gsize keys)
{
  const SpqrAttention *attention = piece->job->attention;
  const float *k = span->k + j0 * span->stride + span->k_offset[piece->kv_head];

  if (piece->n >= FEW_QUERIES)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, (int) piece->n, (int) keys, (int) attention->head_dim,
                 attention->scale, piece_query (piece, 0), (int) piece->item->stride, k, (int) span->stride,
                 0.0f, piece->scores, KEYS);
  else
    for (gsize i = 0; i < piece->n; i++)
      cblas_sgemv (CblasRowMajor, CblasNoTrans, (int) keys, (int) attention->head_dim, attention->scale,
                   k, (int) span->stride, piece_query (piece, i), 1, 0.0f, piece->scores + i * KEYS, 1);
}

/* o += p v */
static void
tile_values (Piece *piece, const SpqrKeySpan *span, gsize j0, gsize keys)
{
  const SpqrAttention *attention = piece->job->attention;
  const float *v = span->v + j0 * span->stride + span->v_offset[piece->kv_head];

  if (piece->n >= FEW_QUERIES)
    cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) piece->n, (int) attention->head_dim, (int) keys,
                 1.0f, piece->scores, KEYS, v, (int) span->stride, 1.0f, piece_out (piece, 0), (int) piece->item->out_stride);
  else
    for (gsize i = 0; i < piece->n; i++)
      cblas_sgemv (CblasRowMajor, CblasTrans, (int) keys, (int) attention->head_dim, 1.0f, v, (int) span->stride,
                   piece->scores + i * KEYS, 1, 1.0f, piece_out (piece, i), 1);
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

/* Scores of one query become weights e^(s - m); what it does not see becomes 0. */
static void
weigh_row (Piece *piece, gsize i, gsize position, gsize keys, const float *bias)
{
  const SpqrAttention *attention = piece->job->attention;
  float *row = piece->scores + i * KEYS;
  float largest;
  gsize lo, hi;

  seen_keys (attention, piece->item->position0 + piece->q0 + i, position, keys, &lo, &hi);
  memset (row, 0, lo * sizeof *row);
  memset (row + hi, 0, (keys - hi) * sizeof *row);
  if (lo == hi)
    return;
  if (attention->softcap > 0)
    spqr_vector_softcap (row + lo, hi - lo, attention->softcap);
  if (bias != NULL)
    spqr_vector_add (row + lo, bias + lo, hi - lo);
  largest = spqr_vector_max (row + lo, hi - lo);
  if (largest > piece->largest[i])
    {
      float shrink = expf (piece->largest[i] - largest);

      piece->sum[i] *= shrink;
      if (shrink != 1.0f)
        spqr_vector_scale (piece_out (piece, i), shrink, attention->head_dim);
      piece->largest[i] = largest;
    }
  piece->sum[i] += spqr_vector_exp_sum (row + lo, piece->largest[i], hi - lo);
}

static void
piece_tile (Piece *piece, const SpqrKeySpan *span, gsize j0, gsize keys)
{
  const SpqrAttention *attention = piece->job->attention;
  gsize position = span->position0 + j0;
  float bias[KEYS];

  /* Falcon adds the bias before it scales. */
  if (attention->slopes != NULL)
    for (gsize j = 0; j < keys; j++)
      bias[j] = spqr_alibi_bias (attention->slopes[piece->head], position + j) * attention->scale;
  tile_scores (piece, span, j0, keys);
  for (gsize i = 0; i < piece->n; i++)
    weigh_row (piece, i, position, keys, attention->slopes != NULL ? bias : NULL);
  tile_values (piece, span, j0, keys);
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

  for (gsize i = 0; i < piece->n; i++)
    {
      piece->largest[i] = -INFINITY;
      piece->sum[i] = 0;
      memset (piece_out (piece, i), 0, attention->head_dim * sizeof (float));
    }
  for (guint s = 0; s < piece->item->n_spans; s++)
    if (!piece_span (piece, &piece->item->spans[s]))
      return FALSE;
  for (gsize i = 0; i < piece->n; i++)
    spqr_vector_scale (piece_out (piece, i), (float) (1.0 / piece->sum[i]), attention->head_dim);
  return TRUE;
}

static void
job_fail (Job *job, SpqrStatus status)
{
  int none = SPQR_OK;

  atomic_compare_exchange_strong (&job->status, &none, (int) status);
}

static void
job_pieces (void *data, size_t begin, size_t end)
{
  Job *job = data;
  const SpqrAttention *attention = job->attention;
  g_autofree float *scores = g_try_new (float, QUERIES * KEYS);

  if (scores == NULL)
    {
      job_fail (job, SPQR_NO_MEMORY);
      return;
    }
  for (size_t number = begin; number < end && atomic_load_explicit (&job->status, memory_order_relaxed) == SPQR_OK; number++)
    {
      Piece piece = { .job = job, .scores = scores };
      gsize low = 0, high = job->n_items, local;

      while (high - low > 1)            /* the item with first[low] <= number < first[low + 1] */
        {
          gsize middle = (low + high) / 2;

          if (job->first[middle] <= number)
            low = middle;
          else
            high = middle;
        }
      piece.item = &job->items[low];
      local = number - job->first[low];
      piece.head = local % attention->heads;
      piece.kv_head = piece.head / (attention->heads / attention->kv_heads);
      piece.q0 = local / attention->heads * QUERIES;
      piece.n = MIN (QUERIES, piece.item->n - piece.q0);
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
    first[i + 1] = first[i] + attention->heads * ((items[i].n + QUERIES - 1) / QUERIES);
  job.first = first;
  status = spqr_exec_run (exec, first[n_items], 1, job_pieces, &job);
  return status != SPQR_OK ? status : (SpqrStatus) atomic_load (&job.status);
}
