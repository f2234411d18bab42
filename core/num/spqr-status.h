/* spqr-status.h: what a numeric routine or a device operation has to say for itself. */
#pragma once

typedef enum {
  SPQR_OK = 0,
  SPQR_INVALID,                 /* an argument is out of its range */
  SPQR_NOT_POSITIVE_DEFINITE,   /* the Hessian could not be factorised; more damping may help */
  SPQR_NO_MEMORY,               /* host memory */
  SPQR_CANCELLED,               /* should_stop() said so; outputs are undefined */
  SPQR_UNSUPPORTED,             /* this backend does not do that; ask the CPU */
  SPQR_DEVICE_OUT_OF_MEMORY,
  SPQR_DEVICE_FAILED,           /* sticky: the device is not usable any more */
} SpqrStatus;

/* English, untranslated, static; for logs and as the tail of a GError message. */
const char *spqr_status_text (SpqrStatus status);
