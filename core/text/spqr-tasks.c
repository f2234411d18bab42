/* spqr-tasks.c: finding a task's file, reading it, tokenizing its prompts. */
#include "text/spqr-tasks-private.h"

#include <string.h>

#include "text/spqr-corpus.h"
#include "text/spqr-text-private.h"

#define MAX_FILE_BYTES ((gsize) 256 << 20)

typedef struct { const char *file, *note; } TaskFile;

typedef struct {
  const char *name;
  SpqrTaskKind kind;
  gboolean has_acc_norm;
  TaskFile files[7];      /* below the data folder, its folder tasks, or that named like the task */
} TaskEntry;

static const TaskEntry entries[] = {
  { "piqa", SPQR_TASK_PIQA, TRUE, { { "piqa.valid.jsonl" }, { "piqa/valid.jsonl" }, { "piqa.jsonl" } } },
  { "winogrande", SPQR_TASK_WINOGRANDE, FALSE,
    { { "winogrande.dev.jsonl" }, { "winogrande/dev.jsonl" }, { "icl_winogrande.jsonl" }, { "winogrande.jsonl" } } },
  { "hellaswag", SPQR_TASK_HELLASWAG, TRUE,
    { { "hellaswag_val.jsonl" }, { "hellaswag/hellaswag_val.jsonl" }, { "hellaswag.jsonl" }, { "hellaswag_val.txt" },
      { "hellaswag_val_first1000.txt", "the first 1000 of 10042 documents" } } },
  { "arc_easy", SPQR_TASK_ARC, TRUE,
    { { "ARC-Easy-Test.jsonl" }, { "ARC-Easy/ARC-Easy-Test.jsonl" }, { "icl_arc_easy.jsonl" }, { "arc_easy.jsonl" } } },
  { "arc_challenge", SPQR_TASK_ARC, TRUE,
    { { "ARC-Challenge-Test.jsonl" }, { "ARC-Challenge/ARC-Challenge-Test.jsonl" }, { "icl_arc_challenge.jsonl" },
      { "arc_challenge.jsonl" }, { "ARC-Challenge-Dev.jsonl", "the dev split, not the published test split" } } },
  { "openbookqa", SPQR_TASK_OPENBOOKQA, TRUE,
    { { "openbookqa.test.jsonl" }, { "openbookqa/test.jsonl" }, { "openbookqa.jsonl" } } },
  { "copa", SPQR_TASK_COPA, FALSE, { { "copa.val.jsonl" }, { "copa/val.jsonl" }, { "copa.jsonl" } } },
  { "lambada", SPQR_TASK_LAMBADA, FALSE,
    { { "lambada_test.jsonl" }, { "lambada_test_en.jsonl" }, { "lambada/lambada_test.jsonl" }, { "lambada.jsonl" } } },
};

const char * const *
spqr_task_list (void)
{
  static const char * const names[] = { "piqa", "winogrande", "hellaswag", "arc_easy", "arc_challenge", "openbookqa",
                                        "copa", "lambada", NULL };

  return names;
}

void
spqr_task_free (SpqrTask *task)
{
  if (task == NULL)
    return;
  for (gsize i = 0; i < task->n_docs; i++)
    spqr_task_doc_clear (&task->docs[i]);
  g_free (task->docs);
  g_free (task->name);
  g_free (task->path);
  g_free (task->note);
  g_free (task);
}

/* --- reading ---------------------------------------------------------------------------------- */

static gboolean
broken_line (const SpqrTask *task, gsize line, const char *why, GError **error)
{
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: line %" G_GSIZE_FORMAT ": %s", task->path,
               line, why);
  return FALSE;
}

static void
take_doc (SpqrTask *task, SpqrTaskDoc doc)
{
  if ((task->n_docs & (task->n_docs + 1)) == 0)   /* full at 2^k - 1 */
    task->docs = g_renew (SpqrTaskDoc, task->docs, task->n_docs * 2 + 1);
  task->docs[task->n_docs++] = doc;
}

static gboolean
read_json_line (SpqrTask *task, SpqrTaskKind kind, const char *text, gsize line, const char *label, GError **error)
{
  g_autofree char *origin = g_strdup_printf ("%s: line %" G_GSIZE_FORMAT, task->path, line);
  g_autoptr(JsonNode) root = spqr_text_parse_json (text, strlen (text), origin, error);
  SpqrTaskDoc doc = { NULL };
  const char *why = "not an object";

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root) ||
      !spqr_task_read_doc (kind, json_node_get_object (root), label, &doc, &why))
    {
      spqr_task_doc_clear (&doc);
      return broken_line (task, line, why, error);
    }
  take_doc (task, doc);
  return TRUE;
}

