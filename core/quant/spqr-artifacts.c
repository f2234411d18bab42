#include "quant/spqr-artifacts.h"

#include "pack/spqr-pack.h"
#include "quant/spqr-quant-error.h"

struct _SpqrArtifacts {
  SpqrWeightSource source;     /* first: the source's address is ours */
  GHashTable *paths;           /* tensor name -> path */
};

static gboolean
source_load (SpqrWeightSource *source, SpqrTensor *tensor, float *out, GError **error)
{
  return spqr_artifacts_load ((SpqrArtifacts *) source, tensor, out, error);
}

static gboolean read_layer_of (SpqrArtifacts *self, SpqrTensor *tensor, SpqrLayer *layer, GError **error);

static gboolean
source_load_packed (SpqrWeightSource *source, SpqrTensor *tensor, SpqrPacked **packed, GError **error)
{
  SpqrArtifacts *self = (SpqrArtifacts *) source;
  SpqrLayer layer = { 0 };

  *packed = NULL;
  if (!spqr_artifacts_has (self, spqr_tensor_get_name (tensor)))
    return TRUE;
  if (!read_layer_of (self, tensor, &layer, error))
    return FALSE;
  *packed = spqr_packed_new (&layer);
  spqr_layer_clear (&layer);
  return TRUE;
}

SpqrArtifacts *
spqr_artifacts_new (void)
{
  SpqrArtifacts *self = g_new0 (SpqrArtifacts, 1);

  self->source.load = source_load;
  self->source.load_packed = source_load_packed;
  self->paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
spqr_artifacts_free (SpqrArtifacts *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->paths);
  g_free (self);
}

void
spqr_artifacts_add (SpqrArtifacts *self, const char *tensor_name, const char *path)
{
  g_hash_table_replace (self->paths, g_strdup (tensor_name), g_strdup (path));
}

gboolean
spqr_artifacts_has (SpqrArtifacts *self, const char *tensor_name)
{
  return g_hash_table_contains (self->paths, tensor_name);
}

gboolean
spqr_artifacts_read_layer (SpqrArtifacts *self, const char *tensor_name, SpqrLayer *layer, GError **error)
{
  const char *path = g_hash_table_lookup (self->paths, tensor_name);
  g_autofree char *stored_name = NULL;

  if (path == NULL)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED, "%s: this run has no such layer", tensor_name);
      return FALSE;
    }
  if (!spqr_pack_read (path, &stored_name, layer, error))
    return FALSE;
  if (g_strcmp0 (stored_name, tensor_name) == 0)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED,
               "%s: holds the layer “%s”, not “%s”", path, stored_name, tensor_name);
  spqr_layer_clear (layer);
  return FALSE;
}

/* The layer that is stored of a tensor, of its shape. */
static gboolean
read_layer_of (SpqrArtifacts *self, SpqrTensor *tensor, SpqrLayer *layer, GError **error)
{
  const char *name = spqr_tensor_get_name (tensor);

  if (!spqr_artifacts_read_layer (self, name, layer, error))
    return FALSE;
  if (layer->rows == spqr_tensor_get_rows (tensor) && layer->cols == spqr_tensor_get_cols (tensor))
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED,
               "%s: the stored layer is %zu × %zu, the model's tensor %" G_GSIZE_FORMAT " × %" G_GSIZE_FORMAT
               "; the run was made from another model",
               name, layer->rows, layer->cols, spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor));
  spqr_layer_clear (layer);
  return FALSE;
}

gboolean
spqr_artifacts_load (SpqrArtifacts *self, SpqrTensor *tensor, float *out, GError **error)
{
  SpqrLayer layer = { 0 };

  if (!spqr_artifacts_has (self, spqr_tensor_get_name (tensor)))
    return spqr_tensor_read_rows (tensor, 0, spqr_tensor_get_rows (tensor), out, error);
  if (!read_layer_of (self, tensor, &layer, error))
    return FALSE;
  spqr_layer_decode (&layer, 0, layer.rows, out);
  spqr_layer_clear (&layer);
  return TRUE;
}

SpqrWeightSource *
spqr_artifacts_get_source (SpqrArtifacts *self)
{
  return &self->source;
}
