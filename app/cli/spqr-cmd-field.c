/* spqr field: one quantity over one matrix, drawn without a screen. */
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli/spqr-cli.h"
#include "cli/spqr-param-flags.h"
#include "compute/spqr-cancel.h"
#include "job/spqr-data.h"
#include "job/spqr-evaluate.h"
#include "net/spqr-net-device.h"
#include "plot/spqr-figure.h"
#include "plot/spqr-plot-heatmap.h"
#include "quant/spqr-lab.h"
#include "quant/spqr-quant-error.h"
#include "quant/spqr-survey.h"

static const struct { const char *id, *title; SpqrField field; gboolean logarithmic, is_signed; } fields[] = {
  { "weight", N_("weight"), SPQR_FIELD_WEIGHT, FALSE, TRUE },
  { "abs_weight", N_("|weight|"), SPQR_FIELD_ABS_WEIGHT, FALSE, FALSE },
  { "sensitivity", N_("sensitivity"), SPQR_FIELD_SENSITIVITY, TRUE, FALSE },
  { "error", N_("quantization error"), SPQR_FIELD_ERROR, FALSE, TRUE },
  { "loo_gain", N_("leave-one-out gain"), SPQR_FIELD_LOO_GAIN, TRUE, FALSE },
  { "outliers", N_("outliers"), SPQR_FIELD_OUTLIERS, FALSE, FALSE },
  { "codes", N_("codes"), SPQR_FIELD_CODES, FALSE, FALSE },
  { "scales", N_("scales"), SPQR_FIELD_SCALES, FALSE, FALSE },
  { "zeros", N_("zeros"), SPQR_FIELD_ZEROS, FALSE, FALSE },
};

typedef struct {
  char *field, *png, *out, *calibration, *colormap, *hessian_cache;
  int width, height;
  gboolean dark;
} Flags;

static int
field_index (const char *id, GError **error)
{
  g_autofree char *name = g_strdelimit (g_strdup (id != NULL ? id : "sensitivity"), "-", '_');

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (fields[i].id, name))
      return i;
  g_set_error (error, SPQR_USAGE_ERROR, 0,
               "--field must be weight, abs_weight, sensitivity, error, loo_gain, outliers, codes, scales or zeros, not “%s”", id);
  return -1;
}

static void
report_step (double fraction, gpointer user_data)
{
  spqr_cli_progress (fraction, _("Calibrating"), user_data);
}

static gboolean
take_hessian (SpqrBlock *block, const SpqrBlockLinear *linears, guint n_linears, const SpqrHessian *hessian,
              gpointer user_data, GError **error)
{
  return spqr_lab_set_hessian (user_data, hessian->h, error);
}

static gboolean
calibrate (SpqrCli *cli, SpqrModel *model, SpqrLab *lab, const Flags *flags, const SpqrRunParams *params, GError **error)
{
  g_autoptr (SpqrCalibration) calibration = spqr_calibration_load (model, flags->calibration, cli->data_dir, params, cli->cancellable, error);
  g_autoptr (SpqrNet) net = calibration != NULL ? spqr_net_new (model, NULL, error) : NULL;
  g_autoptr (SpqrHessianCache) cache = g_strcmp0 (flags->hessian_cache, "none") != 0
                                         ? spqr_hessian_cache_new (flags->hessian_cache, 0) : NULL;
  SpqrSurvey survey = { .net = net, .only_group = -1, .step = report_step, .step_data = cli };
  SpqrDevice *device = spqr_cli_get_device (cli, error);
  gboolean done;

  if (device == NULL)
    return FALSE;
  spqr_lab_set_device (lab, device);
  if (net != NULL)
    spqr_net_set_device (net, device, spqr_cli_note, cli);
  if (net == NULL || !spqr_survey_limit_to (&survey, spqr_lab_get_tensor (lab), error))
    return FALSE;
  survey.ids = calibration->ids;
  survey.n_windows = calibration->n_windows;
  survey.seqlen = calibration->seqlen;
  survey.cache = cache;
  survey.model_fingerprint = spqr_model_get_fingerprint (model);
  done = spqr_survey_run (&survey, take_hessian, lab, cli->cancellable, error);
  spqr_cli_end_progress (cli);
  return done;
}

