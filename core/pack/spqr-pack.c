/* spqr-pack.c: writing a stored layer, counting its bits, its checksum. */
#include "pack/spqr-pack.h"

#include <math.h>
#include <string.h>

#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"
#include "num/spqr-quantizer.h"
#include "pack/spqr-pack-form-private.h"

/* A name takes at least this much of the header, so that the header's size, and with it the bits
 * that are counted for a layer, do not depend on the names in use (the longest in use has 60). */
#define NAME_ROOM 64

G_DEFINE_QUARK (spqr-pack-error-quark, spqr_pack_error)

void
spqr_pack_take_model_error (GError **error, GError *from)
{
  SpqrPackError code = SPQR_PACK_ERROR_FAILED;

  if (from->domain == SPQR_MODEL_ERROR)
    switch ((SpqrModelError) from->code)
      {
      case SPQR_MODEL_ERROR_MALFORMED:
      case SPQR_MODEL_ERROR_INCOMPLETE:
        code = SPQR_PACK_ERROR_MALFORMED;
        break;
      case SPQR_MODEL_ERROR_UNSUPPORTED:
        code = SPQR_PACK_ERROR_UNSUPPORTED;
        break;
      case SPQR_MODEL_ERROR_NO_SPACE:
        code = SPQR_PACK_ERROR_NO_SPACE;
        break;
      case SPQR_MODEL_ERROR_NOT_FOUND:
      case SPQR_MODEL_ERROR_PERMISSION:
      case SPQR_MODEL_ERROR_FAILED:
      default:
        break;
      }
  g_set_error_literal (error, SPQR_PACK_ERROR, code, from->message);
  g_error_free (from);
}

static void
sum_text (GChecksum *sum, const char *text)
{
  guint64 n = GUINT64_TO_LE ((guint64) strlen (text));

  g_checksum_update (sum, (const guchar *) &n, sizeof n);
  g_checksum_update (sum, (const guchar *) text, (gssize) strlen (text));
}

char *
spqr_pack_checksum (const char *tensor_name, const char *params, const SpqrPart *parts, guint n_parts,
                    const guint8 *const *bytes)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  sum_text (sum, tensor_name);
  sum_text (sum, params);
  for (guint i = 0; i < n_parts; i++)
    {
      guint64 n = GUINT64_TO_LE (parts[i].n_bytes);

      sum_text (sum, parts[i].name);
      sum_text (sum, parts[i].dtype_name);
      g_checksum_update (sum, (const guchar *) &n, sizeof n);
      g_checksum_update (sum, bytes[i], (gssize) parts[i].n_bytes);
    }
  return g_strdup (g_checksum_get_string (sum));
}

/* ---- is it a layer? ---- */

