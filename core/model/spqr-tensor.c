/* spqr-tensor.c: dtypes, roles, and reading a tensor's rows as f32.
 *
 * Rows are read with pread() in pieces that fit a cache, converted piece by piece. */
#include "model/spqr-tensor.h"

#include <gio/gio.h>
#include <string.h>

#include "model/spqr-model.h"
#include "model/spqr-fingerprint-private.h"
#include "model/spqr-strided-private.h"
#include "model/spqr-tensor-private.h"
#include "num/spqr-fp16.h"
#include "num/spqr-large.h"

#define PIECE_BYTES ((gsize) 128 * 1024)
#define BAND_VALUES ((gsize) 1 << 20)     /* that one thread reads before it looks whether to stop */

struct _SpqrTensor {
  GObject parent_instance;
  char *name;
  SpqrRole role;
  int block;
  gboolean is_bias;
  SpqrEncoding encoding;
  guint n_dims;
  gint64 shape[8];
  SpqrFile *file;
  guint64 offset;
  gsize n_bytes;
  guint interleaved_heads;
  gboolean is_strided;
  gint64 strides[8];
  gpointer aligned;        /* a copy, made by the first peek at misaligned or strided data; atomic */
};

G_DEFINE_FINAL_TYPE (SpqrTensor, spqr_tensor, G_TYPE_OBJECT)

enum { PROP_0, PROP_NAME, PROP_ROLE_NAME, PROP_BLOCK, PROP_DTYPE_NAME, N_PROPS };

static GParamSpec *properties[N_PROPS];

/* ---- dtypes ---- */

static void
decode_f32 (const guint8 *in, float *out, gsize count)
{
  memcpy (out, in, count * sizeof *out);
}

static void
decode_f16 (const guint8 *in, float *out, gsize count)
{
  spqr_f16_to_f32_row ((const guint16 *) (gconstpointer) in, out, count);
}

static void
decode_bf16 (const guint8 *in, float *out, gsize count)
{
  spqr_bf16_to_f32_row ((const guint16 *) (gconstpointer) in, out, count);
}

static void
decode_f64 (const guint8 *in, float *out, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      double value;
      memcpy (&value, in + i * sizeof value, sizeof value);
      out[i] = (float) value;
    }
}

/* The words of the safetensors format. Those under OTHER are listed and copied, never interpreted. */
static const SpqrEncoding encodings[] = {
  { SPQR_DTYPE_F32, "F32", 1, 4, decode_f32 },
  { SPQR_DTYPE_F16, "F16", 1, 2, decode_f16 },
  { SPQR_DTYPE_BF16, "BF16", 1, 2, decode_bf16 },
  { SPQR_DTYPE_F64, "F64", 1, 8, decode_f64 },
  { SPQR_DTYPE_I64, "I64", 1, 8, NULL },
  { SPQR_DTYPE_I32, "I32", 1, 4, NULL },
  { SPQR_DTYPE_I16, "I16", 1, 2, NULL },
  { SPQR_DTYPE_I8, "I8", 1, 1, NULL },
  { SPQR_DTYPE_U8, "U8", 1, 1, NULL },
  { SPQR_DTYPE_BOOL, "BOOL", 1, 1, NULL },
  { SPQR_DTYPE_OTHER, "U16", 1, 2, NULL },
  { SPQR_DTYPE_OTHER, "U32", 1, 4, NULL },
  { SPQR_DTYPE_OTHER, "U64", 1, 8, NULL },
  { SPQR_DTYPE_OTHER, "C64", 1, 8, NULL },
  { SPQR_DTYPE_OTHER, "F8_E4M3", 1, 1, NULL },
  { SPQR_DTYPE_OTHER, "F8_E5M2", 1, 1, NULL },
  { SPQR_DTYPE_OTHER, "F8_E8M0", 1, 1, NULL },
};

SpqrEncoding
spqr_encoding_from_name (const char *dtype_name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (encodings); i++)
    if (g_str_equal (encodings[i].name, dtype_name))
      return encodings[i];
  return (SpqrEncoding) { SPQR_DTYPE_OTHER, g_intern_string (dtype_name), 1, 0, NULL };
}

const char *
spqr_dtype_name (SpqrDtype dtype)
{
  for (gsize i = 0; i < G_N_ELEMENTS (encodings) && dtype != SPQR_DTYPE_OTHER; i++)
    if (encodings[i].dtype == dtype)
      return encodings[i].name;
  return "other";
}

gsize
spqr_dtype_size (SpqrDtype dtype)
{
  for (gsize i = 0; i < G_N_ELEMENTS (encodings) && dtype != SPQR_DTYPE_OTHER; i++)
    if (encodings[i].dtype == dtype)
      return encodings[i].unit_bytes;
  return 0;
}

/* ---- roles ---- */

