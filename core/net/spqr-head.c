/* spqr-head.c: final norm, head and cross entropy.
 *
 * The vocabulary is walked in tiles; a position keeps of the tiles so far, for logits z (and base
 * logits b),
 *   m = max z, s = Σ e^(z - m);  n = max b, t = Σ e^(b - n), d = Σ e^(b - n) (b - z)
 * rescaled when a maximum rises. At the end
 *   log-sum-exp = m + log s,  nll = lse - z_target,
 *   KL(base || net) = Σ p_b (log p_b - log p_z) = d / t - lse_b + lse_z. */
#include "net/spqr-head.h"

#include <math.h>
#include <string.h>

#include "compute/spqr-gemm.h"
#include "net/spqr-net-private.h"
#include "net/spqr-vector.h"

#define POSITIONS 1024            /* positions whose logits of a tile exist at a time */
#define TILE 2048                 /* ids in a tile */
#define ROWS 8
#define FEW_TOKENS 4
#define FEW_ELEMENTS (64 * 1024)  /* of a decoded piece of the head: it stays in the second cache */
#define ROWS_FOR_DEVICE 64        /* below this, sending the weights takes longer than the product here */

/* The head's matrix, as the product takes it: straight from the mapped file where that is possible. */
typedef struct {
  SpqrNet *net;
  const char *bytes;              /* NULL: read rows into tile */
  SpqrElem elem;
  float *tile;                    /* (TILE, embed) */
} Head;

static gboolean
head_init (Head *head, SpqrNet *net, GError **error)
{
  gsize size = sizeof (float);

  *head = (Head) { .net = net, .bytes = spqr_tensor_is_plain (net->head) ? spqr_tensor_peek (net->head) : NULL };
  switch (spqr_tensor_get_dtype (net->head))
    {
    case SPQR_DTYPE_F32:
      head->elem = SPQR_ELEM_F32;
      break;
    case SPQR_DTYPE_F16:
      head->elem = SPQR_ELEM_F16;
      size = 2;
      break;
    case SPQR_DTYPE_BF16:
      head->elem = SPQR_ELEM_BF16;
      size = 2;
      break;
    case SPQR_DTYPE_F64:
    case SPQR_DTYPE_I64:
    case SPQR_DTYPE_I32:
    case SPQR_DTYPE_I16:
    case SPQR_DTYPE_I8:
    case SPQR_DTYPE_U8:
    case SPQR_DTYPE_BOOL:
    case SPQR_DTYPE_OTHER:
    default:
      head->bytes = NULL;
    }
  if (head->bytes != NULL && (guintptr) head->bytes % size == 0)
    return TRUE;
  head->bytes = NULL;
  head->elem = SPQR_ELEM_F32;
  head->tile = spqr_net_alloc (TILE, net->embed, "a part of the head", error);
  return head->tile != NULL;
}

static void
head_clear (Head *head)
{
  g_clear_pointer (&head->tile, g_free);
}

/* A head that has to be decoded, for so few tokens that decoding it is most of the work: rows go from the
 * file to a processor's own cache and through the product there. */
typedef struct {
  Head *head;
  const float *states;
  gsize tokens, v0, count, rows, stride;      /* rows of a piece */
  float *logits;
  GMutex lock;
  GError *error;                  /* the first one */
  SpqrStatus status;
} FewTokens;

static void
few_tokens_fail (FewTokens *job, SpqrStatus status, GError *error)
{
  g_mutex_lock (&job->lock);
  if (job->error == NULL && job->status == SPQR_OK)
    {
      job->status = status;
      job->error = g_steal_pointer (&error);
    }
  g_mutex_unlock (&job->lock);
  g_clear_error (&error);
}

