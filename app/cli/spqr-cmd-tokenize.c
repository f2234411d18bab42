/* spqr tokenize: text to token ids with the model's own tokenizer. */
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "cli/spqr-cli.h"
#include "text/spqr-tokenizer.h"

static void
print_ids (const GArray *ids, gboolean json)
{
  g_autoptr (JsonBuilder) builder = NULL;

  if (!json)
    {
      for (guint i = 0; i < ids->len; i++)
        printf ("%s%d", i > 0 ? " " : "", g_array_index (ids, gint32, i));
      putchar ('\n');
      return;
    }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  spqr_json_begin_array (builder, "ids");
  for (guint i = 0; i < ids->len; i++)
    json_builder_add_int_value (builder, g_array_index (ids, gint32, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static gboolean
run (SpqrCli *cli, int argc, char **argv, GError **error)
{
  g_autofree char *file = NULL;
  gboolean no_bos = FALSE;
  const GOptionEntry entries[] = {
    { "file", 0, 0, G_OPTION_ARG_FILENAME, &file, N_("Take the text from this file"), N_("FILE") },
    { "no-bos", 0, 0, G_OPTION_ARG_NONE, &no_bos, N_("Leave out what the post-processor adds"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (SpqrTokenizer) tokenizer = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree char *text = NULL;
  gsize length;

  if (!spqr_cli_parse (cli, &spqr_command_tokenize, entries, NULL, &argc, &argv, 1, 2, error))
    return FALSE;
  if ((file == NULL) == (argc == 2))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "give either a text or --file F");
      return FALSE;
    }
  tokenizer = spqr_tokenizer_open (argv[1], error);
  if (tokenizer == NULL)
    return FALSE;
  if (file != NULL)
    {
      if (!g_file_get_contents (file, &text, &length, error))
        return FALSE;
    }
  else
    {
      text = g_strdup (argv[2]);
      length = strlen (text);
    }
  if (!spqr_tokenizer_encode (tokenizer, text, length, !no_bos, ids, error))
    return FALSE;
  print_ids (ids, cli->json);
  return TRUE;
}

const SpqrCommand spqr_command_tokenize = { "tokenize", "MODEL [TEXT]", N_("text to token ids"), run };
