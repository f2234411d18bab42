/* The calibrated path of a model's quantization.
 *
 * Per block: observe the inputs of its linear layers over all windows, factorise each shared Hessian
 * once, quantize and store each layer, put the DECODED weights back into the block, and only then send
 * the hidden states on: later blocks see what is stored. With true_sequential a block is observed
 * once per input group, each group behind the quantized ones before it. */
#include <glib/gi18n-lib.h>

#include "compute/spqr-cancel.h"
#include "job/spqr-quantize-private.h"
#include "net/spqr-net-device.h"
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
  guint put_back;                 /* groups whose decoded weights are in the block */
  gboolean lost;                  /* the device failed with Hessians on it */
  char *key;                      /* of kept Hessians; NULL: none are looked for */
  double step_begin, step_span;   /* of the block's share, for step() */
  const char *step_what;
} Sitting;

static void
step (double fraction, gpointer user_data)
{
  Sitting *s = user_data;

  quantization_report (s->q, s->step_begin + fraction * s->step_span, s->step_what);
}

/* What the network says of its device goes to the next layer's row. */
static void
take_device_note (gpointer data, const char *text)
{
  Sitting *s = data;

  g_string_append_printf (s->q->device_notes, "%s%s", s->q->device_notes->len > 0 ? "; " : "", text);
  quantization_report (s->q, s->step_begin, text);
}

/* Of a layer whose block is on the device, should the CPU have to do it. */
typedef struct { SpqrTensor *tensor; float *w; GError *error; } HostWeights;

static const float *
read_weights (gpointer data)
{
  HostWeights *host = data;

  if (host->w == NULL && host->error == NULL)
    host->w = spqr_tensor_read (host->tensor, &host->error);
  return host->w;
}

/* Quantizes one layer unless an earlier sitting did. */
static gboolean
do_linear (Sitting *s, const SpqrBlockLinear *linear, SpqrInput *input, GError **error)
{
  const char *name = spqr_tensor_get_name (linear->tensor);
  SpqrWeights weights = spqr_block_get_weights (s->block, linear->tensor);
  HostWeights host = { .tensor = linear->tensor };
  SpqrParams params;
  gboolean done;

  if (!quantization_wants (s->q, linear->tensor, &params) || spqr_artifacts_has (s->q->artifacts, name))
    return TRUE;
  if ((weights.host == NULL && weights.block == NULL) || input == NULL)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, "%s: the forward pass never used this layer", name);
      return FALSE;
    }
  done = quantization_do_layer_of_input (s->q, linear->tensor, input, &weights, read_weights, &host, &params, &s->lost, error);
  if (host.error != NULL)
    {
      g_clear_error (error);
      g_propagate_error (error, host.error);
    }
  g_free (host.w);
  return done;
}

/* Decoded weights of the groups that are put back, into a block that came back from the device. */
static gboolean
restore_decoded (SpqrBlock *block, gpointer user_data, GError **error)
{
  Sitting *s = user_data;

  for (guint i = 0; i < s->n_linears; i++)
    {
      SpqrTensor *tensor = s->linears[i].tensor;

      if ((s->put_back & (1u << s->linears[i].input_group)) && spqr_artifacts_has (s->q->artifacts, spqr_tensor_get_name (tensor)) &&
          !spqr_artifacts_load (s->q->artifacts, tensor, spqr_block_get_matrix (block, tensor), error))
        return FALSE;
    }
  return TRUE;
}

/* Into a block on the device: decoded there. FALSE without error: the device would not. */
static gboolean
put_on_device (Sitting *s, guint groups, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (s->q->cancellable);

  for (guint i = 0; i < s->n_linears; i++)
    {
      const char *name = spqr_tensor_get_name (s->linears[i].tensor);
      SpqrLayer layer = { 0 };
      SpqrStatus status;

      if (!(groups & (1u << s->linears[i].input_group)) || !spqr_artifacts_has (s->q->artifacts, name))
        continue;
      if (!spqr_artifacts_read_layer (s->q->artifacts, name, &layer, error))
        return FALSE;
      status = spqr_block_put_layer (s->block, s->linears[i].tensor, &layer, &exec);
      spqr_layer_clear (&layer);
      if (spqr_status_is_about_device (status))
        {
          spqr_block_note (s->block, SPQR_OP_DECODE, status);
          return FALSE;
        }
      if (status != SPQR_OK)
        return spqr_quant_set_status (error, status, name);
    }
  return TRUE;
}

