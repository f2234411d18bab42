/* spqr quantize: calibrate, quantize, store; with --eval also measure before and after. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "cli/spqr-param-flags.h"
#include "job/spqr-data.h"
#include "job/spqr-evaluate.h"
#include "job/spqr-preflight.h"
#include "job/spqr-quantize.h"

#define MANY_OUTLIERS 0.05

typedef struct {
  char *out, *load_from_saved, *recipe, *save, *hessian_cache;
  char **evals;
  gboolean kl, wandb, new_eval, dry_run;
} Flags;

typedef struct {
  SpqrCli *cli;
  SpqrStore *store;
  SpqrModel *model;
  SpqrRecipe *recipe;
  SpqrDevice *device;
  GPtrArray *evals;          /* of SpqrRunEval */
} Session;

static SpqrRecipe *
make_recipe (const Flags *flags, SpqrParamFlags *param_flags, GError **error)
{
  SpqrRunParams params = spqr_run_params_default;
  g_autofree char *text = NULL;
  SpqrRecipe *recipe;

  if (flags->recipe == NULL)
    {
      if (!spqr_param_flags_apply (param_flags, &params, error) || !spqr_run_params_validate (&params, error))
        return NULL;
      return spqr_recipe_new (&params);
    }
  if (!g_file_get_contents (flags->recipe, &text, NULL, error))
    return NULL;
  recipe = spqr_recipe_parse (text, error);
  if (recipe == NULL)
    g_prefix_error (error, "%s: ", flags->recipe);
  return recipe;
}

static gboolean
evaluate_all (Session *s, SpqrRun *run, const Flags *flags, GError **error)
{
  const SpqrRunParams *params = spqr_recipe_get_defaults (s->recipe);

  for (guint i = 0; flags->evals != NULL && flags->evals[i] != NULL; i++)
    {
      g_autoptr (SpqrCorpus) corpus = spqr_corpus_load_for_model (s->model, flags->evals[i], s->cli->data_dir, TRUE, s->cli->cancellable, error);
      SpqrEvaluateRequest request = {
        .model = s->model, .corpus = corpus, .with_base = TRUE, .with_kl = flags->kl,
        .seqlen = params->seqlen > 0 ? (guint) params->seqlen : spqr_default_seqlen (s->model),
        .progress = spqr_cli_progress, .user_data = s->cli };
      SpqrRunEval *eval;

      if (corpus == NULL)
        return FALSE;
      eval = spqr_evaluate_run (s->store, run, &request, s->cli->cancellable, error);
      spqr_cli_end_progress (s->cli);
      if (eval == NULL)
        return FALSE;
      g_ptr_array_add (s->evals, eval);
    }
  return TRUE;
}

static void
add_layer (JsonBuilder *builder, const SpqrRunLayer *layer)
{
  json_builder_begin_object (builder);
  spqr_json_text (builder, "name", layer->name);
  spqr_json_number (builder, "bits", layer->bits);
  spqr_json_number (builder, "bits_stored", layer->bits_stored);
  spqr_json_number (builder, "outlier_share", layer->outlier_share);
  spqr_json_number (builder, "proxy_loss", layer->proxy_loss);
  spqr_json_number (builder, "output_error", layer->output_error);
  spqr_json_number (builder, "seconds", layer->seconds);
  spqr_json_text (builder, "backend", layer->backend);
  spqr_json_text (builder, "note", layer->note);
  json_builder_end_object (builder);
}

