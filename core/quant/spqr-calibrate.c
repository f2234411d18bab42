#include "quant/spqr-calibrate.h"

#include <string.h>

#include "compute/spqr-cancel.h"
#include "net/spqr-net-device.h"
#include "quant/spqr-quant-error.h"

typedef struct {
  SpqrHessian *hessians;
  SpqrInput **inputs;      /* on a device; NULL: hessians */
  guint wanted, seen;      /* bits */
  SpqrBackendRun *run;
  SpqrStatus status;
} Observation;

/* Room for one window. */
static float *
new_window (const SpqrHidden *hidden, GError **error)
{
  float *values = g_try_new (float, hidden->seqlen * hidden->width);

  if (values == NULL)
    spqr_quant_set_status (error, SPQR_NO_MEMORY, "calibration");
  return values;
}

gboolean
spqr_calibrate_embed (SpqrNet *net, const gint32 *ids, SpqrHidden *hidden, GCancellable *cancellable, GError **error)
{
  g_autofree float *values = new_window (hidden, error);

  if (values == NULL)
    return FALSE;
  for (gsize w = 0; w < hidden->windows; w++)
    if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
        !spqr_net_embed (net, ids + w * hidden->seqlen, hidden->seqlen, 0, values, error) ||
        !spqr_hidden_store (hidden, w, values, error))
      return FALSE;
  return TRUE;
}

static gboolean
observe_input (guint input_group, const float *x, gsize tokens, gsize n, gpointer user_data)
{
  Observation *observation = user_data;
  SpqrHessian *hessian;

  if (input_group >= SPQR_MAX_INPUT_GROUPS || !(observation->wanted & (1u << input_group)))
    return TRUE;
  hessian = &observation->hessians[input_group];
  if (observation->inputs != NULL)
    observation->status = spqr_input_add (observation->inputs[input_group], x, tokens, 1, observation->run->exec);
  else if (hessian->h == NULL)
    observation->status = spqr_hessian_init (hessian, n);
  if (observation->inputs == NULL && observation->status == SPQR_OK)
    observation->status = spqr_backend_run_hessian_add (observation->run, hessian, x, n, tokens, 1);
  observation->seen |= 1u << input_group;
  /* Nothing after the last wanted input is needed: end the pass there. */
  return observation->status == SPQR_OK && (observation->wanted & ~observation->seen) != 0;
}

/* ---- on a device ---- */

typedef struct { SpqrStepFunc step; gpointer user_data; gsize windows; } Steps;

static void
tell_step (size_t done, void *data)
{
  Steps *steps = data;

  if (steps->step != NULL)
    steps->step ((double) done / steps->windows, steps->user_data);
}

/* Windows of f32 as they lie. */
static SpqrStatus
run_all_windows (SpqrBlock *block, SpqrHidden *hidden, SpqrInput *const *inputs, gboolean write, Steps *steps, const SpqrExec *exec,
                 gsize *done)
{
  g_autofree SpqrSequence *sequences = g_try_new (SpqrSequence, hidden->windows);
  SpqrBlockPass pass = { .hidden = hidden->data, .rows = hidden->windows * hidden->seqlen, .sequences = sequences,
                         .n_sequences = hidden->windows, .states = hidden->states, .write = write, .step = tell_step,
                         .step_data = steps };
  SpqrStatus status;

  if (sequences == NULL)
    return SPQR_NO_MEMORY;
  for (gsize w = 0; w < hidden->windows; w++)
    sequences[w] = (SpqrSequence) { .first = w * hidden->seqlen, .count = hidden->seqlen };
  status = spqr_block_run_remote (block, &pass, inputs, exec);
  *done = pass.done;
  return status;
}

/* Windows kept as halves, one after the other. */
static SpqrStatus
run_each_window (SpqrBlock *block, SpqrHidden *hidden, SpqrInput *const *inputs, gboolean write, Steps *steps, const SpqrExec *exec,
                 gsize *done, GError **error)
{
  g_autofree float *values = g_try_new (float, hidden->seqlen * hidden->width);
  SpqrSequence sequence = { .count = hidden->seqlen };

  if (values == NULL)
    return SPQR_NO_MEMORY;
  for (; *done < hidden->windows; (*done)++)
    {
      SpqrBlockPass pass = { .hidden = values, .rows = hidden->seqlen, .sequences = &sequence, .n_sequences = 1, .write = write };
      SpqrStatus status;

      spqr_hidden_load (hidden, *done, values);
      status = spqr_block_run_remote (block, &pass, inputs, exec);
      if (status != SPQR_OK)
        return status;
      if (write && !spqr_hidden_store (hidden, *done, values, error))
        return SPQR_INVALID;
      tell_step (*done + 1, steps);
    }
  return SPQR_OK;
}

