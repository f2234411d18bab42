/* spqr-cli.h: what the commands of `spqr` share: flags, progress, JSON, failing. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "compute/spqr-backends.h"
#include "model/spqr-model.h"
#include "store/spqr-store.h"

/* Exit statuses; a contract. */
enum { SPQR_EXIT_DONE = 0, SPQR_EXIT_FAILED = 1, SPQR_EXIT_USAGE = 2, SPQR_EXIT_CANCELLED = 130 };

/* GOptionContext only says G_OPTION_ERROR for wrong usage; commands use this for their own. */
#define SPQR_USAGE_ERROR (spqr_usage_error_quark ())
GQuark spqr_usage_error_quark (void);

typedef struct {
  /* Common flags. */
  char *database, *backend, *data_dir;
  char *device;              /* N of --device N, or NULL */
  int threads;
  gboolean json, quiet;
  /* The process's. */
  GCancellable *cancellable;     /* SIGINT */
  gint64 last_report;
  double last_fraction;
  gboolean bar_drawn;
} SpqrCli;

typedef struct {
  const char *name, *arguments, *summary;
  gboolean (*run) (SpqrCli *cli, int argc, char **argv, GError **error);
} SpqrCommand;

extern const SpqrCommand spqr_command_inspect, spqr_command_tokenize, spqr_command_quantize, spqr_command_eval,
  spqr_command_layer, spqr_command_field, spqr_command_runs, spqr_command_export, spqr_command_tasks,
  spqr_command_generate, spqr_command_data;

extern const SpqrCommand spqr_command_bench;

/* Parses argv with the command's own entries and the common flags. Option names may be spelled with
 * hyphens or underscores. What is left in argv are the arguments; fewer than `least` or more than
 * `most` is wrong usage. */
gboolean spqr_cli_parse (SpqrCli *cli, const SpqrCommand *command, const GOptionEntry *entries, GOptionGroup *group,
                         int *argc, char ***argv, int least, int most, GError **error);

/* An SpqrProgressFunc; user_data is the SpqrCli. A bar on a terminal, plain lines otherwise. */
void     spqr_cli_progress (double fraction, const char *what, gpointer cli);
void     spqr_cli_end_progress (SpqrCli *cli);

/* A sentence for standard error, on a line of its own, unless --quiet. */
void spqr_cli_note (gpointer cli, const char *text);
/* The device that --backend and --device name; NULL with error, which names those there are, when there is none.
 * Borrowed. */
SpqrDevice *spqr_cli_get_device (SpqrCli *cli, GError **error);
/* Whether no certain GPU was asked for, so that all of them may be used. */
gboolean spqr_cli_may_spread (SpqrCli *cli);
/* The database that --db names. */
SpqrStore *spqr_cli_open_store (SpqrCli *cli, GError **error);
/* The same for keeping what is measured while it is: NULL, and work goes on without, where there is none. */
SpqrStore *spqr_cli_open_keeping_store (SpqrCli *cli);
/* A model folder, or a run by its id or folder. *run is NULL for a model; full references. */
SpqrModel *spqr_cli_open_model_or_run (SpqrCli *cli, const char *what, SpqrStore **store, SpqrRun **run, GError **error);

/* A run by its id or folder, and the database it is in: full references. What is neither is SPQR_USAGE_ERROR. */
gboolean spqr_cli_find_run (SpqrCli *cli, const char *what, SpqrStore **store, SpqrRun **run, GError **error);

/* JSON output: NAN and infinity become null. */
void     spqr_json_number (JsonBuilder *builder, const char *key, double value);
void     spqr_json_integer (JsonBuilder *builder, const char *key, gint64 value);
void     spqr_json_text (JsonBuilder *builder, const char *key, const char *value);
void     spqr_json_flag (JsonBuilder *builder, const char *key, gboolean value);
void     spqr_json_begin_array (JsonBuilder *builder, const char *key);
/* Prints the one object and consumes nothing. */
void     spqr_json_print (JsonBuilder *builder);
