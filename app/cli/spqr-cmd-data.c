/* spqr data list: the data sets and tasks that are known by name, and where their files lie. */
#include <glib/gi18n.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "text/spqr-corpus.h"
#include "text/spqr-tasks.h"

static void
print_line (const char *name, const char *use, const char *path, const char *note, const char *expected)
{
  if (path != NULL)
    printf ("%-14s %-12s %s%s%s%s\n", name, use, path, note != NULL ? " (" : "", note != NULL ? note : "", note != NULL ? ")" : "");
  else
    printf (_("%-14s %-12s – expected: %s\n"), name, use, expected);
}

static void
add_entry (JsonBuilder *builder, const char *name, const char *use, const char *path, const char *note, const char *expected)
{
  json_builder_begin_object (builder);
  spqr_json_text (builder, "name", name);
  spqr_json_text (builder, "use", use);
  spqr_json_flag (builder, "found", path != NULL);
  spqr_json_text (builder, "path", path);
  spqr_json_text (builder, "note", note);
  spqr_json_text (builder, "expected", expected);
  json_builder_end_object (builder);
}

static void
list_corpora (SpqrCli *cli, JsonBuilder *builder)
{
  g_autoptr (GPtrArray) list = spqr_corpus_list_known (cli->data_dir);

  spqr_json_begin_array (builder, "data");
  for (guint i = 0; i < list->len; i++)
    {
      const SpqrKnownData *known = list->pdata[i];

      add_entry (builder, known->name, known->evaluation ? "evaluation" : "calibration", known->path, known->note, known->expected);
      if (!cli->json)
        print_line (known->name, known->evaluation ? _("evaluate") : _("calibrate"), known->path, known->note, known->expected);
    }
  json_builder_end_array (builder);
}

static void
list_tasks (SpqrCli *cli, JsonBuilder *builder)
{
  spqr_json_begin_array (builder, "tasks");
  for (const char *const *name = spqr_task_list (); *name != NULL; name++)
    {
      const char *note = NULL;
      g_autofree char *path = spqr_task_find (*name, cli->data_dir, &note);
      g_autofree char *expected = spqr_task_list_files (*name);

      add_entry (builder, *name, "task", path, note, expected);
      if (!cli->json)
        print_line (*name, _("task"), path, note, expected);
    }
  json_builder_end_array (builder);
}

static gboolean
run_data (SpqrCli *cli, int argc, char **argv, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *folder = NULL;

  if (!spqr_cli_parse (cli, &spqr_command_data, NULL, NULL, &argc, &argv, 1, 1, error))
    return FALSE;
  if (!g_str_equal (argv[1], "list"))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "usage: spqr data list [--data-dir DIR]");
      return FALSE;
    }
  if (cli->data_dir != NULL && !g_file_test (cli->data_dir, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s: no such folder; give the one with the data sets as --data-dir", cli->data_dir);
      return FALSE;
    }
  folder = cli->data_dir != NULL ? g_strdup (cli->data_dir) : spqr_corpus_get_default_dir ();
  json_builder_begin_object (builder);
  spqr_json_text (builder, "folder", folder);
  if (!cli->json)
    printf (_("In %s:\n"), folder);
  list_corpora (cli, builder);
  list_tasks (cli, builder);
  json_builder_end_object (builder);
  if (cli->json)
    spqr_json_print (builder);
  return TRUE;
}

const SpqrCommand spqr_command_data = { "data", "list", N_("data sets and tasks that are known by name"), run_data };
