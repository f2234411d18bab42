/* The calibrated path of a model's quantization.
 *
 * Per block: observe the inputs of its linear layers over all windows, factorise each shared Hessian
 * once, quantize and store each layer, put the DECODED weights back into the block, and only then send
 * the hidden states on: later blocks see what is stored. With true_sequential a block is observed
 * once per input group, each group behind the quantized ones before it. */
#include <glib/gi18n-lib.h>

#include "compute/spqr-cancel.h"
#include "job/spqr-quantize-private.h"
#include "quant/spqr-calibrate.h"
#include "quant/spqr-quant-error.h"

/* Shares of a block's time, good enough for a progress bar. */
#define SHARE_OBSERVE 0.35
#define SHARE_QUANTIZE 0.40

typedef struct {
  Quantization *q;
  SpqrNet *net;
  SpqrHidden hidden;
  SpqrBlock *block;
  SpqrBlockLinear linears[8];
  guint n_linears;
  /* The factor of the Hessian at hand, kept while layers ask for the same one. */
  SpqrFactor factor;
  guint factor_group;
  SpqrParams factor_params;
  gboolean have_factor;
  double step_begin, step_span;   /* of the block's share, for step() */
  const char *step_what;
} Sitting;

static void
step (double fraction, gpointer user_data)
{
  Sitting *s = user_data;

  quantization_report (s->q, s->step_begin + fraction * s->step_span, s->step_what);
}

static void
drop_factor (Sitting *s)
{
  if (s->have_factor)
    spqr_factor_clear (&s->factor);
  s->have_factor = FALSE;
}

static gboolean
factor_serves (Sitting *s, guint group, const SpqrParams *params)
{
  return s->have_factor && s->factor_group == group && params->permutation_order != SPQR_ORDER_SPEARMAN &&
         s->factor_params.permutation_order == params->permutation_order && s->factor_params.percdamp == params->percdamp &&
         s->factor_params.compat_reference == params->compat_reference;
}

static const SpqrFactor *
get_factor (Sitting *s, const SpqrBlockLinear *linear, const float *w, const SpqrHessian *hessian, const SpqrParams *params,
            GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (s->q->cancellable);
  SpqrBackendRun run = { .device = s->q->request->device, .exec = &exec };
  SpqrStatus status;

  if (factor_serves (s, linear->input_group, params))
    return &s->factor;
  drop_factor (s);
  status = spqr_backend_run_factor_compute (&run, hessian->h, w, spqr_tensor_get_rows (linear->tensor), hessian->n, params,
                                            NULL, &s->factor);
  if (status != SPQR_OK)
    {
      spqr_quant_set_status (error, status, spqr_tensor_get_name (linear->tensor));
      return NULL;
    }
  s->have_factor = TRUE;
  s->factor_group = linear->input_group;
  s->factor_params = *params;
  return &s->factor;
}

/* Quantizes one layer unless an earlier sitting did. */
static gboolean
do_linear (Sitting *s, const SpqrBlockLinear *linear, const SpqrHessian *hessian, GError **error)
{
  const char *name = spqr_tensor_get_name (linear->tensor);
  const float *w = spqr_block_get_matrix (s->block, linear->tensor);
  const SpqrFactor *factor = NULL;
  SpqrParams params;

  if (!quantization_wants (s->q, linear->tensor, &params) || spqr_artifacts_has (s->q->artifacts, name))
    return TRUE;
  if (w == NULL || hessian->h == NULL)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, "%s: the forward pass never used this layer", name);
      return FALSE;
    }
  if (params.method != SPQR_METHOD_RTN)
    {
      factor = get_factor (s, linear, w, hessian, &params, error);
      if (factor == NULL)
        return FALSE;
    }
  return quantization_do_layer (s->q, linear->tensor, w, &params, factor, hessian->h, error);
}

static gboolean
put_decoded_back (Sitting *s, guint groups, GError **error)
{
  for (guint i = 0; i < s->n_linears; i++)
    {
      SpqrTensor *tensor = s->linears[i].tensor;

      if (!(groups & (1u << s->linears[i].input_group)) || !spqr_artifacts_has (s->q->artifacts, spqr_tensor_get_name (tensor)))
        continue;
      if (!spqr_artifacts_load (s->q->artifacts, tensor, spqr_block_get_matrix (s->block, tensor), error))
        return FALSE;
    }
  return TRUE;
}

