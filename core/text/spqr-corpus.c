/* spqr-corpus.c: data sets to ids, and ids to windows. */
#include "text/spqr-corpus-private.h"

#include <stdio.h>
#include <string.h>

#include "text/spqr-text-private.h"

/* c4's protocol: so many windows for evaluation, so many documents for c4_new. */
#define C4_WINDOWS 256
#define C4_NEW_DOCUMENTS 1100

typedef struct {
  const char *path, *note;
  SpqrDataRule rule;
  SpqrTokenizer *tokenizer;
  GCancellable *cancellable;
} Source;

static const char *
rule_protocol (SpqrDataRule rule)
{
  switch (rule)
    {
    case SPQR_DATA_WIKITEXT:
      return "rows joined with \\n\\n";
    case SPQR_DATA_PTB:
      return "sentences joined with \\n\\n";
    case SPQR_DATA_PTB_NEW:
      return "sentences joined with a blank";
    case SPQR_DATA_JOINED:
      return "documents joined with \\n\\n";
    case SPQR_DATA_C4:
      return "windows from random documents";
    case SPQR_DATA_C4_NEW:
      return "first 1100 documents joined with a blank, cut to 256 windows";
    case SPQR_DATA_IDS:
    case SPQR_DATA_TORCH:
      return "ids as they are in the file";
    case SPQR_DATA_PLAIN:
    default:
      return "whole text";
    }
}

/* "rows joined with \n\n; specials 1 once; wiki.test.raw" */
static char *
describe (const Source *source)
{
  g_autofree char *file = g_path_get_basename (source->path);
  GString *out = g_string_new (rule_protocol (source->rule));
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (source->tokenizer != NULL && spqr_tokenizer_encode (source->tokenizer, "", 0, TRUE, ids, NULL))
    {
      g_string_append (out, ids->len > 0 ? "; special ids" : "; no special ids");
      for (guint i = 0; i < ids->len; i++)
        g_string_append_printf (out, " %d", g_array_index (ids, gint32, i));
      if (ids->len > 0)
        g_string_append (out, source->rule == SPQR_DATA_C4 ? " in each document" : " once");
    }
  g_string_append_printf (out, "; %s", file);
  if (source->note != NULL)
    g_string_append_printf (out, " (%s)", source->note);
  return g_string_free (out, FALSE);
}

/* --- joining --------------------------------------------------------------------------------- */

static gboolean
is_python_space (gunichar c)
{
  return spqr_is_white_space (c) || (c >= 0x1c && c <= 0x1f);
}

/* Python's str.strip(), on what may not be UTF-8. */
static void
strip_line (const char **start, const char **end)
{
  gsize bad;

  while (*start < *end)
    {
      gsize n = spqr_utf8_length (*start, (gsize) (*end - *start), &bad);

      if (n == 0 || !is_python_space (g_utf8_get_char (*start)))
        break;
      *start += n;
    }
  while (*end > *start)
    {
      const char *last = *end - 1;

      while (last > *start && ((guint8) *last & 0xc0) == 0x80)
        last--;
      if (spqr_utf8_length (last, (gsize) (*end - last), &bad) != (gsize) (*end - last) ||
          !is_python_space (g_utf8_get_char (last)))
        break;
      *end = last;
    }
}

/* wikitext: a row is a line with its newline, or nothing when the line is blank. */
static GString *
join_lines (const char *text, gsize len, SpqrDataRule rule)
{
  const char *join = rule == SPQR_DATA_PTB_NEW ? " " : "\n\n";
  GString *out = g_string_sized_new (len + len / 8);
  gboolean first = TRUE;

  for (const char *line = text; line < text + len;)
    {
      const char *newline = memchr (line, '\n', (gsize) (text + len - line));
      const char *next = newline != NULL ? newline + 1 : text + len;
      const char *start = line, *end = next;

      if (!first)
        g_string_append (out, join);
      first = FALSE;
      strip_line (&start, &end);
      if (rule != SPQR_DATA_WIKITEXT)
        g_string_append_len (out, start, end - start);
      else if (start < end)
        g_string_append_len (out, line, next - line);
      line = next;
    }
  return out;
}

