/* spqr-unpack.c: reading a stored layer back.
 *
 * The parameters say which tensors there must be; each is compared with what is there before memory
 * for it is taken. The effective scales and zeros are decoded from codes and second order with the
 * very functions that the quantizer used. */
#include "pack/spqr-pack.h"

#include <stdlib.h>
#include <string.h>

#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"
#include "num/spqr-quantizer.h"
#include "pack/spqr-bits-private.h"
#include "pack/spqr-pack-form-private.h"

typedef struct {
  const char *path;
  SpqrPackPlan plan;
  SpqrPart parts[SPQR_N_PARTS];
  const guint8 *bytes[SPQR_N_PARTS];
  guint n_parts;
  SpqrLayer *layer;
} Unpack;

G_GNUC_PRINTF (4, 5) static gboolean
refuse (const Unpack *self, GError **error, SpqrPackError code, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SPQR_PACK_ERROR, (int) code, "%s: %s", self->path, what);
  return FALSE;
}

/* ---- what there is ---- */

static gboolean
check_format (const Unpack *self, SpqrSafetensors *file, GError **error)
{
  const char *format = spqr_safetensors_get_metadata (file, "format");
  const char *version = spqr_safetensors_get_metadata (file, "version");

  if (g_strcmp0 (format, "spqr-layer") != 0)
    return refuse (self, error, SPQR_PACK_ERROR_UNSUPPORTED, "is not a stored SpQR layer");
  if (version == NULL || g_ascii_strtoull (version, NULL, 10) < 1)
    return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "has no version");
  if (g_ascii_strtoull (version, NULL, 10) > SPQR_PACK_VERSION)
    return refuse (self, error, SPQR_PACK_ERROR_UNSUPPORTED,
                   "was written by a newer version of this program (format %s, this one reads up to %d)",
                   version, SPQR_PACK_VERSION);
  return TRUE;
}

/* The file's tensors must be the listed ones, with their dtypes and shapes, and no others. */
static gboolean
find_parts (Unpack *self, SpqrSafetensors *file, GError **error)
{
  for (guint i = 0; i < self->n_parts; i++)
    {
      const SpqrPart *part = &self->parts[i];
      const SpqrSafetensorsEntry *entry = spqr_safetensors_lookup (file, part->name);

      if (entry == NULL)
        return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the tensor “%s” is missing", part->name);
      if (!g_str_equal (entry->dtype_name, part->dtype_name) || entry->n_dims != part->n_dims
          || entry->n_bytes != part->n_bytes || memcmp (entry->shape, part->shape, part->n_dims * sizeof (gint64)) != 0)
        return refuse (self, error, SPQR_PACK_ERROR_MALFORMED,
                       "the tensor “%s” does not have the type and shape that the parameters call for", part->name);
      self->bytes[i] = entry->data;
    }
  if (spqr_safetensors_get_n_entries (file) != self->n_parts)
    return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "holds tensors that do not belong to a stored layer");
  return TRUE;
}

static const SpqrPart *
get_part (const Unpack *self, SpqrPartId id, const guint8 **bytes)
{
  for (guint i = 0; i < self->n_parts; i++)
    if (self->parts[i].id == id)
      {
        *bytes = self->bytes[i];
        return &self->parts[i];
      }
  return NULL;
}

/* ---- memory ---- */

static gpointer
take (gsize count, gsize size, gboolean *fine)
{
  gpointer memory = calloc (MAX (count, 1), size);

  *fine = *fine && memory != NULL;
  return memory;
}

