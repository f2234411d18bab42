/* spqr-torch-old.h: files as torch.save wrote them before version 1.6 (and still does when asked to), in memory.
 *
 * Five pickles in a row: a magic number, the protocol's version, facts about the machine, the object itself, and the list
 * of its storages' keys; then for each key in that order the number of elements in 8 bytes, and the elements. */
#pragma once

#include <glib.h>

#include "model/spqr-pickle.h"

typedef struct _SpqrTorchOld SpqrTorchOld;

/* Whether they begin with the magic number. */
gboolean               spqr_torch_old_is_one (const guint8 *bytes, gsize len);
/* bytes is borrowed. Every storage lies in the file and has as many elements as the object says. */
SpqrTorchOld          *spqr_torch_old_open (const guint8 *bytes, gsize len, SpqrPickleContent content, const char *path,
                                            GError **error);
void                   spqr_torch_old_free (SpqrTorchOld *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrTorchOld, spqr_torch_old_free)
const SpqrPickleValue *spqr_torch_old_get_root (SpqrTorchOld *self);
/* FALSE: the storage, or the part of one that a view shows, is not in the file. */
gboolean               spqr_torch_old_find (SpqrTorchOld *self, const SpqrPickleValue *storage, const guint8 **bytes, gsize *len);
