/* spqr-artifacts.h: the stored layers of a run as a source of weights.
 *
 * Everything that evaluates, compares or exports a run reads its quantized layers here: decoded from
 * the files, never from what was in memory while they were made. */
#pragma once

#include <gio/gio.h>

#include "net/spqr-net.h"
#include "num/spqr-layer.h"

typedef struct _SpqrArtifacts SpqrArtifacts;

SpqrArtifacts *spqr_artifacts_new (void);
void           spqr_artifacts_free (SpqrArtifacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrArtifacts, spqr_artifacts_free)

void           spqr_artifacts_add (SpqrArtifacts *self, const char *tensor_name, const char *path);
gboolean       spqr_artifacts_has (SpqrArtifacts *self, const char *tensor_name);

/* Reads one stored layer; spqr_layer_clear() it. The error names tensor and file. */
gboolean       spqr_artifacts_read_layer (SpqrArtifacts *self, const char *tensor_name, SpqrLayer *layer, GError **error);
/* The tensor's weights, original column order, its own shape: decoded when it is stored here, else
 * from the model. Checks that the stored shape is the tensor's. */
gboolean       spqr_artifacts_load (SpqrArtifacts *self, SpqrTensor *tensor, float *out, GError **error);
/* The same as a source for spqr_net_new(); owned by self. */
SpqrWeightSource *spqr_artifacts_get_source (SpqrArtifacts *self);