/* "valid.jsonl" has its answers in "valid-labels.lst", a line each; NULL when there is no such file. */
static char **
read_labels (const char *path)
{
  g_autofree char *stem = g_str_has_suffix (path, ".jsonl") ? g_strndup (path, strlen (path) - 6) : g_strdup (path);
  g_autofree char *labels_path = g_strconcat (stem, "-labels.lst", NULL);
  g_autofree char *text = NULL;
  gsize len;

  if (!g_file_test (labels_path, G_FILE_TEST_IS_REGULAR))
    return NULL;
  text = spqr_text_read_file (labels_path, MAX_FILE_BYTES, &len, NULL);
  return text != NULL ? g_strsplit (g_strstrip (text), "\n", -1) : NULL;
}

static gboolean
read_json_lines (SpqrTask *task, SpqrTaskKind kind, char **lines, GError **error)
{
  g_auto(GStrv) labels = read_labels (task->path);
  guint n_labels = labels != NULL ? g_strv_length (labels) : 0;

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      const char *label = task->n_docs < n_labels ? g_strstrip (labels[task->n_docs]) : NULL;

      if (*g_strstrip (lines[i]) == '\0')
        continue;
      if (labels != NULL && label == NULL)
        return broken_line (task, i + 1, "there are fewer labels than documents", error);
      if (!read_json_line (task, kind, lines[i], i + 1, label, error))
        return FALSE;
    }
  return labels == NULL || task->n_docs == n_labels ||
         broken_line (task, task->n_docs, "there are more labels than documents", error);
}

static gboolean
read_hellaswag_text (SpqrTask *task, char **lines, GError **error)
{
  gsize n = g_strv_length (lines);

  while (n > 0 && *g_strstrip (lines[n - 1]) == '\0')
    n--;
  if (n % 6 != 0)
    return broken_line (task, n, "the tasks have six lines each, and the last one is short", error);
  for (gsize i = 0; i < n; i += 6)
    {
      SpqrTaskDoc doc = { NULL };
      const char *why = NULL;

      if (!spqr_task_read_hellaswag_lines (lines + i, &doc, &why))
        {
          spqr_task_doc_clear (&doc);
          return broken_line (task, i + 1, why, error);
        }
      take_doc (task, doc);
    }
  return TRUE;
}

/* --- finding ---------------------------------------------------------------------------------- */

static char *
find_file (const TaskEntry *entry, const char *dir, const char **note)
{
  const char * const below[] = { "", "tasks", entry->name };

  for (guint i = 0; i < G_N_ELEMENTS (entry->files) && entry->files[i].file != NULL; i++)
    {
      for (guint j = 0; j < G_N_ELEMENTS (below); j++)
        {
          g_autofree char *path = g_build_filename (dir, below[j], entry->files[i].file, NULL);

          if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
            continue;
          *note = entry->files[i].note;
          return g_steal_pointer (&path);
        }
    }
  return NULL;
}

static char *
list_files (const TaskEntry *entry)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (entry->files) && entry->files[i].file != NULL; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", entry->files[i].file);
  return g_string_free (names, FALSE);
}

static char *
locate (const TaskEntry *entry, const char *data, const char **note, GError **error)
{
  g_autofree char *dir = data != NULL ? g_strdup (data) : spqr_corpus_get_default_dir ();
  g_autofree char *names = NULL;
  char *path;

  if (g_file_test (dir, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&dir);
  path = find_file (entry, dir, note);
  if (path != NULL)
    return path;
  names = list_files (entry);
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND,
               "%s: no documents in %s: put one of these files there (or in its folder tasks): %s", entry->name, dir,
               names);
  return NULL;
}

static const TaskEntry *
find_entry (const char *name, GError **error)
{
  g_autofree char *names = g_strjoinv (", ", (char **) spqr_task_list ());

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      if (strcmp (entries[i].name, name) == 0)
        return &entries[i];
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED, "“%s” is no task; the tasks are %s", name, names);
  return NULL;
}

char *
spqr_task_find (const char *name, const char *data, const char **note)
{
  const TaskEntry *entry = find_entry (name, NULL);

  *note = NULL;
  return entry != NULL ? locate (entry, data, note, NULL) : NULL;
}