static void
print_json (Session *s, SpqrRun *run, GPtrArray *layers)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  spqr_json_integer (builder, "run", run->id);
  spqr_json_text (builder, "folder", run->folder);
  spqr_json_number (builder, "bits_formula", run->bits_formula);
  spqr_json_number (builder, "bits_stored", run->bits_stored);
  spqr_json_number (builder, "outlier_share", run->outlier_share);
  spqr_json_number (builder, "seconds", run->seconds);
  spqr_json_begin_array (builder, "layers");
  for (guint i = 0; i < layers->len; i++)
    add_layer (builder, layers->pdata[i]);
  json_builder_end_array (builder);
  spqr_json_begin_array (builder, "evals");
  for (guint i = 0; i < s->evals->len; i++)
    {
      const SpqrRunEval *eval = s->evals->pdata[i];

      json_builder_begin_object (builder);
      spqr_json_text (builder, "data", eval->data);
      spqr_json_integer (builder, "seqlen", eval->seqlen);
      spqr_json_integer (builder, "windows", eval->windows);
      spqr_json_number (builder, "ppl_base", eval->ppl_base);
      spqr_json_number (builder, "ppl", eval->ppl);
      spqr_json_number (builder, "ppl_stderr", eval->ppl_stderr);
      spqr_json_number (builder, "kl", eval->kl);
      spqr_json_number (builder, "top1_agreement", eval->top1_agreement);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static void
print_text (Session *s, SpqrRun *run)
{
  printf (ngettext ("run %" PRId64 ": %u layer in %.1f s\n", "run %" PRId64 ": %u layers in %.1f s\n", run->n_layers_done), run->id,
          run->n_layers_done, run->seconds);
  printf (_("bits a weight: %.3f by the formula, %.3f as stored; outliers %.3f %%\n"), run->bits_formula, run->bits_stored,
          100 * run->outlier_share);
  for (guint i = 0; i < s->evals->len; i++)
    {
      const SpqrRunEval *eval = s->evals->pdata[i];

      printf (_("perplexity on %s: %.4f → %.4f (%+.2f %%)\n"), eval->data, eval->ppl_base, eval->ppl,
              100 * (eval->ppl / eval->ppl_base - 1));
    }
  printf (_("stored in %s\n"), run->folder);
}

static void
add_known (JsonBuilder *builder, const char *key, guint64 bytes)
{
  if (bytes == G_MAXUINT64)
    spqr_json_text (builder, key, NULL);
  else
    spqr_json_integer (builder, key, bytes);
}

/* Seconds that --eval adds. */
static double
evaluation_seconds (SpqrModel *model, const Flags *flags)
{
  double seconds = 0;

  for (guint i = 0; flags->evals != NULL && flags->evals[i] != NULL; i++)
    seconds += spqr_preflight_evaluation_seconds (model, flags->evals[i], TRUE);
  return seconds;
}

static void
print_preflight_json (const SpqrPreflight *p, double evaluation, const GError *problem)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  spqr_json_integer (builder, "layers", p->n_layers);
  spqr_json_integer (builder, "weights", p->n_weights);
  spqr_json_number (builder, "bits_formula", p->bits);
  spqr_json_number (builder, "outlier_share_assumed", p->outlier_share);
  spqr_json_integer (builder, "layers_already_rounded", p->n_rounded);
  spqr_json_integer (builder, "output_bytes", p->output_bytes);
  spqr_json_text (builder, "folder", p->folder);
  spqr_json_integer (builder, "disk_bytes", p->disk_bytes);
  add_known (builder, "disk_free", p->disk_free);
  spqr_json_integer (builder, "memory_bytes", p->memory_bytes);
  add_known (builder, "memory_available", p->memory_available);
  spqr_json_integer (builder, "hidden_bytes", p->hidden_bytes);
  spqr_json_integer (builder, "block_bytes", p->block_bytes);
  spqr_json_integer (builder, "hessian_bytes", p->hessian_bytes);
  spqr_json_integer (builder, "working_bytes", p->working_bytes);
  spqr_json_integer (builder, "overhead_bytes", p->overhead_bytes);
  spqr_json_number (builder, "seconds", p->seconds);
  spqr_json_number (builder, "evaluation_seconds", evaluation);
  spqr_json_text (builder, "device", p->device);
  if (p->device != NULL)
    {
      spqr_json_integer (builder, "device_bytes", p->device_bytes);
      spqr_json_integer (builder, "device_free", p->device_free);
      spqr_json_flag (builder, "device_keeps_hidden", p->device_keeps_hidden);
    }
  spqr_json_flag (builder, "fits", problem == NULL);
  spqr_json_text (builder, "problem", problem != NULL ? problem->message : NULL);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static void
tell_warning (SpqrCli *cli, const SpqrPreflight *preflight)
{
  g_autofree char *warning = spqr_preflight_warn (preflight);

  if (warning != NULL)
    spqr_cli_note (cli, warning);
}

/* What it would take; nothing is made. Calibration data are not read. What cannot fit is no error of
 * this command but its answer. */
static gboolean
dry_run (Session *s, const Flags *flags, GError **error)
{
  SpqrQuantizeRequest request = { .model = s->model, .recipe = s->recipe, .folder = flags->out, .device = s->device };
  g_auto (SpqrPreflight) preflight = { 0 };
  g_autoptr (GError) problem = NULL;
  g_autofree char *text = NULL, *on_device = NULL, *measuring = NULL;
  double evaluation;

  if (!spqr_preflight_compute (s->store, &request, &preflight, error))
    return FALSE;
  spqr_preflight_check (&preflight, &problem);
  text = spqr_preflight_describe (&preflight);
  on_device = spqr_preflight_describe_device (&preflight);
  evaluation = evaluation_seconds (s->model, flags);
  measuring = spqr_preflight_describe_evaluation (evaluation);
  if (s->cli->json)
    print_preflight_json (&preflight, evaluation, problem);
  else
    printf ("%s\n%s%s%s%s%s\n", text, measuring != NULL ? measuring : "", measuring != NULL ? "\n" : "",
            on_device != NULL ? on_device : "", on_device != NULL ? "\n" : "",
            problem != NULL ? problem->message : _("it fits"));
  tell_warning (s->cli, &preflight);
  return TRUE;
}

static void
tell_preflight (const SpqrPreflight *preflight, gpointer user_data)
{
  SpqrCli *cli = user_data;
  g_autofree char *text = spqr_preflight_describe (preflight), *on_device = spqr_preflight_describe_device (preflight);

  spqr_cli_note (cli, text);
  if (on_device != NULL)
    spqr_cli_note (cli, on_device);
  tell_warning (cli, preflight);
}

/* So many outliers are no longer the few that are worth 32 bits each. */
static void
tell_outliers (SpqrCli *cli, SpqrRun *run)
{
  g_autofree char *text = NULL;

  if (!(run->outlier_share > MANY_OUTLIERS))
    return;
  text = g_strdup_printf (_("%.1f %% of the weights are outliers, which cost %.2f of the %.2f bits: an outlier_threshold of %g is low for weights of %d bits; "
                            "raise it, give more calibration text, or use more bits"),
                          100 * run->outlier_share, 32 * run->outlier_share, run->bits_formula, run->outlier_threshold, run->wbits);
  spqr_cli_note (cli, text);
}

static gboolean
quantize (Session *s, const Flags *flags, const char *data, GError **error)
{
  g_autoptr (SpqrCalibration) calibration = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrRun) final = NULL;
  g_autoptr (GPtrArray) layers = NULL;
  g_autoptr (SpqrHessianCache) cache = g_strcmp0 (flags->hessian_cache, "none") != 0
                                         ? spqr_hessian_cache_new (flags->hessian_cache, 0) : NULL;
  SpqrQuantizeRequest request = { .model = s->model, .recipe = s->recipe, .folder = flags->out, .device = s->device, .spread = spqr_cli_may_spread (s->cli), .cache = cache,
                                  .progress = spqr_cli_progress, .preflight = tell_preflight, .user_data = s->cli };

  /* Overrides may ask for more than the defaults do. */
  if (data != NULL && (spqr_recipe_get_defaults (s->recipe)->layer.method != SPQR_METHOD_RTN ||
                       spqr_recipe_get_n_overrides (s->recipe) > 0))
    {
      calibration = spqr_calibration_load (s->model, data, s->cli->data_dir, spqr_recipe_get_defaults (s->recipe),
                                           s->cli->cancellable, error);
      if (calibration == NULL)
        return FALSE;
      request.calibration = calibration;
    }
  run = spqr_quantize (s->store, &request, s->cli->cancellable, error);
  spqr_cli_end_progress (s->cli);
  if (run == NULL || !evaluate_all (s, run, flags, error) ||
      (layers = spqr_store_list_layers (s->store, run->id, error)) == NULL ||
      (final = spqr_store_get_run (s->store, run->id, error)) == NULL)
    return FALSE;
  tell_outliers (s->cli, final);
  if (s->cli->json)
    print_json (s, final, layers);
  else
    print_text (s, final);
  return TRUE;
}