static void
few_tokens_rows (void *data, size_t begin, size_t end)
{
  FewTokens *job = data;
  SpqrNet *net = job->head->net;
  g_autofree float *weights = g_try_new (float, job->rows * net->embed);

  if (weights == NULL)
    few_tokens_fail (job, SPQR_NO_MEMORY, NULL);
  for (size_t piece = begin; piece < end && weights != NULL; piece++)
    {
      gsize row = piece * job->rows, count = MIN (job->rows, job->count - row), v = job->v0 + row;
      GError *error = NULL;
      SpqrStatus status;

      if (!spqr_tensor_read_rows (net->head, v, count, weights, &error))
        {
          few_tokens_fail (job, SPQR_OK, error);
          return;
        }
      status = spqr_gemm_nt (job->states, net->embed, job->tokens, weights, SPQR_ELEM_F32, count, net->embed,
                             net->head_bias != NULL ? net->head_bias + v : NULL, job->logits + row, job->stride, NULL);
      if (status != SPQR_OK)
        few_tokens_fail (job, status, NULL);
    }
}

static gboolean
few_tokens_logits (FewTokens *job, const SpqrExec *exec, GError **error)
{
  SpqrStatus status;

  g_mutex_init (&job->lock);
  status = spqr_exec_run (exec, (job->count + job->rows - 1) / job->rows, 1, few_tokens_rows, job);
  g_mutex_clear (&job->lock);
  if (job->error != NULL)
    {
      g_propagate_error (error, job->error);
      return FALSE;
    }
  return spqr_net_check (status != SPQR_OK ? status : job->status, "the head", error);
}

/* logits (tokens, stride) of the ids v0 … v0 + count - 1 of states (tokens, embed). */
static gboolean
head_logits (Head *head, const float *states, gsize tokens, gsize v0, gsize count, float *logits, gsize stride,
             const SpqrExec *exec, GError **error)
{
  SpqrNet *net = head->net;
  gsize size = head->elem == SPQR_ELEM_F32 ? sizeof (float) : 2;
  SpqrBackendRun here = { .exec = exec };
  const void *w = head->tile;
  SpqrStatus status;

  if (head->bytes == NULL && tokens <= FEW_TOKENS)
    {
      FewTokens job = { .head = head, .states = states, .tokens = tokens, .v0 = v0, .count = count, .stride = stride,
                        .rows = MAX (FEW_ELEMENTS / net->embed / 16 * 16, 16), .logits = logits };

      return few_tokens_logits (&job, exec, error);
    }
  if (head->bytes != NULL)
    w = head->bytes + v0 * net->embed * size;
  else if (!spqr_tensor_read_rows (net->head, v0, count, head->tile, error))
    return FALSE;
  /* What a device cannot hold as a head it may still multiply: GGUF's blocks, a head behind another projection. */
  net->device_run.exec = exec;
  status = spqr_backend_run_gemm_nt (tokens >= ROWS_FOR_DEVICE ? &net->device_run : &here, states, net->embed, tokens, w, head->elem,
                                     count, net->embed, net->head_bias != NULL ? net->head_bias + v0 : NULL, logits, stride);
  return spqr_net_check (status, "the head", error);
}

/* Final norm and project_out of tokens rows; states (tokens, embed). */
static gboolean
final_states (SpqrNet *net, const float *hidden, gsize tokens, float *states, const SpqrExec *exec, GError **error)
{
  g_autofree float *normed = NULL;
  float *out = states;
  SpqrStatus status = SPQR_OK;

  if (net->project_out != NULL)
    {
      out = normed = spqr_net_alloc (tokens, net->hidden, "the last hidden states", error);
      if (normed == NULL)
        return FALSE;
    }
  if (net->final_norm.weight != NULL)
    status = spqr_net_norm (net, &net->final_norm, hidden, out, tokens, exec);
  else
    memcpy (out, hidden, tokens * net->hidden * sizeof (float));
  if (status == SPQR_OK && net->project_out != NULL)
    status = spqr_gemm_nt (normed, net->hidden, tokens, net->project_out, SPQR_ELEM_F32, net->embed, net->hidden,
                           NULL, states, net->embed, exec);
  return spqr_net_check (status, "the final norm", error);
}

typedef struct { float *logits; gsize stride, count; float cap; } CapJob;

