/* spqr-param-text.h: a parameter's value as a person reads and types it, in their language. */
#pragma once

#include "quant/spqr-param-table.h"

/* "16", "yes", "act_order", "whole row"; g_free(). */
char *spqr_param_describe (const SpqrParamInfo *info, const SpqrRunParams *params);

/* How a choice is called, "SpQR" for "spqr"; `choice` itself where it is not known. */
const char *spqr_param_choice_title (const char *key, const char *choice);

/* What an entry holds: a number with the reader's decimal sign, or the word for what 0 or infinity stand for; g_free(). */
char *spqr_param_get_typed (const SpqrParamInfo *info, const SpqrRunParams *params);

/* Takes such a text; a point is a decimal sign in every language. */
gboolean spqr_param_set_typed (const SpqrParamInfo *info, SpqrRunParams *params, const char *text, GError **error);