static gboolean
put_decoded_back (Sitting *s, guint groups, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (s->q->cancellable);
  GError *local_error = NULL;

  s->put_back |= groups;
  if (!spqr_block_is_remote (s->block))
    return restore_decoded (s->block, s, error);
  if (put_on_device (s, groups, &local_error))
    return TRUE;
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  return spqr_block_pull (s->block, &exec, error);
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

/* Whether there are several queues to give the layers to, and inputs that they can take. */
static gboolean
may_spread (Sitting *s, guint groups, SpqrInput *const *inputs)
{
  guint n_inputs = 0;

  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if ((groups & (1u << g)) && inputs[g] != NULL)
      {
        if (spqr_input_get_handle (inputs[g]) == NULL)
          return FALSE;
        n_inputs++;
      }
  return s->q->workers->len > 1 && n_inputs > 1 && spqr_block_is_remote (s->block);
}

static gboolean
quantize_spread (Sitting *s, guint groups, SpqrInput *const *inputs, GError **error)
{
  QuantizationLayer layers[8] = { 0 };
  guint n = 0;

  for (guint i = 0; i < s->n_linears; i++)
    {
      const SpqrBlockLinear *linear = &s->linears[i];
      QuantizationLayer layer = { .tensor = linear->tensor, .group = linear->input_group, .input = inputs[linear->input_group] };

      if (!(groups & (1u << linear->input_group)) || !quantization_wants (s->q, linear->tensor, &layer.params) ||
          spqr_artifacts_has (s->q->artifacts, spqr_tensor_get_name (linear->tensor)))
        continue;
      layer.weights = spqr_block_get_weights (s->block, linear->tensor);
      layers[n++] = layer;
    }
  return quantization_do_layers (s->q, layers, n, &s->lost, error);
}

static gboolean
quantize_observed (Sitting *s, guint groups, SpqrInput *const *inputs, double begin, double span, GError **error)
{
  if (may_spread (s, groups, inputs))
    {
      quantization_report (s->q, begin, _("Quantizing the layers of a block"));
      return !g_cancellable_set_error_if_cancelled (s->q->cancellable, error) && quantize_spread (s, groups, inputs, error);
    }
  for (guint i = 0; i < s->n_linears; i++)
    {
      const SpqrBlockLinear *linear = &s->linears[i];

      if (!(groups & (1u << linear->input_group)))
        continue;
      quantization_report (s->q, begin + span * i / s->n_linears, spqr_tensor_get_name (linear->tensor));
      if (g_cancellable_set_error_if_cancelled (s->q->cancellable, error) ||
          !do_linear (s, linear, inputs[linear->input_group], error))
        return FALSE;
    }
  return TRUE;
}

/* ---- Hessians that another run can use ---- */

/* Of the model as it is, on the processor, from hidden states as they are. */
static char *
make_cache_key (Quantization *q)
{
  const SpqrQuantizeRequest *request = q->request;
  const SpqrCalibration *calibration = request->calibration;
  gboolean here = request->device == NULL || request->device == spqr_backends_get_cpu ();

  if (request->cache == NULL || !here || spqr_recipe_get_defaults (request->recipe)->f16_activations)
    return NULL;
  return spqr_hessian_cache_make_key (spqr_model_get_fingerprint (request->model), calibration->ids, calibration->n_windows,
                                      calibration->seqlen);
}

/* Whether what reaches these inputs depends on no parameter. */
static gboolean
inputs_are_common (Sitting *s)
{
  return s->key != NULL && s->q->block == 0 && s->put_back == 0;
}

/* Takes what is kept of the wanted groups; those that are still to be observed. */
static guint
load_kept (Sitting *s, guint wanted, SpqrInput **inputs)
{
  guint missing = wanted;

  for (guint g = 0; inputs_are_common (s) && g < SPQR_MAX_INPUT_GROUPS; g++)
    {
      SpqrHessian hessian = { 0 };

      if (!(wanted & (1u << g)) || !spqr_hessian_cache_load (s->q->request->cache, s->key, 0, g, &hessian))
        continue;
      inputs[g] = spqr_input_new_from (&hessian);
      missing &= ~(1u << g);
    }
  return missing;
}

static void
keep (Sitting *s, guint observed, SpqrInput *const *inputs)
{
  SpqrExec exec = spqr_exec_for_cancellable (s->q->cancellable);

  for (guint g = 0; inputs_are_common (s) && g < SPQR_MAX_INPUT_GROUPS; g++)
    {
      const SpqrHessian *hessian;

      if ((observed & (1u << g)) && inputs[g] != NULL && spqr_input_get_hessian (inputs[g], &exec, &hessian) == SPQR_OK)
        spqr_hessian_cache_store (s->q->request->cache, s->key, 0, g, hessian);
    }
}

static gboolean
observe_inputs (Sitting *s, guint wanted, SpqrInput **inputs, GError **error)
{
  guint missing = load_kept (s, wanted, inputs);

  if (missing == 0)
    return TRUE;
  if (!spqr_calibrate_observe_inputs (s->net, s->block, &s->hidden, missing, inputs, s->q->request->device, step, s,
                                      s->q->cancellable, error))
    return FALSE;
  keep (s, missing, inputs);
  return TRUE;
}

static gboolean
observe_and_quantize (Sitting *s, guint unfinished, double begin, double span, GError **error)
{
  SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS] = { NULL };
  gboolean done;

  s->step_begin = begin;
  s->step_span = span * SHARE_OBSERVE / (SHARE_OBSERVE + SHARE_QUANTIZE);
  s->step_what = _("Calibrating");
  done = observe_inputs (s, unfinished, inputs, error) &&
         quantize_observed (s, unfinished, inputs, begin + s->step_span, span - s->step_span, error);
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    spqr_input_free (inputs[g]);
  return done;
}

