#include "export/spqr-export-dense-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "model/spqr-json.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"
#include "text/spqr-tokenizer.h"

guint64 _spqr_export_shard_bytes = G_GUINT64_CONSTANT (5) << 30;

typedef struct {
  SpqrModel *model;
  SpqrArtifacts *artifacts;
  SpqrExportDtype dtype;
  char *staging;
  GPtrArray *shards;             /* of GPtrArray of SpqrTensor (borrowed) */
  SpqrProgressFunc progress;
  gpointer user_data;
  GCancellable *cancellable;
  SpqrExportResult *result;
  guint64 total_bytes, done_bytes;
} Export;

gboolean
spqr_export_dtype_parse (const char *text, SpqrExportDtype *dtype, GError **error)
{
  static const char *const names[] = { "exact", "source", "f16", "bf16", "f32" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (text, names[i]) == 0)
      {
        *dtype = i;
        return TRUE;
      }
  g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_UNSUPPORTED,
               "dtype must be exact, source, f16, bf16 or f32, not “%s”", text);
  return FALSE;
}

static gboolean
is_half_or_single (SpqrDtype dtype)
{
  return dtype == SPQR_DTYPE_F32 || dtype == SPQR_DTYPE_F16 || dtype == SPQR_DTYPE_BF16;
}

/* The element type a tensor is written in. */
static SpqrDtype
target_dtype (Export *e, SpqrTensor *tensor)
{
  SpqrDtype source = spqr_tensor_get_dtype (tensor);

  /* GGUF's quantized blocks are numbers, too, but of no type that safetensors has. */
  if (source == SPQR_DTYPE_OTHER && spqr_tensor_is_numeric (tensor))
    source = e->dtype == SPQR_EXPORT_SOURCE ? SPQR_DTYPE_F16 : SPQR_DTYPE_F32;
  else if (!is_half_or_single (source))
    return source;
  switch (e->dtype)
    {
    case SPQR_EXPORT_F16: return SPQR_DTYPE_F16;
    case SPQR_EXPORT_BF16: return SPQR_DTYPE_BF16;
    case SPQR_EXPORT_F32: return SPQR_DTYPE_F32;
    /* Decoded weights are f16 numbers, which bf16 would round. A model is of one type: all of it moves. */
    case SPQR_EXPORT_EXACT: return source == SPQR_DTYPE_BF16 ? SPQR_DTYPE_F16 : source;
    case SPQR_EXPORT_SOURCE:
    default: return source;
    }
}

static gsize
target_bytes (Export *e, SpqrTensor *tensor)
{
  SpqrDtype dtype = target_dtype (e, tensor);

  if (dtype == spqr_tensor_get_dtype (tensor))
    return spqr_tensor_get_n_bytes (tensor);
  return spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor) * spqr_dtype_size (dtype);
}

static void
round_values (const float *values, gsize n, SpqrDtype dtype, gpointer out)
{
  if (dtype == SPQR_DTYPE_F16)
    spqr_f32_to_f16_row (values, out, n);
  else if (dtype == SPQR_DTYPE_BF16)
    spqr_f32_to_bf16_row (values, out, n);
  else
    memcpy (out, values, n * sizeof (float));
}

static double
largest_difference (const float *values, gsize n, SpqrDtype dtype, gconstpointer rounded)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++)
    {
      float stored = dtype == SPQR_DTYPE_F16    ? spqr_f16_to_f32 (((const guint16 *) rounded)[i])
                     : dtype == SPQR_DTYPE_BF16 ? spqr_bf16_to_f32 (((const guint16 *) rounded)[i])
                                                : ((const float *) rounded)[i];
      double difference = fabs ((double) values[i] - stored);

      if (difference > largest)
        largest = difference;
    }
  return largest;
}

/* The tensor's n values in another type; g_free(). */
static gpointer
convert (Export *e, SpqrTensor *tensor, gsize n, SpqrDtype dtype, double *difference, GError **error)
{
  g_autofree float *values = g_try_new (float, MAX (n, 1));
  g_autofree gpointer rounded = g_try_malloc (MAX (n, 1) * spqr_dtype_size (dtype));

  if (values == NULL || rounded == NULL)
    {
      g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_FAILED, "%s: no memory to decode it",
                   spqr_tensor_get_name (tensor));
      return NULL;
    }
  if (!spqr_artifacts_load (e->artifacts, tensor, values, error))
    return NULL;
  round_values (values, n, dtype, rounded);
  *difference = largest_difference (values, n, dtype, rounded);
  if (!isinf (*difference))
    return g_steal_pointer (&rounded);
  /* Read back and compared, it would be what was written, and no model any more. */
  g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_UNSUPPORTED,
               "%s: has values above 65504, which become infinite in half precision; export as bf16 or f32",
               spqr_tensor_get_name (tensor));
  return NULL;
}

