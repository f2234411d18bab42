#include "pages/spqr-compare-text.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "plot/spqr-format.h"

static char *
known (double value, char *(*format) (double))
{
  return isfinite (value) ? format (value) : g_strdup ("–");
}

static char *three_decimals (double value) { return spqr_format_fixed (value, 3); }

static char *
with_sign (double value, char *(*format) (double))
{
  g_autofree char *text = known (value, format);

  return value > 0 ? g_strconcat ("+", text, NULL) : g_steal_pointer (&text);
}

static char *
describe_figures (const SpqrRunLayer *layer)
{
  g_autofree char *bits = known (layer->bits, three_decimals);
  g_autofree char *outliers = known (layer->outlier_share, spqr_format_percent);
  g_autofree char *error = known (layer->output_error, spqr_format_percent);

  /* Translators: bits a weight, share of outliers, output error of a layer; or what they differ by */
  return g_strdup_printf (_("%s bits · %s outliers · %s output error"), bits, outliers, error);
}

static char *
describe_differences (const SpqrRunLayer *a, const SpqrRunLayer *b)
{
  g_autofree char *bits = with_sign (a->bits - b->bits, three_decimals);
  g_autofree char *outliers = with_sign (a->outlier_share - b->outlier_share, spqr_format_points);
  g_autofree char *error = with_sign (a->output_error - b->output_error, spqr_format_points);

  /* Translators: bits a weight, share of outliers, output error of a layer; or what they differ by */
  return g_strdup_printf (_("%s bits · %s outliers · %s output error"), bits, outliers, error);
}

static char *
describe_unquantized (const SpqrCompareLayer *layer, const SpqrComparePicture *picture)
{
  SpqrTensor *tensor = picture->model != NULL ? spqr_model_lookup (picture->model, layer->a->name) : NULL;

  return g_strdup_printf (_("%s, %zu × %zu"), tensor != NULL ? spqr_tensor_get_dtype_name (tensor) : "–",
                          picture->maps[SPQR_COMPARE_B].data->rows, picture->maps[SPQR_COMPARE_B].data->cols);
}

static char *
describe_mse (const SpqrRunLayer *layer)
{
  g_autofree char *root = isfinite (layer->mse) ? spqr_format_value (sqrt (layer->mse), 3) : g_strdup ("–");

  return g_strdup_printf (_("root mean square %s"), root);
}

static char *
describe_origin (const SpqrRun *a, const SpqrRun *b, const SpqrCompareLayer *layer)
{
  g_autofree char *first = g_strdup_printf (_("run %" PRId64 " %s"), a->id, a->params_json != NULL ? a->params_json : "");
  g_autofree char *second = b != NULL ? g_strdup_printf (_("run %" PRId64 " %s"), b->id, b->params_json != NULL ? b->params_json : "") : NULL;

  return g_strjoin (" · ", a->model_name, layer->a->name, first, second, NULL);
}

static void
label_pair (SpqrCompareLabels *labels, const SpqrComparePair *p, const SpqrCompareLayer *layer,
            const SpqrComparePicture *picture, guint map)
{
  const char *field = spqr_compare_field_name (picture->field);

  switch (map)
    {
    case SPQR_COMPARE_A:
      labels->title = g_strdup_printf (_("%s · run %" PRId64 " · %s"), p->letter_a, p->a->id, field);
      labels->caption = describe_figures (layer->a);
      break;
    case SPQR_COMPARE_B:
      labels->title = g_strdup_printf (_("%s · run %" PRId64 " · %s"), p->letter_b, p->b->id, field);
      labels->caption = describe_figures (layer->b);
      break;
    default:
      labels->title = g_strdup_printf (_("%s − %s · runs %" PRId64 " and %" PRId64 " · %s"), p->letter_a, p->letter_b, p->a->id, p->b->id, field);
      labels->caption = describe_differences (layer->a, layer->b);
    }
}

static void
label_alone (SpqrCompareLabels *labels, const SpqrRun *a, const SpqrCompareLayer *layer, const SpqrComparePicture *picture, guint map)
{
  switch (map)
    {
    case SPQR_COMPARE_A:
      labels->title = g_strdup_printf (_("Run %" PRId64 " · %s"), a->id, spqr_compare_field_name (picture->field));
      labels->caption = describe_figures (layer->a);
      break;
    case SPQR_COMPARE_B:
      labels->title = g_strdup (_("Unquantized weight"));
      labels->caption = describe_unquantized (layer, picture);
      break;
    default:
      labels->title = g_strdup (_("Decoded − unquantized"));
      labels->caption = describe_mse (layer->a);
    }
}

void
spqr_compare_labels_init (SpqrCompareLabels *labels, const SpqrComparePair *pair, const SpqrCompareLayer *layer,
                          const SpqrComparePicture *picture, guint map)
{
  *labels = (SpqrCompareLabels) { 0 };
  if (pair->b != NULL)
    label_pair (labels, pair, layer, picture, map);
  else
    label_alone (labels, pair->a, layer, picture, map);
  /* Translators: the layer's name, and what of it is shown */
  labels->name = g_strdup_printf (_("%s, %s"), layer->a->name, labels->title);
  labels->provenance = describe_origin (pair->a, pair->b, layer);
}

void
spqr_compare_labels_clear (SpqrCompareLabels *labels)
{
  g_free (labels->title);
  g_free (labels->name);
  g_free (labels->caption);
  g_free (labels->provenance);
  *labels = (SpqrCompareLabels) { 0 };
}

char *
spqr_compare_describe_cell (const SpqrComparePicture *picture, const SpqrComparePair *pair, gsize row, gsize col)
{
  char *texts[SPQR_N_COMPARE_MAPS], *line;

  if (row >= picture->maps[0].data->rows || col >= picture->maps[0].data->cols)
    return g_strdup ("");
  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    texts[i] = spqr_format_value (picture->maps[i].data->values[row * picture->maps[i].data->cols + col], 3);
  line = picture->alone
    ? g_strdup_printf (_("row %zu · column %zu · run %s · unquantized %s · difference %s"), row, col, texts[0], texts[1], texts[2])
    : g_strdup_printf (_("row %zu · column %zu · %s %s · %s %s · %s − %s %s"), row, col, pair->letter_a, texts[0],
                       pair->letter_b, texts[1], pair->letter_a, pair->letter_b, texts[2]);
  for (guint i = 0; i < SPQR_N_COMPARE_MAPS; i++)
    g_free (texts[i]);
  return line;
}

void
spqr_compare_describe_counts (const SpqrComparePair *pair, const SpqrCompareLayer *layer,
                              const SpqrComparePicture *picture, char **title, char **legend, char **provenance)
{
  *title = g_strdup_printf (_("%s of %s"), spqr_compare_field_name (picture->field), layer->a->name);
  if (pair->b != NULL)
    *legend = g_strdup_printf (_("bars: %s, run %" PRId64 " · outline: %s, run %" PRId64), pair->letter_a, pair->a->id, pair->letter_b, pair->b->id);
  else if (picture->has_second)
    *legend = g_strdup_printf (_("bars: run %" PRId64 " · outline: unquantized"), pair->a->id);
  else
    *legend = g_strdup_printf (_("run %" PRId64), pair->a->id);
  *provenance = describe_origin (pair->a, pair->b, layer);
}
