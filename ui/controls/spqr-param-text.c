#include "controls/spqr-param-text.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <math.h>
#include <string.h>

const char *
spqr_param_choice_title (const char *key, const char *choice)
{
  static const struct { const char *key, *choice, *title; } titles[] = {
    { "method", "spqr", "SpQR" }, { "method", "gptq", "GPTQ" }, { "method", "rtn", "RTN" }, { "compat", "none", N_("none") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_str_equal (titles[i].key, key) && g_str_equal (titles[i].choice, choice))
      return _(titles[i].title);
  return choice;
}

static const char *
decimal_sign (void)
{
  const char *sign = localeconv ()->decimal_point;

  return sign != NULL && *sign != '\0' ? sign : ".";
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = g_strsplit (text, from, -1);

  return g_strjoinv (to, parts);
}

/* What a number does that is none: 0, or infinity where there are no outliers. NULL: the number is meant. */
static const char *
special_word (const SpqrParamInfo *info, double value)
{
  if (value == 0 && g_str_has_prefix (info->special, "0 or auto"))
    /* Translators: of the length of windows: the smaller of 2048 and the model's context */
    return _("auto");
  if ((value == 0 && g_str_has_prefix (info->special, "0 or none")) || isinf (value))
    return _("none");
  return NULL;
}

char *
spqr_param_get_typed (const SpqrParamInfo *info, const SpqrRunParams *params)
{
  const char *word = special_word (info, spqr_param_get (info, params));
  g_autofree char *text = spqr_param_get_text (info, params);

  return word != NULL ? g_strdup (word) : replace (text, ".", decimal_sign ());
}

gboolean
spqr_param_set_typed (const SpqrParamInfo *info, SpqrRunParams *params, const char *text, GError **error)
{
  g_autofree char *typed = g_strstrip (g_strdup (text));
  gboolean word = g_utf8_collate (typed, _("auto")) == 0 || g_utf8_collate (typed, _("none")) == 0;
  g_autofree char *plain = word ? g_strdup ("none") : replace (typed, decimal_sign (), ".");

  return spqr_param_set_text (info, params, plain, error);
}

char *
spqr_param_describe (const SpqrParamInfo *info, const SpqrRunParams *params)
{
  double value = spqr_param_get (info, params);
  g_autofree char *text = NULL;

  if (info->kind == SPQR_PARAM_BOOL)
    return g_strdup (value != 0 ? _("yes") : _("no"));
  if (g_str_equal (info->key, "groupsize") && value == 0)
    return g_strdup (_("whole row"));
  if (value == 0 && g_str_has_prefix (info->special, "0 or auto"))
    return g_strdup (_("at most 2048"));
  if ((g_str_equal (info->key, "qq_scale_bits") || g_str_equal (info->key, "qq_zero_bits")) && value == 0)
    return g_strdup (_("16 (not quantized)"));
  if (g_str_equal (info->key, "outlier_threshold") && isinf (value))
    return g_strdup (_("none kept"));
  text = spqr_param_get_text (info, params);
  if (info->kind == SPQR_PARAM_CHOICE)
    return g_strdup (spqr_param_choice_title (info->key, text));
  return replace (text, ".", decimal_sign ());
}
