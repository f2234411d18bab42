/* spqr-gguf.c: the container: header, metadata, tensor table. */
#include "model/spqr-gguf-private.h"

#include <math.h>
#include <string.h>

#include "model/spqr-model.h"

#define MAX_PAIRS 100000u
#define MAX_TENSORS 1000000u

/* A place in the file that never goes beyond its end. */
typedef struct {
  const SpqrFile *file;
  guint64 at;
  GError **error;
} Cursor;

G_GNUC_PRINTF (2, 3) static gboolean
malformed (Cursor *cursor, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  if (cursor->error != NULL && *cursor->error != NULL)
    return FALSE;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (cursor->error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: %s", cursor->file->path, what);
  return FALSE;
}

/* The next n bytes, or NULL. */
static const guint8 *
take (Cursor *cursor, guint64 n)
{
  const guint8 *bytes;

  if (n > cursor->file->size - cursor->at)
    {
      malformed (cursor, "the file is cut off, or lies about a length at byte %" G_GUINT64_FORMAT
                 "; download it again", cursor->at);
      return NULL;
    }
  bytes = cursor->file->data + cursor->at;
  cursor->at += n;
  return bytes;
}

static gboolean
take_u32 (Cursor *cursor, guint32 *value)
{
  const guint8 *bytes = take (cursor, 4);

  if (bytes == NULL)
    return FALSE;
  memcpy (value, bytes, 4);
  *value = GUINT32_FROM_LE (*value);
  return TRUE;
}

static gboolean
take_u64 (Cursor *cursor, guint64 *value)
{
  const guint8 *bytes = take (cursor, 8);

  if (bytes == NULL)
    return FALSE;
  memcpy (value, bytes, 8);
  *value = GUINT64_FROM_LE (*value);
  return TRUE;
}

/* A name: NUL-terminated UTF-8, g_free(); NULL on error. */
static char *
take_name (Cursor *cursor)
{
  guint64 length = 0;
  const guint8 *bytes;

  if (!take_u64 (cursor, &length))
    return NULL;
  if (length > 65535)
    {
      malformed (cursor, "a name of %" G_GUINT64_FORMAT " bytes is absurd", length);
      return NULL;
    }
  bytes = take (cursor, length);
  if (bytes == NULL)
    return NULL;
  if (length == 0 || !g_utf8_validate_len ((const char *) bytes, (gsize) length, NULL))
    {
      malformed (cursor, "a name that is empty or not UTF-8 text, before byte %" G_GUINT64_FORMAT, cursor->at);
      return NULL;
    }
  return g_strndup ((const char *) bytes, (gsize) length);
}

/* ---- metadata ---- */

guint
spqr_gguf_scalar_size (SpqrGgufType type)
{
  static const guint sizes[SPQR_GGUF_N_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

  return sizes[type];
}

static gboolean
take_type (Cursor *cursor, SpqrGgufType *type)
{
  guint32 number = 0;

  if (!take_u32 (cursor, &number))
    return FALSE;
  if (number >= SPQR_GGUF_N_TYPES)
    return malformed (cursor, "an unknown type of metadata (%u)", number);
  *type = (SpqrGgufType) number;
  return TRUE;
}

static gboolean
take_array (Cursor *cursor, SpqrGgufValue *value)
{
  if (!take_type (cursor, &value->element_type) || !take_u64 (cursor, &value->length))
    return FALSE;
  value->data = cursor->file->data + cursor->at;
  if (value->element_type == SPQR_GGUF_ARRAY)
    return malformed (cursor, "arrays of arrays in the metadata are not supported");
  if (value->element_type != SPQR_GGUF_STRING)
    {
      if (value->length > cursor->file->size)
        return malformed (cursor, "an array of %" G_GUINT64_FORMAT " elements does not fit the file", value->length);
      return take (cursor, value->length * spqr_gguf_scalar_size (value->element_type)) != NULL;
    }
  for (guint64 i = 0; i < value->length; i++)
    {
      guint64 n = 0;

      if (!take_u64 (cursor, &n) || take (cursor, n) == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_value (Cursor *cursor, SpqrGgufValue *value)
{
  if (!take_type (cursor, &value->type))
    return FALSE;
  if (value->type == SPQR_GGUF_ARRAY)
    return take_array (cursor, value);
  if (value->type == SPQR_GGUF_STRING)
    return take_u64 (cursor, &value->length) && (value->data = take (cursor, value->length)) != NULL;
  value->data = take (cursor, spqr_gguf_scalar_size (value->type));
  return value->data != NULL;
}

static gboolean
read_metadata (SpqrGguf *self, Cursor *cursor, guint64 n_pairs)
{
  for (guint64 i = 0; i < n_pairs; i++)
    {
      g_autofree char *key = take_name (cursor);
      SpqrGgufValue value = { 0 };

      if (key == NULL || !take_value (cursor, &value))
        return FALSE;
      if (g_hash_table_contains (self->values, key))
        return malformed (cursor, "the metadata's “%s” stands there twice", key);
      g_hash_table_insert (self->values, g_steal_pointer (&key), g_memdup2 (&value, sizeof value));
    }
  return TRUE;
}

/* ---- tensors ---- */

static void
tensor_clear (gpointer data)
{
  g_free (((SpqrGgufTensor *) data)->name);
}

static gboolean
read_shape (Cursor *cursor, SpqrGgufTensor *tensor, guint64 *elements)
{
  guint32 n_dims = 0;
  guint64 product = 1;

  if (!take_u32 (cursor, &n_dims))
    return FALSE;
  if (n_dims < 1 || n_dims > 8)
    return malformed (cursor, "tensor “%s” has %u dimensions", tensor->name, n_dims);
  tensor->n_dims = n_dims;
  for (guint d = 0; d < n_dims; d++)
    {
      guint64 n = 0;

      if (!take_u64 (cursor, &n))
        return FALSE;
      if (n < 1 || !g_uint64_checked_mul (&product, product, n) || product > G_MAXINT64 / 16)
        return malformed (cursor, "tensor “%s”: its shape is absurd", tensor->name);
      tensor->shape[n_dims - 1 - d] = (gint64) n;
    }
  *elements = product;
  return TRUE;
}

/* offset stays relative to the data until the data's place is known. */
static gboolean
read_tensor (Cursor *cursor, SpqrGgufTensor *tensor)
{
  guint64 elements = 0, units;
  guint32 type = 0;

  if (!read_shape (cursor, tensor, &elements) || !take_u32 (cursor, &type) || !take_u64 (cursor, &tensor->offset))
    return FALSE;
  tensor->encoding = spqr_gguf_encoding (type);
  if (tensor->encoding.unit_bytes == 0)
    {
      const char *name = spqr_gguf_foreign_type (type);

      g_set_error (cursor->error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "%s: tensor “%s” is stored as %s (type number %u), which this program does not read; F32, F16, BF16, Q8_0, "
                   "Q4_0 … Q5_1 and Q2_K … Q6_K are read",
                   cursor->file->path, tensor->name, name != NULL ? name : "something unknown", type);
      return FALSE;
    }
  if (tensor->shape[tensor->n_dims - 1] % tensor->encoding.unit_elements != 0)
    return malformed (cursor, "tensor “%s”: rows of %" G_GINT64_FORMAT " are not made of whole blocks of %u",
                      tensor->name, tensor->shape[tensor->n_dims - 1], tensor->encoding.unit_elements);
  units = elements / tensor->encoding.unit_elements;
  if (units > cursor->file->size / tensor->encoding.unit_bytes)
    return malformed (cursor, "tensor “%s” is larger than the file; download it again", tensor->name);
  tensor->n_bytes = (gsize) (units * tensor->encoding.unit_bytes);
  return TRUE;
}

static gint
compare_offsets (gconstpointer a, gconstpointer b)
{
  const SpqrGgufTensor *x = a, *y = b;

  return (x->offset > y->offset) - (x->offset < y->offset);
}

static gboolean
place_tensors (SpqrGguf *self, Cursor *cursor, guint64 alignment)
{
  guint64 data = (cursor->at + alignment - 1) / alignment * alignment;
  const SpqrGgufTensor *before = NULL;

  g_array_sort (self->tensors, compare_offsets);
  for (guint i = 0; i < self->tensors->len; i++)
    {
      SpqrGgufTensor *tensor = &g_array_index (self->tensors, SpqrGgufTensor, i);

      if (tensor->offset % alignment != 0)
        return malformed (cursor, "tensor “%s” is not aligned to %" G_GUINT64_FORMAT " bytes", tensor->name, alignment);
      if (data > self->file->size || tensor->offset > self->file->size - data
          || tensor->n_bytes > self->file->size - data - tensor->offset)
        return malformed (cursor, "tensor “%s” reaches beyond the end of the file; the file is cut off, download it "
                          "again", tensor->name);
      tensor->offset += data;
      if (before != NULL && tensor->offset < before->offset + before->n_bytes)
        return malformed (cursor, "tensors “%s” and “%s” overlap", before->name, tensor->name);
      before = tensor;
    }
  return TRUE;
}

static gboolean
read_tensors (SpqrGguf *self, Cursor *cursor, guint64 n_tensors)
{
  gint64 alignment = 32;

  for (guint64 i = 0; i < n_tensors; i++)
    {
      SpqrGgufTensor tensor = { .name = take_name (cursor) };

      if (tensor.name == NULL)
        return FALSE;
      if (!read_tensor (cursor, &tensor))
        {
          g_free (tensor.name);
          return FALSE;
        }
      g_array_append_val (self->tensors, tensor);
    }
  spqr_gguf_get_int (self, "general.alignment", &alignment);
  if (alignment < 1 || alignment > 1 << 20 || (alignment & (alignment - 1)) != 0)
    return malformed (cursor, "the metadata's general.alignment is %" G_GINT64_FORMAT, alignment);
  return place_tensors (self, cursor, (guint64) alignment);
}

static gboolean
read_all (SpqrGguf *self, GError **error)
{
  Cursor cursor = { .file = self->file, .error = error };
  const guint8 *magic = take (&cursor, 4);
  guint32 version = 0;
  guint64 n_tensors = 0, n_pairs = 0;

  if (magic == NULL || !take_u32 (&cursor, &version))
    return FALSE;
  if (memcmp (magic, "GGUF", 4) != 0)
    return malformed (&cursor, "is not a GGUF file");
  if (version < 2 || version > 3)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "%s: is a GGUF file of version %u; versions 2 and 3 are read", self->file->path, version);
      return FALSE;
    }
  if (!take_u64 (&cursor, &n_tensors) || !take_u64 (&cursor, &n_pairs))
    return FALSE;
  if (n_tensors > MAX_TENSORS || n_pairs > MAX_PAIRS)
    return malformed (&cursor, "%" G_GUINT64_FORMAT " tensors and %" G_GUINT64_FORMAT " pairs of metadata are absurd",
                      n_tensors, n_pairs);
  return read_metadata (self, &cursor, n_pairs) && read_tensors (self, &cursor, n_tensors);
}

SpqrGguf *
spqr_gguf_open (const char *path, GError **error)
{
  g_autoptr(SpqrGguf) self = NULL;
  SpqrFile *file = spqr_file_open (path, error);

  if (file == NULL)
    return NULL;
  self = g_new0 (SpqrGguf, 1);
  self->file = file;
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->tensors = g_array_new (FALSE, FALSE, sizeof (SpqrGgufTensor));
  g_array_set_clear_func (self->tensors, tensor_clear);
  return read_all (self, error) ? g_steal_pointer (&self) : NULL;
}

void
spqr_gguf_free (SpqrGguf *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->tensors);
  g_hash_table_unref (self->values);
  spqr_file_unref (self->file);
  g_free (self);
}

gboolean
spqr_gguf_is_one (const char *path)
{
  SpqrFile *file = spqr_file_open (path, NULL);
  gboolean is_one = file != NULL && file->size >= 4 && memcmp (file->data, "GGUF", 4) == 0;

  if (file != NULL)
    spqr_file_unref (file);
  return is_one;
}

/* ---- asking ---- */

#define READ_AS(type, data) ({ type value_; memcpy (&value_, (data), sizeof value_); value_; })

gboolean
spqr_gguf_scalar (SpqrGgufType type, const guint8 *data, double *value)
{
  switch (type)
    {
    case SPQR_GGUF_U8:
    case SPQR_GGUF_BOOL:
      *value = data[0];
      return TRUE;
    case SPQR_GGUF_I8:
      *value = (gint8) data[0];
      return TRUE;
    case SPQR_GGUF_U16:
      *value = GUINT16_FROM_LE (READ_AS (guint16, data));
      return TRUE;
    case SPQR_GGUF_I16:
      *value = GINT16_FROM_LE (READ_AS (gint16, data));
      return TRUE;
    case SPQR_GGUF_U32:
      *value = GUINT32_FROM_LE (READ_AS (guint32, data));
      return TRUE;
    case SPQR_GGUF_I32:
      *value = GINT32_FROM_LE (READ_AS (gint32, data));
      return TRUE;
    case SPQR_GGUF_F32:
      *value = (double) READ_AS (float, data);
      return TRUE;
    case SPQR_GGUF_U64:
      *value = (double) GUINT64_FROM_LE (READ_AS (guint64, data));
      return TRUE;
    case SPQR_GGUF_I64:
      *value = (double) GINT64_FROM_LE (READ_AS (gint64, data));
      return TRUE;
    case SPQR_GGUF_F64:
      *value = READ_AS (double, data);
      return TRUE;
    case SPQR_GGUF_STRING:
    case SPQR_GGUF_ARRAY:
    case SPQR_GGUF_N_TYPES:
    default:
      return FALSE;
    }
}

gboolean
spqr_gguf_get_double (const SpqrGguf *self, const char *key, double *value)
{
  const SpqrGgufValue *found = g_hash_table_lookup (self->values, key);
  double first = 0, other = 0;
  guint size;

  if (found == NULL)
    return FALSE;
  if (found->type != SPQR_GGUF_ARRAY)
    return spqr_gguf_scalar (found->type, found->data, value) && isfinite (*value);
  size = spqr_gguf_scalar_size (found->element_type);
  if (found->length == 0 || !spqr_gguf_scalar (found->element_type, found->data, &first) || !isfinite (first))
    return FALSE;
  for (guint64 i = 1; i < found->length; i++)
    if (!spqr_gguf_scalar (found->element_type, found->data + i * size, &other) || other != first)
      return FALSE;
  *value = first;
  return TRUE;
}

gboolean
spqr_gguf_get_int (const SpqrGguf *self, const char *key, gint64 *value)
{
  double number = 0;

  if (!spqr_gguf_get_double (self, key, &number) || number != floor (number) || fabs (number) > 9007199254740992.0)
    return FALSE;
  *value = (gint64) number;
  return TRUE;
}

char *
spqr_gguf_get_string (const SpqrGguf *self, const char *key)
{
  const SpqrGgufValue *found = g_hash_table_lookup (self->values, key);

  if (found == NULL || found->type != SPQR_GGUF_STRING || found->length > 1 << 20
      || !g_utf8_validate_len ((const char *) found->data, (gsize) found->length, NULL))
    return NULL;
  return g_strndup ((const char *) found->data, (gsize) found->length);
}

guint64
spqr_gguf_get_array_length (const SpqrGguf *self, const char *key)
{
  const SpqrGgufValue *found = g_hash_table_lookup (self->values, key);

  return found != NULL && found->type == SPQR_GGUF_ARRAY ? found->length : 0;
}

const SpqrGgufTensor *
spqr_gguf_lookup (const SpqrGguf *self, const char *name)
{
  for (guint i = 0; i < self->tensors->len; i++)
    if (g_str_equal (g_array_index (self->tensors, SpqrGgufTensor, i).name, name))
      return &g_array_index (self->tensors, SpqrGgufTensor, i);
  return NULL;
}