/* All windows through a remote block; *done: how many are through. error is set, if at all, with SPQR_INVALID. */
static SpqrStatus
run_windows (SpqrBlock *block, SpqrHidden *hidden, SpqrInput *const *inputs, gboolean write, SpqrStepFunc step, gpointer user_data,
             const SpqrExec *exec, gsize *done, GError **error)
{
  Steps steps = { step, user_data, hidden->windows };

  *done = 0;
  return hidden->halves != NULL ? run_each_window (block, hidden, inputs, write, &steps, exec, done, error)
                                : run_all_windows (block, hidden, inputs, write, &steps, exec, done);
}

static void
free_inputs (SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS])
{
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    g_clear_pointer (&inputs[g], spqr_input_free);
}

/* Empty ones on the device for the wanted groups of a block. */
static SpqrStatus
open_inputs (SpqrNet *net, SpqrBlock *block, guint wanted, SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS])
{
  SpqrBlockLinear linears[8];
  guint n = spqr_net_list_linears (net, spqr_block_get_index (block), linears);
  SpqrStatus status = SPQR_OK;

  for (guint i = 0; i < n && status == SPQR_OK; i++)
    {
      guint g = linears[i].input_group;

      if (g < SPQR_MAX_INPUT_GROUPS && (wanted & (1u << g)) && inputs[g] == NULL)
        inputs[g] = spqr_input_new_on (spqr_net_get_device (net), spqr_tensor_get_cols (linears[i].tensor), &status);
    }
  return status;
}

/* SPQR_OK: done. About the device: nothing happened, and the block is still remote. */
static SpqrStatus
observe_remote (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted, SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS],
                SpqrStepFunc step, gpointer user_data, const SpqrExec *exec)
{
  SpqrStatus status = open_inputs (net, block, wanted, inputs);
  gsize done;

  if (spqr_status_is_about_device (status))
    spqr_block_note (block, SPQR_OP_HESSIAN_ADD, status);
  if (status == SPQR_OK)
    status = run_windows (block, hidden, inputs, FALSE, step, user_data, exec, &done, NULL);
  if (status != SPQR_OK)
    free_inputs (inputs);
  return status;
}

/* ---- here ---- */

/* inputs: on a device, for the wanted groups; NULL: hessians. *about_device: not done, for a reason of the device's. */
static gboolean
observe_windows (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, Observation *observation, gboolean *about_device,
                 SpqrStepFunc step, gpointer user_data, GCancellable *cancellable, GError **error)
{
  g_autofree float *scratch = new_window (hidden, error);

  if (scratch == NULL)
    return FALSE;
  for (gsize w = 0; w < hidden->windows; w++)
    {
      observation->seen = 0;
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      spqr_hidden_load (hidden, w, scratch);
      if (!spqr_net_run_block (net, block, scratch, hidden->seqlen, 0, observe_input, observation, observation->run->exec, error))
        return FALSE;
      *about_device = observation->inputs != NULL && spqr_status_is_about_device (observation->status);
      if (*about_device)
        return FALSE;
      if (observation->status != SPQR_OK)
        return spqr_quant_set_status (error, observation->status, "calibration");
      if (step != NULL)
        step ((w + 1.0) / hidden->windows, user_data);
    }
  return TRUE;
}

