/* spqr-pack-form.c: choosing a layer's form, listing its tensors, encoding them. */
#include "pack/spqr-pack-form-private.h"

#include <math.h>
#include <string.h>

#include "num/spqr-fp16.h"
#include "num/spqr-quantizer.h"
#include "pack/spqr-bits-private.h"

/* ---- choosing ---- */

static gboolean
same_floats (const float *values, gsize n)
{
  for (gsize i = 1; i < n; i++)
    if (memcmp (&values[i], &values[0], sizeof *values) != 0)
      return FALSE;
  return TRUE;
}

/* Every one of `groups` runs of n values holds n times the same. NULL counts as such. */
static gboolean
uniform_floats (const float *values, gsize groups, gsize n)
{
  for (gsize g = 0; values != NULL && g < groups; g++)
    if (!same_floats (values + g * n, n))
      return FALSE;
  return TRUE;
}

static gboolean
uniform_codes (const guint8 *codes, gsize groups, gsize n)
{
  for (gsize g = 0; codes != NULL && g < groups; g++)
    for (gsize i = 1; i < n; i++)
      if (codes[g * n + i] != codes[g * n])
        return FALSE;
  return TRUE;
}

static gboolean
statistics_are_shared (const SpqrLayer *layer)
{
  gsize g = layer->groups, m = layer->rows, r = layer->runs;

  return !layer->params.perchannel
         && uniform_floats (layer->scale, g, m) && uniform_floats (layer->zero, g, m)
         && uniform_codes (layer->scale_codes, g, m) && uniform_codes (layer->zero_codes, g, m)
         && uniform_floats (layer->scale_scale, g, r) && uniform_floats (layer->scale_zero, g, r)
         && uniform_floats (layer->zero_scale, g, r) && uniform_floats (layer->zero_zero, g, r);
}

static gboolean
zeros_are_fixed (const SpqrLayer *layer)
{
  float middle = (spqr_max_code (layer->params.wbits) + 1.0f) * 0.5f;

  if (!layer->params.sym || layer->zero_codes != NULL)
    return FALSE;
  for (gsize i = 0; i < layer->groups * layer->rows; i++)
    if (layer->zero[i] != middle)
      return FALSE;
  return TRUE;
}

/* Rounded zeros within a span of less than 256 fit into codes. */
static void
choose_integer_zeros (const SpqrLayer *layer, SpqrPackForm *form)
{
  gsize n = layer->groups * layer->rows;
  int lo = G_MAXINT, hi = G_MININT, last;
  gboolean negative_zero = FALSE;

  if (!layer->params.round_zero || layer->zero_codes != NULL || form->fixed_zero)
    return;
  for (gsize i = 0; i < n; i++)
    {
      float zero = layer->zero[i];

      if (!(fabsf (zero) < 32768.0f) || zero != rintf (zero))
        return;
      if (zero == 0.0f && signbit (zero))
        {
          negative_zero = TRUE;
          continue;
        }
      lo = MIN (lo, (int) zero);
      hi = MAX (hi, (int) zero);
    }
  if (lo > hi)
    lo = hi = 0;
  last = hi - lo + (negative_zero ? 1 : 0);
  if (last > 255)
    return;
  form->integer_zero = TRUE;
  form->zero_base = lo;
  form->zero_negative = negative_zero ? last : -1;
  form->zero_bits = 1;
  while ((1 << form->zero_bits) <= last)
    form->zero_bits++;
}

static gboolean
is_identity (const SpqrLayer *layer)
{
  for (gsize j = 0; j < layer->cols; j++)
    if (layer->perm[j] != (gint32) j)
      return FALSE;
  return TRUE;
}

static gboolean
constants_are_wide (const SpqrLayer *layer)
{
  for (gsize i = 0; i < layer->n_constants; i++)
    {
      float value = layer->constants[i].value, again = spqr_f16_to_f32 (spqr_f32_to_f16 (value));

      if (memcmp (&value, &again, sizeof value) != 0)
        return TRUE;
    }
  return FALSE;
}

