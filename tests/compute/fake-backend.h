/* fake-backend.h: how test-backends steers the fake device; reached through the module's symbol
 * fake_control. */
#pragma once

#include "compute/spqr-backend.h"

typedef struct {
  SpqrStatus status;            /* what every slot returns; SPQR_OK: it does something recognisable */
  SpqrStatus memory_status;
  size_t estimate;
  bool supports;
  int calls;                    /* of slots that compute */
  int most_at_once;             /* threads inside a slot */
} FakeControl;

#define FAKE_MEMORY ((size_t) 1000)
#define FAKE_VALUE 7.0f
