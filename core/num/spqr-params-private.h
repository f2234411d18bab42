/* spqr-params-private.h: parameters as the layer code sees them. */
#pragma once

#include "num/spqr-params.h"
#include "num/spqr-status.h"

/* SPQR_INVALID when a value is out of range. What the method ignores is switched off: GPTQ has no
 * outliers and no second order, RTN no outliers and no order; rounded zeros are quantized only with
 * fewer bits than the weights. */
SpqrStatus spqr_params_normalize (const SpqrParams *params, SpqrParams *normal);
