/* spqr-pack-params.c: a stored layer's shape, parameters, form and figures as JSON.
 *
 * Numbers are written with 17 digits and so come back to the bit; what JSON has no number for is
 * the text "inf", "-inf" or "nan". */
#include <math.h>
#include <string.h>

#include "model/spqr-json.h"
#include "pack/spqr-pack-form-private.h"

#define MAX_WEIGHTS ((gsize) 1 << 48)     /* far from any overflow of what is computed from shapes */

static const char *const methods[] = { "spqr", "gptq", "rtn" };
static const char *const orders[] = { "identity", "act_order", "spearman" };

/* ---- writing ---- */

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_bool (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_text (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_double (JsonBuilder *builder, const char *name, double value)
{
  if (isnan (value))
    add_text (builder, name, "nan");
  else if (isinf (value))
    add_text (builder, name, value > 0 ? "inf" : "-inf");
  else
    {
      json_builder_set_member_name (builder, name);
      json_builder_add_double_value (builder, value);
    }
}

static void
add_params (JsonBuilder *builder, const SpqrParams *params)
{
  add_text (builder, "method", methods[params->method]);
  add_int (builder, "wbits", params->wbits);
  add_int (builder, "groupsize", params->groupsize);
  add_bool (builder, "perchannel", params->perchannel);
  add_bool (builder, "sym", params->sym);
  add_bool (builder, "round_zero", params->round_zero);
  add_int (builder, "qq_scale_bits", params->qq_scale_bits);
  add_int (builder, "qq_zero_bits", params->qq_zero_bits);
  add_bool (builder, "qq_zero_sym", params->qq_zero_sym);
  add_int (builder, "qq_groupsize", params->qq_groupsize);
  add_double (builder, "outlier_threshold", params->outlier_threshold);
  add_bool (builder, "simplified_outliers", params->simplified_outliers);
  add_text (builder, "permutation_order", orders[params->permutation_order]);
  add_double (builder, "percdamp", params->percdamp);
  add_bool (builder, "compat_reference", params->compat_reference);
}

static void
add_form (JsonBuilder *builder, const SpqrPackForm *form)
{
  add_int (builder, "outliers", (gint64) form->n_outliers);
  add_int (builder, "constants", (gint64) form->n_constants);
  add_bool (builder, "shared_statistics", form->shared_statistics);
  add_bool (builder, "fixed_zero", form->fixed_zero);
  add_bool (builder, "identity", form->identity);
  add_bool (builder, "wide_constants", form->wide_constants);
  if (form->integer_zero)
    {
      add_int (builder, "zero_bits", form->zero_bits);
      add_int (builder, "zero_base", form->zero_base);
      add_int (builder, "zero_negative", form->zero_negative);
    }
}

char *
spqr_pack_params_to_json (const SpqrPackPlan *plan, const SpqrLayer *layer)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();
  g_autoptr(JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_int (builder, "rows", (gint64) plan->rows);
  add_int (builder, "cols", (gint64) plan->cols);
  add_params (builder, &plan->params);
  add_form (builder, &plan->form);
  add_double (builder, "proxy_loss", layer->proxy_loss);
  add_double (builder, "mse", layer->mse);
  add_double (builder, "threshold", layer->threshold);
  add_double (builder, "percdamp_used", layer->percdamp_used);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return spqr_json_to_text (root, FALSE);
}

/* ---- reading: the first thing that is wrong is kept, as in the configuration's reader ---- */

typedef struct {
  JsonObject *object;
  const char *path;
  GError *error;
} Reader;

G_GNUC_PRINTF (2, 3) static void
fail (Reader *reader, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  if (reader->error != NULL)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (&reader->error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_MALFORMED, "%s: %s", reader->path, what);
}

static gint64
get_int (Reader *reader, const char *name, gint64 least, gint64 most)
{
  gint64 value = 0;

  if (!spqr_json_node_get_int (json_object_get_member (reader->object, name), &value))
    fail (reader, "the stored parameter “%s” is missing or no whole number", name);
  else if (value < least || value > most)
    fail (reader, "the stored parameter “%s” is %" G_GINT64_FORMAT "; it must be between %" G_GINT64_FORMAT " and %"
          G_GINT64_FORMAT, name, value, least, most);
  else
    return value;
  return least;
}

static gboolean
get_bool (Reader *reader, const char *name)
{
  JsonNode *node = json_object_get_member (reader->object, name);

  if (node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  fail (reader, "the stored parameter “%s” is missing or neither true nor false", name);
  return FALSE;
}

static const char *
get_text (Reader *reader, const char *name)
{
  JsonNode *node = json_object_get_member (reader->object, name);

  if (node != NULL && json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_get_string (node);
  return NULL;
}

static double
get_double (Reader *reader, const char *name)
{
  const char *text = get_text (reader, name);
  double value = 0;

  if (text != NULL && g_str_equal (text, "nan"))
    return NAN;
  if (text != NULL && g_str_equal (text, "inf"))
    return INFINITY;
  if (text != NULL && g_str_equal (text, "-inf"))
    return -INFINITY;
  if (!spqr_json_node_get_double (json_object_get_member (reader->object, name), &value))
    fail (reader, "the stored parameter “%s” is missing or no number", name);
  return value;
}

static int
get_choice (Reader *reader, const char *name, const char *const *words, int n)
{
  const char *text = get_text (reader, name);

  for (int i = 0; i < n && text != NULL; i++)
    if (g_str_equal (words[i], text))
      return i;
  fail (reader, "the stored parameter “%s” is missing or unknown", name);
  return 0;
}

static void
read_params (Reader *reader, SpqrParams *params)
{
  params->method = (SpqrMethod) get_choice (reader, "method", methods, G_N_ELEMENTS (methods));
  params->wbits = (int) get_int (reader, "wbits", 1, 8);
  params->groupsize = (int) get_int (reader, "groupsize", 0, G_MAXINT32);
  params->perchannel = get_bool (reader, "perchannel");
  params->sym = get_bool (reader, "sym");
  params->round_zero = get_bool (reader, "round_zero");
  params->qq_scale_bits = (int) get_int (reader, "qq_scale_bits", 0, 8);
  params->qq_zero_bits = (int) get_int (reader, "qq_zero_bits", 0, 8);
  params->qq_zero_sym = get_bool (reader, "qq_zero_sym");
  params->qq_groupsize = (int) get_int (reader, "qq_groupsize", G_MININT32, G_MAXINT32);
  params->outlier_threshold = get_double (reader, "outlier_threshold");
  params->simplified_outliers = get_bool (reader, "simplified_outliers");
  params->permutation_order = (SpqrOrder) get_choice (reader, "permutation_order", orders, G_N_ELEMENTS (orders));
  params->percdamp = get_double (reader, "percdamp");
  params->compat_reference = get_bool (reader, "compat_reference");
  if ((params->qq_scale_bits > 0 || params->qq_zero_bits > 0) && params->qq_groupsize < 1)
    fail (reader, "the stored parameter “qq_groupsize” is %d; it must be at least 1", params->qq_groupsize);
}

static void
read_shape (Reader *reader, SpqrPackPlan *plan)
{
  gsize g;

  plan->rows = (gsize) get_int (reader, "rows", 1, G_MAXINT32);
  plan->cols = (gsize) get_int (reader, "cols", 1, G_MAXINT32);
  if (plan->rows > MAX_WEIGHTS / plan->cols)
    fail (reader, "a layer of %" G_GSIZE_FORMAT " × %" G_GSIZE_FORMAT " is absurd", plan->rows, plan->cols);
  g = plan->params.groupsize > 0 ? MIN ((gsize) plan->params.groupsize, plan->cols) : plan->cols;
  plan->groups = (plan->cols + g - 1) / g;
  if ((plan->params.qq_scale_bits > 0 || plan->params.qq_zero_bits > 0) && plan->params.qq_groupsize > 0)
    plan->runs = (plan->rows + (gsize) plan->params.qq_groupsize - 1) / (gsize) plan->params.qq_groupsize;
}

static void
read_form (Reader *reader, SpqrPackPlan *plan)
{
  SpqrPackForm *form = &plan->form;
  gint64 weights = (gint64) plan->rows * (gint64) plan->cols;

  form->n_outliers = (gsize) get_int (reader, "outliers", 0, MIN (weights, G_MAXUINT32));
  form->n_constants = (gsize) get_int (reader, "constants", 0, (gint64) plan->rows * (gint64) plan->groups);
  form->shared_statistics = get_bool (reader, "shared_statistics");
  form->fixed_zero = get_bool (reader, "fixed_zero");
  form->identity = get_bool (reader, "identity");
  form->wide_constants = get_bool (reader, "wide_constants");
  form->integer_zero = json_object_has_member (reader->object, "zero_bits");
  form->zero_negative = -1;
  if (form->integer_zero)
    {
      form->zero_bits = (int) get_int (reader, "zero_bits", 1, 8);
      form->zero_base = (int) get_int (reader, "zero_base", -32768, 32768);
      form->zero_negative = (int) get_int (reader, "zero_negative", -1, (1 << form->zero_bits) - 1);
    }
  if ((form->integer_zero || form->fixed_zero) && plan->params.qq_zero_bits > 0)
    fail (reader, "the stored parameters contradict each other: zeros cannot be quantized and fixed");
  if (form->integer_zero && form->fixed_zero)
    fail (reader, "the stored parameters contradict each other: “fixed_zero” and “zero_bits”");
}

gboolean
spqr_pack_params_from_json (const char *text, const char *path, SpqrPackPlan *plan, SpqrLayer *layer, GError **error)
{
  g_autoptr(JsonNode) root = NULL;
  GError *local_error = NULL;
  Reader reader = { .path = path };

  *plan = (SpqrPackPlan) { 0 };
  root = spqr_json_parse (text, -1, path, &local_error);
  if (root == NULL)
    {
      spqr_pack_take_model_error (error, local_error);
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_MALFORMED, "%s: the stored parameters are no JSON object",
                   path);
      return FALSE;
    }
  reader.object = json_node_get_object (root);
  read_params (&reader, &plan->params);
  read_shape (&reader, plan);
  read_form (&reader, plan);
  layer->proxy_loss = get_double (&reader, "proxy_loss");
  layer->mse = get_double (&reader, "mse");
  layer->threshold = get_double (&reader, "threshold");
  layer->percdamp_used = get_double (&reader, "percdamp_used");
  if (reader.error == NULL)
    return TRUE;
  g_propagate_error (error, reader.error);
  return FALSE;
}
