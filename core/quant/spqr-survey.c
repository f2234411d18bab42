#include "quant/spqr-survey.h"

#include "compute/spqr-cancel.h"
#include "net/spqr-net-device.h"
#include "quant/spqr-quant-error.h"

#define SHARE_OBSERVE 0.6   /* of a block's time; the rest is sending its output on */

typedef struct {
  const SpqrSurvey *survey;
  SpqrSurveyFunc func;
  gpointer user_data;
  GCancellable *cancellable;
  char *key;               /* of the cache's entries; NULL: no cache */
  SpqrHidden hidden;
  gboolean embedded;
  guint reached;           /* hidden is the input of this block */
  gboolean kept_states;    /* they have been offered to the device */
  double begin, span;      /* of the whole progress, for step() */
} Sitting;

static void
step (double fraction, gpointer user_data)
{
  Sitting *s = user_data;

  if (s->survey->step != NULL)
    s->survey->step (s->begin + fraction * s->span, s->survey->step_data);
}

static void
set_span (Sitting *s, guint block, double begin, double span)
{
  double share = 1.0 / (s->survey->last_block + 1);

  s->begin = (block + begin) * share;
  s->span = span * share;
}

static gboolean
hand_over (Sitting *s, SpqrBlock *block, const SpqrBlockLinear *linears, guint n_linears, SpqrHessian *hessians, GError **error)
{
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    {
      SpqrBlockLinear shared[8];
      guint n = 0;

      for (guint i = 0; i < n_linears; i++)
        if (linears[i].input_group == g)
          shared[n++] = linears[i];
      if (hessians[g].h != NULL && !s->func (block, shared, n, &hessians[g], s->user_data, error))
        return FALSE;
    }
  return TRUE;
}

/* The groups of a block that are looked at, a bit each. */
static guint
wanted_groups (Sitting *s, guint index)
{
  SpqrBlockLinear linears[8];
  guint n = spqr_net_list_linears (s->survey->net, index, linears), wanted = 0;

  for (guint i = 0; i < n; i++)
    if (s->survey->only_group < 0 || linears[i].input_group == (guint) s->survey->only_group)
      wanted |= 1u << linears[i].input_group;
  return wanted;
}

/* Takes what is kept; the groups that are still to be observed. */
static guint
load_kept (Sitting *s, guint index, guint wanted, SpqrHessian *hessians)
{
  guint missing = wanted;

  for (guint g = 0; s->key != NULL && g < SPQR_MAX_INPUT_GROUPS; g++)
    if ((wanted & (1u << g)) && spqr_hessian_cache_load (s->survey->cache, s->key, index, g, &hessians[g]))
      missing &= ~(1u << g);
  return missing;
}

static gboolean
is_kept (Sitting *s, guint index)
{
  guint wanted = wanted_groups (s, index);

  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if ((wanted & (1u << g)) && (s->key == NULL || !spqr_hessian_cache_has (s->survey->cache, s->key, index, g)))
      return FALSE;
  return TRUE;
}

/* Sends the windows from the block that they have reached to the next one. */
static gboolean
pass_on (Sitting *s, SpqrBlock *block, GError **error)
{
  set_span (s, s->reached, SHARE_OBSERVE, 1 - SHARE_OBSERVE);
  if (!spqr_calibrate_propagate (s->survey->net, block, &s->hidden, step, s, s->cancellable, error))
    return FALSE;
  s->reached++;
  return TRUE;
}

/* Makes hidden the input of block `index`. */
static gboolean
reach (Sitting *s, guint index, GError **error)
{
  const SpqrSurvey *survey = s->survey;
  SpqrExec exec = spqr_exec_for_cancellable (s->cancellable);

  if (!s->embedded)
    {
      if (!spqr_hidden_init (&s->hidden, survey->n_windows, survey->seqlen, spqr_net_get_config (survey->net)->hidden,
                             survey->offload_folder, error))
        return FALSE;
      s->embedded = TRUE;
      if (!spqr_calibrate_embed (survey->net, survey->ids, &s->hidden, s->cancellable, error))
        return FALSE;
    }
  while (s->reached < index)
    {
      g_autoptr (SpqrBlock) block = spqr_net_load_block_with (survey->net, s->reached, &exec, error);

      if (block == NULL || !pass_on (s, block, error))
        return FALSE;
    }
  return TRUE;
}

