#include "model/spqr-torch-private.h"

#include <string.h>

#include "model/spqr-model.h"
#include "model/spqr-strided-private.h"
#include "model/spqr-tensor-private.h"
#include "model/spqr-torch-archive.h"

#define MAX_DIMS 8

struct _SpqrTorch {
  SpqrFile *file;
  SpqrTorchArchive *archive; /* has the names */
  GArray *entries;           /* SpqrTorchEntry */
};

void
spqr_torch_free (SpqrTorch *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->entries, g_array_unref);
  g_clear_pointer (&self->archive, spqr_torch_archive_free);
  g_clear_pointer (&self->file, spqr_file_unref);
  g_free (self);
}

SpqrFile *
spqr_torch_get_file (SpqrTorch *self)
{
  return self->file;
}

guint
spqr_torch_get_n_entries (SpqrTorch *self)
{
  return self->entries->len;
}

const SpqrTorchEntry *
spqr_torch_get_entry (SpqrTorch *self, guint index)
{
  return &g_array_index (self->entries, SpqrTorchEntry, index);
}

static gboolean
refuse (SpqrTorch *self, const char *tensor, int code, const char *what, GError **error)
{
  g_set_error (error, SPQR_MODEL_ERROR, code, "%s: tensor “%.200s” %s", self->file->path, tensor, what);
  return FALSE;
}

/* The numbers of a tuple; FALSE when one is none, or negative. */
static gboolean
get_numbers (const SpqrPickleValue *list, guint n, gint64 *numbers)
{
  if (list->kind != SPQR_PICKLE_LIST || list->items->len != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      const SpqrPickleValue *value = list->items->pdata[i];

      if (value->kind != SPQR_PICKLE_INT || value->number < 0)
        return FALSE;
      numbers[i] = value->number;
    }
  return TRUE;
}

/* Elements of a tensor, and whether it is dense and row-major; a dimension of 1 may have any stride. */
static gboolean
count_elements (const gint64 *shape, const gint64 *strides, guint n_dims, guint64 *elements, gboolean *row_major)
{
  *elements = 1;
  *row_major = TRUE;
  for (guint d = n_dims; d-- > 0;)
    {
      if (shape[d] != 1 && (guint64) strides[d] != *elements)
        *row_major = FALSE;
      if (!g_uint64_checked_mul (elements, *elements, (guint64) shape[d]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_entry (SpqrTorch *self, const char *name, const SpqrPickleValue *tensor, GError **error)
{
  const guint8 *storage;
  gsize len;
  guint64 size = (guint64) tensor->storage->number, elements, span, begin, n_bytes;
  gboolean row_major;
  SpqrTorchEntry strided = { { .name = name, .dtype_name = tensor->storage->dtype_name, .n_dims = tensor->shape->items->len } };
  SpqrSafetensorsEntry entry = strided.entry;

  entry.dtype = spqr_encoding_from_name (entry.dtype_name).dtype;
  if (entry.n_dims > MAX_DIMS)
    return refuse (self, name, SPQR_MODEL_ERROR_UNSUPPORTED, "has more than 8 dimensions", error);
  if (!get_numbers (tensor->shape, entry.n_dims, entry.shape) || !get_numbers (tensor->strides, entry.n_dims, strided.strides) ||
      !count_elements (entry.shape, strided.strides, entry.n_dims, &elements, &row_major))
    return refuse (self, name, SPQR_MODEL_ERROR_MALFORMED, "has an impossible shape", error);
  if (!spqr_strided_span (entry.shape, strided.strides, entry.n_dims, &span))
    return refuse (self, name, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "shows stored numbers more than once (an expanded tensor); save it again as contiguous, or as safetensors",
                   error);
  if (!spqr_torch_archive_find (self->archive, tensor->storage, &storage, &len) || tensor->number < 0 || !g_uint64_checked_mul (&begin, (guint64) tensor->number, size) ||
      !g_uint64_checked_mul (&n_bytes, span, size) || begin > len || n_bytes > len - begin)
    return refuse (self, name, SPQR_MODEL_ERROR_MALFORMED, "does not lie in the file; download the model again", error);
  entry.data = storage + begin;
  entry.n_bytes = (gsize) (elements * size);   /* no more than the span, which lies in the file */
  entry.offset = (guint64) (entry.data - self->file->data);
  strided.entry = entry;
  strided.is_strided = !row_major && elements > 0;
  g_array_append_val (self->entries, strided);
  return TRUE;
}

static gboolean
add_entries (SpqrTorch *self, GError **error)
{
  const SpqrPickleValue *root = spqr_torch_archive_get_root (self->archive);

  for (guint i = 0; root->kind == SPQR_PICKLE_DICT && i + 1 < root->items->len; i += 2)
    {
      const SpqrPickleValue *key = root->items->pdata[i], *value = root->items->pdata[i + 1];

      if (key->kind == SPQR_PICKLE_TEXT && g_utf8_validate (key->text, -1, NULL) && value->kind == SPQR_PICKLE_TENSOR &&
          !add_entry (self, key->text, value, error))
        return FALSE;
    }
  if (self->entries->len > 0)
    return TRUE;
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
               "%s: holds no table of named tensors (a state_dict)", self->file->path);
  return FALSE;
}

SpqrTorch *
spqr_torch_open (const char *path, GError **error)
{
  g_autoptr(SpqrTorch) self = g_new0 (SpqrTorch, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (SpqrTorchEntry));
  self->file = spqr_file_open (path, error);
  if (self->file == NULL)
    return NULL;
  self->archive = spqr_torch_archive_open (self->file->data, (gsize) self->file->size, SPQR_PICKLE_OF_WEIGHTS, path, error);
  return self->archive != NULL && add_entries (self, error) ? g_steal_pointer (&self) : NULL;
}