/* The groups among `groups` with a layer that is still to be done. */
static guint
unfinished_groups (Sitting *s, guint groups)
{
  guint unfinished = 0;

  for (guint i = 0; i < s->n_linears; i++)
    {
      SpqrParams params;

      if (quantization_wants (s->q, s->linears[i].tensor, &params) &&
          !spqr_artifacts_has (s->q->artifacts, spqr_tensor_get_name (s->linears[i].tensor)))
        unfinished |= 1u << s->linears[i].input_group;
    }
  return unfinished & groups;
}

static gboolean
quantize_observed (Sitting *s, guint groups, SpqrHessian *hessians, double begin, double span, GError **error)
{
  for (guint i = 0; i < s->n_linears; i++)
    {
      const SpqrBlockLinear *linear = &s->linears[i];

      if (!(groups & (1u << linear->input_group)))
        continue;
      quantization_report (s->q, begin + span * i / s->n_linears, spqr_tensor_get_name (linear->tensor));
      if (g_cancellable_set_error_if_cancelled (s->q->cancellable, error) ||
          !do_linear (s, linear, &hessians[linear->input_group], error))
        return FALSE;
    }
  return TRUE;
}

/* Observe, quantize and put back the layers of these input groups. */
static gboolean
do_groups (Sitting *s, guint groups, double begin, double span, GError **error)
{
  SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS] = { 0 };
  guint unfinished = unfinished_groups (s, groups);
  gboolean done = TRUE;

  if (unfinished != 0)
    {
      s->step_begin = begin;
      s->step_span = span * SHARE_OBSERVE / (SHARE_OBSERVE + SHARE_QUANTIZE);
      s->step_what = _("Calibrating");
      done = spqr_calibrate_observe (s->net, s->block, &s->hidden, unfinished, hessians, s->q->request->device, step, s,
                                     s->q->cancellable, error) &&
             quantize_observed (s, unfinished, hessians, begin + s->step_span, span - s->step_span, error);
    }
  drop_factor (s);
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if (hessians[g].h != NULL)
      spqr_hessian_clear (&hessians[g]);
  return done && put_decoded_back (s, groups, error);
}

static gboolean
do_block (Sitting *s, gboolean true_sequential, GError **error)
{
  double span = SHARE_OBSERVE + SHARE_QUANTIZE;
  guint n_groups = 0;

  s->n_linears = spqr_net_list_linears (s->net, s->q->block, s->linears);
  for (guint i = 0; i < s->n_linears; i++)
    n_groups = MAX (n_groups, s->linears[i].input_group + 1);
  if (!true_sequential)
    return do_groups (s, (1u << n_groups) - 1, 0, span, error);
  for (guint g = 0; g < n_groups; g++)
    if (!do_groups (s, 1u << g, span * g / n_groups, span / n_groups, error))
      return FALSE;
  return TRUE;
}

static gboolean
do_all_blocks (Sitting *s, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (s->q->cancellable);
  gboolean true_sequential = spqr_recipe_get_defaults (s->q->request->recipe)->true_sequential;

  for (s->q->block = 0; s->q->block < s->q->n_blocks; s->q->block++)
    {
      gboolean done;

      if (g_cancellable_set_error_if_cancelled (s->q->cancellable, error))
        return FALSE;
      s->block = spqr_net_load_block_with (s->net, s->q->block, &exec, error);
      if (s->block == NULL)
        return FALSE;
      done = do_block (s, true_sequential, error);
      s->step_begin = SHARE_OBSERVE + SHARE_QUANTIZE;
      s->step_span = 1 - s->step_begin;
      s->step_what = _("Passing the quantized block's output on");
      if (done && s->q->block + 1 < s->q->n_blocks)
        done = spqr_calibrate_propagate (s->net, s->block, &s->hidden, step, s, s->q->cancellable, error);
      g_clear_pointer (&s->block, spqr_block_free);
      if (!done)
        return FALSE;
    }
  return TRUE;
}

gboolean
quantization_do_blocks (Quantization *q, GError **error)
{
  const SpqrQuantizeRequest *request = q->request;
  const SpqrCalibration *calibration = request->calibration;
  gboolean offload = spqr_recipe_get_defaults (request->recipe)->offload_activations;
  g_autoptr (SpqrNet) net = spqr_net_new (request->model, NULL, error);
  Sitting s = { .q = q, .net = net };
  gboolean done;

  if (net == NULL)
    return FALSE;
  quantization_report (q, 0, _("Preparing the calibration windows"));
  done = spqr_hidden_init (&s.hidden, calibration->n_windows, calibration->seqlen, spqr_net_get_config (net)->hidden,
                           offload ? q->run->folder : NULL, error) &&
         spqr_calibrate_embed (net, calibration->ids, &s.hidden, q->cancellable, error) &&
         do_all_blocks (&s, error);
  spqr_hidden_clear (&s.hidden);
  return done;
}
