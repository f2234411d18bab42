#include "cli/spqr-cli.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compute/spqr-pool.h"
#include "job/spqr-evaluate.h"
#include "job/spqr-run-manifest.h"
#include "model/spqr-json.h"

G_DEFINE_QUARK (spqr-usage-error-quark, spqr_usage_error)

/* --qq_scale_bits and --qq-scale-bits are one flag. */
static void
fold_underscores (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      if (g_str_equal (argv[i], "--"))
        return;
      if (!g_str_has_prefix (argv[i], "--"))
        continue;
      for (char *c = argv[i]; *c != '\0' && *c != '='; c++)
        if (*c == '_')
          *c = '-';
    }
}

/* GOption leaves the "--" in place when an argument behind it begins with a hyphen. */
static void
drop_separator (int *argc, char **argv)
{
  for (int i = 1; i < *argc; i++)
    if (g_str_equal (argv[i], "--"))
      {
        memmove (argv + i, argv + i + 1, (*argc - i) * sizeof *argv);
        (*argc)--;
        return;
      }
}

static gboolean
check_common (SpqrCli *cli, GError **error)
{
  if (cli->threads < 0 || cli->threads > 1024)
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--threads must be 0 (all processors) … 1024, not %d", cli->threads);
      return FALSE;
    }
  if (cli->backend != NULL && !g_str_equal (cli->backend, "auto") && !g_str_equal (cli->backend, "cpu") &&
      !g_str_equal (cli->backend, "cuda") && !g_str_has_prefix (cli->backend, "cuda:") && spqr_backends_find (cli->backend) == NULL)
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--backend must be auto, cpu, cuda or cuda:N, not “%s”", cli->backend);
      return FALSE;
    }
  if (cli->device != NULL && !g_ascii_string_to_unsigned (cli->device, 10, 0, 1000, NULL, NULL))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--device must be a number from 0, not “%s”", cli->device);
      return FALSE;
    }
  if (cli->device != NULL && cli->backend != NULL && (g_str_equal (cli->backend, "cpu") || strchr (cli->backend, ':') != NULL))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--device N chooses one of several GPUs; it does not go with --backend %s", cli->backend);
      return FALSE;
    }
  spqr_pool_set_default_threads (cli->threads);
  return TRUE;
}

gboolean
spqr_cli_parse (SpqrCli *cli, const SpqrCommand *command, const GOptionEntry *entries, GOptionGroup *group,
                int *argc, char ***argv, int least, int most, GError **error)
{
  const GOptionEntry common[] = {
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &cli->database, N_("The database (default: in your data folder)"), N_("FILE") },
    { "backend", 0, 0, G_OPTION_ARG_STRING, &cli->backend, N_("Where to compute: auto, cpu or cuda"), N_("NAME") },
    { "device", 0, 0, G_OPTION_ARG_STRING, &cli->device, N_("Which of several GPUs, counted from 0"), "N" },
    { "threads", 0, 0, G_OPTION_ARG_INT, &cli->threads, N_("Worker threads (0: all processors)"), "N" },
    { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &cli->data_dir, N_("Folder of the named data sets"), N_("DIR") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &cli->json, N_("Print one JSON object on standard output"), NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &cli->quiet, N_("No progress"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autofree char *name = g_strdup_printf ("spqr %s", command->name);
  g_autoptr (GOptionContext) context = g_option_context_new (command->arguments);
  gboolean parsed;

  g_set_prgname (name);                /* --help begins with it */
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _(command->summary));
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);
  if (group != NULL)
    g_option_context_add_group (context, group);
  fold_underscores (*argc, *argv);
  parsed = g_option_context_parse (context, argc, argv, error);
  g_set_prgname ("spqr");
  if (!parsed || !check_common (cli, error))
    return FALSE;
  drop_separator (argc, *argv);
  if (*argc - 1 >= least && *argc - 1 <= most)
    return TRUE;
  g_set_error (error, SPQR_USAGE_ERROR, 0, "usage: spqr %s %s", command->name, command->arguments);
  return FALSE;
}

