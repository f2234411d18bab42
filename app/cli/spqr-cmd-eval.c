/* spqr eval: perplexity of a model or of a run, by the published rule. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "job/spqr-data.h"
#include "job/spqr-evaluate.h"

typedef struct {
  char *data, *kl_base;
  int seqlen;
  gint64 windows;
} Flags;

/* Of one window there is no error to tell. */
static void
print_error (double error, int decimals)
{
  if (isfinite (error))
    printf (" ± %.*g", decimals, error);
}

static void
print_text (const SpqrRunEval *eval, gsize known)
{
  printf (_("perplexity %.6f"), eval->ppl);
  print_error (eval->ppl_stderr, 4);
  printf (ngettext ("   (%s, %" PRId64 " window of %d tokens, %.1f s)\n", "   (%s, %" PRId64 " windows of %d tokens, %.1f s)\n",
                    (gulong) eval->windows), eval->data, eval->windows, eval->seqlen, eval->seconds);
  if (known > 0)
    printf (ngettext ("%zu of the windows had been measured before\n", "%zu of the windows had been measured before\n", known), known);
  if (!isfinite (eval->kl))
    return;
  printf (_("KL divergence %.6g"), eval->kl);
  print_error (eval->kl_stderr, 2);
  printf (_(" nats, same likeliest token %.2f %%\n"), 100 * eval->top1_agreement);
}

static void
print_result (SpqrCli *cli, const SpqrRunEval *eval, gsize known)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!cli->json)
    {
      print_text (eval, known);
      return;
    }
  json_builder_begin_object (builder);
  if (eval->run_id != 0)
    spqr_json_integer (builder, "run", eval->run_id);
  spqr_json_text (builder, "data", eval->data);
  spqr_json_integer (builder, "seqlen", eval->seqlen);
  spqr_json_integer (builder, "windows", eval->windows);
  spqr_json_integer (builder, "known", known);
  spqr_json_integer (builder, "tokens", eval->tokens);
  spqr_json_number (builder, "nll", eval->nll);
  spqr_json_number (builder, "ppl", eval->ppl);
  spqr_json_number (builder, "ppl_stderr", eval->ppl_stderr);
  spqr_json_number (builder, "kl", eval->kl);
  spqr_json_number (builder, "kl_stderr", eval->kl_stderr);
  spqr_json_number (builder, "top1_agreement", eval->top1_agreement);
  spqr_json_text (builder, "tokenizer", eval->tokenizer_fingerprint);
  spqr_json_number (builder, "seconds", eval->seconds);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static gboolean
evaluate (SpqrCli *cli, const Flags *flags, const char *what, GError **error)
{
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrModel) model = spqr_cli_open_model_or_run (cli, what, &store, &run, error);
  g_autoptr (SpqrModel) base = NULL;
  g_autoptr (SpqrCorpus) corpus = NULL;
  g_autoptr (SpqrRunEval) eval = NULL;
  gsize known = 0;
  SpqrEvaluateRequest request = { .max_windows = (gsize) flags->windows, .with_kl = flags->kl_base != NULL, .known = &known,
                                  .progress = spqr_cli_progress, .note = spqr_cli_note, .user_data = cli };

  if (model == NULL || (request.device = spqr_cli_get_device (cli, error)) == NULL || (flags->kl_base != NULL && (base = spqr_model_open (flags->kl_base, error)) == NULL) ||
      (corpus = spqr_corpus_load_for_model (model, flags->data, cli->data_dir, TRUE, cli->cancellable, error)) == NULL)
    return FALSE;
  if (store == NULL)
    store = spqr_cli_open_keeping_store (cli);
  request.model = model;
  request.kl_base = base;
  request.corpus = corpus;
  request.seqlen = flags->seqlen > 0 ? (guint) flags->seqlen : spqr_default_seqlen (model);
  eval = spqr_evaluate_run (store, run, &request, cli->cancellable, error);
  spqr_cli_end_progress (cli);
  if (eval == NULL)
    return FALSE;
  print_result (cli, eval, known);
  return TRUE;
}

static gboolean
run_eval (SpqrCli *cli, int argc, char **argv, GError **error)
{
  Flags flags = { 0 };
  const GOptionEntry entries[] = {
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &flags.data, N_("Text, ids or a named data set to evaluate on"), N_("DATA") },
    { "seqlen", 0, 0, G_OPTION_ARG_INT, &flags.seqlen, N_("Tokens a window (default: the smaller of 2048 and the model's context)"), "N" },
    { "windows", 0, 0, G_OPTION_ARG_INT64, &flags.windows, N_("At most this many windows (default: all)"), "N" },
    { "kl-base", 0, 0, G_OPTION_ARG_FILENAME, &flags.kl_base, N_("Also the KL divergence from this model"), N_("MODEL") },
    G_OPTION_ENTRY_NULL
  };
  gboolean done = FALSE;

  if (spqr_cli_parse (cli, &spqr_command_eval, entries, NULL, &argc, &argv, 1, 1, error))
    {
      if (flags.data == NULL)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "eval needs --data F");
      else if (flags.seqlen < 0 || flags.seqlen == 1 || flags.windows < 0)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "--seqlen must be 2 or more, --windows 1 or more");
      else
        done = evaluate (cli, &flags, argv[1], error);
    }
  g_free (flags.data);
  g_free (flags.kl_base);
  return done;
}

const SpqrCommand spqr_command_eval = { "eval", "MODEL_OR_RUN --data F", N_("perplexity of a model or a run"), run_eval };
