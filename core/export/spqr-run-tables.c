#include "export/spqr-run-tables.h"

/* Column names are for programs: never translated, never renamed. */
static void
add_header (SpqrCsv *csv, const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    spqr_csv_add_text (csv, names[i]);
  spqr_csv_end_line (csv);
}

static const char *const run_columns[] = {
  "run", "state", "model", "model_path", "model_fingerprint", "architecture",
  "method", "wbits", "groupsize", "qq_scale_bits", "qq_zero_bits", "qq_groupsize", "outlier_threshold", "percdamp", "permutation_order",
  "calibration", "nsamples", "seqlen", "seed",
  "bits_formula", "bits_stored", "outlier_share", "mean_proxy_loss", "ppl_base", "ppl", "ppl_data",
  "layers_done", "layers", "seconds", "begun", "finished", "backend", "version", "folder", "tags", "note", "error", "parameters", NULL };

static void
add_run_origin (SpqrCsv *csv, const SpqrRun *run)
{
  spqr_csv_add_integer (csv, run->id);
  spqr_csv_add_text (csv, spqr_run_state_name (run->state));
  spqr_csv_add_text (csv, run->model_name);
  spqr_csv_add_text (csv, run->model_path);
  spqr_csv_add_text (csv, run->model_fingerprint);
  spqr_csv_add_text (csv, run->architecture);
}

static void
add_run_params (SpqrCsv *csv, const SpqrRun *run)
{
  spqr_csv_add_text (csv, run->method);
  spqr_csv_add_integer (csv, run->wbits);
  spqr_csv_add_integer (csv, run->groupsize);
  spqr_csv_add_integer (csv, run->qq_scale_bits);
  spqr_csv_add_integer (csv, run->qq_zero_bits);
  spqr_csv_add_integer (csv, run->qq_groupsize);
  spqr_csv_add_number (csv, run->outlier_threshold);
  spqr_csv_add_number (csv, run->percdamp);
  spqr_csv_add_text (csv, run->permutation_order);
  spqr_csv_add_text (csv, run->calibration);
  spqr_csv_add_integer (csv, run->nsamples);
  spqr_csv_add_integer (csv, run->seqlen);
  spqr_csv_add_integer (csv, run->seed);
}

static void
add_run_figures (SpqrCsv *csv, const SpqrRun *run)
{
  spqr_csv_add_number (csv, run->bits_formula);
  spqr_csv_add_number (csv, run->bits_stored);
  spqr_csv_add_number (csv, run->outlier_share);
  spqr_csv_add_number (csv, run->mean_proxy_loss);
  spqr_csv_add_number (csv, run->ppl_base);
  spqr_csv_add_number (csv, run->ppl);
  spqr_csv_add_text (csv, run->ppl_data);
}

static void
add_run_rest (SpqrCsv *csv, const SpqrRun *run)
{
  g_autofree char *tags = run->tags != NULL ? g_strjoinv (", ", run->tags) : NULL;

  spqr_csv_add_integer (csv, run->n_layers_done);
  spqr_csv_add_integer (csv, run->n_layers);
  spqr_csv_add_number (csv, run->seconds);
  spqr_csv_add_time (csv, run->created);
  spqr_csv_add_time (csv, run->finished);
  spqr_csv_add_text (csv, run->backend);
  spqr_csv_add_text (csv, run->version);
  spqr_csv_add_text (csv, run->folder);
  spqr_csv_add_text (csv, tags);
  spqr_csv_add_text (csv, run->note);
  spqr_csv_add_text (csv, run->error);
  spqr_csv_add_text (csv, run->params_json);
}

SpqrCsv *
spqr_runs_to_csv (GPtrArray *runs)
{
  SpqrCsv *csv = spqr_csv_new ();

  add_header (csv, run_columns);
  for (guint i = 0; i < runs->len; i++)
    {
      const SpqrRun *run = runs->pdata[i];

      add_run_origin (csv, run);
      add_run_params (csv, run);
      add_run_figures (csv, run);
      add_run_rest (csv, run);
      spqr_csv_end_line (csv);
    }
  return csv;
}

