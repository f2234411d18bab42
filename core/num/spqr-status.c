#include "num/spqr-status.h"

const char *
spqr_status_text (SpqrStatus status)
{
  switch (status)
    {
    case SPQR_OK:
      return "done";
    case SPQR_INVALID:
      return "an argument is out of its range";
    case SPQR_NOT_POSITIVE_DEFINITE:
      return "the Hessian could not be factorised; more damping may help";
    case SPQR_NO_MEMORY:
      return "not enough memory";
    case SPQR_CANCELLED:
      return "cancelled";
    case SPQR_UNSUPPORTED:
      return "not supported by this backend";
    case SPQR_DEVICE_OUT_OF_MEMORY:
      return "not enough memory on the device";
    case SPQR_DEVICE_FAILED:
      return "the device failed and is not usable any more";
    default:
      return "unknown status";
    }
}