/* The hidden states stay on the device where they fit beside a block and its Hessians. */
static void
keep_states (Sitting *s, guint index, SpqrBlock *block)
{
  SpqrBlockLinear linears[8];
  gsize reserve = 0;

  if (s->kept_states || !spqr_block_is_remote (block))
    return;
  s->kept_states = TRUE;
  for (guint i = spqr_net_list_linears (s->survey->net, index, linears); i-- > 0;)
    reserve += spqr_tensor_get_cols (linears[i].tensor) * spqr_tensor_get_cols (linears[i].tensor) * sizeof (float);
  spqr_hidden_keep_on (&s->hidden, spqr_net_get_device (s->survey->net), reserve + spqr_block_estimate (block, s->survey->seqlen));
}

static gboolean
observe (Sitting *s, guint index, SpqrBlock *block, guint missing, SpqrHessian *hessians, GError **error)
{
  if (!reach (s, index, error))
    return FALSE;
  keep_states (s, index, block);
  set_span (s, index, 0, SHARE_OBSERVE);
  if (!spqr_calibrate_observe (s->survey->net, block, &s->hidden, missing, hessians, NULL, step, s, s->cancellable, error))
    return FALSE;
  for (guint g = 0; s->key != NULL && g < SPQR_MAX_INPUT_GROUPS; g++)
    if ((missing & (1u << g)) && hessians[g].h != NULL)
      spqr_hessian_cache_store (s->survey->cache, s->key, index, g, &hessians[g]);
  return TRUE;
}

static gboolean
look_at_block (Sitting *s, guint index, GError **error)
{
  SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS] = { 0 };
  SpqrBlockLinear linears[8];
  guint n_linears = spqr_net_list_linears (s->survey->net, index, linears);
  guint missing = load_kept (s, index, wanted_groups (s, index), hessians);
  SpqrExec exec = spqr_exec_for_cancellable (s->cancellable);
  g_autoptr (SpqrBlock) block = spqr_net_load_block_with (s->survey->net, index, &exec, error);
  gboolean done = block != NULL && !g_cancellable_set_error_if_cancelled (s->cancellable, error) &&
                  (missing == 0 || observe (s, index, block, missing, hessians, error)) &&
                  hand_over (s, block, linears, n_linears, hessians, error);

  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if (hessians[g].h != NULL)
      spqr_hessian_clear (&hessians[g]);
  /* While the block is here: the next one will want to be reached. */
  if (done && s->embedded && s->reached == index && index < s->survey->last_block && !is_kept (s, index + 1))
    done = pass_on (s, block, error);
  return done;
}

/* What a device sums up differs in the last bits from what the processor does, which other work shall find as it makes it. */
static char *
make_key (const SpqrSurvey *survey)
{
  char *key = spqr_hessian_cache_make_key (survey->model_fingerprint, survey->ids, survey->n_windows, survey->seqlen);
  char *plain = key;

  if (!spqr_device_has_blocks (spqr_net_get_device (survey->net)))
    return key;
  key = g_strconcat (plain, " ", spqr_device_get_name (spqr_net_get_device (survey->net)), NULL);
  g_free (plain);
  return key;
}

gboolean
spqr_survey_run (const SpqrSurvey *survey, SpqrSurveyFunc func, gpointer user_data, GCancellable *cancellable, GError **error)
{
  Sitting s = { .survey = survey, .func = func, .user_data = user_data, .cancellable = cancellable };
  gboolean done = TRUE;

  if (survey->cache != NULL && survey->model_fingerprint != NULL && survey->model_fingerprint[0] != '\0')
    s.key = make_key (survey);
  for (guint b = survey->first_block; done && b <= survey->last_block; b++)
    done = look_at_block (&s, b, error);
  if (s.embedded)
    spqr_hidden_clear (&s.hidden);
  g_free (s.key);
  return done;
}

gboolean
spqr_survey_limit_to (SpqrSurvey *survey, SpqrTensor *tensor, GError **error)
{
  SpqrBlockLinear linears[8];
  int block = spqr_tensor_get_block (tensor);
  guint n = block >= 0 ? spqr_net_list_linears (survey->net, block, linears) : 0;

  for (guint i = 0; i < n; i++)
    if (linears[i].tensor == tensor)
      {
        survey->first_block = survey->last_block = block;
        survey->only_group = linears[i].input_group;
        return TRUE;
      }
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
               "%s: is not a linear layer of a block, so there is no Hessian of it; look at it without calibration",
               spqr_tensor_get_name (tensor));
  return FALSE;
}