void
spqr_pack_plan_choose (const SpqrLayer *layer, SpqrPackPlan *plan)
{
  *plan = (SpqrPackPlan) {
    .params = layer->params, .rows = layer->rows, .cols = layer->cols, .groups = layer->groups, .runs = layer->runs,
    .form = { .n_outliers = spqr_layer_outliers (layer), .n_constants = layer->n_constants, .zero_negative = -1 },
  };
  plan->form.shared_statistics = statistics_are_shared (layer);
  plan->form.fixed_zero = zeros_are_fixed (layer);
  choose_integer_zeros (layer, &plan->form);
  plan->form.identity = is_identity (layer);
  plan->form.wide_constants = constants_are_wide (layer);
}

/* ---- listing ---- */

static const char *const part_names[SPQR_N_PARTS] = {
  [SPQR_PART_CODES] = "codes",
  [SPQR_PART_SCALE_CODES] = "scale_codes",
  [SPQR_PART_ZERO_CODES] = "zero_codes",
  [SPQR_PART_ZERO_INTEGERS] = "zero_integers",
  [SPQR_PART_SCALES] = "scales",
  [SPQR_PART_ZEROS] = "zeros",
  [SPQR_PART_SCALE_SCALES] = "scale_scales",
  [SPQR_PART_SCALE_ZEROS] = "scale_zeros",
  [SPQR_PART_ZERO_SCALES] = "zero_scales",
  [SPQR_PART_ZERO_ZEROS] = "zero_zeros",
  [SPQR_PART_OUTLIER_OFFSETS] = "outlier_offsets",
  [SPQR_PART_OUTLIER_COLUMNS] = "outlier_columns",
  [SPQR_PART_OUTLIER_VALUES] = "outlier_values",
  [SPQR_PART_PERMUTATION] = "permutation",
  [SPQR_PART_CONSTANT_ROWS] = "constant_rows",
  [SPQR_PART_CONSTANT_GROUPS] = "constant_groups",
  [SPQR_PART_CONSTANT_VALUES] = "constant_values",
};

typedef struct { SpqrPart *parts; guint n; } PartList;

static void
add_packed (PartList *list, SpqrPartId id, guint64 count, int bits)
{
  guint64 n_bytes = spqr_bits_size (count, bits);

  list->parts[list->n++] = (SpqrPart) {
    .id = id, .name = part_names[id], .dtype_name = "U8", .code_bits = bits, .element_bytes = 1,
    .count = count, .n_bytes = n_bytes, .shape = { (gint64) n_bytes }, .n_dims = 1,
  };
}

/* rows x cols numbers, cols 0: a vector. */
static void
add_plain (PartList *list, SpqrPartId id, const char *dtype_name, guint element_bytes, gsize rows, gsize cols)
{
  guint64 count = (guint64) rows * (cols > 0 ? cols : 1);

  list->parts[list->n++] = (SpqrPart) {
    .id = id, .name = part_names[id], .dtype_name = dtype_name, .element_bytes = element_bytes,
    .count = count, .n_bytes = count * element_bytes,
    .shape = { (gint64) rows, (gint64) cols }, .n_dims = cols > 0 ? 2 : 1,
  };
}

static void
add_value (PartList *list, SpqrPartId id, gboolean wide, gsize rows, gsize cols)
{
  add_plain (list, id, wide ? "F32" : "F16", wide ? 4 : 2, rows, cols);
}

static void
add_index (PartList *list, SpqrPartId id, gboolean wide, gsize n)
{
  add_plain (list, id, wide ? "U32" : "U16", wide ? 4 : 2, n, 0);
}

