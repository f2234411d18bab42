/* spqr-export-dense.h: hf-dense: a Hugging Face folder with the decoded weights of a run, which any
 * loader of the source model loads. */
#pragma once

#include "compute/spqr-progress.h"
#include "export/spqr-export.h"
#include "model/spqr-model.h"
#include "quant/spqr-artifacts.h"

typedef enum {
  SPQR_EXPORT_EXACT,     /* the source's element type, or f16 where that would round decoded weights (bf16) */
  SPQR_EXPORT_SOURCE,
  SPQR_EXPORT_F16,
  SPQR_EXPORT_BF16,
  SPQR_EXPORT_F32,
} SpqrExportDtype;

/* "exact", "source", "f16", "bf16", "f32". */
gboolean spqr_export_dtype_parse (const char *text, SpqrExportDtype *dtype, GError **error);

/* Blocking; from any thread. Writes beside `folder` and renames; reads everything back and compares
 * before it says done. On failure or cancel nothing is left behind. */
gboolean spqr_export_hf_dense (SpqrModel *model, SpqrArtifacts *artifacts, SpqrExportDtype dtype, const char *folder,
                               SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                               SpqrExportResult *result, GError **error);
