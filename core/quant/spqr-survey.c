#include "quant/spqr-survey.h"

#include "compute/spqr-cancel.h"
#include "quant/spqr-quant-error.h"

/* A part of the survey's progress. */
typedef struct { const SpqrSurvey *survey; double begin, span; } Part;

static void
report_part (double fraction, gpointer user_data)
{
  Part *part = user_data;

  if (part->survey->step != NULL)
    part->survey->step (part->begin + fraction * part->span, part->survey->step_data);
}

static gboolean
hand_over (SpqrBlock *block, const SpqrBlockLinear *linears, guint n_linears, SpqrHessian *hessians, SpqrSurveyFunc func,
           gpointer user_data, GError **error)
{
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    {
      SpqrBlockLinear shared[8];
      guint n = 0;

      for (guint i = 0; i < n_linears; i++)
        if (linears[i].input_group == g)
          shared[n++] = linears[i];
      if (hessians[g].h != NULL && !func (block, shared, n, &hessians[g], user_data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
look_at_block (const SpqrSurvey *survey, guint index, SpqrBlock *block, SpqrHidden *hidden, Part *part, SpqrSurveyFunc func,
               gpointer user_data, GCancellable *cancellable, GError **error)
{
  SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS] = { 0 };
  SpqrBlockLinear linears[8];
  guint n_linears = spqr_net_list_linears (survey->net, index, linears), wanted = 0;
  gboolean done;

  for (guint i = 0; i < n_linears; i++)
    if (survey->only_group < 0 || linears[i].input_group == (guint) survey->only_group)
      wanted |= 1u << linears[i].input_group;
  done = wanted == 0 || (spqr_calibrate_observe (survey->net, block, hidden, wanted, hessians, NULL, report_part, part,
                                                 cancellable, error) &&
                         hand_over (block, linears, n_linears, hessians, func, user_data, error));
  for (guint g = 0; g < SPQR_MAX_INPUT_GROUPS; g++)
    if (hessians[g].h != NULL)
      spqr_hessian_clear (&hessians[g]);
  return done;
}

static gboolean
survey_block (const SpqrSurvey *survey, guint index, SpqrHidden *hidden, SpqrSurveyFunc func, gpointer user_data,
              GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  g_autoptr (SpqrBlock) block = spqr_net_load_block_with (survey->net, index, &exec, error);
  double share = 1.0 / (survey->last_block + 1);
  Part part = { survey, index * share, share * 0.6 };

  if (block == NULL || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (index >= survey->first_block &&
      !look_at_block (survey, index, block, hidden, &part, func, user_data, cancellable, error))
    return FALSE;
  part = (Part) { survey, (index + 0.6) * share, share * 0.4 };
  return index == survey->last_block ||
         spqr_calibrate_propagate (survey->net, block, hidden, report_part, &part, cancellable, error);
}

gboolean
spqr_survey_run (const SpqrSurvey *survey, SpqrSurveyFunc func, gpointer user_data, GCancellable *cancellable, GError **error)
{
  SpqrHidden hidden;
  gboolean done;

  done = spqr_hidden_init (&hidden, survey->n_windows, survey->seqlen, spqr_net_get_config (survey->net)->hidden,
                           survey->offload_folder, error) &&
         spqr_calibrate_embed (survey->net, survey->ids, &hidden, cancellable, error);
  for (guint b = 0; done && b <= survey->last_block; b++)
    done = survey_block (survey, b, &hidden, func, user_data, cancellable, error);
  spqr_hidden_clear (&hidden);
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
