/* spqr generate: continues a text with a model or with a run, and tells how fast that went. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/spqr-cli-network.h"
#include "net/spqr-generate.h"
#include "net/spqr-net-device.h"

typedef struct {
  char *prompt, *prompt_file;
  gint64 tokens, seed;
  double temperature;
  int top_k;
  gboolean no_bos, ignore_eos;
} Flags;

/* What comes out, with the time of each id. */
typedef struct {
  SpqrCli *cli;
  SpqrTokenizer *tokenizer;
  GArray *ids;               /* gint32: the prompt's, then the new ones */
  guint n_prompt;
  gsize wanted, shown;       /* bytes of the text that were printed */
  GArray *times;             /* gint64, microseconds: start, then each new id's */
  guint64 weight_bytes;      /* of the blocks, as they were held: packed for a run */
  guint blocks_there;        /* on a device */
} Output;

static void
output_clear (Output *self)
{
  g_clear_pointer (&self->ids, g_array_unref);
  g_clear_pointer (&self->times, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Output, output_clear)

static void
note_time (Output *self)
{
  gint64 now = g_get_monotonic_time ();

  g_array_append_val (self->times, now);
}

static char *
decode (const Output *self, guint n)
{
  return spqr_tokenizer_decode (self->tokenizer, (const gint32 *) (gpointer) self->ids->data, n, TRUE);
}

/* What the new ids added to the prompt. A vocabulary's blanks belong to the whole: decoded alone, the
 * first word would lose its own. */
static char *
new_text (const Output *self)
{
  g_autofree char *before = decode (self, self->n_prompt), *all = decode (self, self->ids->len);

  if (g_str_has_prefix (all, before))
    return g_strdup (all + strlen (before));
  return spqr_tokenizer_decode (self->tokenizer, (const gint32 *) (gpointer) self->ids->data + self->n_prompt,
                                self->ids->len - self->n_prompt, TRUE);
}

/* The last character may be half there: its bytes come from several ids. */
static void
show_text (Output *self, gboolean last)
{
  g_autofree char *all = decode (self, self->ids->len);
  gsize length = strlen (all);

  if (!last && g_str_has_suffix (all, "\357\277\275"))
    return;
  if (length > self->shown)
    fwrite (all + self->shown, 1, length - self->shown, stdout);
  self->shown = MAX (length, self->shown);
  fflush (stdout);
}

static gboolean
on_id (gint32 id, gpointer user_data)
{
  Output *self = user_data;
  gsize n;

  note_time (self);
  g_array_append_val (self->ids, id);
  n = self->ids->len - self->n_prompt;
  if (self->cli->json)
    spqr_cli_progress (n / (double) self->wanted, _("generating"), self->cli);
  else
    show_text (self, FALSE);
  return TRUE;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* Seconds an id, of those after the first: the first waits for the weights and for the whole prompt. */
static void
measure (const Output *self, double *mean, double *median)
{
  const gint64 *times = (const gint64 *) (gpointer) self->times->data;
  gsize n = self->times->len > 2 ? self->times->len - 2 : 0;
  g_autofree double *seconds = g_new (double, n + 1);

  *mean = *median = NAN;
  if (n == 0)
    return;
  for (gsize i = 0; i < n; i++)
    seconds[i] = (times[i + 2] - times[i + 1]) / 1e6;
  *mean = (times[n + 1] - times[1]) / 1e6 / n;
  qsort (seconds, n, sizeof *seconds, compare_doubles);
  *median = n % 2 == 1 ? seconds[n / 2] : (seconds[n / 2 - 1] + seconds[n / 2]) / 2;
}

static void
add_ids (JsonBuilder *builder, const char *key, const GArray *ids, guint begin, guint end)
{
  spqr_json_begin_array (builder, key);
  for (guint i = begin; i < end; i++)
    json_builder_add_int_value (builder, g_array_index (ids, gint32, i));
  json_builder_end_array (builder);
}

static void
print_json (const Output *self, const SpqrCliNetwork *network, double first, double mean, double median)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *text = new_text (self);

  json_builder_begin_object (builder);
  if (network->run != NULL)
    spqr_json_integer (builder, "run", network->run->id);
  spqr_json_text (builder, "text", text);
  add_ids (builder, "ids", self->ids, self->n_prompt, self->ids->len);
  add_ids (builder, "prompt_ids", self->ids, 0, self->n_prompt);
  spqr_json_number (builder, "tokens_per_second", 1 / mean);
  json_builder_set_member_name (builder, "seconds_per_token");
  json_builder_begin_object (builder);
  spqr_json_number (builder, "mean", mean);
  spqr_json_number (builder, "median", median);
  json_builder_end_object (builder);
  spqr_json_number (builder, "seconds_to_first", first);
  spqr_json_integer (builder, "weight_bytes", self->weight_bytes);
  spqr_json_integer (builder, "blocks_on_device", self->blocks_there);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static void
print_output (Output *self, const SpqrCliNetwork *network)
{
  const gint64 *times = (const gint64 *) (gpointer) self->times->data;
  double first = self->times->len > 1 ? (times[1] - times[0]) / 1e6 : NAN, mean, median;

  measure (self, &mean, &median);
  spqr_cli_end_progress (self->cli);
  if (self->cli->json)
    {
      print_json (self, network, first, mean, median);
      return;
    }
  show_text (self, TRUE);
  putchar ('\n');
  fflush (stdout);
  if (!self->cli->quiet && isfinite (mean))
    g_printerr (_("%u tokens, %.2f a second (%.1f ms each, median %.1f); the first after %.2f s; blocks of %.4g MB\n"),
                self->ids->len - self->n_prompt, 1 / mean, 1000 * mean, 1000 * median, first, self->weight_bytes / 1e6);
}

static gboolean
read_prompt (const Flags *flags, const SpqrCliNetwork *network, GArray *ids, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (flags->prompt_file != NULL)
    {
      if (!g_file_get_contents (flags->prompt_file, &text, &length, error))
        return FALSE;
    }
  else
    {
      text = g_strdup (flags->prompt);
      length = strlen (text);
    }
  if (!spqr_tokenizer_encode (network->tokenizer, text, (gssize) length, !flags->no_bos, ids, error))
    return FALSE;
  if (ids->len > 0)
    return TRUE;
  g_set_error (error, SPQR_USAGE_ERROR, 0, "this model puts nothing before a text: an empty --prompt gives it nothing to go on with");
  return FALSE;
}

static gboolean
generate (SpqrCli *cli, const Flags *flags, const char *what, GError **error)
{
  g_auto (SpqrCliNetwork) network = { NULL };
  g_auto (Output) output = { .cli = cli, .wanted = (gsize) flags->tokens };
  g_autofree gint32 *prompt = NULL, *made = NULL;
  SpqrGenerateOptions options = { .max_tokens = (gsize) flags->tokens, .temperature = flags->temperature,
                                  .top_k = (guint) flags->top_k, .seed = (guint64) flags->seed, .stop_id = -1,
                                  .weight_bytes = &output.weight_bytes, .blocks_there = &output.blocks_there };
  SpqrDevice *device = spqr_cli_get_device (cli, error);
  gsize n;

  if (device == NULL || !spqr_cli_network_open (cli, what, &network, error))
    return FALSE;
  spqr_net_set_device (network.net, device, spqr_cli_note, cli);
  output.tokenizer = network.tokenizer;
  output.ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  output.times = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (!read_prompt (flags, &network, output.ids, error))
    return FALSE;
  output.n_prompt = output.ids->len;
  prompt = g_memdup2 (output.ids->data, output.n_prompt * sizeof (gint32));   /* output.ids moves as it grows */
  if (!flags->ignore_eos)
    options.stop_id = spqr_tokenizer_get_eos (network.tokenizer);
  note_time (&output);
  made = spqr_generate (network.net, prompt, output.n_prompt, &options, on_id, &output, cli->cancellable, &n, error);
  if (made == NULL)
    {
      if (!cli->json && output.shown > 0)
        putchar ('\n');
      return FALSE;
    }
  print_output (&output, &network);
  return TRUE;
}

static gboolean
check_flags (const Flags *flags, GError **error)
{
  if ((flags->prompt == NULL) == (flags->prompt_file == NULL))
    g_set_error (error, SPQR_USAGE_ERROR, 0, "generate needs either --prompt TEXT or --prompt-file F");
  else if (flags->tokens < 1)
    g_set_error (error, SPQR_USAGE_ERROR, 0, "--tokens must be 1 or more");
  else if (!(flags->temperature >= 0) || !isfinite (flags->temperature))
    g_set_error (error, SPQR_USAGE_ERROR, 0, "--temperature must be 0 (always the likeliest) or more");
  else if (flags->top_k < 0)
    g_set_error (error, SPQR_USAGE_ERROR, 0, "--top-k must be 0 (all) or more");
  else
    return TRUE;
  return FALSE;
}

static gboolean
run_generate (SpqrCli *cli, int argc, char **argv, GError **error)
{
  Flags flags = { .tokens = 64 };
  const GOptionEntry entries[] = {
    { "prompt", 0, 0, G_OPTION_ARG_STRING, &flags.prompt, N_("The text to go on with"), N_("TEXT") },
    { "prompt-file", 0, 0, G_OPTION_ARG_FILENAME, &flags.prompt_file, N_("Take it from this file"), N_("FILE") },
    { "tokens", 0, 0, G_OPTION_ARG_INT64, &flags.tokens, N_("At most so many new tokens (default: 64)"), "N" },
    { "temperature", 0, 0, G_OPTION_ARG_DOUBLE, &flags.temperature, N_("0 (default): always the likeliest; 1: as the model says"), "T" },
    { "top-k", 0, 0, G_OPTION_ARG_INT, &flags.top_k, N_("Draw among the K likeliest (0, the default: all)"), "K" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &flags.seed, N_("The same seed draws the same text (default: 0)"), "N" },
    { "ignore-eos", 0, 0, G_OPTION_ARG_NONE, &flags.ignore_eos, N_("Go on behind the end of the text"), NULL },
    { "no-bos", 0, 0, G_OPTION_ARG_NONE, &flags.no_bos, N_("Leave out what the post-processor adds"), NULL },
    G_OPTION_ENTRY_NULL
  };
  gboolean done = spqr_cli_parse (cli, &spqr_command_generate, entries, NULL, &argc, &argv, 1, 1, error) &&
                  check_flags (&flags, error) && generate (cli, &flags, argv[1], error);

  g_free (flags.prompt);
  g_free (flags.prompt_file);
  return done;
}

const SpqrCommand spqr_command_generate = { "generate", "MODEL_OR_RUN --prompt TEXT", N_("continues a text, and tells how fast"), run_generate };
