/* spqr-safetensors-private.h: what the model needs beyond the public reader. */
#pragma once

#include "model/spqr-file-private.h"
#include "model/spqr-safetensors.h"

SpqrFile *spqr_safetensors_get_file (SpqrSafetensors *self);   /* borrowed */