static void
list_statistics (const SpqrPackPlan *plan, PartList *list)
{
  const SpqrParams *params = &plan->params;
  gboolean wide = params->compat_reference;
  gsize g = plan->groups, rows = spqr_pack_stored_rows (plan), runs = spqr_pack_stored_runs (plan);

  if (params->qq_scale_bits > 0)
    {
      add_packed (list, SPQR_PART_SCALE_CODES, (guint64) g * rows, params->qq_scale_bits);
      add_value (list, SPQR_PART_SCALE_SCALES, wide, g, runs);
      add_value (list, SPQR_PART_SCALE_ZEROS, wide, g, runs);
    }
  else
    add_value (list, SPQR_PART_SCALES, wide, g, rows);

  if (params->qq_zero_bits > 0)
    {
      add_packed (list, SPQR_PART_ZERO_CODES, (guint64) g * rows, params->qq_zero_bits);
      add_value (list, SPQR_PART_ZERO_SCALES, wide, g, runs);
      add_value (list, SPQR_PART_ZERO_ZEROS, wide, g, runs);
    }
  else if (plan->form.integer_zero)
    add_packed (list, SPQR_PART_ZERO_INTEGERS, (guint64) g * rows, plan->form.zero_bits);
  else if (!plan->form.fixed_zero)
    add_value (list, SPQR_PART_ZEROS, wide, g, rows);
}

static void
sort_by_width (PartList *list)
{
  for (guint i = 1; i < list->n; i++)
    for (guint k = i; k > 0 && list->parts[k - 1].element_bytes < list->parts[k].element_bytes; k--)
      {
        SpqrPart swap = list->parts[k];
        list->parts[k] = list->parts[k - 1];
        list->parts[k - 1] = swap;
      }
}

guint
spqr_pack_plan_list (const SpqrPackPlan *plan, SpqrPart *parts)
{
  const SpqrPackForm *form = &plan->form;
  PartList list = { .parts = parts };

  add_packed (&list, SPQR_PART_CODES, (guint64) plan->rows * plan->cols, plan->params.wbits);
  list_statistics (plan, &list);
  if (form->n_outliers > 0)
    {
      add_index (&list, SPQR_PART_OUTLIER_OFFSETS, TRUE, plan->rows + 1);
      add_index (&list, SPQR_PART_OUTLIER_COLUMNS, plan->cols > 65536, form->n_outliers);
      add_value (&list, SPQR_PART_OUTLIER_VALUES, plan->params.compat_reference, form->n_outliers, 0);
    }
  if (!form->identity)
    add_index (&list, SPQR_PART_PERMUTATION, plan->cols > 65536, plan->cols);
  if (form->n_constants > 0)
    {
      add_index (&list, SPQR_PART_CONSTANT_ROWS, TRUE, form->n_constants);
      add_index (&list, SPQR_PART_CONSTANT_GROUPS, TRUE, form->n_constants);
      add_value (&list, SPQR_PART_CONSTANT_VALUES, form->wide_constants, form->n_constants, 0);
    }
  sort_by_width (&list);
  return list.n;
}

/* ---- encoding ---- */

static void
put_float (float value, guint element_bytes, guint8 *out)
{
  guint32 bits;
  guint16 half;

  if (element_bytes == 4)
    {
      memcpy (&bits, &value, sizeof bits);
      bits = GUINT32_TO_LE (bits);
      memcpy (out, &bits, sizeof bits);
      return;
    }
  half = GUINT16_TO_LE (spqr_f32_to_f16 (value));
  memcpy (out, &half, sizeof half);
}

static void
put_index (guint32 value, guint element_bytes, guint8 *out)
{
  guint32 wide = GUINT32_TO_LE (value);
  guint16 narrow = GUINT16_TO_LE ((guint16) value);

  if (element_bytes == 4)
    memcpy (out, &wide, sizeof wide);
  else
    memcpy (out, &narrow, sizeof narrow);
}

/* values (groups, n) -> the first `keep` of each group. */
static void
encode_floats (const float *values, gsize groups, gsize n, gsize keep, const SpqrPart *part, guint8 *out)
{
  for (gsize g = 0; g < groups; g++)
    for (gsize i = 0; i < keep; i++, out += part->element_bytes)
      put_float (values[g * n + i], part->element_bytes, out);
}

static void
encode_codes (const guint8 *codes, gsize groups, gsize n, gsize keep, const SpqrPart *part, guint8 *out)
{
  g_autofree guint8 *kept = NULL;

  if (keep == n)
    {
      spqr_bits_pack (codes, groups * n, part->code_bits, out);
      return;
    }
  kept = g_malloc (groups * keep);
  for (gsize g = 0; g < groups; g++)
    memcpy (kept + g * keep, codes + g * n, keep);
  spqr_bits_pack (kept, groups * keep, part->code_bits, out);
}