/* `MODEL custom --load_from_saved=PATH` is the older spelling of `MODEL PATH`. */
static const char *
which_data (const Flags *flags, int argc, char **argv, GError **error)
{
  if (flags->load_from_saved != NULL)
    return flags->load_from_saved;
  if (argc == 3 && g_str_equal (argv[2], "custom"))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "DATA “custom” needs --load_from_saved=PATH");
      return NULL;
    }
  return argc == 3 ? argv[2] : NULL;
}

static gboolean
run_with_flags (SpqrCli *cli, Flags *flags, SpqrParamFlags *param_flags, int argc, char **argv, GError **error)
{
  g_autoptr (SpqrRecipe) recipe = NULL;
  g_autoptr (SpqrModel) model = NULL;
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) evals = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_eval_free);
  g_autoptr (GError) usage = NULL;
  Session session = { .cli = cli, .evals = evals };
  const char *data = which_data (flags, argc, argv, &usage);

  if (usage != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&usage));
      return FALSE;
    }
  if (flags->out == NULL)
    flags->out = g_steal_pointer (&flags->save);
  if (flags->wandb && !cli->quiet)
    g_printerr ("%s\n", _("--wandb is not needed: every run is kept in the database"));
  recipe = make_recipe (flags, param_flags, &usage);
  if (recipe == NULL)
    {
      /* A parameter out of its range on the command line is wrong usage. */
      g_set_error_literal (error, SPQR_USAGE_ERROR, 0, usage->message);
      return FALSE;
    }
  model = spqr_model_open (argv[1], error);
  if (model == NULL || (session.device = spqr_cli_get_device (cli, error)) == NULL ||
      (store = spqr_cli_open_store (cli, error)) == NULL)
    return FALSE;
  session.recipe = recipe;
  session.model = model;
  session.store = store;
  return flags->dry_run ? dry_run (&session, flags, error) : quantize (&session, flags, data, error);
}

