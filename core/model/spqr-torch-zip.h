/* spqr-torch-zip.h: the stored (never compressed) members of a zip file in memory, as torch.save writes it. */
#pragma once

#include <glib.h>

typedef struct {
  const guint8 *bytes;
  gsize len;
} SpqrZipMember;

typedef struct _SpqrTorchZip SpqrTorchZip;

/* bytes is borrowed. Members beyond 4 GiB are found by their zip64 fields. SPQR_MODEL_ERROR: MALFORMED, or UNSUPPORTED for what is no zip file or is packed. */
SpqrTorchZip *spqr_torch_zip_open (const char *bytes, gsize len, const char *path, GError **error);
void          spqr_torch_zip_free (SpqrTorchZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrTorchZip, spqr_torch_zip_free)
/* A member by its name below the archive's one folder: "data.pkl", "data/0". NULL: none. */
const SpqrZipMember *spqr_torch_zip_find (SpqrTorchZip *zip, const char *name);