static gboolean
allocate (Unpack *self, GError **error)
{
  SpqrLayer *layer = self->layer;
  const SpqrPackPlan *plan = &self->plan;
  gsize statistics = plan->groups * plan->rows, second = plan->groups * plan->runs;
  gboolean fine = TRUE;

  layer->params = plan->params;
  layer->rows = plan->rows;
  layer->cols = plan->cols;
  layer->groups = plan->groups;
  layer->runs = plan->runs;
  layer->n_constants = plan->form.n_constants;
  layer->codes = take (plan->rows * plan->cols, 1, &fine);
  layer->perm = take (plan->cols, sizeof *layer->perm, &fine);
  layer->scale = take (statistics, sizeof (float), &fine);
  layer->zero = take (statistics, sizeof (float), &fine);
  if (plan->params.qq_scale_bits > 0)
    {
      layer->scale_codes = take (statistics, 1, &fine);
      layer->scale_scale = take (second, sizeof (float), &fine);
      layer->scale_zero = take (second, sizeof (float), &fine);
    }
  if (plan->params.qq_zero_bits > 0)
    {
      layer->zero_codes = take (statistics, 1, &fine);
      layer->zero_scale = take (second, sizeof (float), &fine);
      layer->zero_zero = take (second, sizeof (float), &fine);
    }
  layer->outlier_offsets = take (plan->rows + 1, sizeof *layer->outlier_offsets, &fine);
  layer->outlier_cols = take (plan->form.n_outliers, sizeof *layer->outlier_cols, &fine);
  layer->outlier_values = take (plan->form.n_outliers, sizeof (float), &fine);
  if (plan->form.n_constants > 0)
    layer->constants = take (plan->form.n_constants, sizeof *layer->constants, &fine);
  if (!fine)
    return refuse (self, error, SPQR_PACK_ERROR_FAILED, "not enough memory for a layer of %" G_GSIZE_FORMAT " × %"
                   G_GSIZE_FORMAT, plan->rows, plan->cols);
  return TRUE;
}

/* ---- numbers ---- */

static float
get_float (const guint8 *in, guint element_bytes)
{
  guint32 bits;
  guint16 half;
  float value;

  if (element_bytes == 2)
    {
      memcpy (&half, in, sizeof half);
      return spqr_f16_to_f32 (GUINT16_FROM_LE (half));
    }
  memcpy (&bits, in, sizeof bits);
  bits = GUINT32_FROM_LE (bits);
  memcpy (&value, &bits, sizeof value);
  return value;
}

static guint32
get_index (const guint8 *in, guint element_bytes)
{
  guint32 wide;
  guint16 narrow;

  if (element_bytes == 2)
    {
      memcpy (&narrow, in, sizeof narrow);
      return GUINT16_FROM_LE (narrow);
    }
  memcpy (&wide, in, sizeof wide);
  return GUINT32_FROM_LE (wide);
}

/* Stored (groups, keep) -> out (groups, n), each kept value repeated where only one was kept. */
static void
decode_floats (const Unpack *self, SpqrPartId id, gsize groups, gsize n, gsize keep, float *out)
{
  const guint8 *bytes = NULL;
  const SpqrPart *part = get_part (self, id, &bytes);

  for (gsize g = 0; part != NULL && g < groups; g++)
    for (gsize i = 0; i < n; i++)
      out[g * n + i] = get_float (bytes + (g * keep + (keep == n ? i : 0)) * part->element_bytes, part->element_bytes);
}

static gboolean
decode_codes (const Unpack *self, SpqrPartId id, gsize groups, gsize n, gsize keep, guint8 *out, GError **error)
{
  const guint8 *bytes = NULL;
  const SpqrPart *part = get_part (self, id, &bytes);

  if (part == NULL)
    return TRUE;
  if (!spqr_bits_unpack (bytes, groups * keep, part->code_bits, out))
    return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the tensor “%s” has codes after its end", part->name);
  for (gsize g = groups; keep < n && g-- > 0;)      /* from the last on: they spread out in place */
    memset (out + g * n, out[g], n);
  return TRUE;
}

static void
decode_effective (const Unpack *self, const guint8 *codes, const float *scale, const float *zero, float *out)
{
  const SpqrPackPlan *plan = &self->plan;

  for (gsize g = 0; g < plan->groups; g++)
    for (gsize r = 0; r < plan->rows; r++)
      {
        gsize at = g * plan->rows + r, run = g * plan->runs + r / (gsize) plan->params.qq_groupsize;

        out[at] = plan->params.compat_reference ? spqr_dequantize_value (codes[at], scale[run], zero[run])
                                                : spqr_dequantize_f16 (codes[at], scale[run], zero[run]);
      }
}

