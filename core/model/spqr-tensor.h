/* spqr-tensor.h: one tensor of a model's catalog. */
#pragma once

#include <glib-object.h>

#include "num/spqr-exec.h"

typedef enum {
  SPQR_DTYPE_F32, SPQR_DTYPE_F16, SPQR_DTYPE_BF16, SPQR_DTYPE_F64,
  SPQR_DTYPE_I64, SPQR_DTYPE_I32, SPQR_DTYPE_I16, SPQR_DTYPE_I8, SPQR_DTYPE_U8, SPQR_DTYPE_BOOL,
  SPQR_DTYPE_OTHER,   /* kept as bytes; listed, not interpreted but for GGUF's block formats */
} SpqrDtype;

const char *spqr_dtype_name (SpqrDtype dtype);     /* "F16", as safetensors spells it */
gsize       spqr_dtype_size (SpqrDtype dtype);     /* bytes; 0 for OTHER */

/* What a tensor does in the network. The words are those of the field's tensor names. */
typedef enum {
  SPQR_ROLE_OTHER,
  SPQR_ROLE_EMBEDDING, SPQR_ROLE_POSITION_EMBEDDING,
  SPQR_ROLE_PROJECT_IN, SPQR_ROLE_PROJECT_OUT,
  SPQR_ROLE_INPUT_NORM,          /* before attention (or the only norm of a parallel block) */
  SPQR_ROLE_Q, SPQR_ROLE_K, SPQR_ROLE_V, SPQR_ROLE_QKV, SPQR_ROLE_Q_NORM, SPQR_ROLE_K_NORM,
  SPQR_ROLE_O,
  SPQR_ROLE_POST_NORM,           /* before the MLP */
  SPQR_ROLE_PRE_MLP_NORM, SPQR_ROLE_POST_MLP_NORM,   /* four-norm blocks (gemma 2) */
  SPQR_ROLE_GATE, SPQR_ROLE_UP, SPQR_ROLE_GATE_UP, SPQR_ROLE_DOWN,
  SPQR_ROLE_FINAL_NORM, SPQR_ROLE_HEAD,
  SPQR_N_ROLES
} SpqrRole;

const char *spqr_role_name (SpqrRole role);        /* "q_proj", "down_proj", "input_norm", … stable, for JSON */
/* A linear layer inside a block: what SpQR quantizes. */
gboolean    spqr_role_is_linear (SpqrRole role);

#define SPQR_TYPE_TENSOR (spqr_tensor_get_type ())
G_DECLARE_FINAL_TYPE (SpqrTensor, spqr_tensor, SPQR, TENSOR, GObject)

const char *spqr_tensor_get_name (SpqrTensor *self);
SpqrRole    spqr_tensor_get_role (SpqrTensor *self);
int         spqr_tensor_get_block (SpqrTensor *self);          /* -1 outside blocks */
gboolean    spqr_tensor_is_bias (SpqrTensor *self);
SpqrDtype   spqr_tensor_get_dtype (SpqrTensor *self);
const char *spqr_tensor_get_dtype_name (SpqrTensor *self);     /* the file's own word, also for OTHER */
guint       spqr_tensor_get_n_dims (SpqrTensor *self);
const gint64 *spqr_tensor_get_shape (SpqrTensor *self);
/* As a matrix: rows = first dimension, cols = the product of the others; a vector is one row. */
gsize       spqr_tensor_get_rows (SpqrTensor *self);
gsize       spqr_tensor_get_cols (SpqrTensor *self);
gsize       spqr_tensor_get_n_bytes (SpqrTensor *self);
const char *spqr_tensor_get_file (SpqrTensor *self);           /* path of the file it lies in */

/* Whether the tensor holds floating-point numbers that read_rows() gives, be it in a block format of
 * GGUF (dtype OTHER, dtype_name "Q4_K", …). */
gboolean    spqr_tensor_is_numeric (SpqrTensor *self);
/* Whether the bytes lie in the file one behind the other in the order read_rows() gives: not q and k of the llama
 * family in a GGUF file, and not what torch.save wrote of a transposed matrix. */
gboolean    spqr_tensor_is_plain (SpqrTensor *self);
/* The bytes, row after row, valid as long as the tensor, aligned to the dtype's size. They lie in the map; a
 * copy that stays is made of misaligned data (old files) and of transposed tensors; NULL when there is no memory for the
 * latter. In a GGUF file they may be in another order than read_rows() gives (q and k of the llama family). */
gconstpointer spqr_tensor_peek (SpqrTensor *self);
/* Rows row0 … row0+count-1 as f32. FALSE with SPQR_MODEL_ERROR_UNSUPPORTED for a dtype that is not
 * a float. NaN and Inf pass. */
gboolean    spqr_tensor_read_rows (SpqrTensor *self, gsize row0, gsize count, float *out, GError **error);
/* All of it; g_free(). */
float      *spqr_tensor_read (SpqrTensor *self, GError **error);
/* The same in exec's threads; where it says stop, NULL with G_IO_ERROR_CANCELLED. */
float      *spqr_tensor_read_with (SpqrTensor *self, const SpqrExec *exec, GError **error);