/* A field of a stored layer; sensitivity and the weights are the model's own. */
static float *
field_of_run (SpqrCli *cli, SpqrStore *store, SpqrRun *run, SpqrLab *lab, SpqrField field, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cli->cancellable);
  g_autoptr (SpqrArtifacts) artifacts = spqr_run_open_artifacts (store, run, error);
  g_autofree float *out = NULL;
  SpqrLayer layer = { 0 };
  SpqrStatus status;

  if (artifacts == NULL ||
      !spqr_artifacts_read_layer (artifacts, spqr_tensor_get_name (spqr_lab_get_tensor (lab)), &layer, error))
    return NULL;
  if (layer.rows != spqr_lab_get_rows (lab) || layer.cols != spqr_lab_get_cols (lab))
    status = SPQR_INVALID;
  else if ((out = g_try_new (float, layer.rows * layer.cols)) == NULL)
    status = SPQR_NO_MEMORY;
  else
    status = spqr_field_compute (field, spqr_lab_get_weights (lab), &layer, NULL, &exec, out);
  spqr_layer_clear (&layer);
  if (status == SPQR_OK)
    return g_steal_pointer (&out);
  spqr_quant_set_status (error, status, spqr_tensor_get_name (spqr_lab_get_tensor (lab)));
  return NULL;
}

static void
draw (cairo_t *cr, double width, double height, const SpqrTheme *theme, gpointer data)
{
  spqr_heatmap_draw (data, cr, theme, width, height);
}

static gboolean
paint (const Flags *flags, const SpqrFieldData *data, int which, const char *title, const char *subtitle, GError **error)
{
  const char *path = flags->out != NULL ? flags->out : flags->png;
  SpqrHeatmap plot;
  SpqrFigure figure;

  spqr_heatmap_init (&plot, data);
  plot.title = title;
  plot.subtitle = subtitle;
  plot.value_label = _(fields[which].title);
  plot.row_label = _("outputs");
  plot.col_label = _("inputs");
  plot.colormap = fields[which].is_signed ? SPQR_COLORMAP_BALANCE : SPQR_COLORMAP_EMBER;
  if (flags->colormap != NULL && !spqr_colormap_from_id (flags->colormap, &plot.colormap))
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--colormap must be ember, tide, paper or balance, not “%s”", flags->colormap);
      return FALSE;
    }
  plot.scale = spqr_scale_fit (fields[which].logarithmic ? SPQR_SCALE_LOG : SPQR_SCALE_LINEAR, data->values,
                               data->rows * data->cols, 0.0005, fields[which].is_signed);
  spqr_figure_init (&figure, flags->width, flags->height);
  spqr_theme_init (&figure.theme, flags->dark ? SPQR_THEME_DARK : SPQR_THEME_LIGHT);
  figure.scale = 1;
  return spqr_figure_format_from_path (path, &figure.format, error) && spqr_figure_save (&figure, path, draw, &plot, error);
}

static void
print_result (SpqrCli *cli, const SpqrFieldData *data, const Flags *flags, const char *field)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  float lo = INFINITY, hi = -INFINITY;

  for (gsize i = 0; i < data->rows * data->cols; i++)
    {
      lo = data->values[i] < lo ? data->values[i] : lo;
      hi = data->values[i] > hi ? data->values[i] : hi;
    }
  if (!cli->json)
    {
      printf (_("%s of %zu × %zu weights, %.4g … %.4g: %s\n"), field, data->rows, data->cols, lo, hi,
              flags->out != NULL ? flags->out : flags->png);
      return;
    }
  json_builder_begin_object (builder);
  spqr_json_integer (builder, "rows", data->rows);
  spqr_json_integer (builder, "cols", data->cols);
  spqr_json_number (builder, "min", lo);
  spqr_json_number (builder, "max", hi);
  spqr_json_text (builder, "field", field);
  spqr_json_text (builder, "file", flags->out != NULL ? flags->out : flags->png);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static gboolean
