/* spqr-corpus-read.c: bytes and ids from files. */
#include "text/spqr-corpus-private.h"

#include <string.h>

#include "text/spqr-text-private.h"

/* JSON lines are read whole but tokenized singly: they may be larger than one text. */
#define MAX_FILE_BYTES ((gsize) 2 << 30)

static char *
unpack (const char *path, gsize *len, GCancellable *cancellable, GError **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GFileInputStream) packed = g_file_read (file, cancellable, error);
  g_autoptr(GZlibDecompressor) gunzip = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  g_autoptr(GInputStream) plain = NULL;
  g_autoptr(GByteArray) out = g_byte_array_new ();
  g_autofree guint8 *buffer = g_malloc (1 << 20);
  gsize n;

  if (packed == NULL)
    return NULL;
  plain = g_converter_input_stream_new (G_INPUT_STREAM (packed), G_CONVERTER (gunzip));
  do
    {
      if (!g_input_stream_read_all (plain, buffer, 1 << 20, &n, cancellable, error))
        {
          g_prefix_error (error, "%s: ", path);
          return NULL;
        }
      if (out->len + n > MAX_FILE_BYTES)
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                       "%s: more than %" G_GSIZE_FORMAT " bytes unpacked", path, MAX_FILE_BYTES);
          return NULL;
        }
      g_byte_array_append (out, buffer, (guint) n);
    }
  while (n > 0);
  *len = out->len;
  g_byte_array_append (out, (const guint8 *) "", 1);
  return (char *) g_byte_array_free (g_steal_pointer (&out), FALSE);
}

char *
spqr_corpus_read_bytes (const char *path, gsize *len, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (g_str_has_suffix (path, ".gz"))
    return unpack (path, len, cancellable, error);
  return spqr_text_read_file (path, MAX_FILE_BYTES, len, error);
}

/* --- ids in JSON ----------------------------------------------------------------------------- */

static gboolean
append_node (JsonNode *node, const char *path, GArray *ids, GError **error)
{
  gint64 value = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                   ? json_node_get_int (node) : G_MININT64;
  gint32 id = (gint32) value;

  if (value == G_MININT64)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: position %u is not an integer: a list of ids, or a list of such lists, is expected", path,
                   ids->len);
      return FALSE;
    }
  if (value < 0 || value > G_MAXINT32)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
                   "%s: the id %" G_GINT64_FORMAT " at position %u is no token's", path, value, ids->len);
      return FALSE;
    }
  g_array_append_val (ids, id);
  return TRUE;
}

static gboolean
append_list (JsonArray *list, const char *path, GArray *ids, GError **error)
{
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      if (!append_node (json_array_get_element (list, i), path, ids, error))
        return FALSE;
    }
  return TRUE;
}

/* A row, or a row in a list of one, as tensors of shape (1, n) turn out. */
static gboolean
append_row (JsonNode *node, const char *path, GArray *ids, GError **error)
{
  JsonArray *list = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (list != NULL && json_array_get_length (list) == 1 && JSON_NODE_HOLDS_ARRAY (json_array_get_element (list, 0)))
    list = json_node_get_array (json_array_get_element (list, 0));
  if (list == NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: lists of ids and single ids are mixed at position %u", path, ids->len);
      return FALSE;
    }
  return append_list (list, path, ids, error);
}

gboolean
spqr_corpus_read_json_ids (const char *text, gsize len, const char *path, GArray *ids, GArray *starts, GError **error)
{
  g_autoptr(JsonNode) root = spqr_text_parse_json (text, len, path, error);
  JsonArray *list;

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (root))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: not a list: a list of ids, or a list of such lists, is expected", path);
      return FALSE;
    }
  list = json_node_get_array (root);
  if (json_array_get_length (list) == 0 || !JSON_NODE_HOLDS_ARRAY (json_array_get_element (list, 0)))
    return append_list (list, path, ids, error);
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      gsize start = ids->len;

      g_array_append_val (starts, start);
      if (!append_row (json_array_get_element (list, i), path, ids, error))
        return FALSE;
    }
  {
    gsize end = ids->len;
    g_array_append_val (starts, end);
  }
  return TRUE;
}

char *
spqr_ids_fingerprint (const gint32 *ids, gsize n)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  for (gsize i = 0; i < n; i += 4096)
    {
      gint32 part[4096];
      gsize count = MIN (n - i, (gsize) 4096);

      for (gsize j = 0; j < count; j++)
        part[j] = (gint32) GUINT32_TO_LE ((guint32) ids[i + j]);
      g_checksum_update (sum, (const guchar *) part, (gssize) (count * sizeof *part));
    }
  return g_strdup (g_checksum_get_string (sum));
}