/* The bytes of a tensor as they are to stand in the file; g_free() *owned. */
static gconstpointer
make_bytes (Export *e, SpqrTensor *tensor, gpointer *owned, double *difference, GError **error)
{
  gsize n = spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);
  SpqrDtype dtype = target_dtype (e, tensor);

  *owned = NULL;
  *difference = 0;
  if (!spqr_artifacts_has (e->artifacts, spqr_tensor_get_name (tensor)) && dtype == spqr_tensor_get_dtype (tensor))
    {
      gconstpointer bytes = spqr_tensor_peek (tensor);

      if (bytes == NULL)
        g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_FAILED, "%s: no memory to put its rows in order",
                     spqr_tensor_get_name (tensor));
      return bytes;
    }
  return *owned = convert (e, tensor, n, dtype, difference, error);
}

static void
plan_shards (Export *e)
{
  GPtrArray *shard = NULL;
  guint64 bytes = 0;

  e->shards = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < spqr_model_get_n_tensors (e->model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (e->model, i);
      gsize size = target_bytes (e, tensor);

      if (shard == NULL || (bytes > 0 && bytes + size > _spqr_export_shard_bytes))
        {
          shard = g_ptr_array_new ();
          g_ptr_array_add (e->shards, shard);
          bytes = 0;
        }
      g_ptr_array_add (shard, tensor);
      bytes += size;
      e->total_bytes += size;
    }
}

static char *
shard_name (Export *e, guint index)
{
  if (e->shards->len == 1)
    return g_strdup ("model.safetensors");
  return g_strdup_printf ("model-%05u-of-%05u.safetensors", index + 1, e->shards->len);
}

static void
report (Export *e, SpqrTensor *tensor, double share_begin, double share)
{
  if (e->progress != NULL)
    e->progress (share_begin + share * e->done_bytes / (double) MAX (e->total_bytes, 1), spqr_tensor_get_name (tensor),
                 e->user_data);
  e->done_bytes += target_bytes (e, tensor);
}

static gboolean
write_shard (Export *e, guint index, GError **error)
{
  GPtrArray *tensors = e->shards->pdata[index];
  g_autofree char *name = shard_name (e, index);
  g_autofree char *path = g_build_filename (e->staging, name, NULL);
  g_autoptr (SpqrSafetensorsWriter) writer = spqr_safetensors_writer_new (path);

  spqr_safetensors_writer_set_metadata (writer, "format", "pt");
  for (guint i = 0; i < tensors->len; i++)
    {
      SpqrTensor *tensor = tensors->pdata[i];
      SpqrDtype dtype = target_dtype (e, tensor);

      spqr_safetensors_writer_declare (writer, spqr_tensor_get_name (tensor),
                                       dtype == SPQR_DTYPE_OTHER ? spqr_tensor_get_dtype_name (tensor) : spqr_dtype_name (dtype),
                                       spqr_tensor_get_shape (tensor), spqr_tensor_get_n_dims (tensor), target_bytes (e, tensor));
    }
  if (!spqr_safetensors_writer_begin (writer, error))
    return FALSE;
  for (guint i = 0; i < tensors->len; i++)
    {
      SpqrTensor *tensor = tensors->pdata[i];
      g_autofree gpointer owned = NULL;
      gconstpointer bytes;
      double difference;

      if (g_cancellable_set_error_if_cancelled (e->cancellable, error))
        return FALSE;
      report (e, tensor, 0, 0.6);
      bytes = make_bytes (e, tensor, &owned, &difference, error);
      if (bytes == NULL || !spqr_safetensors_writer_append (writer, bytes, target_bytes (e, tensor), error))
        return FALSE;
      e->result->max_abs_diff = MAX (e->result->max_abs_diff, difference);
    }
  g_ptr_array_add (e->result->files, g_strdup (name));
  return spqr_safetensors_writer_close (writer, error);
}

static gboolean
write_index (Export *e, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *path = g_build_filename (e->staging, "model.safetensors.index.json", NULL);
  g_autofree char *text = NULL;

  if (e->shards->len == 1)
    return TRUE;
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "metadata");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "total_size");
  json_builder_add_int_value (builder, e->total_bytes);
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "weight_map");
  json_builder_begin_object (builder);
  for (guint s = 0; s < e->shards->len; s++)
    {
      GPtrArray *tensors = e->shards->pdata[s];
      g_autofree char *name = shard_name (e, s);

      for (guint i = 0; i < tensors->len; i++)
        {
          json_builder_set_member_name (builder, spqr_tensor_get_name (tensors->pdata[i]));
          json_builder_add_string_value (builder, name);
        }
    }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = spqr_json_to_text (root, TRUE);
  g_ptr_array_add (e->result->files, g_strdup ("model.safetensors.index.json"));
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

/* What transformers calls the element type of the first tensor that it has a name for; a JSON text, NULL: of none. */
static const char *
quoted_dtype (Export *e)
{
  for (guint i = 0; i < spqr_model_get_n_tensors (e->model); i++)
    switch ((int) target_dtype (e, spqr_model_get_tensor (e->model, i)))
      {
      case SPQR_DTYPE_F16: return "\"float16\"";
      case SPQR_DTYPE_BF16: return "\"bfloat16\"";
      case SPQR_DTYPE_F32: return "\"float32\"";
      default: break;
      }
  return NULL;
}

