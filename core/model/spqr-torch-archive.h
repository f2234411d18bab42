/* spqr-torch-archive.h: what torch.save wrote, in either of its two layouts, in memory: a pickle and the storages that its
 * tensors lie in. Nothing in it is executed (spqr-pickle.h). */
#pragma once

#include <glib.h>

#include "model/spqr-pickle.h"

typedef struct _SpqrTorchArchive SpqrTorchArchive;

/* bytes is borrowed, also by what is found in it. SPQR_MODEL_ERROR: MALFORMED, or UNSUPPORTED for what torch.save did not
 * write, is packed, big-endian, or needs more of Python than content allows. */
SpqrTorchArchive      *spqr_torch_archive_open (const guint8 *bytes, gsize len, SpqrPickleContent content, const char *path,
                                                GError **error);
void                   spqr_torch_archive_free (SpqrTorchArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrTorchArchive, spqr_torch_archive_free)
const SpqrPickleValue *spqr_torch_archive_get_root (SpqrTorchArchive *self);
/* Where a storage's elements lie. FALSE: nowhere in the file. */
gboolean               spqr_torch_archive_find (SpqrTorchArchive *self, const SpqrPickleValue *storage, const guint8 **bytes,
                                                gsize *len);
