/* spqr-model.h: an opened model: its configuration and the catalog of its tensors.
 *
 * Opening maps the files and reads headers only. Tensors are immutable; everything here may be
 * called from any thread once open returned. */
#pragma once

#include <gio/gio.h>

#include "model/spqr-config.h"
#include "model/spqr-tensor.h"

#define SPQR_MODEL_ERROR (spqr_model_error_quark ())
GQuark spqr_model_error_quark (void);

typedef enum {
  SPQR_MODEL_ERROR_NOT_FOUND,     /* no such file or folder, or no weights in it */
  SPQR_MODEL_ERROR_PERMISSION,
  SPQR_MODEL_ERROR_MALFORMED,     /* truncated, lying or inconsistent file */
  SPQR_MODEL_ERROR_UNSUPPORTED,   /* well-formed, but not something this program reads */
  SPQR_MODEL_ERROR_INCOMPLETE,    /* a shard or a tensor is missing; a Git LFS pointer stands in for weights */
  SPQR_MODEL_ERROR_NO_SPACE,
  SPQR_MODEL_ERROR_FAILED,
} SpqrModelError;

#define SPQR_TYPE_MODEL (spqr_model_get_type ())
G_DECLARE_FINAL_TYPE (SpqrModel, spqr_model, SPQR, MODEL, GObject)

/* A Hugging Face folder, or one .safetensors file (its folder's config.json is used when there), or a
 * .gguf file (or a folder that holds one and nothing else to read), whose tensors of the llama and qwen
 * families get their Hugging Face names, shapes and order of rows.
 * A model whose architecture is unknown opens for looking: config->supported is FALSE and
 * config->unsupported_reason says why. */
SpqrModel *spqr_model_open (const char *path, GError **error);

const char       *spqr_model_get_path (SpqrModel *self);      /* folder, absolute */
/* What opens this same model again: the weights file when one was opened by itself (a folder may hold
 * several), else the folder. Absolute. */
const char       *spqr_model_get_location (SpqrModel *self);
const char       *spqr_model_get_name (SpqrModel *self);      /* for people: the folder's base name */
const SpqrConfig *spqr_model_get_config (SpqrModel *self);
/* The text of config.json, or of what a GGUF file's metadata amount to as one; NULL without either. */
const char       *spqr_model_get_config_text (SpqrModel *self);
/* sha256 over every tensor's name, dtype, shape and bytes-sample plus config: head, tail and 64 evenly
 * spread KiB of each tensor, so that 13 GB take well under a second. Hex, cached; "" when a file can no longer be read. */
const char       *spqr_model_get_fingerprint (SpqrModel *self);
guint64           spqr_model_get_n_parameters (SpqrModel *self);
guint64           spqr_model_get_n_bytes (SpqrModel *self);
/* The dtype in which most parameters are stored ("F16", "Q4_1": a GGUF file keeps its embeddings apart). */
const char       *spqr_model_get_dtype_name (SpqrModel *self);

/* Catalog order: embeddings, blocks ascending with roles in network order, final norm, head, the rest. */
guint       spqr_model_get_n_tensors (SpqrModel *self);
SpqrTensor *spqr_model_get_tensor (SpqrModel *self, guint index);                       /* borrowed */
SpqrTensor *spqr_model_lookup (SpqrModel *self, const char *name);                      /* borrowed, NULL */
SpqrTensor *spqr_model_find (SpqrModel *self, int block, SpqrRole role, gboolean bias); /* borrowed, NULL */
GListModel *spqr_model_get_tensors (SpqrModel *self);   /* borrowed, of SpqrTensor */

/* Files of the source folder that are not weights (tokenizer, generation config, …), base names.
 * For export. Free with g_strfreev(). */
char **spqr_model_list_companions (SpqrModel *self);