static const struct { const char *name; gboolean linear; } roles[SPQR_N_ROLES] = {
  [SPQR_ROLE_OTHER] = { "other", FALSE },
  [SPQR_ROLE_EMBEDDING] = { "embedding", FALSE },
  [SPQR_ROLE_POSITION_EMBEDDING] = { "position_embedding", FALSE },
  [SPQR_ROLE_PROJECT_IN] = { "project_in", FALSE },
  [SPQR_ROLE_PROJECT_OUT] = { "project_out", FALSE },
  [SPQR_ROLE_INPUT_NORM] = { "input_norm", FALSE },
  [SPQR_ROLE_Q] = { "q_proj", TRUE },
  [SPQR_ROLE_K] = { "k_proj", TRUE },
  [SPQR_ROLE_V] = { "v_proj", TRUE },
  [SPQR_ROLE_QKV] = { "qkv_proj", TRUE },
  [SPQR_ROLE_Q_NORM] = { "q_norm", FALSE },
  [SPQR_ROLE_K_NORM] = { "k_norm", FALSE },
  [SPQR_ROLE_O] = { "o_proj", TRUE },
  [SPQR_ROLE_POST_NORM] = { "post_norm", FALSE },
  [SPQR_ROLE_PRE_MLP_NORM] = { "pre_mlp_norm", FALSE },
  [SPQR_ROLE_POST_MLP_NORM] = { "post_mlp_norm", FALSE },
  [SPQR_ROLE_GATE] = { "gate_proj", TRUE },
  [SPQR_ROLE_UP] = { "up_proj", TRUE },
  [SPQR_ROLE_GATE_UP] = { "gate_up_proj", TRUE },
  [SPQR_ROLE_DOWN] = { "down_proj", TRUE },
  [SPQR_ROLE_FINAL_NORM] = { "final_norm", FALSE },
  [SPQR_ROLE_HEAD] = { "head", FALSE },
};

const char *
spqr_role_name (SpqrRole role)
{
  g_return_val_if_fail ((guint) role < SPQR_N_ROLES, "other");
  return roles[role].name;
}

gboolean
spqr_role_is_linear (SpqrRole role)
{
  g_return_val_if_fail ((guint) role < SPQR_N_ROLES, FALSE);
  return roles[role].linear;
}

/* ---- the object ---- */

static void
spqr_tensor_finalize (GObject *object)
{
  SpqrTensor *self = SPQR_TENSOR (object);

  g_free (self->aligned);
  g_clear_pointer (&self->file, spqr_file_unref);
  g_free (self->name);
  G_OBJECT_CLASS (spqr_tensor_parent_class)->finalize (object);
}

static void
spqr_tensor_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  SpqrTensor *self = SPQR_TENSOR (object);

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_ROLE_NAME:
      g_value_set_string (value, spqr_role_name (self->role));
      break;
    case PROP_BLOCK:
      g_value_set_int (value, self->block);
      break;
    case PROP_DTYPE_NAME:
      g_value_set_string (value, self->encoding.name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
spqr_tensor_class_init (SpqrTensorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = spqr_tensor_finalize;
  object_class->get_property = spqr_tensor_get_property;
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_ROLE_NAME] = g_param_spec_string ("role-name", NULL, NULL, NULL, flags);
  properties[PROP_BLOCK] = g_param_spec_int ("block", NULL, NULL, -1, G_MAXINT, -1, flags);
  properties[PROP_DTYPE_NAME] = g_param_spec_string ("dtype-name", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
spqr_tensor_init (SpqrTensor *self)
{
}

SpqrTensor *
spqr_tensor_new (const SpqrTensorInit *init)
{
  SpqrTensor *self = g_object_new (SPQR_TYPE_TENSOR, NULL);

  self->name = g_strdup (init->name);
  self->role = init->role;
  self->block = init->block;
  self->is_bias = init->is_bias;
  self->encoding = init->encoding;
  self->n_dims = init->n_dims;
  memcpy (self->shape, init->shape, sizeof self->shape);
  self->file = spqr_file_ref (init->file);
  self->offset = init->offset;
  self->n_bytes = init->n_bytes;
  self->interleaved_heads = init->interleaved_heads;
  self->is_strided = init->strides != NULL;
  if (self->is_strided)
    memcpy (self->strides, init->strides, self->n_dims * sizeof *self->strides);
  return self;
}

const char *
spqr_tensor_get_name (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), NULL);
  return self->name;
}

SpqrRole
spqr_tensor_get_role (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), SPQR_ROLE_OTHER);
  return self->role;
}

int
spqr_tensor_get_block (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), -1);
  return self->block;
}

gboolean
spqr_tensor_is_bias (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), FALSE);
  return self->is_bias;
}

SpqrDtype
spqr_tensor_get_dtype (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), SPQR_DTYPE_OTHER);
  return self->encoding.dtype;
}

