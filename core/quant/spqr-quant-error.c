#include "quant/spqr-quant-error.h"

#include <gio/gio.h>

G_DEFINE_QUARK (spqr-quant-error-quark, spqr_quant_error)

gboolean
spqr_quant_set_status (GError **error, SpqrStatus status, const char *what)
{
  switch (status)
    {
    case SPQR_CANCELLED:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", what);
      break;
    case SPQR_INVALID:
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NOT_FINITE,
                   "%s: the weights hold NaN, Inf or values above 65504, or the parameters do not fit them; "
                   "look at the tensor's statistics, or leave it out with a recipe", what);
      break;
    case SPQR_NOT_POSITIVE_DEFINITE:
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NOT_POSITIVE_DEFINITE,
                   "%s: the Hessian could not be factorised even with more damping; "
                   "raise percdamp or use more calibration windows", what);
      break;
    case SPQR_NO_MEMORY:
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
                   "%s: out of memory; use fewer calibration windows or --offload_activations", what);
      break;
    case SPQR_OK:
    case SPQR_UNSUPPORTED:
    case SPQR_DEVICE_OUT_OF_MEMORY:
    case SPQR_DEVICE_FAILED:
    default:
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, "%s: %s", what, spqr_status_text (status));
      break;
    }
  return FALSE;
}
