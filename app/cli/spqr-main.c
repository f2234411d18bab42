/* spqr: the whole core without a screen. */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "cli/spqr-cli.h"
#include "spqr-build.h"
#include "spqr-translations.h"

static const SpqrCommand *const commands[] = {
  &spqr_command_inspect, &spqr_command_tokenize, &spqr_command_quantize, &spqr_command_eval,
  &spqr_command_layer,   &spqr_command_field,    &spqr_command_runs,     &spqr_command_export,
  &spqr_command_tasks,   &spqr_command_generate, &spqr_command_data,
  &spqr_command_bench,
};

static void
print_help (FILE *stream)
{
  fprintf (stream, _("Usage: spqr COMMAND …\n\nCommands:\n"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (stream, "  %-10s %s\n", commands[i]->name, _(commands[i]->summary));
  fprintf (stream, _("\n`spqr COMMAND --help` tells its flags.\n"));
}

static const SpqrCommand *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (commands[i]->name, name))
      return commands[i];
  return NULL;
}

/* Letters to change, put in or leave out (Levenshtein). */
static guint
distance (const char *a, const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize j = 0; j <= n; j++)
    row[j] = (guint) j;
  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint corner = row[0];

      row[0] = (guint) i + 1;
      for (gsize j = 0; j < n; j++)
        {
          guint changed = corner + (a[i] != b[j]);

          corner = row[j + 1];
          row[j + 1] = MIN (changed, 1 + MIN (row[j], row[j + 1]));
        }
    }
  return row[n];
}

/* Who mistyped a command is asked whether he meant it, and not shown all of them. */
static int
refuse_command (const char *name)
{
  const SpqrCommand *meant = NULL;
  guint nearest = 3;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      guint steps = distance (name, commands[i]->name);

      if (steps < MIN (nearest, strlen (commands[i]->name)))
        {
          nearest = steps;
          meant = commands[i];
        }
    }
  if (meant != NULL)
    g_printerr (_("spqr: there is no command “%s”; did you mean “%s”?\n"), name, meant->name);
  else
    {
      g_printerr (_("spqr: there is no command “%s”\n"), name);
      print_help (stderr);
    }
  return SPQR_EXIT_USAGE;
}

/* The handler runs in a thread of its own: commands block the main one. */
static gboolean
on_interrupt (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_CONTINUE;
}

static gpointer
signal_thread (gpointer user_data)
{
  g_main_loop_run (user_data);
  return NULL;
}

static void
watch_interrupt (GCancellable *cancellable)
{
  GMainContext *context = g_main_context_new ();
  GMainLoop *loop = g_main_loop_new (context, FALSE);
  GSource *source = g_unix_signal_source_new (SIGINT);

  g_source_set_callback (source, on_interrupt, cancellable, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
  /* Lives as long as the process. */
  g_thread_unref (g_thread_new ("spqr-signals", signal_thread, loop));
  g_main_context_unref (context);
}

static int
exit_status (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return SPQR_EXIT_CANCELLED;
  return error->domain == SPQR_USAGE_ERROR || error->domain == G_OPTION_ERROR ? SPQR_EXIT_USAGE : SPQR_EXIT_FAILED;
}

/* What was printed may lie in a buffer until now, and a full disk has no place for it. */
static gboolean
flush_output (void)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  g_printerr ("spqr: %s\n", _("the output could not be written"));
  return FALSE;
}

static int
run_command (const SpqrCommand *command, int argc, char **argv)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  SpqrCli cli = { .cancellable = cancellable };
  int status = SPQR_EXIT_DONE;

  watch_interrupt (cancellable);
  if (!command->run (&cli, argc, argv, &error))
    {
      spqr_cli_end_progress (&cli);
      status = exit_status (error);
      if (status == SPQR_EXIT_CANCELLED)
        g_printerr ("spqr: %s\n", _("cancelled"));
      else
        g_printerr ("spqr: %s\n", error->message);
    }
  else if (!flush_output ())
    status = SPQR_EXIT_FAILED;
  g_free (cli.database);
  g_free (cli.backend);
  g_free (cli.device);
  g_free (cli.data_dir);
  return status;
}

/* GLib writes question marks where a locale has no letter for it; the rest of the output is UTF-8 everywhere. */
static void
print_as_it_is (const char *text)
{
  fputs (text, stdout);
}

static void
print_error_as_it_is (const char *text)
{
  fputs (text, stderr);
}

int
main (int argc, char **argv)
{
  char *help[] = { argv[0], (char *) "--help", NULL };
  const SpqrCommand *command;

  spqr_translations_bind ();
  g_set_prgname ("spqr");
  g_set_print_handler (print_as_it_is);
  g_set_printerr_handler (print_error_as_it_is);

  if (argc >= 2 && g_str_equal (argv[1], "--version"))
    {
      puts ("spqr " SPQR_VERSION);
      return SPQR_EXIT_DONE;
    }
  if (argc >= 3 && g_str_equal (argv[1], "help"))
    {
      command = find_command (argv[2]);
      return command != NULL ? run_command (command, 2, help) : refuse_command (argv[2]);
    }
  if (argc >= 2 && (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help")))
    {
      print_help (stdout);
      return SPQR_EXIT_DONE;
    }
  if (argc < 2)
    {
      print_help (stderr);
      return SPQR_EXIT_USAGE;
    }
  command = find_command (argv[1]);
  return command != NULL ? run_command (command, argc - 1, argv + 1) : refuse_command (argv[1]);
}
