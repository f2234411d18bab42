/* spqr-known-data.c: data sets by name, and the files they come as. */
#include "text/spqr-corpus-private.h"

#include <string.h>

typedef struct { const char *file; SpqrDataRule rule; const char *note; } KnownFile;

typedef struct {
  const char *name, *alias;
  const KnownFile *evaluation, *calibration;   /* ended by a NULL file; NULL: there is no such split */
} KnownData;

static const KnownFile wikitext2_test[] = {
  { "wiki.test.raw", SPQR_DATA_WIKITEXT }, { "wikitext2.test.txt", SPQR_DATA_WIKITEXT }, { NULL } };
static const KnownFile wikitext2_train[] = {
  { "wiki.train.raw", SPQR_DATA_WIKITEXT }, { "wikitext2.train.txt", SPQR_DATA_WIKITEXT },
  { "wikitext2-tok-valid.txt", SPQR_DATA_WIKITEXT, "the tokenised validation split, not the published train split" },
  { NULL } };
static const KnownFile ptb_valid[] = { { "ptb.valid.txt", SPQR_DATA_PTB }, { NULL } };
static const KnownFile ptb_train[] = { { "ptb.train.txt", SPQR_DATA_PTB }, { NULL } };
static const KnownFile ptb_test_new[] = { { "ptb.test.txt", SPQR_DATA_PTB_NEW }, { NULL } };
static const KnownFile ptb_train_new[] = { { "ptb.train.txt", SPQR_DATA_PTB_NEW }, { NULL } };
static const KnownFile c4_validation[] = {
  { "c4-validation.00000-of-00008.json", SPQR_DATA_C4 }, { "c4-validation.00000-of-00008.json.gz", SPQR_DATA_C4 },
  { "c4-validation.jsonl", SPQR_DATA_C4 }, { NULL } };
static const KnownFile c4_validation_new[] = {
  { "c4-validation.00000-of-00008.json", SPQR_DATA_C4_NEW },
  { "c4-validation.00000-of-00008.json.gz", SPQR_DATA_C4_NEW }, { "c4-validation.jsonl", SPQR_DATA_C4_NEW }, { NULL } };
static const KnownFile c4_train[] = {
  { "c4-train.00000-of-01024.json", SPQR_DATA_C4 }, { "c4-train.00000-of-01024.json.gz", SPQR_DATA_C4 },
  { "c4-train.jsonl", SPQR_DATA_C4 },
  { "c4-train-00000-first1000.jsonl", SPQR_DATA_C4, "the first 1000 documents of the shard only" }, { NULL } };
static const KnownFile pajama[] = {
  { "red_pajama_n=1024.pth", SPQR_DATA_TORCH }, { "pajama.pth", SPQR_DATA_TORCH },
  { "red_pajama_n=1024.json", SPQR_DATA_IDS }, { "pajama.json", SPQR_DATA_IDS }, { "pajama.jsonl", SPQR_DATA_C4 },
  { "redpajama-arxiv-sample.jsonl", SPQR_DATA_C4, "20 arXiv documents only" }, { NULL } };
static const KnownFile refinedweb[] = {
  { "refined_web_n=128.pth", SPQR_DATA_TORCH }, { "refinedweb.pth", SPQR_DATA_TORCH },
  { "refined_web_n=128.json", SPQR_DATA_IDS }, { "refinedweb.json", SPQR_DATA_IDS },
  { "refinedweb.jsonl", SPQR_DATA_C4 }, { NULL } };

static const KnownData known_data[] = {
  { "wikitext2", "wikitext-2", wikitext2_test, wikitext2_train },
  { "ptb", "ptb", ptb_valid, ptb_train },
  { "ptb_new", "ptb-new", ptb_test_new, ptb_train_new },
  { "c4", "c4", c4_validation, c4_train },
  { "c4_new", "c4-new", c4_validation_new, c4_train },
  { "pajama", "redpajama", NULL, pajama },
  { "refinedweb", "refined_web", NULL, refinedweb },
};

/* Below the data folder; "" is the folder itself. */
static const char * const folders[] = {
  "", "text", "wikitext2", "wikitext-2-raw", "ptb", "c4", "en", "pajama", "refinedweb",
};

static char *
list_names (const char * const *names, guint n)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      if (names[i][0] != '\0')
        g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", names[i]);
    }
  return g_string_free (out, FALSE);
}