static GString *
join_documents (SpqrDocuments *documents, SpqrDataRule rule, GCancellable *cancellable, GError **error)
{
  gsize n = rule == SPQR_DATA_C4_NEW ? MIN (documents->n, (gsize) C4_NEW_DOCUMENTS) : documents->n;
  g_autoptr(GString) out = g_string_new (NULL);

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *text = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      text = spqr_documents_get_text (documents, i, error);
      if (text == NULL)
        return NULL;
      if (i > 0)
        g_string_append (out, rule == SPQR_DATA_C4_NEW ? " " : "\n\n");
      g_string_append (out, text);
    }
  return g_steal_pointer (&out);
}

/* --- loading --------------------------------------------------------------------------------- */

static gboolean
check_ids (const char *name, const gint32 *ids, gsize n, guint vocab, GError **error)
{
  for (gsize i = 0; vocab > 0 && i < n; i++)
    {
      if (ids[i] >= 0 && (guint32) ids[i] < vocab)
        continue;
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
                   "%s: the id %d at position %" G_GSIZE_FORMAT " is outside the model's vocabulary of %u: is this the "
                   "tokenizer of this model?", name, ids[i], i, vocab);
      return FALSE;
    }
  return TRUE;
}

static gboolean
tokenize (SpqrCorpus *corpus, const Source *source, const char *text, gsize len, GError **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  if (g_cancellable_set_error_if_cancelled (source->cancellable, error))
    return FALSE;
  if (!spqr_tokenizer_encode (source->tokenizer, text, (gssize) len, TRUE, ids, error))
    {
      g_prefix_error (error, "%s: ", source->path);
      return FALSE;
    }
  corpus->n_ids = ids->len;
  corpus->ids = (gint32 *) (gpointer) g_array_free (g_steal_pointer (&ids), FALSE);
  return TRUE;
}

static gboolean
load_ids (SpqrCorpus *corpus, const Source *source, const char *bytes, gsize len, GError **error)
{
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) starts = g_array_new (FALSE, FALSE, sizeof (gsize));
  gboolean done = source->rule == SPQR_DATA_TORCH
                    ? spqr_torch_read_ids (bytes, len, source->path, ids, starts, error)
                    : spqr_corpus_read_json_ids (bytes, len, source->path, ids, starts, error);

  if (!done)
    return FALSE;
  corpus->n_ids = ids->len;
  corpus->ids = (gint32 *) (gpointer) g_array_free (g_steal_pointer (&ids), FALSE);
  if (starts->len == 0)
    return TRUE;
  corpus->n_rows = starts->len - 1;
  corpus->row_starts = (gsize *) (gpointer) g_array_free (g_steal_pointer (&starts), FALSE);
  return TRUE;
}

static gboolean
load_documents (SpqrCorpus *corpus, const Source *source, char *bytes, gsize len, GError **error)
{
  g_autoptr(SpqrDocuments) documents = spqr_documents_new (bytes, len, source->path, source->tokenizer);
  g_autoptr(GString) joined = NULL;

  if (source->rule == SPQR_DATA_C4)
    {
      corpus->documents = g_steal_pointer (&documents);
      return TRUE;
    }
  joined = join_documents (documents, source->rule, source->cancellable, error);
  return joined != NULL && tokenize (corpus, source, joined->str, joined->len, error);
}

static gboolean
load_lines (SpqrCorpus *corpus, const Source *source, const char *bytes, gsize len, GError **error)
{
  GString *joined = join_lines (bytes, len, source->rule);
  gboolean done = tokenize (corpus, source, joined->str, joined->len, error);

  g_string_free (joined, TRUE);
  return done;
}

/* A model's file, or any other that is no text, would pass as many odd tokens. */
static gboolean
check_content (const Source *source, const char *bytes, gsize len, GError **error)
{
  gsize bad = 0;

  if (len == 0)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_TOO_SHORT, "%s: is empty", source->path);
      return FALSE;
    }
  if (source->rule == SPQR_DATA_IDS || source->rule == SPQR_DATA_TORCH)
    return TRUE;
  for (gsize at = 0, n; at < len; at += n)
    {
      n = bytes[at] != '\0' ? spqr_utf8_length (bytes + at, len - at, &bad) : 0;
      if (n > 0)
        continue;
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: this is no text in UTF-8: its byte %" G_GSIZE_FORMAT " is %s; give a text file, or convert this one (iconv)",
                   source->path, at, bytes[at] == '\0' ? "a NUL" : "no part of a character");
      return FALSE;
    }
  return TRUE;
}