/* config.json as it was, with the element type the file now has. */
static gboolean
write_config (Export *e, GError **error)
{
  const char *config = spqr_model_get_config_text (e->model), *dtype = quoted_dtype (e);
  g_autofree char *to = g_build_filename (e->staging, "config.json", NULL);
  g_autoptr (JsonNode) root = config != NULL ? spqr_json_parse (config, -1, "config.json", error) : NULL;
  g_autofree char *text = NULL;

  if (config == NULL)
    return TRUE;
  if (root == NULL)
    return FALSE;
  g_ptr_array_add (e->result->files, g_strdup ("config.json"));
  if (dtype != NULL && JSON_NODE_HOLDS_OBJECT (root))
    text = spqr_json_replace_member (config, json_object_has_member (json_node_get_object (root), "dtype") ? "dtype" : "torch_dtype", dtype);
  return g_file_set_contents_full (to, text != NULL ? text : config, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

static gboolean
copy_companions (Export *e, GError **error)
{
  g_auto (GStrv) names = spqr_model_list_companions (e->model);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (g_str_equal (names[i], "config.json") || g_str_has_suffix (names[i], ".index.json"))
        continue;
      if (!spqr_export_copy_file (spqr_model_get_path (e->model), names[i], e->staging, error))
        return FALSE;
      g_ptr_array_add (e->result->files, g_strdup (names[i]));
    }
  return TRUE;
}

/* A model in a GGUF file has its tokenizer in there. One that cannot be written is no reason to keep the
 * weights back. */
static gboolean
write_gguf_tokenizer (Export *e, GError **error)
{
  g_autofree char *path = spqr_tokenizer_find_gguf (spqr_model_get_location (e->model));
  g_autoptr (GError) failed = NULL;

  if (path == NULL || spqr_tokenizer_write_gguf (path, e->staging, e->result->files, &failed) ||
      g_error_matches (failed, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND))
    return TRUE;
  if (failed->domain == SPQR_TEXT_ERROR)
    {
      e->result->note = g_strdup_printf ("no tokenizer files: %s", failed->message);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&failed));
  return FALSE;
}

/* Opens what was written as anybody would and compares every tensor, decoded anew, byte for byte. */
static gboolean
verify (Export *e, GError **error)
{
  g_autoptr (SpqrModel) written = spqr_model_open (e->staging, error);

  if (written == NULL)
    return FALSE;
  e->done_bytes = 0;
  for (guint i = 0; i < spqr_model_get_n_tensors (e->model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (e->model, i);
      SpqrTensor *again = spqr_model_lookup (written, spqr_tensor_get_name (tensor));
      g_autofree gpointer owned = NULL;
      gconstpointer bytes;
      double difference;

      if (g_cancellable_set_error_if_cancelled (e->cancellable, error))
        return FALSE;
      report (e, tensor, 0.6, 0.4);
      bytes = make_bytes (e, tensor, &owned, &difference, error);
      if (bytes == NULL)
        return FALSE;
      if (again != NULL && spqr_tensor_get_n_bytes (again) == target_bytes (e, tensor) &&
          memcmp (spqr_tensor_peek (again), bytes, target_bytes (e, tensor)) == 0)
        continue;
      g_set_error (error, SPQR_EXPORT_ERROR, SPQR_EXPORT_ERROR_VERIFY,
                   "%s: what was read back is not what was written; the disk may be failing", spqr_tensor_get_name (tensor));
      return FALSE;
    }
  return TRUE;
}

static gboolean
write_everything (Export *e, GError **error)
{
  for (guint s = 0; s < e->shards->len; s++)
    if (!write_shard (e, s, error))
      return FALSE;
  return write_index (e, error) && write_config (e, error) && copy_companions (e, error) &&
         write_gguf_tokenizer (e, error) && verify (e, error);
}

gboolean
spqr_export_hf_dense (SpqrModel *model, SpqrArtifacts *artifacts, SpqrExportDtype dtype, const char *folder,
                      SpqrProgressFunc progress, gpointer user_data, GCancellable *cancellable,
                      SpqrExportResult *result, GError **error)
{
  Export e = { .model = model, .artifacts = artifacts, .dtype = dtype, .progress = progress, .user_data = user_data,
               .cancellable = cancellable, .result = result };
  gboolean done;

  *result = (SpqrExportResult) { .files = g_ptr_array_new_with_free_func (g_free) };
  e.staging = spqr_export_make_staging (folder, error);
  if (e.staging == NULL)
    {
      spqr_export_result_clear (result);
      return FALSE;
    }
  plan_shards (&e);
  done = write_everything (&e, error) && spqr_export_commit_staging (e.staging, folder, error);
  if (!done)
    {
      spqr_export_drop_staging (e.staging);
      spqr_export_result_clear (result);
    }
  result->verified = done;
  result->n_bytes = e.total_bytes;
  g_ptr_array_unref (e.shards);
  g_free (e.staging);
  return done;
}