static char *
list_files (const KnownFile *files)
{
  GString *out = g_string_new (NULL);

  for (; files->file != NULL; files++)
    g_string_append_printf (out, "%s%s", out->len > 0 ? ", " : "", files->file);
  return g_string_free (out, FALSE);
}

char *
spqr_known_data_names (void)
{
  const char *names[G_N_ELEMENTS (known_data)];

  for (guint i = 0; i < G_N_ELEMENTS (known_data); i++)
    names[i] = known_data[i].name;
  return list_names (names, G_N_ELEMENTS (known_data));
}

char *
spqr_corpus_get_default_dir (void)
{
  return g_build_filename (g_get_user_data_dir (), "spqr-studio", "data", NULL);
}

static char *
find_file (const KnownFile *files, const char *dir, const KnownFile **which)
{
  for (; files->file != NULL; files++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
        {
          g_autofree char *path = g_build_filename (dir, folders[i], files->file, NULL);

          if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
            continue;
          *which = files;
          return g_steal_pointer (&path);
        }
    }
  return NULL;
}

static void
set_not_found (const KnownData *data, const KnownFile *files, gboolean evaluation, const char *dir, GError **error)
{
  g_autofree char *names = list_files (files);
  g_autofree char *below = list_names (folders, G_N_ELEMENTS (folders));

  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND,
               "%s: nothing to %s with in %s: put one of these files there (or in a folder %s below it): %s", data->name,
               evaluation ? "evaluate" : "calibrate", dir, below, names);
}

gboolean
spqr_known_data_find (const char *name, const char *data_dir, gboolean evaluation, gboolean *known, char **path,
                      SpqrDataRule *rule, const char **note, GError **error)
{
  g_autofree char *dir = data_dir != NULL ? g_strdup (data_dir) : spqr_corpus_get_default_dir ();
  const KnownData *data = NULL;
  const KnownFile *files, *which = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (known_data); i++)
    {
      if (g_ascii_strcasecmp (known_data[i].name, name) == 0 || g_ascii_strcasecmp (known_data[i].alias, name) == 0)
        data = &known_data[i];
    }
  *known = data != NULL;
  if (data == NULL)
    return FALSE;
  files = evaluation ? data->evaluation : data->calibration;
  if (files == NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: a set to calibrate with; it has no part to evaluate on", data->name);
      return FALSE;
    }
  *path = find_file (files, dir, &which);
  if (*path == NULL)
    {
      set_not_found (data, files, evaluation, dir, error);
      return FALSE;
    }
  *rule = which->rule;
  *note = which->note;
  return TRUE;
}

/* --- for people ------------------------------------------------------------------------------ */

static void
known_data_free (gpointer data)
{
  SpqrKnownData *known = data;

  g_free (known->name);
  g_free (known->path);
  g_free (known->note);
  g_free (known->expected);
  g_free (known->folders);
  g_free (known);
}

static void
add_known (GPtrArray *list, const KnownData *data, const KnownFile *files, gboolean evaluation, const char *dir)
{
  const KnownFile *which = NULL;
  SpqrKnownData *known;
  g_autofree char *below = NULL;

  if (files == NULL)
    return;
  below = list_names (folders, G_N_ELEMENTS (folders));
  known = g_new0 (SpqrKnownData, 1);
  known->name = g_strdup (data->name);
  known->evaluation = evaluation;
  known->path = find_file (files, dir, &which);
  known->note = known->path != NULL ? g_strdup (which->note) : NULL;
  known->expected = list_files (files);
  known->folders = g_strdup_printf ("%s (and its folders %s)", dir, below);
  g_ptr_array_add (list, known);
}

GPtrArray *
spqr_corpus_list_known (const char *data_dir)
{
  g_autofree char *dir = data_dir != NULL ? g_strdup (data_dir) : spqr_corpus_get_default_dir ();
  GPtrArray *list = g_ptr_array_new_with_free_func (known_data_free);

  for (guint i = 0; i < G_N_ELEMENTS (known_data); i++)
    {
      add_known (list, &known_data[i], known_data[i].evaluation, TRUE, dir);
      add_known (list, &known_data[i], known_data[i].calibration, FALSE, dir);
    }
  return list;
}