field (SpqrCli *cli, const Flags *flags, const char *what, const char *name, const SpqrRunParams *params, GError **error)
{
  int which = field_index (flags->field, error);
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (SpqrModel) model = which >= 0 ? spqr_cli_open_model_or_run (cli, what, &store, &run, error) : NULL;
  SpqrTensor *tensor = model != NULL ? spqr_model_lookup (model, name) : NULL;
  g_autoptr (SpqrLab) lab = NULL;
  g_autoptr (SpqrFieldData) data = NULL;
  g_autofree char *subtitle = NULL;
  gboolean from_run;
  float *values;

  if (model == NULL)
    return FALSE;
  if (tensor == NULL)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_NOT_FOUND, "%s: has no tensor “%s”; `spqr inspect --no-stats` lists them",
                   spqr_model_get_path (model), name);
      return FALSE;
    }
  lab = spqr_lab_new (tensor, error);
  if (lab == NULL || (flags->calibration != NULL && !calibrate (cli, model, lab, flags, params, error)))
    return FALSE;
  from_run = run != NULL && fields[which].field != SPQR_FIELD_SENSITIVITY;
  values = from_run ? field_of_run (cli, store, run, lab, fields[which].field, error)
                    : spqr_lab_field (lab, fields[which].field, &params->layer, cli->cancellable, error);
  if (values == NULL)
    return FALSE;
  data = spqr_field_data_new (values, spqr_lab_get_rows (lab), spqr_lab_get_cols (lab), NULL, values, g_free, error);
  if (data == NULL)
    return FALSE;
  subtitle = from_run ? g_strdup_printf (_("%s · run %" PRId64), _(fields[which].title), run->id)
                      : g_strdup_printf ("%s · %s", _(fields[which].title),
                                         spqr_lab_is_calibrated (lab) ? _("calibrated") : _("data-free: the Hessian taken as the identity"));
  if (!paint (flags, data, which, name, subtitle, error))
    return FALSE;
  print_result (cli, data, flags, fields[which].id);
  return TRUE;
}

static gboolean
run_field (SpqrCli *cli, int argc, char **argv, GError **error)
{
  Flags flags = { .width = 1000, .height = 700 };
  g_autoptr (SpqrParamFlags) param_flags = spqr_param_flags_new ();
  SpqrRunParams params = spqr_run_params_default;
  const GOptionEntry entries[] = {
    { "field", 0, 0, G_OPTION_ARG_STRING, &flags.field, N_("What to draw (default: sensitivity)"), N_("FIELD") },
    { "png", 0, 0, G_OPTION_ARG_FILENAME, &flags.png, N_("The picture; its ending decides between PNG, SVG and PDF"), N_("F") },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &flags.out, N_("The same as --png"), N_("F") },
    { "calibration", 0, 0, G_OPTION_ARG_FILENAME, &flags.calibration, N_("Calibrate on this first"), N_("DATA") },
    { "hessian-cache", 0, 0, G_OPTION_ARG_FILENAME, &flags.hessian_cache,
      N_("Where Hessians are kept for the next time (default: in your cache folder; none: nowhere)"), N_("DIR") },
    { "colormap", 0, 0, G_OPTION_ARG_STRING, &flags.colormap, N_("ember, tide (for colour-blind readers), paper or balance"), N_("NAME") },
    { "width", 0, 0, G_OPTION_ARG_INT, &flags.width, N_("Pixels (default 1000)"), "N" },
    { "height", 0, 0, G_OPTION_ARG_INT, &flags.height, N_("Pixels (default 700)"), "N" },
    { "dark", 0, 0, G_OPTION_ARG_NONE, &flags.dark, N_("On a dark ground"), NULL },
    G_OPTION_ENTRY_NULL
  };
  gboolean done = FALSE;

  if (spqr_cli_parse (cli, &spqr_command_field, entries, spqr_param_flags_group (param_flags), &argc, &argv, 2, 2, error))
    {
      if (flags.png == NULL && flags.out == NULL)
        g_set_error (error, SPQR_USAGE_ERROR, 0, "field needs --png F");
      else
        done = spqr_param_flags_apply (param_flags, &params, error) && spqr_run_params_validate (&params, error) &&
               field (cli, &flags, argv[1], argv[2], &params, error);
    }
  g_free (flags.field);
  g_free (flags.png);
  g_free (flags.out);
  g_free (flags.calibration);
  g_free (flags.colormap);
  g_free (flags.hessian_cache);
  return done;
}

const SpqrCommand spqr_command_field = { "field", "MODEL TENSOR --png F", N_("draw one quantity over one matrix"), run_field };
