#include "pages/spqr-runs-columns.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "controls/spqr-param-text.h"
#include "plot/spqr-format.h"
#include "quant/spqr-recipe.h"

static char *
fixed (double value, int decimals)
{
  return isfinite (value) ? spqr_format_fixed (value, decimals) : g_strdup ("–");
}

static char *text_id (SpqrRun *run) { return g_strdup_printf ("%" G_GINT64_FORMAT, run->id); }
static char *text_model (SpqrRun *run) { return g_strdup (run->model_name); }

/* "SpQR · mixed": with its recipe's name, which tells it from others that began with the same parameters. */
static char *
text_method (SpqrRun *run)
{
  g_autofree char *method = g_strdup (run->method != NULL ? spqr_param_choice_title ("method", run->method) : "");
  gboolean named = run->params_json != NULL && strstr (run->params_json, "\"name\"") != NULL;
  g_autoptr (SpqrRecipe) recipe = named ? spqr_recipe_parse (run->params_json, NULL) : NULL;
  const char *name = recipe != NULL ? spqr_recipe_get_name (recipe) : NULL;

  return name != NULL ? g_strdup_printf ("%s · %s", method, name) : g_steal_pointer (&method);
}

static char *text_bits (SpqrRun *run) { return fixed (run->bits_formula, 3); }
static char *text_stored (SpqrRun *run) { return fixed (run->bits_stored, 3); }
static char *text_base (SpqrRun *run) { return fixed (run->ppl_base, 4); }
static char *text_ppl (SpqrRun *run) { return fixed (run->ppl, 4); }

static char *
text_outliers (SpqrRun *run)
{
  return isfinite (run->outlier_share) ? spqr_format_percent (run->outlier_share) : g_strdup ("–");
}

static char *
text_rise (SpqrRun *run)
{
  double rise = run->ppl / run->ppl_base - 1;
  g_autofree char *percent = NULL;

  if (!isfinite (rise))
    return g_strdup ("–");
  percent = spqr_format_percent (rise);
  return rise > 0 ? g_strconcat ("+", percent, NULL) : g_steal_pointer (&percent);
}

static char *
text_seconds (SpqrRun *run)
{
  return isfinite (run->seconds) ? spqr_format_duration (run->seconds) : g_strdup ("–");
}

static char *
text_begun (SpqrRun *run)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (run->created);

  return when != NULL ? g_date_time_format (when, "%Y-%m-%d %H:%M") : g_strdup ("–");
}

char *
spqr_run_text_state (SpqrRun *run)
{
  switch (run->state)
    {
    case SPQR_RUN_RUNNING: return g_strdup_printf (_("running, %u of %u"), run->n_layers_done, run->n_layers);
    case SPQR_RUN_FINISHED: return g_strdup (_("finished"));
    case SPQR_RUN_CANCELLED: return g_strdup_printf (_("cancelled at %u of %u"), run->n_layers_done, run->n_layers);
    case SPQR_RUN_FAILED: return g_strdup (_("failed"));
    case SPQR_RUN_INTERRUPTED:
    default: return g_strdup_printf (_("interrupted at %u of %u"), run->n_layers_done, run->n_layers);
    }
}

/* "tag, tag · note" */
static char *
text_note (SpqrRun *run)
{
  g_autofree char *tags = run->tags != NULL ? g_strjoinv (", ", run->tags) : NULL;

  if (tags == NULL || run->note == NULL)
    return g_strdup (tags != NULL ? tags : run->note != NULL ? run->note : "");
  return g_strdup_printf ("%s · %s", tags, run->note);
}

const SpqrRunColumn spqr_run_columns[SPQR_N_RUN_COLUMNS] = {
  { N_("Run"), text_id, SPQR_RUN_ORDER_ID, TRUE, 0 },
  { N_("Model"), text_model, SPQR_RUN_ORDER_MODEL, FALSE, 12 },
  { N_("Method"), text_method, SPQR_RUN_ORDER_METHOD, FALSE, 0 },
  { N_("Bits"), text_bits, SPQR_RUN_ORDER_BITS, TRUE, 0,
    N_("Bits per weight by the paper's formula: weights, statistics, and 32 bits for each outlier") },
  { N_("Stored"), text_stored, SPQR_RUN_ORDER_STORED, TRUE, 0,
    N_("Bits per weight that the stored files really hold, headers, column orders and outlier offsets included") },
  { N_("Outliers"), text_outliers, SPQR_RUN_ORDER_OUTLIERS, TRUE, 0,
    N_("Share of the weights that are kept in 16 bits") },
  { N_("Before"), text_base, SPQR_RUN_ORDER_BASE, TRUE, 0,
    N_("Perplexity of the unquantized model on the same text") },
  { N_("Perplexity"), text_ppl, SPQR_RUN_ORDER_PPL, TRUE, 0,
    N_("Perplexity of the quantized model, decoded from the stored files: lower is better") },
  { N_("Rise"), text_rise, SPQR_RUN_ORDER_RISE, TRUE, 0,
    N_("By how much the perplexity rose through quantization") },
  { N_("Time"), text_seconds, SPQR_RUN_ORDER_SECONDS, TRUE, 0,
    N_("Time that the quantization took, without the measuring") },
  { N_("Begun"), text_begun, SPQR_RUN_ORDER_CREATED, TRUE, 0 },
  { N_("State"), spqr_run_text_state, SPQR_RUN_ORDER_STATE, FALSE, 0 },
  { N_("Note"), text_note, SPQR_RUN_ORDER_NOTE, FALSE, 24 },
};
