/* spqr-documents.c: JSON lines with a `text` each: c4 and its kind. */
#include "text/spqr-corpus-private.h"

#include <string.h>

#include "text/spqr-text-private.h"

static gboolean
is_blank (const char *line, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      if (!g_ascii_isspace (line[i]))
        return FALSE;
    }
  return TRUE;
}

SpqrDocuments *
spqr_documents_new (char *bytes, gsize len, const char *path, SpqrTokenizer *tokenizer)
{
  SpqrDocuments *documents = g_new0 (SpqrDocuments, 1);
  gsize kept = 0;

  documents->path = g_strdup (path);
  documents->bytes = bytes;
  documents->starts = g_array_new (FALSE, FALSE, sizeof (gsize));
  documents->tokenizer = tokenizer != NULL ? g_object_ref (tokenizer) : NULL;
  /* Blank lines are closed up, so that line i ends where line i + 1 starts. */
  for (gsize at = 0; at < len;)
    {
      const char *end = memchr (bytes + at, '\n', len - at);
      gsize n = end != NULL ? (gsize) (end - bytes) - at + 1 : len - at;

      if (!is_blank (bytes + at, n))
        {
          memmove (bytes + kept, bytes + at, n);
          g_array_append_val (documents->starts, kept);
          kept += n;
          documents->n++;
        }
      at += n;
    }
  g_array_append_val (documents->starts, kept);
  documents->lengths = g_new (gint32, documents->n + 1);
  memset (documents->lengths, 0xff, (documents->n + 1) * sizeof *documents->lengths);
  return documents;
}

void
spqr_documents_free (SpqrDocuments *documents)
{
  if (documents == NULL)
    return;
  g_array_unref (documents->starts);
  g_clear_object (&documents->tokenizer);
  g_free (documents->lengths);
  g_free (documents->bytes);
  g_free (documents->path);
  g_free (documents);
}

char *
spqr_documents_get_text (SpqrDocuments *documents, gsize index, GError **error)
{
  gsize start = g_array_index (documents->starts, gsize, index);
  gsize end = g_array_index (documents->starts, gsize, index + 1);
  g_autofree char *origin = g_strdup_printf ("%s: document %" G_GSIZE_FORMAT, documents->path, index + 1);
  g_autoptr(JsonNode) root = spqr_text_parse_json (documents->bytes + start, end - start, origin, error);
  const char *text;

  if (root == NULL)
    return NULL;
  text = JSON_NODE_HOLDS_OBJECT (root) ? spqr_json_member_string (json_node_get_object (root), "text") : NULL;
  if (text == NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s has no “text”", origin);
      return NULL;
    }
  return g_strdup (text);
}

static GArray *
tokenize (SpqrDocuments *documents, gsize index, GError **error)
{
  g_autofree char *text = spqr_documents_get_text (documents, index, error);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (text == NULL || !spqr_tokenizer_encode (documents->tokenizer, text, -1, TRUE, ids, error))
    return NULL;
  documents->lengths[index] = (gint32) MIN (ids->len, (guint) G_MAXINT32);
  return g_steal_pointer (&ids);
}

static gboolean
all_too_short (SpqrDocuments *documents, guint seqlen, GError **error)
{
  gint32 longest = 0;

  for (gsize i = 0; i < documents->n; i++)
    {
      if (documents->lengths[i] < 0 || documents->lengths[i] >= (gint64) seqlen)
        return FALSE;
      longest = MAX (longest, documents->lengths[i]);
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT,
               "%s: none of its %" G_GSIZE_FORMAT " documents has %u ids; the longest has %d", documents->path,
               documents->n, seqlen, longest);
  return TRUE;
}

/* A random document of at least seqlen ids. The draws of documents that turn out short count. */
static GArray *
draw_document (SpqrDocuments *documents, guint seqlen, SpqrPythonRandom *random, GCancellable *cancellable,
               GError **error)
{
  gsize misses = 0;

  for (;;)
    {
      gsize index = (gsize) spqr_python_random_int (random, 0, (gint64) documents->n - 1);
      g_autoptr(GArray) ids = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (documents->lengths[index] < 0 || documents->lengths[index] >= (gint64) seqlen)
        {
          ids = tokenize (documents, index, error);
          if (ids == NULL)
            return NULL;
          if (ids->len >= seqlen)
            return g_steal_pointer (&ids);
        }
      if (++misses % (documents->n * 4) == 0 && all_too_short (documents, seqlen, error))
        return NULL;
    }
}

gboolean
spqr_documents_draw (SpqrDocuments *documents, guint seqlen, SpqrPythonRandom *random, GArray *ids,
                     GCancellable *cancellable, GError **error)
{
  g_autoptr(GArray) document = NULL;
  gsize start = 0;

  if (documents->n == 0)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT, "%s: there is no document in it",
                   documents->path);
      return FALSE;
    }
  document = draw_document (documents, seqlen, random, cancellable, error);
  if (document == NULL)
    return FALSE;
  if (document->len > seqlen)
    start = (gsize) spqr_python_random_int (random, 0, (gint64) document->len - seqlen - 1);
  g_array_append_vals (ids, (gint32 *) (gpointer) document->data + start, seqlen);
  return TRUE;
}