static void
cap_rows (void *data, size_t begin, size_t end)
{
  CapJob *job = data;

  for (size_t t = begin; t < end; t++)
    spqr_vector_softcap (job->logits + t * job->stride, job->count, job->cap);
}

gboolean
spqr_net_logits (SpqrNet *net, const float *hidden, gsize tokens, gsize first, gsize count, float *logits,
                 const SpqrExec *exec, GError **error)
{
  g_autofree float *states = NULL;
  gsize vocab = net->config->vocab;
  gboolean done = TRUE;
  Head head;

  g_return_val_if_fail (first <= tokens && count <= tokens - first, FALSE);
  if (count == 0)
    return TRUE;
  states = spqr_net_alloc (count, net->embed, "the last hidden states", error);
  if (states == NULL || !final_states (net, hidden + first * net->hidden, count, states, exec, error))
    return FALSE;
  done = head_init (&head, net, error);
  for (gsize v0 = 0; done && v0 < vocab; v0 += TILE)
    done = head_logits (&head, states, count, v0, MIN (TILE, vocab - v0), logits + v0, vocab, exec, error);
  head_clear (&head);
  if (done && net->config->head_softcap > 0)
    {
      CapJob job = { logits, vocab, vocab, (float) net->config->head_softcap };

      done = spqr_net_check (spqr_exec_run (exec, count, ROWS, cap_rows, &job), "the head", error);
    }
  return done;
}

/* One position's sums so far. */
typedef struct {
  float largest, base_largest;
  double sum, base_sum, difference;
  float target, base_target;
  gint32 top1, base_top1;
} Tally;

/* Two networks over the same positions, tile by tile. */
typedef struct {
  SpqrNet *net, *base;
  float *states, *base_states;        /* (positions, embed) */
  float *logits, *base_logits;        /* (positions, TILE) */
  Tally *tallies;
  const gint32 *targets;
  gsize v0, count;                    /* the tile */
} Compare;

static gint32
index_of (const float *x, gsize n, float value)
{
  for (gsize i = 0; i < n; i++)
    if (x[i] == value)
      return (gint32) i;
  return 0;                           /* NaN all over */
}

static void
tally_logits (const Compare *compare, Tally *tally, float *z, gint32 target)
{
  gsize n = compare->count;
  float largest;

  if (compare->net->config->head_softcap > 0)
    spqr_vector_softcap (z, n, (float) compare->net->config->head_softcap);
  largest = spqr_vector_max (z, n);
  if (largest > tally->largest)
    {
      tally->sum *= exp ((double) tally->largest - largest);
      tally->largest = largest;
      tally->top1 = (gint32) compare->v0 + index_of (z, n, largest);
    }
  tally->sum += spqr_vector_sum_exp (z, tally->largest, n);
  if (target >= 0 && (gsize) target >= compare->v0 && (gsize) target - compare->v0 < n)
    tally->target = z[target - compare->v0];
}

static void
tally_base (const Compare *compare, Tally *tally, float *b, const float *z, gint32 target)
{
  gsize n = compare->count;
  float largest;

  if (compare->base->config->head_softcap > 0)
    spqr_vector_softcap (b, n, (float) compare->base->config->head_softcap);
  largest = spqr_vector_max (b, n);
  if (largest > tally->base_largest)
    {
      double shrink = exp ((double) tally->base_largest - largest);

      tally->base_sum *= shrink;
      tally->difference *= shrink;
      tally->base_largest = largest;
      tally->base_top1 = (gint32) compare->v0 + index_of (b, n, largest);
    }
  tally->base_sum += spqr_vector_sum_exp (b, tally->base_largest, n);
  tally->difference += spqr_vector_sum_exp_difference (b, tally->base_largest, z, n);
  if (target >= 0 && (gsize) target >= compare->v0 && (gsize) target - compare->v0 < n)
    tally->base_target = b[target - compare->v0];
}

