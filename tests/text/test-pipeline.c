/* Every step of a tokenizer.json, on a small vocabulary, against Hugging Face's tokenizers
 * (make-pipeline-cases.py). */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-tokenizer.h"

typedef struct {
  const char *name, *file;
  struct { const char *text, *ids, *decoded; } examples[12];
} PipelineCase;

#include "pipeline-cases.h"

static char *
expand (const char *file)
{
  static const char * const parts[] = { part_0, part_1, part_2 };
  GString *out = g_string_new (NULL);

  for (const char *p = file; *p != '\0'; p++)
    {
      if (*p == '@' && p[1] >= '0' && p[1] <= '2')
        g_string_append (out, parts[*++p - '0']);
      else
        g_string_append_c (out, *p);
    }
  return g_string_free (out, FALSE);
}

static char *
join_ids (GArray *ids)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (out, "%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
  return g_string_free (out, FALSE);
}

static void
test_case (gconstpointer data)
{
  const PipelineCase *c = data;
  g_autofree char *folder = g_dir_make_tmp ("spqr-text-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "tokenizer.json", NULL);
  g_autofree char *text = expand (c->file);
  g_autoptr(SpqrTokenizer) tokenizer = NULL;
  GError *error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  tokenizer = spqr_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (c->examples); i++)
    {
      g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
      g_autofree char *joined = NULL;
      g_autofree char *decoded = NULL;

      g_test_message ("text: %s", c->examples[i].text);
      g_assert_true (spqr_tokenizer_encode (tokenizer, c->examples[i].text, -1, TRUE, ids, &error));
      g_assert_no_error (error);
      joined = join_ids (ids);
      g_assert_cmpstr (joined, ==, c->examples[i].ids);
      decoded = spqr_tokenizer_decode (tokenizer, (gint32 *) (gpointer) ids->data, ids->len, TRUE);
      if (c->examples[i].decoded != NULL)
        g_assert_cmpstr (decoded, ==, c->examples[i].decoded);
    }
  g_remove (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (pipeline_cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/text/pipeline/%s", pipeline_cases[i].name);
      g_test_add_data_func (path, &pipeline_cases[i], test_case);
    }
  return g_test_run ();
}