static void
encode_integer_zeros (const SpqrLayer *layer, const SpqrPackPlan *plan, const SpqrPart *part, guint8 *out)
{
  gsize keep = spqr_pack_stored_rows (plan);
  g_autofree guint8 *codes = g_malloc (layer->groups * keep);

  for (gsize g = 0; g < layer->groups; g++)
    for (gsize r = 0; r < keep; r++)
      {
        float zero = layer->zero[g * layer->rows + r];
        gboolean negative_zero = zero == 0.0f && signbit (zero);

        codes[g * keep + r] = (guint8) (negative_zero ? plan->form.zero_negative : (int) zero - plan->form.zero_base);
      }
  spqr_bits_pack (codes, layer->groups * keep, part->code_bits, out);
}

static void
encode_constants (const SpqrLayer *layer, const SpqrPart *part, guint8 *out)
{
  for (gsize i = 0; i < layer->n_constants; i++, out += part->element_bytes)
    {
      const SpqrConstantGroup *constant = &layer->constants[i];

      if (part->id == SPQR_PART_CONSTANT_VALUES)
        put_float (constant->value, part->element_bytes, out);
      else
        put_index (part->id == SPQR_PART_CONSTANT_ROWS ? constant->row : constant->group, part->element_bytes, out);
    }
}

static void
encode_indices (const guint32 *values, const SpqrPart *part, guint8 *out)
{
  for (guint64 i = 0; i < part->count; i++, out += part->element_bytes)
    put_index (values[i], part->element_bytes, out);
}

void
spqr_pack_part_encode (const SpqrLayer *layer, const SpqrPackPlan *plan, const SpqrPart *part, guint8 *out)
{
  gsize g = layer->groups, m = layer->rows, keep = spqr_pack_stored_rows (plan);
  gsize r = layer->runs, keep_runs = spqr_pack_stored_runs (plan);

  switch (part->id)
    {
    case SPQR_PART_CODES:
      spqr_bits_pack (layer->codes, m * layer->cols, part->code_bits, out);
      break;
    case SPQR_PART_SCALE_CODES:
      encode_codes (layer->scale_codes, g, m, keep, part, out);
      break;
    case SPQR_PART_ZERO_CODES:
      encode_codes (layer->zero_codes, g, m, keep, part, out);
      break;
    case SPQR_PART_ZERO_INTEGERS:
      encode_integer_zeros (layer, plan, part, out);
      break;
    case SPQR_PART_SCALES:
      encode_floats (layer->scale, g, m, keep, part, out);
      break;
    case SPQR_PART_ZEROS:
      encode_floats (layer->zero, g, m, keep, part, out);
      break;
    case SPQR_PART_SCALE_SCALES:
      encode_floats (layer->scale_scale, g, r, keep_runs, part, out);
      break;
    case SPQR_PART_SCALE_ZEROS:
      encode_floats (layer->scale_zero, g, r, keep_runs, part, out);
      break;
    case SPQR_PART_ZERO_SCALES:
      encode_floats (layer->zero_scale, g, r, keep_runs, part, out);
      break;
    case SPQR_PART_ZERO_ZEROS:
      encode_floats (layer->zero_zero, g, r, keep_runs, part, out);
      break;
    case SPQR_PART_OUTLIER_OFFSETS:
      encode_indices (layer->outlier_offsets, part, out);
      break;
    case SPQR_PART_OUTLIER_COLUMNS:
      encode_indices (layer->outlier_cols, part, out);
      break;
    case SPQR_PART_OUTLIER_VALUES:
      encode_floats (layer->outlier_values, 1, part->count, part->count, part, out);
      break;
    case SPQR_PART_PERMUTATION:
      encode_indices ((const guint32 *) layer->perm, part, out);
      break;
    case SPQR_PART_CONSTANT_ROWS:
    case SPQR_PART_CONSTANT_GROUPS:
    case SPQR_PART_CONSTANT_VALUES:
      encode_constants (layer, part, out);
      break;
    case SPQR_N_PARTS:
    default:
      break;
    }
}