char *
spqr_task_list_files (const char *name)
{
  const TaskEntry *entry = find_entry (name, NULL);

  return entry != NULL ? list_files (entry) : NULL;
}

SpqrTask *
spqr_task_load (const char *name, const char *data, GError **error)
{
  const TaskEntry *entry = find_entry (name, error);
  g_autoptr(SpqrTask) task = NULL;
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  const char *note = NULL;
  gsize len;

  if (entry == NULL)
    return NULL;
  task = g_new0 (SpqrTask, 1);
  task->name = g_strdup (name);
  task->path = locate (entry, data, &note, error);
  if (task->path == NULL)
    return NULL;
  task->note = g_strdup (note);
  task->has_acc_norm = entry->has_acc_norm;
  task->single = entry->kind == SPQR_TASK_LAMBADA;
  text = spqr_text_read_file (task->path, MAX_FILE_BYTES, &len, error);
  if (text == NULL)
    return NULL;
  if (!g_utf8_validate_len (text, len, NULL))
    {
      broken_line (task, 1, "not UTF-8 text", error);
      return NULL;
    }
  lines = g_strsplit (text, "\n", -1);
  if (entry->kind == SPQR_TASK_HELLASWAG && lines[0] != NULL && lines[0][0] != '{'
        ? !read_hellaswag_text (task, lines, error) : !read_json_lines (task, entry->kind, lines, error))
    return NULL;
  if (task->n_docs == 0)
    {
      broken_line (task, 1, "there is no document in it", error);
      return NULL;
    }
  return g_steal_pointer (&task);
}

/* --- ids -------------------------------------------------------------------------------------- */

static void
append_start (SpqrTokenizer *tokenizer, GArray *context)
{
  gint32 bos = spqr_tokenizer_get_bos (tokenizer), eos = spqr_tokenizer_get_eos (tokenizer);
  gint32 id = bos >= 0 ? bos : MAX (eos, 0);

  g_array_append_val (context, id);
}

static gboolean
tokenize_together (const SpqrTaskChoice *choice, SpqrTokenizer *tokenizer, GArray *context, GArray *continuation,
                   GError **error)
{
  g_autoptr(GArray) alone = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) whole = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *text = g_strconcat (choice->context, choice->continuation, NULL);
  gsize len = strlen (choice->context);

  while (len > 0)
    {
      const char *last = g_utf8_find_prev_char (choice->context, choice->context + len);

      if (last == NULL || !spqr_is_white_space (g_utf8_get_char (last)))
        break;
      len = (gsize) (last - choice->context);
    }
  if (!spqr_tokenizer_encode (tokenizer, choice->context, (gssize) len, FALSE, alone, error) ||
      !spqr_tokenizer_encode (tokenizer, text, -1, FALSE, whole, error))
    return FALSE;
  g_array_append_vals (context, alone->data, alone->len);
  if (whole->len > alone->len)
    g_array_append_vals (continuation, (gint32 *) (gpointer) whole->data + alone->len, whole->len - alone->len);
  return TRUE;
}

gboolean
spqr_task_choice_tokenize (const SpqrTaskChoice *choice, SpqrTokenizer *tokenizer, SpqrScoring scoring, GArray *context,
                           GArray *continuation, GError **error)
{
  guint before = context->len;

  if (scoring == SPQR_SCORING_HARNESS && choice->context[0] != '\0')
    {
      if (!tokenize_together (choice, tokenizer, context, continuation, error))
        return FALSE;
    }
  else if (!spqr_tokenizer_encode (tokenizer, choice->context, -1, FALSE, context, error) ||
           !spqr_tokenizer_encode (tokenizer, choice->continuation, -1, FALSE, continuation, error))
    return FALSE;
  if (context->len == before)
    append_start (tokenizer, context);
  return TRUE;
}

gboolean
spqr_scoring_from_name (const char *name, SpqrScoring *scoring)
{
  *scoring = g_strcmp0 (name, "harness") == 0 ? SPQR_SCORING_HARNESS : SPQR_SCORING_HARNESS_2023;
  return g_strcmp0 (name, "harness") == 0 || g_strcmp0 (name, "harness-2023") == 0;
}

const char *
spqr_scoring_get_name (SpqrScoring scoring)
{
  return scoring == SPQR_SCORING_HARNESS ? "harness" : "harness-2023";
}
