/* spqr layer: one layer from a file, quantized and compared with the results the file holds.
 *
 * Tensors W (rows, cols) and, unless the method is RTN, H (cols, cols), f32; optionally perm, and
 * results to compare with: quant_weights, outlier_mask (permuted order), weight_deq (original order). */
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/spqr-cli.h"
#include "cli/spqr-param-flags.h"
#include "compute/spqr-backends.h"
#include "compute/spqr-cancel.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-layer.h"
#include "pack/spqr-pack.h"
#include "quant/spqr-quant-error.h"

typedef struct {
  const char *path;
  SpqrSafetensors *file;
  const float *w, *h;
  const gint32 *perm;
  gsize rows, cols;
  GPtrArray *copies;         /* of what the file does not align */
  SpqrRunParams params;
} Input;

typedef struct { double codes_match, mask_match, weight_max_abs_diff; } Comparison;

static gboolean
fail (GError **error, const Input *input, const char *message)
{
  g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: %s", input->path, message);
  return FALSE;
}

/* The entry's data on an address that numbers may lie on; NULL: no memory. Files need not align theirs. */
static gconstpointer
align (const Input *input, const SpqrSafetensorsEntry *entry)
{
  gpointer copy;

  if ((guintptr) entry->data % sizeof (float) == 0)
    return entry->data;
  copy = g_try_malloc (MAX (entry->n_bytes, 1));
  if (copy != NULL)
    {
      memcpy (copy, entry->data, entry->n_bytes);
      g_ptr_array_add (input->copies, copy);
    }
  return copy;
}

/* The tensor's data when it has this type and shape (rows 0: a vector of cols), else NULL. */
static gconstpointer
find (const Input *input, const char *name, SpqrDtype dtype, gsize rows, gsize cols)
{
  const SpqrSafetensorsEntry *entry = spqr_safetensors_lookup (input->file, name);

  if (entry == NULL || entry->dtype != dtype || entry->n_dims != (rows > 0 ? 2 : 1) ||
      (gsize) entry->shape[entry->n_dims - 1] != cols || (rows > 0 && (gsize) entry->shape[0] != rows))
    return NULL;
  return align (input, entry);
}

static gboolean
find_weights (Input *input, GError **error)
{
  const SpqrSafetensorsEntry *w = spqr_safetensors_lookup (input->file, "W");

  if (w == NULL || w->dtype != SPQR_DTYPE_F32 || w->n_dims != 2 || w->shape[0] < 1 || w->shape[1] < 1)
    return fail (error, input, "needs a tensor W, F32, of two dimensions");
  input->rows = w->shape[0];
  input->cols = w->shape[1];
  input->w = align (input, w);
  if (input->w == NULL)
    return spqr_quant_set_status (error, SPQR_NO_MEMORY, input->path);
  input->h = find (input, "H", SPQR_DTYPE_F32, input->cols, input->cols);
  input->perm = find (input, "perm", SPQR_DTYPE_I32, 0, input->cols);
  return TRUE;
}

