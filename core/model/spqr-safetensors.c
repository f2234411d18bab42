/* spqr-safetensors.c: the reader.
 *
 *   u64 little endian: length n of the header | n bytes of JSON | data
 *   header: { "__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets": [begin, end)} }
 *
 * The tensors must tile the data: no overlap, no hole, no rest. Nothing is allocated by a size that
 * was not compared with the file's own size before. */
#include "model/spqr-safetensors.h"

#include <string.h>

#include "model/spqr-json.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors-private.h"
#include "model/spqr-tensor-private.h"

#define MAX_HEADER 100000000u      /* the format's own limit */
#define MAX_VALUES 2000000u        /* in the header: some 200,000 tensors */

struct _SpqrSafetensors {
  SpqrFile *file;
  JsonNode *root;                  /* owns the names */
  JsonObject *metadata;            /* borrowed from root; NULL when absent */
  guint64 data_start, data_size;
  GArray *entries;                 /* SpqrSafetensorsEntry, by offset */
  GHashTable *by_name;             /* name -> index + 1 */
};

G_GNUC_PRINTF (3, 4) static gboolean
malformed (const SpqrSafetensors *self, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: %s", self->file->path, what);
  return FALSE;
}

/* Says what a file is that is no safetensors file, where that can be told. */
static gboolean
check_foreign (SpqrSafetensors *self, GError **error)
{
  static const struct { const char *magic; gsize n; const char *what; } known[] = {
    { "GGUF", 4, "a GGUF file" },
    { "PK\003\004", 4, "a PyTorch checkpoint or another zip archive" },
    { "\x80\x02", 2, "a Python pickle, probably an old PyTorch checkpoint" },
    { "\x89HDF", 4, "an HDF5 file" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (self->file->size >= known[i].n && memcmp (self->file->data, known[i].magic, known[i].n) == 0
        && (self->file->size < 9 || self->file->data[8] != '{'))
      {
        g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                     "%s: is %s, not a safetensors file", self->file->path, known[i].what);
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_header_size (SpqrSafetensors *self, guint64 *size, GError **error)
{
  guint64 n = 0;

  if (!check_foreign (self, error))
    return FALSE;
  if (self->file->size < 8)
    return malformed (self, error, "is cut off: %" G_GUINT64_FORMAT " bytes, and the header's length alone takes 8",
                      self->file->size);
  memcpy (&n, self->file->data, sizeof n);
  n = GUINT64_FROM_LE (n);
  if (n > MAX_HEADER)
    return malformed (self, error, "is not a safetensors file: it claims a header of %" G_GUINT64_FORMAT
                      " bytes; the format allows %u", n, MAX_HEADER);
  if (n > self->file->size - 8)
    return malformed (self, error, "is cut off: the header should take %" G_GUINT64_FORMAT " bytes, the file has %"
                      G_GUINT64_FORMAT " after its length; download it again", n, self->file->size - 8);
  if (n < 2)
    return malformed (self, error, "has an empty header");
  *size = n;
  return TRUE;
}

static gboolean
read_shape (SpqrSafetensors *self, SpqrSafetensorsEntry *entry, JsonArray *shape, guint64 *elements, GError **error)
{
  guint64 product = 1;
  gboolean any_zero = FALSE;

  if (shape == NULL)
    return malformed (self, error, "tensor “%s” has no shape", entry->name);
  entry->n_dims = json_array_get_length (shape);
  if (entry->n_dims > G_N_ELEMENTS (entry->shape))
    return malformed (self, error, "tensor “%s” has %u dimensions; at most 8 are supported",
                      entry->name, entry->n_dims);
  for (guint i = 0; i < entry->n_dims; i++)
    {
      gint64 n = 0;

      if (!spqr_json_node_get_int (json_array_get_element (shape, i), &n) || n < 0)
        return malformed (self, error, "tensor “%s”: its shape is not a list of sizes", entry->name);
      entry->shape[i] = n;
      any_zero |= n == 0;
      if (!g_uint64_checked_mul (&product, product, (guint64) MAX (n, 1)) || product > G_MAXINT64 / 16)
        return malformed (self, error, "tensor “%s”: the product of its shape is absurd", entry->name);
    }
  *elements = any_zero ? 0 : product;
  return TRUE;
}

static gboolean
read_offsets (SpqrSafetensors *self, SpqrSafetensorsEntry *entry, JsonArray *offsets, GError **error)
{
  gint64 begin = -1, end = -1;

  if (offsets == NULL || json_array_get_length (offsets) != 2
      || !spqr_json_node_get_int (json_array_get_element (offsets, 0), &begin)
      || !spqr_json_node_get_int (json_array_get_element (offsets, 1), &end)
      || begin < 0 || end < 0)
    return malformed (self, error, "tensor “%s” has no proper data_offsets", entry->name);
  if (begin > end)
    return malformed (self, error, "tensor “%s” ends (%" G_GINT64_FORMAT ") before it begins (%" G_GINT64_FORMAT ")",
                      entry->name, end, begin);
  if ((guint64) end > self->data_size)
    return malformed (self, error, "tensor “%s” reaches to byte %" G_GINT64_FORMAT " of the data, but there are only %"
                      G_GUINT64_FORMAT "; the file is cut off, download it again", entry->name, end, self->data_size);
  entry->offset = self->data_start + (guint64) begin;
  entry->n_bytes = (gsize) (end - begin);
  entry->data = self->file->data + entry->offset;
  return TRUE;
}

static gboolean
read_entry (SpqrSafetensors *self, const char *name, JsonNode *node, GError **error)
{
  SpqrSafetensorsEntry entry = { .name = name };
  g_autoptr(GError) kind_error = NULL;
  JsonObject *object;
  SpqrEncoding encoding;
  guint64 elements = 0;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return malformed (self, error, "the header's entry “%s” is not an object", name);
  object = json_node_get_object (node);
  entry.dtype_name = spqr_json_get_string (object, "dtype", self->file->path, &kind_error);
  if (entry.dtype_name == NULL)
    return malformed (self, error, "tensor “%s” has no dtype", name);
  if (!read_shape (self, &entry, spqr_json_get_array (object, "shape", self->file->path, NULL), &elements, error)
      || !read_offsets (self, &entry, spqr_json_get_array (object, "data_offsets", self->file->path, NULL), error))
    return FALSE;

  encoding = spqr_encoding_from_name (entry.dtype_name);
  entry.dtype = encoding.dtype;
  if (encoding.unit_bytes > 0 && elements * encoding.unit_bytes != entry.n_bytes)
    return malformed (self, error, "tensor “%s”: %" G_GUINT64_FORMAT " values of %s do not make %" G_GSIZE_FORMAT
                      " bytes", name, elements, entry.dtype_name, entry.n_bytes);
  g_array_append_val (self->entries, entry);
  return TRUE;
}

static gboolean
check_metadata (SpqrSafetensors *self, JsonNode *node, GError **error)
{
  JsonObjectIter iter;
  const char *key;
  JsonNode *value;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return malformed (self, error, "the header's __metadata__ is not an object");
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &key, &value))
    if (json_node_get_value_type (value) != G_TYPE_STRING)
      return malformed (self, error, "the metadata's “%s” is not a text", key);
  self->metadata = json_node_get_object (node);
  return TRUE;
}

static gint
compare_offsets (gconstpointer a, gconstpointer b)
{
  const SpqrSafetensorsEntry *x = a, *y = b;

  if (x->offset != y->offset)
    return x->offset < y->offset ? -1 : 1;
  if (x->n_bytes != y->n_bytes)
    return x->n_bytes < y->n_bytes ? -1 : 1;
  return strcmp (x->name, y->name);
}

/* Entries sorted by offset: each must begin where the one before it ended. */
static gboolean
check_tiling (SpqrSafetensors *self, GError **error)
{
  guint64 at = self->data_start;
  const char *before = NULL;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const SpqrSafetensorsEntry *entry = &g_array_index (self->entries, SpqrSafetensorsEntry, i);

      if (entry->offset < at)
        return malformed (self, error, "tensors “%s” and “%s” overlap", before, entry->name);
      if (entry->offset > at)
        return malformed (self, error, "%" G_GUINT64_FORMAT " bytes before tensor “%s” belong to no tensor",
                          entry->offset - at, entry->name);
      at += entry->n_bytes;
      before = entry->name;
    }
  if (at != self->data_start + self->data_size)
    return malformed (self, error, "%" G_GUINT64_FORMAT " bytes after the last tensor%s%s%s belong to no tensor",
                      self->data_start + self->data_size - at, before != NULL ? " “" : "",
                      before != NULL ? before : "", before != NULL ? "”" : "");
  return TRUE;
}