/* Observe, quantize and put back the layers of these input groups. Where the device fails with the Hessians on it,
 * the layers that are not stored yet are begun again, here. */
static gboolean
do_groups (Sitting *s, guint groups, double begin, double span, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (s->q->cancellable);
  guint unfinished;
  gboolean done = TRUE;

  while (done && (unfinished = unfinished_groups (s, groups)) != 0)
    {
      s->lost = FALSE;
      done = observe_and_quantize (s, unfinished, begin, span, error);
      if (!done && s->lost)
        done = spqr_block_pull (s->block, &exec, error);
    }
  return done && put_decoded_back (s, groups, error);
}

static gboolean
do_block (Sitting *s, gboolean true_sequential, GError **error)
{
  double span = SHARE_OBSERVE + SHARE_QUANTIZE;
  guint n_groups = 0;

  s->n_linears = spqr_net_list_linears (s->net, s->q->block, s->linears);
  s->put_back = 0;
  spqr_block_set_restore (s->block, restore_decoded, s);
  for (guint i = 0; i < s->n_linears; i++)
    n_groups = MAX (n_groups, s->linears[i].input_group + 1);
  if (!true_sequential)
    return do_groups (s, (1u << n_groups) - 1, 0, span, error);
  for (guint g = 0; g < n_groups; g++)
    if (!do_groups (s, 1u << g, span * g / n_groups, span / n_groups, error))
      return FALSE;
  return TRUE;
}

/* The hidden states stay on the device where they fit beside a block, its Hessians and their factors. */
static void
keep_states (Sitting *s)
{
  SpqrBlockLinear linears[8];
  gsize reserve = spqr_block_estimate (s->block, s->hidden.seqlen);

  if (!spqr_block_is_remote (s->block))
    return;
  for (guint i = spqr_net_list_linears (s->net, s->q->block, linears); i-- > 0;)
    {
      gsize n = spqr_tensor_get_cols (linears[i].tensor);

      reserve += 4 * n * n * sizeof (float);
    }
  spqr_hidden_keep_on (&s->hidden, spqr_net_get_device (s->net), reserve);
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
      keep_states (s);
      spqr_net_prefetch_block (s->net, s->block);
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
  const SpqrRunParams *params = spqr_recipe_get_defaults (request->recipe);
  g_autoptr (SpqrNet) net = spqr_net_new (request->model, NULL, error);
  Sitting s = { .q = q, .net = net };
  gboolean done;

  if (net == NULL)
    return FALSE;
  spqr_net_set_device (net, request->device, take_device_note, &s);
  s.key = make_cache_key (q);
  quantization_report (q, 0, _("Preparing the calibration windows"));
  done = (params->f16_activations ? spqr_hidden_init_f16 : spqr_hidden_init) (
           &s.hidden, calibration->n_windows, calibration->seqlen, spqr_net_get_config (net)->hidden,
           params->offload_activations ? q->run->folder : NULL, error) &&
         spqr_calibrate_embed (net, calibration->ids, &s.hidden, q->cancellable, error) &&
         do_all_blocks (&s, error);
  spqr_hidden_clear (&s.hidden);
  g_free (s.key);
  return done;
}