static gboolean
run (SpqrCli *cli, int argc, char **argv, GError **error)
{
  Flags flags = { 0 };
  g_autoptr (SpqrParamFlags) param_flags = spqr_param_flags_new ();
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &flags.out, N_("Folder for the stored layers; an unfinished run there is gone on with (default: a new one in your data folder)"), N_("DIR") },
    { "eval", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &flags.evals, N_("Measure perplexity before and after on this; may be repeated"), N_("DATA") },
    { "kl", 0, 0, G_OPTION_ARG_NONE, &flags.kl, N_("With --eval: also KL divergence and top-1 agreement"), NULL },
    { "recipe", 0, 0, G_OPTION_ARG_FILENAME, &flags.recipe, N_("Parameters per layer from this file instead of flags"), N_("FILE") },
    { "load-from-saved", 0, 0, G_OPTION_ARG_FILENAME, &flags.load_from_saved, N_("Calibration data when DATA is “custom”"), N_("PATH") },
    { "hessian-cache", 0, 0, G_OPTION_ARG_FILENAME, &flags.hessian_cache,
      N_("Where Hessians are kept for the next time (default: in your cache folder; none: nowhere)"), N_("DIR") },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &flags.dry_run, N_("Only say what memory, disk space and time it takes"), NULL },
    { "save", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &flags.save, "", NULL },
    { "wandb", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &flags.wandb, "", NULL },
    { "new-eval", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &flags.new_eval, "", NULL },
    G_OPTION_ENTRY_NULL
  };
  gboolean done = spqr_cli_parse (cli, &spqr_command_quantize, entries, spqr_param_flags_group (param_flags), &argc, &argv,
                                  1, 2, error) &&
                  run_with_flags (cli, &flags, param_flags, argc, argv, error);

  g_free (flags.out);
  g_free (flags.save);
  g_free (flags.load_from_saved);
  g_free (flags.hessian_cache);
  g_free (flags.recipe);
  g_strfreev (flags.evals);
  return done;
}

const SpqrCommand spqr_command_quantize = { "quantize", "MODEL DATA | MODEL --nearest", N_("calibrate, quantize, store, and measure"), run };