static gboolean
load_source (SpqrCorpus *corpus, const Source *source, GError **error)
{
  gsize len = 0;
  g_autofree char *bytes = NULL;

  if (source->tokenizer == NULL && source->rule != SPQR_DATA_IDS && source->rule != SPQR_DATA_TORCH)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND,
                   "%s: this is text, and the model has no tokenizer; give ids (.json or .pth) instead", source->path);
      return FALSE;
    }
  bytes = spqr_corpus_read_bytes (source->path, &len, source->cancellable, error);
  if (bytes == NULL || !check_content (source, bytes, len, error))
    return FALSE;
  switch (source->rule)
    {
    case SPQR_DATA_WIKITEXT:
    case SPQR_DATA_PTB:
    case SPQR_DATA_PTB_NEW:
      return load_lines (corpus, source, bytes, len, error);
    case SPQR_DATA_JOINED:
    case SPQR_DATA_C4:
    case SPQR_DATA_C4_NEW:
      return load_documents (corpus, source, g_steal_pointer (&bytes), len, error);
    case SPQR_DATA_IDS:
    case SPQR_DATA_TORCH:
      return load_ids (corpus, source, bytes, len, error);
    case SPQR_DATA_PLAIN:
    default:
      return tokenize (corpus, source, bytes, len, error);
    }
}

/* A .json file is ids when it begins with a list and JSON lines when it begins with an object. */
static SpqrDataRule
rule_of_json (const char *path)
{
  FILE *file = fopen (path, "rb");
  int c = file != NULL ? fgetc (file) : EOF;

  while (c == ' ' || c == '\n' || c == '\t' || c == '\r')
    c = fgetc (file);
  if (file != NULL)
    fclose (file);
  return c == '{' ? SPQR_DATA_JOINED : SPQR_DATA_IDS;
}

static SpqrDataRule
rule_of_file (const char *path)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);

  if (g_str_has_suffix (lower, ".jsonl") || g_str_has_suffix (lower, ".jsonl.gz") ||
      g_str_has_suffix (lower, ".json.gz"))
    return SPQR_DATA_JOINED;
  if (g_str_has_suffix (lower, ".pth") || g_str_has_suffix (lower, ".pt"))
    return SPQR_DATA_TORCH;
  return g_str_has_suffix (lower, ".json") ? rule_of_json (path) : SPQR_DATA_PLAIN;
}

static gboolean
find_source (const char *data, const char *data_dir, gboolean evaluation, char **path, Source *source, GError **error)
{
  g_autofree char *names = NULL;
  gboolean known;

  if (spqr_known_data_find (data, data_dir, evaluation, &known, path, &source->rule, &source->note, error))
    return TRUE;
  if (known)
    return FALSE;
  if (g_file_test (data, G_FILE_TEST_IS_REGULAR))
    {
      *path = g_strdup (data);
      source->rule = rule_of_file (data);
      return TRUE;
    }
  names = spqr_known_data_names ();
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND,
               "%s: neither a file nor one of the data sets %s", data, names);
  return FALSE;
}

SpqrCorpus *
spqr_corpus_load (const char *data, const char *data_dir, gboolean evaluation, SpqrTokenizer *tokenizer, guint vocab,
                  GCancellable *cancellable, GError **error)
{
  g_autoptr(SpqrCorpus) corpus = g_new0 (SpqrCorpus, 1);
  Source source = { .tokenizer = tokenizer, .cancellable = cancellable };
  g_autofree char *path = NULL;

  g_return_val_if_fail (data != NULL, NULL);

  if (!find_source (data, data_dir, evaluation, &path, &source, error))
    return NULL;
  source.path = path;
  corpus->name = g_strdup (data);
  corpus->protocol = describe (&source);
  corpus->vocab = vocab;
  corpus->max_windows = source.rule == SPQR_DATA_C4_NEW ? C4_WINDOWS : 0;
  if (!load_source (corpus, &source, error) || !check_ids (path, corpus->ids, corpus->n_ids, vocab, error))
    return NULL;
  corpus->n_loaded = corpus->n_ids;
  corpus->fingerprint = spqr_ids_fingerprint (corpus->ids, corpus->n_ids);
  return g_steal_pointer (&corpus);
}

void
spqr_corpus_free (SpqrCorpus *corpus)
{
  if (corpus == NULL)
    return;
  spqr_documents_free (corpus->documents);
  g_free (corpus->name);
  g_free (corpus->fingerprint);
  g_free (corpus->tokenizer_fingerprint);
  g_free (corpus->protocol);
  g_free (corpus->ids);
  g_free (corpus->row_starts);
  g_free (corpus);
}
