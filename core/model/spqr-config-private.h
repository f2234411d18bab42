/* spqr-config-private.h: configurations that do not come from a config.json. */
#pragma once

#include "model/spqr-config.h"

/* For looking at weights only; reason becomes unsupported_reason. */
SpqrConfig *spqr_config_new_unknown (const char *reason);