static void
tally_rows (void *data, size_t begin, size_t end)
{
  Compare *compare = data;

  for (size_t t = begin; t < end; t++)
    {
      float *z = compare->logits + t * compare->count;

      tally_logits (compare, &compare->tallies[t], z, compare->targets[t]);
      if (compare->base != NULL)
        tally_base (compare, &compare->tallies[t], compare->base_logits + t * compare->count, z, compare->targets[t]);
    }
}

static SpqrPrediction
tally_result (const Tally *tally, gboolean with_base)
{
  double lse = tally->largest + log (tally->sum);
  SpqrPrediction prediction = { lse - tally->target, NAN, NAN, tally->top1, -1 };

  if (with_base)
    {
      double base_lse = tally->base_largest + log (tally->base_sum);

      prediction.base_nll = base_lse - tally->base_target;
      prediction.kl = tally->difference / tally->base_sum - base_lse + lse;
      prediction.base_top1 = tally->base_top1;
    }
  return prediction;
}

/* All tiles of the vocabulary for a piece of the positions. */
static gboolean
compare_positions (Compare *compare, Head *head, Head *base_head, gsize tokens, const SpqrExec *exec, GError **error)
{
  gsize vocab = compare->net->config->vocab;

  for (gsize t = 0; t < tokens; t++)
    compare->tallies[t] = (Tally) { .largest = -INFINITY, .base_largest = -INFINITY, .target = NAN, .base_target = NAN };
  for (compare->v0 = 0; compare->v0 < vocab; compare->v0 += TILE)
    {
      compare->count = MIN (TILE, vocab - compare->v0);
      if (!head_logits (head, compare->states, tokens, compare->v0, compare->count, compare->logits, compare->count, exec, error))
        return FALSE;
      if (compare->base != NULL &&
          !head_logits (base_head, compare->base_states, tokens, compare->v0, compare->count, compare->base_logits,
                        compare->count, exec, error))
        return FALSE;
      if (!spqr_net_check (spqr_exec_run (exec, tokens, ROWS, tally_rows, compare), "the head", error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
compare_alloc (Compare *compare, gsize positions, GError **error)
{
  const char *what = "the logits of some positions";

  compare->states = spqr_net_alloc (positions, compare->net->embed, what, error);
  if (compare->states == NULL || (compare->logits = spqr_net_alloc (positions, TILE, what, error)) == NULL)
    return FALSE;
  compare->tallies = g_try_new (Tally, positions);
  if (compare->tallies == NULL)
    return spqr_net_check (SPQR_NO_MEMORY, what, error);
  if (compare->base == NULL)
    return TRUE;
  compare->base_states = spqr_net_alloc (positions, compare->base->embed, what, error);
  return compare->base_states != NULL && (compare->base_logits = spqr_net_alloc (positions, TILE, what, error)) != NULL;
}

static void
compare_clear (Compare *compare)
{
  g_free (compare->states);
  g_free (compare->base_states);
  g_free (compare->logits);
  g_free (compare->base_logits);
  g_free (compare->tallies);
}

static gboolean
check_targets (SpqrNet *net, SpqrNet *base, const gint32 *targets, gsize tokens, GError **error)
{
  int vocab = net->config->vocab;

  if (base != NULL && base->config->vocab != vocab)
    {
      g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE,
                   "%s has a vocabulary of %d ids and %s one of %d: their predictions cannot be compared",
                   spqr_model_get_name (net->model), vocab, spqr_model_get_name (base->model), base->config->vocab);
      return FALSE;
    }
  for (gsize t = 0; t < tokens; t++)
    if (targets[t] < 0 || targets[t] >= vocab)
      {
        g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY,
                     "Token id %d at place %" G_GSIZE_FORMAT " is not in the vocabulary of %d ids", targets[t], t, vocab);
        return FALSE;
      }
  return TRUE;
}

/* A model with NaN or Inf in its weights has no figures: an average would hide that. */
static gboolean
check_numbers (SpqrNet *net, SpqrNet *base, const SpqrPrediction *predictions, gsize tokens, GError **error)
{
  for (gsize t = 0; t < tokens; t++)
    if (!isfinite (predictions[t].nll) || (base != NULL && !isfinite (predictions[t].base_nll)))
      {
        g_set_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_FAILED,
                     "%s: the network's output is not a number; are its weights damaged?",
                     spqr_model_get_name (!isfinite (predictions[t].nll) ? net->model : base->model));
        return FALSE;
      }
  return TRUE;
}

static gboolean
predict_here (SpqrNet *net, const float *hidden, SpqrNet *base, const float *base_hidden, gsize tokens, const gint32 *targets,
              SpqrPrediction *predictions, const SpqrExec *exec, GError **error)
{
  Compare compare = { .net = net, .base = base };
  Head head = { NULL }, base_head = { NULL };
  gboolean done;

  done = compare_alloc (&compare, MIN (tokens, POSITIONS), error) && head_init (&head, net, error) &&
         (base == NULL || head_init (&base_head, base, error));
  for (gsize t0 = 0; done && t0 < tokens; t0 += POSITIONS)
    {
      gsize n = MIN (POSITIONS, tokens - t0);

      compare.targets = targets + t0;
      done = final_states (net, hidden + t0 * net->hidden, n, compare.states, exec, error) &&
             (base == NULL || final_states (base, base_hidden + t0 * base->hidden, n, compare.base_states, exec, error)) &&
             compare_positions (&compare, &head, &base_head, n, exec, error);
      for (gsize t = 0; done && t < n; t++)
        predictions[t0 + t] = tally_result (&compare.tallies[t], base != NULL);
    }
  head_clear (&head);
  head_clear (&base_head);
  compare_clear (&compare);
  return done;
}

gboolean
spqr_net_predict (SpqrNet *net, const float *hidden, SpqrNet *base, const float *base_hidden, gsize tokens,
                  const gint32 *targets, SpqrPrediction *predictions, const SpqrExec *exec, GError **error)
{
  SpqrStatus status;

  if (!check_targets (net, base, targets, tokens, error))
    return FALSE;
  status = spqr_net_predict_remote (net, hidden, base, base_hidden, tokens, targets, predictions, exec);
  if (spqr_status_is_about_device (status)
        ? !predict_here (net, hidden, base, base_hidden, tokens, targets, predictions, exec, error)
        : !spqr_net_check (status, "the head", error))
    return FALSE;
  return check_numbers (net, base, predictions, tokens, error);
}

gboolean
spqr_net_cross_entropy (SpqrNet *net, const float *hidden, gsize tokens, const gint32 *targets, double *nll,
                        const SpqrExec *exec, GError **error)
{
  g_autofree SpqrPrediction *predictions = g_try_new (SpqrPrediction, tokens);

  if (tokens == 0)
    return TRUE;
  if (predictions == NULL)
    return spqr_net_check (SPQR_NO_MEMORY, "the cross entropy", error);
  if (!spqr_net_predict (net, hidden, NULL, NULL, tokens, targets, predictions, exec, error))
    return FALSE;
  for (gsize t = 0; t < tokens; t++)
    nll[t] = predictions[t].nll;
  return TRUE;
}

gboolean
spqr_net_forward (SpqrNet *net, const gint32 *ids, gsize n_ids, float *logits, const SpqrExec *exec, GError **error)
{
  g_autofree float *hidden = NULL;

  if (n_ids == 0)
    return TRUE;
  hidden = spqr_net_alloc (n_ids, net->hidden, "the hidden states", error);
  if (hidden == NULL || !spqr_net_embed (net, ids, n_ids, 0, hidden, error))
    return FALSE;
  for (int b = 0; b < net->config->n_blocks; b++)
    {
      g_autoptr (SpqrBlock) block = spqr_net_load_block_with (net, b, exec, error);

      if (block == NULL || !spqr_net_run_block (net, block, hidden, n_ids, 0, NULL, NULL, exec, error))
        return FALSE;
    }
  return spqr_net_logits (net, hidden, n_ids, 0, n_ids, logits, exec, error);
}