void
spqr_cli_progress (double fraction, const char *what, gpointer user_data)
{
  SpqrCli *cli = user_data;
  gint64 now = g_get_monotonic_time ();
  gboolean terminal = isatty (STDERR_FILENO);

  if (cli->quiet)
    return;
  /* A terminal redraws ten times a second; a log gets a line each 5 % or 10 s. */
  if (terminal ? now - cli->last_report < 100000
               : now - cli->last_report < 10 * G_USEC_PER_SEC && fraction - cli->last_fraction < 0.05)
    return;
  cli->last_report = now;
  cli->last_fraction = fraction;
  if (terminal)
    {
      int filled = (int) (fraction * 30 + 0.5);
      fprintf (stderr, "\r\033[K%3d %% [%-30.*s] %s", (int) (fraction * 100), filled, "##############################", what);
      cli->bar_drawn = TRUE;
    }
  else
    fprintf (stderr, "%3d %%%s%s\n", (int) (fraction * 100), *what != '\0' ? " " : "", what);
  fflush (stderr);
}

void
spqr_cli_end_progress (SpqrCli *cli)
{
  if (cli->bar_drawn)
    fputs ("\r\033[K", stderr);
  cli->bar_drawn = FALSE;
  cli->last_report = 0;
  cli->last_fraction = 0;
}

void
spqr_cli_note (gpointer data, const char *text)
{
  SpqrCli *cli = data;

  if (cli->quiet)
    return;
  spqr_cli_end_progress (cli);
  g_printerr ("%s\n", text);
}

/* What there is instead: "cuda:0 (NVIDIA H100), cpu (CPU)", and why plugins are not used. */
static char *
list_devices (void)
{
  GPtrArray *devices = spqr_backends_get ();
  const char *const *problems = spqr_backends_get_problems ();
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < devices->len; i++)
    g_string_append_printf (text, "%s%s (%s)", i > 0 ? ", " : "", spqr_device_get_id (devices->pdata[i]),
                            spqr_device_get_name (devices->pdata[i]));
  for (guint i = 0; problems[i] != NULL; i++)
    g_string_append_printf (text, "; %s", problems[i]);
  if (devices->len == 1 && problems[0] == NULL)
    g_string_append (text, "; no plugin for GPUs was found");
  return g_string_free (text, FALSE);
}

SpqrDevice *
spqr_cli_get_device (SpqrCli *cli, GError **error)
{
  gboolean any = cli->backend == NULL || g_str_equal (cli->backend, "auto");
  g_autofree char *wanted = NULL, *there = NULL;
  SpqrDevice *device;

  if (any && cli->device == NULL)
    return spqr_backends_get_best ();
  wanted = cli->device != NULL ? g_strdup_printf ("%s:%s", any ? "cuda" : cli->backend, cli->device) : g_strdup (cli->backend);
  device = spqr_backends_find (wanted);
  if (device != NULL)
    return device;
  there = list_devices ();
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("There is no device %s here. Devices: %s"), wanted, there);
  return NULL;
}

gboolean
spqr_cli_may_spread (SpqrCli *cli)
{
  return cli->device == NULL && (cli->backend == NULL || strchr (cli->backend, ':') == NULL);
}

SpqrStore *
spqr_cli_open_store (SpqrCli *cli, GError **error)
{
  return spqr_store_open (cli->database, error);
}

SpqrStore *
spqr_cli_open_keeping_store (SpqrCli *cli)
{
  g_autoptr (GError) error = NULL;
  SpqrStore *store = spqr_cli_open_store (cli, &error);

  if (store == NULL)
    g_info ("%s; nothing is kept for a later sitting", error->message);
  return store;
}

static gboolean
parse_run_id (const char *what, gint64 *id)
{
  char *end;

  *id = g_ascii_strtoll (what, &end, 10);
  return *id > 0 && *end == '\0';
}