/* In default mode every stored float is an f16 number. */
static gboolean
floats_fit (const float *values, gsize n, gboolean wide)
{
  for (gsize i = 0; values != NULL && !wide && i < n; i++)
    {
      float again = spqr_f16_to_f32 (spqr_f32_to_f16 (values[i]));

      if (memcmp (&again, &values[i], sizeof again) != 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
codes_fit (const guint8 *codes, gsize n, int bits)
{
  guint8 all = 0;

  for (gsize i = 0; i < n; i++)
    all |= codes[i];
  return all >> bits == 0;
}

/* codes and second order give exactly the effective values. */
static gboolean
decodes_to (const SpqrLayer *layer, const guint8 *codes, const float *scale, const float *zero, const float *effective)
{
  for (gsize g = 0; g < layer->groups; g++)
    for (gsize r = 0; r < layer->rows; r++)
      {
        gsize at = g * layer->rows + r, run = g * layer->runs + r / (gsize) layer->params.qq_groupsize;
        float value = layer->params.compat_reference ? spqr_dequantize_value (codes[at], scale[run], zero[run])
                                                     : spqr_dequantize_f16 (codes[at], scale[run], zero[run]);

        if (memcmp (&value, &effective[at], sizeof value) != 0 && !(isnan (value) && isnan (effective[at])))
          return FALSE;
      }
  return TRUE;
}

static const char *
find_shape_fault (const SpqrLayer *layer)
{
  const SpqrParams *p = &layer->params;
  gsize g = p->groupsize > 0 ? MIN ((gsize) p->groupsize, layer->cols) : layer->cols;

  if (layer->rows < 1 || layer->cols < 1 || layer->rows > G_MAXINT32 || layer->cols > G_MAXINT32
      || p->wbits < 1 || p->wbits > 8 || layer->groups != (layer->cols + g - 1) / g)
    return "its shape does not fit its parameters";
  if (layer->codes == NULL || layer->perm == NULL || layer->scale == NULL || layer->zero == NULL
      || layer->outlier_offsets == NULL)
    return "an array is missing";
  if ((p->qq_scale_bits > 0) != (layer->scale_codes != NULL) || (p->qq_zero_bits > 0) != (layer->zero_codes != NULL)
      || p->qq_scale_bits < 0 || p->qq_scale_bits > 8 || p->qq_zero_bits < 0 || p->qq_zero_bits > 8)
    return "its statistics do not fit its parameters";
  if ((layer->scale_codes != NULL || layer->zero_codes != NULL)
      && (p->qq_groupsize < 1
          || layer->runs != (layer->rows + (gsize) p->qq_groupsize - 1) / (gsize) p->qq_groupsize))
    return "its statistics runs do not fit its parameters";
  return NULL;
}

/* What the reader would refuse, or give back otherwise than it was, is not written. */
static const char *
find_fault (const SpqrLayer *layer)
{
  const SpqrParams *p = &layer->params;
  gboolean wide = p->compat_reference;
  gsize statistics, second;
  const char *fault = find_shape_fault (layer);

  if (fault != NULL)
    return fault;
  statistics = layer->groups * layer->rows;
  second = layer->groups * layer->runs;
  if (!codes_fit (layer->codes, layer->rows * layer->cols, p->wbits)
      || (layer->scale_codes != NULL && !codes_fit (layer->scale_codes, statistics, p->qq_scale_bits))
      || (layer->zero_codes != NULL && !codes_fit (layer->zero_codes, statistics, p->qq_zero_bits)))
    return "a code needs more bits than the parameters give it";
  if (!floats_fit (layer->scale, statistics, wide) || !floats_fit (layer->zero, statistics, wide)
      || !floats_fit (layer->scale_scale, second, wide) || !floats_fit (layer->scale_zero, second, wide)
      || !floats_fit (layer->zero_scale, second, wide) || !floats_fit (layer->zero_zero, second, wide)
      || !floats_fit (layer->outlier_values, spqr_layer_outliers (layer), wide))
    return "a statistic or an outlier is not an f16 number";
  if ((layer->scale_codes != NULL
       && !decodes_to (layer, layer->scale_codes, layer->scale_scale, layer->scale_zero, layer->scale))
      || (layer->zero_codes != NULL
          && !decodes_to (layer, layer->zero_codes, layer->zero_scale, layer->zero_zero, layer->zero)))
    return "its statistics do not decode to what was used";
  return NULL;
}

/* ---- the file ---- */

static SpqrSafetensorsWriter *
make_writer (const char *path, const char *tensor_name, const char *params, const char *checksum,
             const SpqrPart *parts, guint n_parts)
{
  SpqrSafetensorsWriter *writer = spqr_safetensors_writer_new (path);
  gsize name_len = strlen (tensor_name);
  g_autofree char *version = g_strdup_printf ("%d", SPQR_PACK_VERSION);
  g_autofree char *room = g_strnfill (name_len < NAME_ROOM ? NAME_ROOM - name_len : 0, ' ');

  spqr_safetensors_writer_set_metadata (writer, "format", "spqr-layer");
  spqr_safetensors_writer_set_metadata (writer, "version", version);
  spqr_safetensors_writer_set_metadata (writer, "tensor", tensor_name);
  spqr_safetensors_writer_set_metadata (writer, "room", room);
  spqr_safetensors_writer_set_metadata (writer, "params", params);
  spqr_safetensors_writer_set_metadata (writer, "sha256", checksum);
  for (guint i = 0; i < n_parts; i++)
    spqr_safetensors_writer_declare (writer, parts[i].name, parts[i].dtype_name, parts[i].shape, parts[i].n_dims,
                                     (gsize) parts[i].n_bytes);
  return writer;
}

static gboolean
write_parts (SpqrSafetensorsWriter *writer, const SpqrPart *parts, guint n_parts, const guint8 *const *bytes,
             GError **error)
{
  if (!spqr_safetensors_writer_begin (writer, error))
    return FALSE;
  for (guint i = 0; i < n_parts; i++)
    if (!spqr_safetensors_writer_append (writer, bytes[i], (gsize) parts[i].n_bytes, error))
      return FALSE;
  return spqr_safetensors_writer_close (writer, error);
}

/* One allocation for all parts; parts_bytes[i] points into it. NULL: no memory. */
static guint8 *
encode_parts (const SpqrLayer *layer, const SpqrPackPlan *plan, const SpqrPart *parts, guint n_parts,
              const guint8 **parts_bytes)
{
  guint8 *buffer, *at;
  guint64 total = 0;

  for (guint i = 0; i < n_parts; i++)
    total += parts[i].n_bytes;
  buffer = at = g_try_malloc (total);
  for (guint i = 0; i < n_parts && buffer != NULL; i++)
    {
      spqr_pack_part_encode (layer, plan, &parts[i], at);
      parts_bytes[i] = at;
      at += parts[i].n_bytes;
    }
  return buffer;
}

gboolean
spqr_pack_write (const char *path, const char *tensor_name, const SpqrLayer *layer, GError **error)
{
  g_autoptr(SpqrSafetensorsWriter) writer = NULL;
  g_autofree char *params = NULL, *checksum = NULL;
  g_autofree guint8 *buffer = NULL;
  const guint8 *bytes[SPQR_N_PARTS];
  SpqrPart parts[SPQR_N_PARTS];
  SpqrPackPlan plan;
  GError *local_error = NULL;
  const char *fault;
  guint n_parts;

  g_return_val_if_fail (path != NULL && tensor_name != NULL && layer != NULL, FALSE);

  fault = find_fault (layer);
  if (fault != NULL)
    {
      g_set_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_UNSUPPORTED, "%s: the layer “%s” cannot be stored: %s",
                   path, tensor_name, fault);
      return FALSE;
    }
  spqr_pack_plan_choose (layer, &plan);
  n_parts = spqr_pack_plan_list (&plan, parts);
  buffer = encode_parts (layer, &plan, parts, n_parts, bytes);
  if (buffer == NULL)
    {
      g_set_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_FAILED, "%s: not enough memory to store the layer “%s”",
                   path, tensor_name);
      return FALSE;
    }
  params = spqr_pack_params_to_json (&plan, layer);
  checksum = spqr_pack_checksum (tensor_name, params, parts, n_parts, bytes);
  writer = make_writer (path, tensor_name, params, checksum, parts, n_parts);
  if (write_parts (writer, parts, n_parts, bytes, &local_error))
    return TRUE;
  spqr_pack_take_model_error (error, local_error);
  return FALSE;
}

/* ---- counting ---- */

static guint64 *
bits_of_part (SpqrPackBits *bits, SpqrPartId id)
{
  switch (id)
    {
    case SPQR_PART_CODES:
      return &bits->codes;
    case SPQR_PART_SCALE_CODES:
    case SPQR_PART_SCALES:
      return &bits->scales;
    case SPQR_PART_ZERO_CODES:
    case SPQR_PART_ZERO_INTEGERS:
    case SPQR_PART_ZEROS:
      return &bits->zeros;
    case SPQR_PART_SCALE_SCALES:
    case SPQR_PART_SCALE_ZEROS:
    case SPQR_PART_ZERO_SCALES:
    case SPQR_PART_ZERO_ZEROS:
      return &bits->second_order;
    case SPQR_PART_OUTLIER_COLUMNS:
    case SPQR_PART_OUTLIER_VALUES:
      return &bits->outliers;
    case SPQR_PART_OUTLIER_OFFSETS:
      return &bits->outlier_offsets;
    case SPQR_PART_PERMUTATION:
      return &bits->permutation;
    case SPQR_PART_CONSTANT_ROWS:
    case SPQR_PART_CONSTANT_GROUPS:
    case SPQR_PART_CONSTANT_VALUES:
    case SPQR_N_PARTS:
    default:
      return &bits->constants;
    }
}

void
spqr_pack_count_bits (const SpqrLayer *layer, SpqrPackBits *bits)
{
  static const char checksum[] = "0000000000000000000000000000000000000000000000000000000000000000";
  g_autoptr(SpqrSafetensorsWriter) writer = NULL;
  g_autofree char *params = NULL;
  SpqrPart parts[SPQR_N_PARTS];
  SpqrPackPlan plan;
  guint n_parts;

  g_return_if_fail (layer != NULL && bits != NULL);

  *bits = (SpqrPackBits) { 0 };
  spqr_pack_plan_choose (layer, &plan);
  n_parts = spqr_pack_plan_list (&plan, parts);
  for (guint i = 0; i < n_parts; i++)
    *bits_of_part (bits, parts[i].id) += 8 * parts[i].n_bytes;
  params = spqr_pack_params_to_json (&plan, layer);
  writer = make_writer ("", "", params, checksum, parts, n_parts);
  bits->header = 8 * (guint64) spqr_safetensors_writer_get_header_size (writer);
}

double
spqr_pack_bits_per_weight (const SpqrPackBits *bits, gsize rows, gsize cols)
{
  guint64 sum = bits->codes + bits->scales + bits->zeros + bits->second_order + bits->outliers
                + bits->outlier_offsets + bits->permutation + bits->constants + bits->header;

  return rows == 0 || cols == 0 ? 0 : (double) sum / ((double) rows * (double) cols);
}