static gboolean
read_header (SpqrSafetensors *self, GError **error)
{
  const char *text = (const char *) self->file->data + 8;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  guint64 size = 0;

  if (!read_header_size (self, &size, error))
    return FALSE;
  self->data_start = 8 + size;
  self->data_size = self->file->size - self->data_start;
  if (text[0] != '{')
    return malformed (self, error, "is not a safetensors file: the header is not a JSON object");
  self->root = spqr_json_parse_limited (text, (gssize) size, MAX_VALUES, self->file->path, error);
  if (self->root == NULL)
    return FALSE;

  json_object_iter_init_ordered (&iter, json_node_get_object (self->root));
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      gboolean fine = g_str_equal (name, "__metadata__") ? check_metadata (self, node, error)
                                                         : read_entry (self, name, node, error);
      if (!fine)
        return FALSE;
    }
  g_array_sort (self->entries, compare_offsets);
  return check_tiling (self, error);
}

SpqrSafetensors *
spqr_safetensors_open (const char *path, GError **error)
{
  g_autoptr(SpqrSafetensors) self = NULL;
  SpqrFile *file;

  g_return_val_if_fail (path != NULL, NULL);

  file = spqr_file_open (path, error);
  if (file == NULL)
    return NULL;
  self = g_new0 (SpqrSafetensors, 1);
  self->file = file;
  self->entries = g_array_new (FALSE, FALSE, sizeof (SpqrSafetensorsEntry));
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  if (!read_header (self, error))
    return NULL;
  for (guint i = 0; i < self->entries->len; i++)
    g_hash_table_insert (self->by_name, (gpointer) g_array_index (self->entries, SpqrSafetensorsEntry, i).name,
                         GUINT_TO_POINTER (i + 1));
  return g_steal_pointer (&self);
}

