#include "controls/spqr-param-text.h"

#include <glib/gi18n.h>
#include <math.h>

char *
spqr_param_describe (const SpqrParamInfo *info, const SpqrRunParams *params)
{
  double value = spqr_param_get (info, params);

  if (info->kind == SPQR_PARAM_BOOL)
    return g_strdup (value != 0 ? _("yes") : _("no"));
  if (g_str_equal (info->key, "groupsize") && value == 0)
    return g_strdup (_("whole row"));
  if (g_str_equal (info->key, "seqlen") && value == 0)
    return g_strdup (_("2048, or the model's context if that is shorter"));
  if ((g_str_equal (info->key, "qq_scale_bits") || g_str_equal (info->key, "qq_zero_bits")) && value == 0)
    return g_strdup (_("16 (not quantized)"));
  if (g_str_equal (info->key, "outlier_threshold") && isinf (value))
    return g_strdup (_("none kept"));
  return spqr_param_get_text (info, params);
}
