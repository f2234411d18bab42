/* spqr-layer-subject.h: what a tensor is to the Layer page: its name for people, whether it can be
 * shown and whether it can be quantized. Texts are translated; those returned as char * are new. */
#pragma once

#include "model/spqr-tensor.h"

G_BEGIN_DECLS

/* A linear layer of a block, as a matrix: what SpQR is for. */
gboolean    spqr_layer_subject_is_tunable (SpqrTensor *tensor);
/* Why it is not; for tensors that are not tunable. */
const char *spqr_layer_subject_explain (SpqrTensor *tensor);
/* Why it cannot be shown at all, or NULL. */
char       *spqr_layer_subject_refuse (SpqrTensor *tensor);
/* "Block 17 · down_proj" */
char       *spqr_layer_subject_title (SpqrTensor *tensor);
/* "576 × 1536 · 884.7 K · F16" */
char       *spqr_layer_subject_shape (SpqrTensor *tensor);
/* What its rows and columns are; NULL for a vector. */
void        spqr_layer_subject_axes (SpqrTensor *tensor, const char **rows, const char **cols);

G_END_DECLS