const char *
spqr_tensor_get_dtype_name (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), NULL);
  return self->encoding.name;
}

guint
spqr_tensor_get_n_dims (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), 0);
  return self->n_dims;
}

const gint64 *
spqr_tensor_get_shape (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), NULL);
  return self->shape;
}

gsize
spqr_tensor_get_rows (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), 0);
  return self->n_dims < 2 ? 1 : (gsize) self->shape[0];
}

/* Products of a shape never overflow: the reader checked them against the file's size. */
gsize
spqr_tensor_get_cols (SpqrTensor *self)
{
  gsize cols = 1;

  g_return_val_if_fail (SPQR_IS_TENSOR (self), 0);
  for (guint i = self->n_dims < 2 ? 0 : 1; i < self->n_dims; i++)
    cols *= (gsize) self->shape[i];
  return cols;
}

gsize
spqr_tensor_get_n_bytes (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), 0);
  return self->n_bytes;
}

const char *
spqr_tensor_get_file (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), NULL);
  return self->file->path;
}

gboolean
spqr_tensor_is_numeric (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), FALSE);
  return self->encoding.decode != NULL;
}

const gint64 *
spqr_tensor_get_strides (SpqrTensor *self)
{
  return self->is_strided ? self->strides : NULL;
}

gboolean
spqr_tensor_is_plain (SpqrTensor *self)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self), FALSE);
  return self->interleaved_heads == 0 && !self->is_strided;
}

static SpqrStrided
view (SpqrTensor *self)
{
  return (SpqrStrided) { self->file->data + self->offset, self->encoding.unit_bytes, self->n_dims, self->shape, self->strides };
}

static void
copy_bytes (SpqrTensor *self, gpointer out)
{
  SpqrStrided strided = view (self);
  gsize cols = spqr_tensor_get_cols (self);

  if (self->is_strided)
    spqr_strided_pack (&strided, 0, spqr_tensor_get_rows (self), 0, cols, out, cols);
  else
    memcpy (out, strided.data, self->n_bytes);
}

gconstpointer
spqr_tensor_peek (SpqrTensor *self)
{
  const guint8 *data;
  gpointer copy;

  g_return_val_if_fail (SPQR_IS_TENSOR (self), NULL);

  data = self->file->data + self->offset;
  if (!self->is_strided && ((guintptr) data % MIN (MAX (self->encoding.unit_bytes, 1), 8) == 0 ||
                            self->encoding.unit_elements != 1))
    return data;
  copy = g_atomic_pointer_get (&self->aligned);
  if (copy == NULL)
    {
      copy = g_try_malloc (self->n_bytes);
      if (copy == NULL)
        return self->is_strided ? NULL : data;
      copy_bytes (self, copy);
      if (!g_atomic_pointer_compare_and_exchange (&self->aligned, NULL, copy))
        {
          g_free (copy);
          copy = g_atomic_pointer_get (&self->aligned);
        }
    }
  return copy;
}

/* count elements from element `first` on; both are multiples of the unit. */
static gboolean
read_elements (SpqrTensor *self, gsize first, gsize count, float *out, guint64 *buffer, GError **error)
{
  gsize unit = self->encoding.unit_elements, bytes = self->encoding.unit_bytes;
  gsize most = PIECE_BYTES / bytes * unit;

  while (count > 0)
    {
      gsize n = MIN (count, most);

      if (!spqr_file_read (self->file, self->offset + first / unit * bytes, buffer, n / unit * bytes, error))
        return FALSE;
      self->encoding.decode ((const guint8 *) buffer, out, n);
      first += n;
      out += n;
      count -= n;
    }
  return TRUE;
}

/* Rows of elements that do not lie one behind the other, in pieces of some rows and columns. */
static void
read_strided (SpqrTensor *self, gsize row0, gsize count, float *out, guint64 *buffer)
{
  SpqrStrided strided = view (self);
  gsize cols = spqr_tensor_get_cols (self);
  gsize rows = MIN (count, 32), most = PIECE_BYTES / MAX (rows, 1) / 8 & ~(gsize) 7;   /* decoders read at multiples of 8 bytes */

  for (gsize r = 0; r < count; r += rows)
    for (gsize c = 0; c < cols; c += most)
      {
        gsize n = MIN (most, cols - c), m = MIN (rows, count - r);

        spqr_strided_pack (&strided, row0 + r, m, c, n, (guint8 *) buffer, most);
        for (gsize i = 0; i < m; i++)
          self->encoding.decode ((const guint8 *) buffer + i * most * strided.size, out + (r + i) * cols + c, n);
      }
}

