/* spqr-quant-error.h: the error domain of core/quant. */
#pragma once

#include <glib.h>

#include "num/spqr-status.h"

#define SPQR_QUANT_ERROR (spqr_quant_error_quark ())
GQuark spqr_quant_error_quark (void);
typedef enum {
  SPQR_QUANT_ERROR_PARAMETER,              /* out of range, contradictory, unknown */
  SPQR_QUANT_ERROR_NOT_FINITE,             /* NaN or Inf in weights or activations */
  SPQR_QUANT_ERROR_NOT_POSITIVE_DEFINITE,
  SPQR_QUANT_ERROR_NO_MEMORY,
  SPQR_QUANT_ERROR_NO_SPACE,
  SPQR_QUANT_ERROR_FAILED,
} SpqrQuantError;

/* Sets error from a numeric status (not SPQR_OK); what names the tensor or step. SPQR_CANCELLED
 * becomes G_IO_ERROR_CANCELLED. Always returns FALSE, for `return spqr_quant_set_status (…)`. */
gboolean spqr_quant_set_status (GError **error, SpqrStatus status, const char *what);
