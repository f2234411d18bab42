/* spqr-fingerprint-private.h */
#pragma once

#include "model/spqr-tensor-private.h"

/* A piece of a tensor's stored bytes; of itself never interprets them. */
gboolean spqr_tensor_read_bytes (SpqrTensor *self, gsize offset, gpointer out, gsize n, GError **error);

/* Hex sha256, or NULL when a file can no longer be read. config_text may be NULL. g_free(). */
char *spqr_fingerprint_compute (GPtrArray *tensors, const char *config_text, gsize config_len);
