/* spqr-torch-ids.c: lists and tensors of ids out of a torch file. */
#include "model/spqr-model.h"
#include "model/spqr-torch-archive.h"
#include "text/spqr-corpus-private.h"

/* Ids in one file, and how deep lists may nest (they could contain themselves). */
#define MAX_IDS ((gsize) 1 << 28)
#define MAX_DEPTH 4
#define MAX_DIMS 4

typedef struct {
  SpqrTorchArchive *archive;
  const char *path;
  GArray *ids, *starts;
} Reader;

static gboolean
malformed (const Reader *reader, const char *what, GError **error)
{
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: %s", reader->path, what);
  return FALSE;
}

static gboolean
append_id (const Reader *reader, gint64 value, GError **error)
{
  gint32 id = (gint32) value;

  if (value < 0 || value > G_MAXINT32)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
                   "%s: the id %" G_GINT64_FORMAT " at position %u is no token's", reader->path, value,
                   reader->ids->len);
      return FALSE;
    }
  if (reader->ids->len >= MAX_IDS)
    return malformed (reader, "more ids than this program takes", error);
  g_array_append_val (reader->ids, id);
  return TRUE;
}

static void
start_row (const Reader *reader)
{
  gsize start = reader->ids->len;

  g_array_append_val (reader->starts, start);
}

/* --- tensors --------------------------------------------------------------------------------- */

typedef struct {
  const guint8 *bytes;
  gint64 n, size;          /* elements of the storage, bytes an element */
  gboolean is_unsigned;
  guint n_dims;
  gint64 first, shape[MAX_DIMS], strides[MAX_DIMS];
} Tensor;

static gint64
element (const Tensor *tensor, gint64 at)
{
  const guint8 *p = tensor->bytes + at * tensor->size;
  guint64 value = 0;
  guint bits = (guint) tensor->size * 8;

  for (gint64 i = 0; i < tensor->size; i++)
    value |= (guint64) p[i] << (8 * i);
  if (bits < 64 && !tensor->is_unsigned && (value >> (bits - 1)) != 0)
    value |= ~(guint64) 0 << bits;
  return (gint64) value;
}

static gboolean
get_int (const SpqrPickleValue *list, guint index, gint64 *value)
{
  const SpqrPickleValue *entry = list->items->pdata[index];

  *value = entry->number;
  return entry->kind == SPQR_PICKLE_INT && *value >= 0 && *value <= (gint64) MAX_IDS;
}

static gboolean
is_empty (const Tensor *tensor)
{
  for (guint i = 0; i < tensor->n_dims; i++)
    {
      if (tensor->shape[i] == 0)
        return TRUE;
    }
  return FALSE;
}

/* Every element the tensor names must lie in its storage. */
static gboolean
open_tensor (const Reader *reader, const SpqrPickleValue *value, Tensor *tensor, GError **error)
{
  const guint8 *bytes;
  gsize len;
  gint64 last = value->number;

  if (!spqr_torch_archive_find (reader->archive, value->storage, &bytes, &len))
    return malformed (reader, "a tensor's storage is not in the file", error);
  *tensor = (Tensor) { .bytes = bytes, .size = value->storage->number, .first = value->number,
                       .n = (gint64) len / value->storage->number, .n_dims = value->shape->items->len,
                       .is_unsigned = value->storage->is_unsigned };
  if (tensor->n_dims == 0 || tensor->n_dims > MAX_DIMS || value->strides->items->len != tensor->n_dims ||
      tensor->first < 0 || tensor->first > tensor->n)
    return malformed (reader, "a tensor has no dimension, more than four, or an impossible place", error);
  for (guint i = 0; i < tensor->n_dims; i++)
    {
      if (!get_int (value->shape, i, &tensor->shape[i]) || !get_int (value->strides, i, &tensor->strides[i]))
        return malformed (reader, "a tensor has an impossible shape", error);
      if (tensor->shape[i] > 0)
        last += (tensor->shape[i] - 1) * tensor->strides[i];   /* below 2^28 · 2^28 each */
    }
  return is_empty (tensor) || last < tensor->n || malformed (reader, "a tensor reaches beyond its storage", error);
}

