/* spqr-param-text.h: a parameter's value as a person reads it. */
#pragma once

#include "quant/spqr-param-table.h"

/* "16", "yes", "act_order", "whole row"; g_free(). */
char *spqr_param_describe (const SpqrParamInfo *info, const SpqrRunParams *params);