/* Row r of head h, r = half * d/2 + i, was written as row 2 i + half of that head. */
static gsize
stored_row (SpqrTensor *self, gsize row)
{
  gsize head_rows = (gsize) self->shape[0] / self->interleaved_heads;
  gsize in_head = row % head_rows;

  return row - in_head + 2 * (in_head % (head_rows / 2)) + in_head / (head_rows / 2);
}

gboolean
spqr_tensor_read_rows (SpqrTensor *self, gsize row0, gsize count, float *out, GError **error)
{
  g_autofree guint64 *buffer = NULL;
  gsize rows, cols;

  g_return_val_if_fail (SPQR_IS_TENSOR (self), FALSE);

  rows = spqr_tensor_get_rows (self);
  cols = spqr_tensor_get_cols (self);
  if (self->encoding.decode == NULL)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "%s: tensor “%s” holds %s, not floating-point numbers",
                   self->file->path, self->name, self->encoding.name);
      return FALSE;
    }
  if (row0 > rows || count > rows - row0)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED,
                   "%s: tensor “%s” has %" G_GSIZE_FORMAT " rows; rows %" G_GSIZE_FORMAT " to %" G_GSIZE_FORMAT
                   " were asked for", self->file->path, self->name, rows, row0, row0 + count);
      return FALSE;
    }

  buffer = g_malloc (PIECE_BYTES);
  if (self->is_strided)
    {
      read_strided (self, row0, count, out, buffer);
      return TRUE;
    }
  if (self->interleaved_heads == 0)
    return read_elements (self, row0 * cols, count * cols, out, buffer, error);
  if (self->n_dims < 2)     /* a bias: its elements are the matrix's rows */
    {
      count *= cols;
      cols = 1;
    }
  for (gsize r = 0; r < count; r++)
    if (!read_elements (self, stored_row (self, row0 + r) * cols, cols, out + r * cols, buffer, error))
      return FALSE;
  return TRUE;
}

/* Its rows in bands, each of which one thread reads. The first error stays. */
typedef struct { SpqrTensor *tensor; float *out; gsize band; GMutex lock; GError *error; } Reading;

static void
read_bands (void *data, size_t begin, size_t end)
{
  Reading *r = data;
  gsize rows = spqr_tensor_get_rows (r->tensor), cols = spqr_tensor_get_cols (r->tensor);
  gsize row0 = begin * r->band, row1 = MIN (end * r->band, rows);
  g_autoptr(GError) error = NULL;

  if (spqr_tensor_read_rows (r->tensor, row0, row1 - row0, r->out + row0 * cols, &error))
    return;
  g_mutex_lock (&r->lock);
  if (r->error == NULL)
    r->error = g_steal_pointer (&error);
  g_mutex_unlock (&r->lock);
}

static gboolean
read_all (SpqrTensor *self, const SpqrExec *exec, float *out, GError **error)
{
  gsize rows = spqr_tensor_get_rows (self), cols = spqr_tensor_get_cols (self);
  Reading r = { .tensor = self, .out = out, .band = CLAMP (BAND_VALUES / MAX (cols, 1), 1, MAX (rows, 1)) };
  SpqrStatus status;

  if (!spqr_tensor_read_rows (self, 0, 0, out, error))      /* not numbers: said also of an empty tensor */
    return FALSE;
  g_mutex_init (&r.lock);
  status = spqr_exec_run (exec, (rows + r.band - 1) / r.band, 1, read_bands, &r);
  g_mutex_clear (&r.lock);
  if (r.error != NULL)
    g_propagate_error (error, r.error);
  else if (status != SPQR_OK)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: %s", self->name, spqr_status_text (status));
  return r.error == NULL && status == SPQR_OK;
}

float *
spqr_tensor_read_with (SpqrTensor *self, const SpqrExec *exec, GError **error)
{
  g_autofree float *out = NULL;
  gsize n;

  g_return_val_if_fail (SPQR_IS_TENSOR (self), NULL);

  n = spqr_tensor_get_rows (self) * spqr_tensor_get_cols (self);
  if (n > G_MAXSIZE / sizeof *out || (out = spqr_large_alloc (n * sizeof *out)) == NULL)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED,
                   "%s: not enough memory for tensor “%s” (%" G_GSIZE_FORMAT " values)",
                   self->file->path, self->name, n);
      return NULL;
    }
  return read_all (self, exec, out, error) ? g_steal_pointer (&out) : NULL;
}

float *
spqr_tensor_read (SpqrTensor *self, GError **error)
{
  return spqr_tensor_read_with (self, NULL, error);
}

gboolean
spqr_tensor_read_bytes (SpqrTensor *self, gsize offset, gpointer out, gsize n, GError **error)
{
  g_return_val_if_fail (SPQR_IS_TENSOR (self) && offset <= self->n_bytes && n <= self->n_bytes - offset, FALSE);
  return spqr_file_read (self->file, self->offset + offset, out, n, error);
}