static gboolean
find_run (SpqrCli *cli, gint64 id, SpqrStore **store, SpqrRun **run, GError **error)
{
  *store = spqr_cli_open_store (cli, error);
  if (*store != NULL && (*run = spqr_store_get_run (*store, id, error)) != NULL)
    return TRUE;
  g_clear_object (store);
  return FALSE;
}

/* The model a run was made from; NULL: both references go. */
static SpqrModel *
open_model_of_run (SpqrStore **store, SpqrRun **run, GError **error)
{
  SpqrModel *model = spqr_model_open ((*run)->model_path, error);

  if (model == NULL)
    g_prefix_error (error, "run %" G_GINT64_FORMAT " needs its source model: ", (*run)->id);
  else if (!spqr_run_check_model (*run, model, error))
    g_clear_object (&model);
  if (model == NULL)
    {
      g_clear_object (run);
      g_clear_object (store);
    }
  return model;
}

/* The run that a folder says it is. A database that was put in the place of another may have some
 * other run under that number. */
static gboolean
find_run_of_folder (SpqrCli *cli, const char *folder, const SpqrRunManifest *manifest, SpqrStore **store, SpqrRun **run,
                    GError **error)
{
  if (cli->database == NULL)
    cli->database = g_strdup (manifest->database);
  if (!find_run (cli, manifest->run, store, run, error))
    return FALSE;
  if (g_strcmp0 ((*run)->model_fingerprint, manifest->model_fingerprint) == 0)
    return TRUE;
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND,
               "%s: run %" G_GINT64_FORMAT " of the database %s is not the one in this folder", folder, manifest->run,
               spqr_store_get_path (*store));
  g_clear_object (run);
  g_clear_object (store);
  return FALSE;
}

/* *run stays NULL, without an error, where `what` is neither a number nor a run's folder. */
static gboolean
look_for_run (SpqrCli *cli, const char *what, SpqrStore **store, SpqrRun **run, GError **error)
{
  g_autoptr (SpqrRunManifest) manifest = NULL;
  g_autoptr (GError) local_error = NULL;
  gint64 id;

  *store = NULL;
  *run = NULL;
  if (parse_run_id (what, &id) && !g_file_test (what, G_FILE_TEST_EXISTS))
    return find_run (cli, id, store, run, error);
  if (g_file_test (what, G_FILE_TEST_IS_DIR))
    manifest = spqr_run_manifest_read (what, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return manifest == NULL || find_run_of_folder (cli, what, manifest, store, run, error);
}

gboolean
spqr_cli_find_run (SpqrCli *cli, const char *what, SpqrStore **store, SpqrRun **run, GError **error)
{
  if (!look_for_run (cli, what, store, run, error))
    return FALSE;
  if (*run != NULL)
    return TRUE;
  g_set_error (error, SPQR_USAGE_ERROR, 0, "%s: neither the number nor the folder of a run; `spqr runs list` shows the runs", what);
  return FALSE;
}

SpqrModel *
spqr_cli_open_model_or_run (SpqrCli *cli, const char *what, SpqrStore **store, SpqrRun **run, GError **error)
{
  if (!look_for_run (cli, what, store, run, error))
    return NULL;
  return *run != NULL ? open_model_of_run (store, run, error) : spqr_model_open (what, error);
}

void
spqr_json_number (JsonBuilder *builder, const char *key, double value)
{
  json_builder_set_member_name (builder, key);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
spqr_json_integer (JsonBuilder *builder, const char *key, gint64 value)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_int_value (builder, value);
}

void
spqr_json_text (JsonBuilder *builder, const char *key, const char *value)
{
  json_builder_set_member_name (builder, key);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

void
spqr_json_flag (JsonBuilder *builder, const char *key, gboolean value)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_boolean_value (builder, value);
}

void
spqr_json_begin_array (JsonBuilder *builder, const char *key)
{
  json_builder_set_member_name (builder, key);
  json_builder_begin_array (builder);
}

void
spqr_json_print (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = spqr_json_to_text (root, TRUE);

  puts (text);
}
