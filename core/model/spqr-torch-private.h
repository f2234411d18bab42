/* spqr-torch-private.h: PyTorch checkpoints: a table of tensors as torch.save writes it. */
#pragma once

#include "model/spqr-file-private.h"
#include "model/spqr-safetensors.h"

typedef struct _SpqrTorch SpqrTorch;

typedef struct {
  SpqrSafetensorsEntry entry;
  gint64 strides[8];
  gboolean is_strided;       /* not dense and row-major: see strides */
} SpqrTorchEntry;

/* Maps the file and reads its pickle, which executes nothing (spqr-pickle.h). Every tensor must lie within its storage,
 * each of its elements in a place of its own. Either of torch.save's layouts (spqr-torch-archive.h). */
SpqrTorch *spqr_torch_open (const char *path, GError **error);
void       spqr_torch_free (SpqrTorch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrTorch, spqr_torch_free)
SpqrFile  *spqr_torch_get_file (SpqrTorch *self);      /* borrowed */
guint      spqr_torch_get_n_entries (SpqrTorch *self);
const SpqrTorchEntry *spqr_torch_get_entry (SpqrTorch *self, guint index);