void
spqr_safetensors_free (SpqrSafetensors *self)
{
  g_return_if_fail (self != NULL);
  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_clear_pointer (&self->entries, g_array_unref);
  g_clear_pointer (&self->root, json_node_unref);
  g_clear_pointer (&self->file, spqr_file_unref);
  g_free (self);
}

guint
spqr_safetensors_get_n_entries (SpqrSafetensors *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->entries->len;
}

const SpqrSafetensorsEntry *
spqr_safetensors_get_entry (SpqrSafetensors *self, guint index)
{
  g_return_val_if_fail (self != NULL && index < self->entries->len, NULL);
  return &g_array_index (self->entries, SpqrSafetensorsEntry, index);
}

const SpqrSafetensorsEntry *
spqr_safetensors_lookup (SpqrSafetensors *self, const char *name)
{
  guint index;

  g_return_val_if_fail (self != NULL && name != NULL, NULL);
  index = GPOINTER_TO_UINT (g_hash_table_lookup (self->by_name, name));
  return index == 0 ? NULL : spqr_safetensors_get_entry (self, index - 1);
}

const char *
spqr_safetensors_get_metadata (SpqrSafetensors *self, const char *key)
{
  g_return_val_if_fail (self != NULL && key != NULL, NULL);
  if (self->metadata == NULL || !json_object_has_member (self->metadata, key))
    return NULL;
  return json_object_get_string_member (self->metadata, key);
}

SpqrFile *
spqr_safetensors_get_file (SpqrSafetensors *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->file;
}
