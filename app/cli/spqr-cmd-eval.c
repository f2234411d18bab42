/* spqr eval: perplexity of a model or of a run, by the published rule. */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "eval/spqr-perplexity.h"
#include "job/spqr-data.h"
#include "job/spqr-evaluate.h"

typedef struct {
  char *data, *kl_base;
  int seqlen;
  gint64 windows;
} Flags;

static void
print_result (SpqrCli *cli, const Flags *flags, guint seqlen, const SpqrPerplexity *result, SpqrRun *run)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  spqr_cli_end_progress (cli);
  if (!cli->json)
    {
      printf (_("perplexity %.6f ± %.4f   (%s, %" G_GSIZE_FORMAT " windows of %u tokens, %.1f s)\n"), result->ppl,
              result->ppl_stderr, flags->data, result->windows, seqlen, result->seconds);
      if (isfinite (result->kl))
        printf (_("KL divergence %.6g ± %.2g nats, same top token %.2f %%\n"), result->kl, result->kl_stderr,
                100 * result->top1_agreement);
      return;
    }
  json_builder_begin_object (builder);
  if (run != NULL)
    spqr_json_integer (builder, "run", run->id);
  spqr_json_text (builder, "data", flags->data);
  spqr_json_integer (builder, "seqlen", seqlen);
  spqr_json_integer (builder, "windows", result->windows);
  spqr_json_integer (builder, "tokens", result->tokens);
  spqr_json_number (builder, "nll", result->nll);
  spqr_json_number (builder, "ppl", result->ppl);
  spqr_json_number (builder, "ppl_stderr", result->ppl_stderr);
  spqr_json_number (builder, "kl", result->kl);
  spqr_json_number (builder, "kl_stderr", result->kl_stderr);
  spqr_json_number (builder, "top1_agreement", result->top1_agreement);
  spqr_json_number (builder, "seconds", result->seconds);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

/* A run's evaluation is kept with it. */
static gboolean
record (SpqrStore *store, SpqrRun *run, const SpqrCorpus *corpus, guint seqlen, const SpqrPerplexity *result, GError **error)
{
  SpqrRunEval *eval = spqr_run_eval_describe (store, run, corpus, seqlen, result, NAN);
  gboolean stored = spqr_store_add_eval (store, eval, error);

  spqr_run_eval_free (eval);
  return stored;
}

static gboolean
evaluate (SpqrCli *cli, const Flags *flags, const char *what, GError **error)
{
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrModel) model = spqr_cli_open_model_or_run (cli, what, &store, &run, error);
  g_autoptr (SpqrModel) base_model = NULL;
  g_autoptr (SpqrArtifacts) artifacts = NULL;
  g_autoptr (SpqrCorpus) corpus = NULL;
  g_autoptr (SpqrNet) net = NULL;
  g_autoptr (SpqrNet) base = NULL;
  SpqrPerplexity result = { 0 };
  guint seqlen;
  gboolean done;

  if (model == NULL || (corpus = spqr_corpus_load_for_model (model, flags->data, cli->data_dir, TRUE, cli->cancellable, error)) == NULL ||
      (run != NULL && (artifacts = spqr_run_open_artifacts (store, run, error)) == NULL) ||
      (net = spqr_net_new (model, artifacts != NULL ? spqr_artifacts_get_source (artifacts) : NULL, error)) == NULL)
    return FALSE;
  if (flags->kl_base != NULL && ((base_model = spqr_model_open (flags->kl_base, error)) == NULL ||
                                 (base = spqr_net_new (base_model, NULL, error)) == NULL))
    return FALSE;
  seqlen = flags->seqlen > 0 ? (guint) flags->seqlen : spqr_default_seqlen (model);
  done = spqr_corpus_prepare_evaluation (corpus, seqlen, cli->cancellable, error) &&
         spqr_perplexity_compute (net, base, corpus->ids, corpus->n_ids, seqlen, flags->windows, spqr_cli_progress, cli,
                                  cli->cancellable, &result, error) &&
         (run == NULL || record (store, run, corpus, seqlen, &result, error));
  if (done)
    print_result (cli, flags, seqlen, &result, run);
  spqr_perplexity_clear (&result);
  return done;
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