static const char *const layer_columns[] = {
  "run", "layer", "block", "role", "rows", "cols", "bits_formula", "bits_stored", "outliers", "outlier_share",
  "output_error", "proxy_loss", "mse", "percdamp_used", "seconds", "backend", "file", "note", NULL };

SpqrCsv *
spqr_layers_to_csv (const SpqrRun *run, GPtrArray *layers)
{
  SpqrCsv *csv = spqr_csv_new ();

  add_header (csv, layer_columns);
  for (guint i = 0; i < layers->len; i++)
    {
      const SpqrRunLayer *layer = layers->pdata[i];

      spqr_csv_add_integer (csv, run->id);
      spqr_csv_add_text (csv, layer->name);
      spqr_csv_add_integer (csv, layer->block);
      spqr_csv_add_text (csv, layer->role);
      spqr_csv_add_integer (csv, layer->rows);
      spqr_csv_add_integer (csv, layer->cols);
      spqr_csv_add_number (csv, layer->bits);
      spqr_csv_add_number (csv, layer->bits_stored);
      spqr_csv_add_integer (csv, layer->n_outliers);
      spqr_csv_add_number (csv, layer->outlier_share);
      spqr_csv_add_number (csv, layer->output_error);
      spqr_csv_add_number (csv, layer->proxy_loss);
      spqr_csv_add_number (csv, layer->mse);
      spqr_csv_add_number (csv, layer->percdamp_used);
      spqr_csv_add_number (csv, layer->seconds);
      spqr_csv_add_text (csv, layer->backend);
      spqr_csv_add_text (csv, layer->file);
      spqr_csv_add_text (csv, layer->note);
      spqr_csv_end_line (csv);
    }
  return csv;
}

static const char *const eval_columns[] = {
  "run", "data", "data_fingerprint", "protocol", "seqlen", "windows", "tokens", "ppl_base", "ppl", "ppl_stderr", "nll",
  "kl", "kl_stderr", "top1_agreement", "task", "scoring", "acc", "acc_stderr", "acc_norm", "acc_norm_stderr", "seconds", "measured", "backend", NULL };

SpqrCsv *
spqr_evals_to_csv (const SpqrRun *run, GPtrArray *evals)
{
  SpqrCsv *csv = spqr_csv_new ();

  add_header (csv, eval_columns);
  for (guint i = 0; i < evals->len; i++)
    {
      const SpqrRunEval *eval = evals->pdata[i];

      spqr_csv_add_integer (csv, run->id);
      spqr_csv_add_text (csv, eval->data);
      spqr_csv_add_text (csv, eval->data_fingerprint);
      spqr_csv_add_text (csv, eval->protocol);
      spqr_csv_add_integer (csv, eval->seqlen);
      spqr_csv_add_integer (csv, eval->windows);
      spqr_csv_add_integer (csv, eval->tokens);
      spqr_csv_add_number (csv, eval->ppl_base);
      spqr_csv_add_number (csv, eval->ppl);
      spqr_csv_add_number (csv, eval->ppl_stderr);
      spqr_csv_add_number (csv, eval->nll);
      spqr_csv_add_number (csv, eval->kl);
      spqr_csv_add_number (csv, eval->kl_stderr);
      spqr_csv_add_number (csv, eval->top1_agreement);
      spqr_csv_add_text (csv, eval->task);
      spqr_csv_add_text (csv, eval->scoring);
      spqr_csv_add_number (csv, eval->acc);
      spqr_csv_add_number (csv, eval->acc_stderr);
      spqr_csv_add_number (csv, eval->acc_norm);
      spqr_csv_add_number (csv, eval->acc_norm_stderr);
      spqr_csv_add_number (csv, eval->seconds);
      spqr_csv_add_time (csv, eval->created);
      spqr_csv_add_text (csv, eval->backend);
      spqr_csv_end_line (csv);
    }
  return csv;
}