/* The block stays here, its Hessians may be on the device. inputs NULL: not. */
static gboolean
observe_here (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted, SpqrInput **inputs,
              SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS], SpqrDevice *device, SpqrStepFunc step, gpointer user_data,
              GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  SpqrBackendRun run = { .device = device, .exec = &exec };
  Observation observation = { .hessians = hessians, .inputs = inputs, .wanted = wanted, .run = &run };
  gboolean about_device = FALSE, done;

  if (inputs != NULL)
    {
      SpqrStatus status = open_inputs (net, block, wanted, inputs);

      about_device = spqr_status_is_about_device (status);
      if (status != SPQR_OK && !about_device)
        return spqr_quant_set_status (error, status, "calibration");
      if (!about_device && observe_windows (net, block, hidden, &observation, &about_device, step, user_data, cancellable, error))
        return TRUE;
      free_inputs (inputs);
      if (!about_device)
        return FALSE;
      spqr_block_note (block, SPQR_OP_HESSIAN_ADD, status != SPQR_OK ? status : observation.status);
      observation = (Observation) { .hessians = hessians, .wanted = wanted, .run = &run };
    }
  done = observe_windows (net, block, hidden, &observation, &about_device, step, user_data, cancellable, error);
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS && done; g++)
    if ((wanted & (1u << g)) && hessians[g].h != NULL)
      spqr_hessian_finish (&hessians[g]);
  return done;
}

gboolean
spqr_calibrate_observe_inputs (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted,
                               SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS], SpqrDevice *device, SpqrStepFunc step,
                               gpointer user_data, GCancellable *cancellable, GError **error)
{
  SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS] = { 0 };
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  gboolean done;

  if (spqr_block_is_remote (block))
    {
      SpqrStatus status = observe_remote (net, block, hidden, wanted, inputs, step, user_data, &exec);

      if (!spqr_status_is_about_device (status))
        return status == SPQR_OK || spqr_quant_set_status (error, status, "calibration");
    }
  done = observe_here (net, block, hidden, wanted, spqr_device_has_blocks (spqr_net_get_device (net)) ? inputs : NULL, hessians, device,
                       step, user_data, cancellable, error);
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if (hessians[g].h != NULL && done)
      inputs[g] = spqr_input_new_from (&hessians[g]);
    else if (hessians[g].h != NULL)
      spqr_hessian_clear (&hessians[g]);
  return done;
}

gboolean
spqr_calibrate_observe (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted,
                        SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS], SpqrDevice *device, SpqrStepFunc step,
                        gpointer user_data, GCancellable *cancellable, GError **error)
{
  SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS] = { NULL };
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  SpqrStatus status = SPQR_UNSUPPORTED;

  if (spqr_block_is_remote (block))
    status = observe_remote (net, block, hidden, wanted, inputs, step, user_data, &exec);
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS && status == SPQR_OK; g++)
    if (inputs[g] != NULL)
      status = spqr_input_take_hessian (inputs[g], &exec, &hessians[g]);
  free_inputs (inputs);
  if (!spqr_status_is_about_device (status))
    return status == SPQR_OK || spqr_quant_set_status (error, status, "calibration");
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if ((wanted & (1u << g)) && hessians[g].h != NULL)
      spqr_hessian_clear (&hessians[g]);
  return observe_here (net, block, hidden, wanted, NULL, hessians, device, step, user_data, cancellable, error);
}

/* The windows from `first` on. */
static gboolean
propagate_here (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, gsize first, SpqrStepFunc step, gpointer user_data,
                GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  g_autofree float *values = new_window (hidden, error);

  if (values == NULL)
    return FALSE;
  spqr_hidden_drop_states (hidden);
  for (gsize w = first; w < hidden->windows; w++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      spqr_hidden_load (hidden, w, values);
      if (!spqr_net_run_block (net, block, values, hidden->seqlen, 0, NULL, NULL, &exec, error) ||
          !spqr_hidden_store (hidden, w, values, error))
        return FALSE;
      if (step != NULL)
        step ((w + 1.0) / hidden->windows, user_data);
    }
  return TRUE;
}

gboolean
spqr_calibrate_propagate (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, SpqrStepFunc step, gpointer user_data,
                          GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  gsize done = 0;

  if (spqr_block_is_remote (block))
    {
      GError *local_error = NULL;
      SpqrStatus status = run_windows (block, hidden, NULL, TRUE, step, user_data, &exec, &done, &local_error);

      if (local_error != NULL)
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      if (!spqr_status_is_about_device (status))
        return status == SPQR_OK || spqr_quant_set_status (error, status, "calibration");
      if (!spqr_block_pull (block, &exec, error))
        return FALSE;
    }
  return propagate_here (net, block, hidden, done, step, user_data, cancellable, error);
}