static gboolean
decode_scales (const Unpack *self, GError **error)
{
  const SpqrPackPlan *plan = &self->plan;
  SpqrLayer *layer = self->layer;
  gsize g = plan->groups, m = plan->rows, r = plan->runs;

  if (layer->scale_codes == NULL)
    {
      decode_floats (self, SPQR_PART_SCALES, g, m, spqr_pack_stored_rows (plan), layer->scale);
      return TRUE;
    }
  if (!decode_codes (self, SPQR_PART_SCALE_CODES, g, m, spqr_pack_stored_rows (plan), layer->scale_codes, error))
    return FALSE;
  decode_floats (self, SPQR_PART_SCALE_SCALES, g, r, spqr_pack_stored_runs (plan), layer->scale_scale);
  decode_floats (self, SPQR_PART_SCALE_ZEROS, g, r, spqr_pack_stored_runs (plan), layer->scale_zero);
  decode_effective (self, layer->scale_codes, layer->scale_scale, layer->scale_zero, layer->scale);
  return TRUE;
}

static gboolean
decode_integer_zeros (const Unpack *self, GError **error)
{
  const SpqrPackForm *form = &self->plan.form;
  SpqrLayer *layer = self->layer;
  gsize n = layer->groups * layer->rows;
  g_autofree guint8 *codes = g_try_malloc (n);

  if (codes == NULL)
    return refuse (self, error, SPQR_PACK_ERROR_FAILED, "not enough memory");
  if (!decode_codes (self, SPQR_PART_ZERO_INTEGERS, layer->groups, layer->rows, spqr_pack_stored_rows (&self->plan),
                     codes, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    layer->zero[i] = codes[i] == form->zero_negative ? -0.0f : (float) (form->zero_base + codes[i]);
  return TRUE;
}

static gboolean
decode_zeros (const Unpack *self, GError **error)
{
  const SpqrPackPlan *plan = &self->plan;
  SpqrLayer *layer = self->layer;
  gsize g = plan->groups, m = plan->rows, r = plan->runs;

  if (plan->form.integer_zero)
    return decode_integer_zeros (self, error);
  if (plan->form.fixed_zero)
    {
      for (gsize i = 0; i < g * m; i++)
        layer->zero[i] = (spqr_max_code (plan->params.wbits) + 1.0f) * 0.5f;
      return TRUE;
    }
  if (layer->zero_codes == NULL)
    {
      decode_floats (self, SPQR_PART_ZEROS, g, m, spqr_pack_stored_rows (plan), layer->zero);
      return TRUE;
    }
  if (!decode_codes (self, SPQR_PART_ZERO_CODES, g, m, spqr_pack_stored_rows (plan), layer->zero_codes, error))
    return FALSE;
  decode_floats (self, SPQR_PART_ZERO_SCALES, g, r, spqr_pack_stored_runs (plan), layer->zero_scale);
  decode_floats (self, SPQR_PART_ZERO_ZEROS, g, r, spqr_pack_stored_runs (plan), layer->zero_zero);
  decode_effective (self, layer->zero_codes, layer->zero_scale, layer->zero_zero, layer->zero);
  return TRUE;
}

/* ---- indices ---- */

static void
decode_indices (const Unpack *self, SpqrPartId id, guint32 *out)
{
  const guint8 *bytes = NULL;
  const SpqrPart *part = get_part (self, id, &bytes);

  for (guint64 i = 0; part != NULL && i < part->count; i++)
    out[i] = get_index (bytes + i * part->element_bytes, part->element_bytes);
}

static gboolean
decode_outliers (const Unpack *self, GError **error)
{
  SpqrLayer *layer = self->layer;
  gsize count = self->plan.form.n_outliers;
  const guint32 *offsets = layer->outlier_offsets, *cols = layer->outlier_cols;

  decode_indices (self, SPQR_PART_OUTLIER_OFFSETS, layer->outlier_offsets);
  decode_indices (self, SPQR_PART_OUTLIER_COLUMNS, layer->outlier_cols);
  decode_floats (self, SPQR_PART_OUTLIER_VALUES, 1, count, count, layer->outlier_values);
  if (offsets[0] != 0 || offsets[layer->rows] != count)
    return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the outliers' row offsets do not span the outliers");
  for (gsize row = 0; row < layer->rows; row++)
    {
      if (offsets[row + 1] < offsets[row] || offsets[row + 1] > count)
        return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the outliers' row offsets are out of order at row %"
                       G_GSIZE_FORMAT, row);
      for (guint32 i = offsets[row]; i < offsets[row + 1]; i++)
        if (cols[i] >= layer->cols || (i > offsets[row] && cols[i] <= cols[i - 1]))
          return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the outliers' columns are out of order in row %"
                         G_GSIZE_FORMAT, row);
    }
  return TRUE;
}

