#include "quant/spqr-calibrate.h"

#include <string.h>

#include "compute/spqr-cancel.h"
#include "quant/spqr-quant-error.h"

typedef struct {
  SpqrHessian *hessians;
  guint wanted, seen;      /* bits */
  SpqrBackendRun *run;
  SpqrStatus status;
} Observation;

gboolean
spqr_calibrate_embed (SpqrNet *net, const gint32 *ids, SpqrHidden *hidden, GCancellable *cancellable, GError **error)
{
  for (gsize w = 0; w < hidden->windows; w++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!spqr_net_embed (net, ids + w * hidden->seqlen, hidden->seqlen, 0, spqr_hidden_window (hidden, w), error))
        return FALSE;
    }
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
  if (hessian->h == NULL)
    observation->status = spqr_hessian_init (hessian, n);
  if (observation->status == SPQR_OK)
    observation->status = spqr_backend_run_hessian_add (observation->run, hessian, x, n, tokens, 1);
  observation->seen |= 1u << input_group;
  /* Nothing after the last wanted input is needed: end the pass there. */
  return observation->status == SPQR_OK && (observation->wanted & ~observation->seen) != 0;
}

gboolean
spqr_calibrate_observe (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted,
                        SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS], SpqrDevice *device, SpqrStepFunc step,
                        gpointer user_data, GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  SpqrBackendRun run = { .device = device, .exec = &exec };
  gsize window_values = hidden->seqlen * hidden->width;
  g_autofree float *scratch = g_try_new (float, window_values);

  if (scratch == NULL)
    return spqr_quant_set_status (error, SPQR_NO_MEMORY, "calibration");
  for (gsize w = 0; w < hidden->windows; w++)
    {
      Observation observation = { .hessians = hessians, .wanted = wanted, .run = &run };

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      memcpy (scratch, spqr_hidden_window (hidden, w), window_values * sizeof (float));
      if (!spqr_net_run_block (net, block, scratch, hidden->seqlen, 0, observe_input, &observation, &exec, error))
        return FALSE;
      if (observation.status != SPQR_OK)
        return spqr_quant_set_status (error, observation.status, "calibration");
      if (step != NULL)
        step ((w + 1.0) / hidden->windows, user_data);
    }
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if ((wanted & (1u << g)) && hessians[g].h != NULL)
      spqr_hessian_finish (&hessians[g]);
  return TRUE;
}

gboolean
spqr_calibrate_propagate (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, SpqrStepFunc step, gpointer user_data,
                          GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);

  for (gsize w = 0; w < hidden->windows; w++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!spqr_net_run_block (net, block, spqr_hidden_window (hidden, w), hidden->seqlen, 0, NULL, NULL, &exec, error))
        return FALSE;
      if (step != NULL)
        step ((w + 1.0) / hidden->windows, user_data);
    }
  return TRUE;
}