/* A number, a flag, null (not used) or a word, as the parameter table reads it. */
static char *
member_text (JsonNode *node)
{
  if (JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("none");
  if (!JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    return g_strdup (json_node_get_boolean (node) ? "true" : "false");
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  return g_strdup (g_ascii_dtostr (buffer, sizeof buffer, json_node_get_double (node)));
}

static gboolean
take_member (Input *input, const char *key, JsonNode *node, GError **error)
{
  const SpqrParamInfo *info = spqr_param_lookup (key);
  g_autofree char *text = NULL;

  /* Not parameters: how the published code cuts its work. */
  if (g_str_equal (key, "blocksize") || g_str_equal (key, "keep_last_columns"))
    return TRUE;
  text = info != NULL ? member_text (node) : NULL;
  if (text == NULL)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: config: “%s” is no parameter", input->path, key);
      return FALSE;
    }
  if (spqr_param_set_text (info, &input->params, text, error))
    return TRUE;
  g_prefix_error (error, "%s: config: ", input->path);
  return FALSE;
}

static gboolean
read_config (Input *input, GError **error)
{
  const char *text = spqr_safetensors_get_metadata (input->file, "config");
  const char *kind = spqr_safetensors_get_metadata (input->file, "kind");
  g_autoptr (JsonNode) root = NULL;
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  if (text == NULL)
    return TRUE;
  root = json_from_string (text, error);
  if (root == NULL)
    {
      g_prefix_error (error, "%s: config: ", input->path);
      return FALSE;
    }
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return fail (error, input, "its config is no JSON object");
  json_object_iter_init (&iter, json_node_get_object (root));
  while (json_object_iter_next (&iter, &key, &node))
    if (!take_member (input, key, node, error))
      return FALSE;
  return g_strcmp0 (kind, "rtn") != 0 || spqr_param_set_text (spqr_param_lookup ("method"), &input->params, "rtn", error);
}

static SpqrStatus
quantize (const Input *input, SpqrBackendRun *run, SpqrLayer *layer)
{
  const SpqrParams *params = &input->params.layer;
  SpqrFactor factor = { 0 };
  SpqrStatus status = SPQR_OK;
  gboolean with_factor = params->method != SPQR_METHOD_RTN;

  if (with_factor)
    status = spqr_backend_run_factor_compute (run, input->h, input->w, input->rows, input->cols, params, input->perm, &factor);
  if (status == SPQR_OK)
    status = spqr_backend_run_layer_quantize (run, input->w, input->rows, input->cols, input->h, with_factor ? &factor : NULL,
                                              params, NULL, layer);
  if (with_factor)
    spqr_factor_clear (&factor);
  return status;
}

static double
share_equal (const guint8 *a, const guint8 *b, gsize n)
{
  gsize equal = 0;

  for (gsize i = 0; i < n; i++)
    equal += a[i] == b[i];
  return (double) equal / n;
}

static guint8 *
outlier_mask (const SpqrLayer *layer)
{
  guint8 *mask = g_malloc0 (layer->rows * layer->cols);

  for (gsize r = 0; r < layer->rows; r++)
    for (guint32 k = layer->outlier_offsets[r]; k < layer->outlier_offsets[r + 1]; k++)
      mask[r * layer->cols + layer->outlier_cols[k]] = 1;
  return mask;
}

static void
compare (const Input *input, const SpqrLayer *layer, const float *decoded, Comparison *result)
{
  gsize n = layer->rows * layer->cols;
  const guint8 *codes = find (input, "quant_weights", SPQR_DTYPE_U8, layer->rows, layer->cols);
  const guint8 *mask = find (input, "outlier_mask", SPQR_DTYPE_U8, layer->rows, layer->cols);
  const float *weights = find (input, "weight_deq", SPQR_DTYPE_F32, layer->rows, layer->cols);

  *result = (Comparison) { NAN, NAN, NAN };
  if (codes != NULL)
    result->codes_match = share_equal (codes, layer->codes, n);
  if (mask != NULL)
    {
      g_autofree guint8 *ours = outlier_mask (layer);
      result->mask_match = share_equal (mask, ours, n);
    }
  if (weights == NULL)
    return;
  result->weight_max_abs_diff = 0;
  for (gsize i = 0; i < n; i++)
    result->weight_max_abs_diff = MAX (result->weight_max_abs_diff, fabs ((double) weights[i] - decoded[i]));
}

static gboolean
write_decoded (const char *path, const Input *input, const float *decoded, GError **error)
{
  g_autoptr (SpqrSafetensorsWriter) writer = spqr_safetensors_writer_new (path);
  gint64 shape[2] = { input->rows, input->cols };
  gsize n_bytes = input->rows * input->cols * sizeof (float);

  spqr_safetensors_writer_declare (writer, "weight_deq", "F32", shape, 2, n_bytes);
  return spqr_safetensors_writer_begin (writer, error) && spqr_safetensors_writer_append (writer, decoded, n_bytes, error) &&
         spqr_safetensors_writer_close (writer, error);
}

/* By the name's ending: the packed layer, or just the decoded weights. */
static gboolean
write_result (const char *path, const Input *input, const SpqrLayer *layer, const float *decoded, GError **error)
{
  if (path == NULL)
    return TRUE;
  return g_str_has_suffix (path, ".safetensors") ? write_decoded (path, input, decoded, error)
                                                 : spqr_pack_write (path, "W", layer, error);
}

static void
print_result (SpqrCli *cli, const SpqrLayer *layer, const Comparison *comparison, double seconds)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  double share = (double) spqr_layer_outliers (layer) / ((double) layer->rows * layer->cols);
  double formula = spqr_params_formula_bits (&layer->params, layer->rows, layer->cols, share);
  SpqrPackBits bits;

  spqr_pack_count_bits (layer, &bits);
  if (!cli->json)
    {
      printf (_("%zu × %zu in %.3f s: proxy loss %.6g, outliers %.3f %%, %.3f bits (stored %.3f)\n"), layer->rows, layer->cols,
              seconds, layer->proxy_loss, 100 * share, formula, spqr_pack_bits_per_weight (&bits, layer->rows, layer->cols));
      if (isfinite (comparison->codes_match))
        printf (_("against the file: codes %.4f %%, outliers %.4f %%, largest difference of a weight %g\n"),
                100 * comparison->codes_match, 100 * comparison->mask_match, comparison->weight_max_abs_diff);
      if (!layer->params.compat_reference && (comparison->codes_match < 1 || comparison->mask_match < 1))
        puts (_("where the file was made by the published code: --compat reference computes as that does"));
      return;
    }
  json_builder_begin_object (builder);
  spqr_json_number (builder, "proxy_loss", layer->proxy_loss);
  spqr_json_number (builder, "mse", layer->mse);
  spqr_json_number (builder, "outlier_share", share);
  spqr_json_integer (builder, "n_outliers", spqr_layer_outliers (layer));
  spqr_json_number (builder, "bits_formula", formula);
  spqr_json_number (builder, "bits_stored", spqr_pack_bits_per_weight (&bits, layer->rows, layer->cols));
  spqr_json_number (builder, "codes_match", comparison->codes_match);
  spqr_json_number (builder, "mask_match", comparison->mask_match);
  spqr_json_number (builder, "weight_max_abs_diff", comparison->weight_max_abs_diff);
  spqr_json_number (builder, "percdamp_used", layer->percdamp_used);
  spqr_json_number (builder, "seconds", seconds);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

static gboolean
check_input (const Input *input, GError **error)
{
  if (!spqr_run_params_validate (&input->params, error))
    return FALSE;
  if (input->params.layer.method != SPQR_METHOD_RTN && input->h == NULL)
    return fail (error, input, "needs a tensor H, F32, as wide and high as W has columns");
  return TRUE;
}

static gboolean
do_layer (SpqrCli *cli, Input *input, const char *out, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cli->cancellable);
  gint64 began = g_get_monotonic_time ();
  g_autofree float *decoded = NULL;
  SpqrLayer layer = { 0 };
  Comparison comparison;
  SpqrBackendRun run = { .device = spqr_cli_get_device (cli, error), .exec = &exec, .note = spqr_cli_note, .note_data = cli };
  SpqrStatus status;
  double seconds;
  gboolean done;

  if (run.device == NULL)
    return FALSE;
  status = quantize (input, &run, &layer);
  seconds = (g_get_monotonic_time () - began) / 1e6;
  if (status != SPQR_OK)
    {
      spqr_quant_set_status (error, status, "W");
      g_prefix_error (error, "%s: ", input->path);
      return FALSE;
    }
  decoded = g_try_new (float, layer.rows * layer.cols);
  if (decoded == NULL)
    {
      spqr_layer_clear (&layer);
      return spqr_quant_set_status (error, SPQR_NO_MEMORY, input->path);
    }
  spqr_layer_decode (&layer, 0, layer.rows, decoded);
  compare (input, &layer, decoded, &comparison);
  done = write_result (out, input, &layer, decoded, error);
  if (done)
    print_result (cli, &layer, &comparison, seconds);
  spqr_layer_clear (&layer);
  return done;
}

static gboolean
run (SpqrCli *cli, int argc, char **argv, GError **error)
{
  g_autofree char *out = NULL;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_("Write the packed layer (.spqr) or its decoded weights (.safetensors)"), N_("F") },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (SpqrParamFlags) param_flags = spqr_param_flags_new ();
  g_autoptr (SpqrSafetensors) file = NULL;
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func (g_free);
  Input input = { .copies = copies, .params = spqr_run_params_default };

  if (!spqr_cli_parse (cli, &spqr_command_layer, entries, spqr_param_flags_group (param_flags), &argc, &argv, 1, 1, error))
    return FALSE;
  input.path = argv[1];
  input.file = file = spqr_safetensors_open (argv[1], error);
  return file != NULL && find_weights (&input, error) && read_config (&input, error) &&
         spqr_param_flags_apply (param_flags, &input.params, error) && check_input (&input, error) &&
         do_layer (cli, &input, out, error);
}

const SpqrCommand spqr_command_layer = { "layer", "FILE.safetensors", N_("quantize one layer from a file and compare"), run };