static gboolean
decode_permutation (const Unpack *self, GError **error)
{
  SpqrLayer *layer = self->layer;
  g_autofree guint8 *seen = NULL;

  if (self->plan.form.identity)
    {
      for (gsize j = 0; j < layer->cols; j++)
        layer->perm[j] = (gint32) j;
      return TRUE;
    }
  decode_indices (self, SPQR_PART_PERMUTATION, (guint32 *) layer->perm);
  seen = g_try_malloc0 (layer->cols);
  if (seen == NULL)
    return refuse (self, error, SPQR_PACK_ERROR_FAILED, "not enough memory");
  for (gsize j = 0; j < layer->cols; j++)
    {
      guint32 column = (guint32) layer->perm[j];

      if (column >= layer->cols || seen[column])
        return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the permutation is none");
      seen[column] = 1;
    }
  return TRUE;
}

static gboolean
decode_constants (const Unpack *self, GError **error)
{
  SpqrLayer *layer = self->layer;
  const guint8 *rows = NULL, *groups = NULL, *values = NULL;
  const SpqrPart *part;

  if (layer->n_constants == 0)
    return TRUE;
  get_part (self, SPQR_PART_CONSTANT_ROWS, &rows);
  get_part (self, SPQR_PART_CONSTANT_GROUPS, &groups);
  part = get_part (self, SPQR_PART_CONSTANT_VALUES, &values);
  for (gsize i = 0; i < layer->n_constants; i++)
    {
      SpqrConstantGroup *c = &layer->constants[i];

      c->row = get_index (rows + 4 * i, 4);
      c->group = get_index (groups + 4 * i, 4);
      c->value = get_float (values + part->element_bytes * i, part->element_bytes);
      if (c->row >= layer->rows || c->group >= layer->groups
          || (i > 0 && (c->row < c[-1].row || (c->row == c[-1].row && c->group <= c[-1].group))))
        return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "the constant groups are out of order");
    }
  return TRUE;
}

/* ---- all of it ---- */

static gboolean
unpack (Unpack *self, SpqrSafetensors *file, const char *tensor_name, GError **error)
{
  const char *params = spqr_safetensors_get_metadata (file, "params");
  const char *wanted = spqr_safetensors_get_metadata (file, "sha256");
  g_autofree char *checksum = NULL;
  gsize m, n;

  if (params == NULL || wanted == NULL || tensor_name == NULL)
    return refuse (self, error, SPQR_PACK_ERROR_MALFORMED, "its parameters, checksum or tensor name are missing");
  if (!spqr_pack_params_from_json (params, self->path, &self->plan, self->layer, error))
    return FALSE;
  self->n_parts = spqr_pack_plan_list (&self->plan, self->parts);
  if (!find_parts (self, file, error))
    return FALSE;
  checksum = spqr_pack_checksum (tensor_name, params, self->parts, self->n_parts, self->bytes);
  if (!g_str_equal (checksum, wanted))
    return refuse (self, error, SPQR_PACK_ERROR_CHECKSUM,
                   "its checksum is wrong: the file was damaged; quantize the layer again or restore the file");
  if (!allocate (self, error))
    return FALSE;
  m = self->plan.rows;
  n = self->plan.cols;
  return decode_codes (self, SPQR_PART_CODES, 1, m * n, m * n, self->layer->codes, error)
         && decode_scales (self, error) && decode_zeros (self, error) && decode_outliers (self, error)
         && decode_permutation (self, error) && decode_constants (self, error);
}

gboolean
spqr_pack_read (const char *path, char **tensor_name, SpqrLayer *layer, GError **error)
{
  g_autoptr(SpqrSafetensors) file = NULL;
  Unpack self = { .path = path, .layer = layer };
  GError *local_error = NULL;
  const char *name;

  g_return_val_if_fail (path != NULL && layer != NULL, FALSE);

  *layer = (SpqrLayer) { 0 };
  file = spqr_safetensors_open (path, &local_error);
  if (file == NULL)
    {
      spqr_pack_take_model_error (error, local_error);
      return FALSE;
    }
  name = spqr_safetensors_get_metadata (file, "tensor");
  if (!check_format (&self, file, error) || !unpack (&self, file, name, error))
    {
      spqr_layer_clear (layer);
      return FALSE;
    }
  if (tensor_name != NULL)
    *tensor_name = g_strdup (name);
  return TRUE;
}