static gboolean
append_dimension (const Reader *reader, const Tensor *tensor, guint dim, gint64 at, gboolean rows, GError **error)
{
  /* No more than MAX_DIMS by open_tensor(); said again where a compiler unrolls the recursion. */
  gboolean innermost = dim + 1 == tensor->n_dims || dim + 1 >= MAX_DIMS;

  if (innermost && rows)
    start_row (reader);
  for (gint64 i = 0; i < tensor->shape[dim]; i++, at += tensor->strides[dim])
    {
      if (innermost ? !append_id (reader, element (tensor, at), error)
                    : !append_dimension (reader, tensor, dim + 1, at, rows, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
append_tensor (const Reader *reader, const SpqrPickleValue *value, gboolean rows, GError **error)
{
  Tensor tensor;
  gint64 total = 1;

  if (!open_tensor (reader, value, &tensor, error))
    return FALSE;
  if (is_empty (&tensor))
    return TRUE;
  for (guint i = 0; i < tensor.n_dims; i++)
    {
      if (tensor.shape[i] > (gint64) MAX_IDS / total)
        return malformed (reader, "more ids than this program takes", error);
      total *= tensor.shape[i];
    }
  return append_dimension (reader, &tensor, 0, tensor.first, rows, error);
}

/* --- lists ----------------------------------------------------------------------------------- */

static gboolean
holds_numbers (const SpqrPickleValue *list)
{
  return list->items->len > 0 && ((const SpqrPickleValue *) list->items->pdata[0])->kind == SPQR_PICKLE_INT;
}

static gboolean append_rows (const Reader *reader, const SpqrPickleValue *value, guint depth, GError **error);

/* A pair (inputs, targets), as GPTQ's loaders make them, counts as its inputs. */
static gboolean
append_list (const Reader *reader, const SpqrPickleValue *list, guint depth, GError **error)
{
  guint n = list->is_tuple && depth > 0 ? MIN (list->items->len, 1u) : list->items->len;

  for (guint i = 0; i < n; i++)
    {
      if (!append_rows (reader, list->items->pdata[i], depth + 1, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
append_numbers (const Reader *reader, const SpqrPickleValue *list, GError **error)
{
  for (guint i = 0; i < list->items->len; i++)
    {
      const SpqrPickleValue *value = list->items->pdata[i];

      if (value->kind != SPQR_PICKLE_INT)
        return malformed (reader, "a list of ids has something else in it", error);
      if (!append_id (reader, value->number, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
append_rows (const Reader *reader, const SpqrPickleValue *value, guint depth, GError **error)
{
  if (depth > MAX_DEPTH || reader->starts->len > MAX_IDS)
    return malformed (reader, "lists are nested too deeply, or there are too many", error);
  if (value->kind == SPQR_PICKLE_TENSOR)
    return append_tensor (reader, value, TRUE, error);
  if (value->kind != SPQR_PICKLE_LIST)
    return malformed (reader, "it holds something other than lists and tensors of ids", error);
  if (!holds_numbers (value))
    return append_list (reader, value, depth, error);
  start_row (reader);
  return append_numbers (reader, value, error);
}

static gboolean
append_root (const Reader *reader, const SpqrPickleValue *root, GError **error)
{
  if (root->kind == SPQR_PICKLE_TENSOR && root->shape->items->len <= 1)
    return append_tensor (reader, root, FALSE, error);
  if (root->kind == SPQR_PICKLE_LIST && holds_numbers (root))
    return append_numbers (reader, root, error);
  if (!append_rows (reader, root, 0, error))
    return FALSE;
  start_row (reader);
  return TRUE;
}

/* Says it as an error of texts. */
static gboolean
take_model_error (const GError *failed, GError **error)
{
  gboolean malformed_file = g_error_matches (failed, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED);

  g_set_error_literal (error, SPQR_TEXT_ERROR, malformed_file ? SPQR_TEXT_ERROR_MALFORMED : SPQR_TEXT_ERROR_UNSUPPORTED,
                       failed->message);
  return FALSE;
}

gboolean
spqr_torch_read_ids (const char *bytes, gsize len, const char *path, GArray *ids, GArray *starts, GError **error)
{
  g_autoptr(GError) failed = NULL;
  g_autoptr(SpqrTorchArchive) archive = spqr_torch_archive_open ((const guint8 *) bytes, len, SPQR_PICKLE_OF_IDS, path, &failed);
  Reader reader = { archive, path, ids, starts };

  return archive != NULL ? append_root (&reader, spqr_torch_archive_get_root (archive), error) : take_model_error (failed, error);
}
