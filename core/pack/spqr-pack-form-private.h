/* spqr-pack-form-private.h: which tensors a stored layer consists of.
 *
 * One function lists them for the writer, the reader and the counting of bits alike, from the
 * layer's shape, its parameters and its form: choices that save room where the layer allows it. */
#pragma once

#include "num/spqr-layer.h"
#include "pack/spqr-pack.h"

/* Version of the container; a reader refuses higher ones. */
#define SPQR_PACK_VERSION 1

typedef struct {
  gsize n_outliers, n_constants;
  /* All rows have the same statistics (perchannel off): one row of them is stored. */
  gboolean shared_statistics;
  /* Zeros are no tensor when they are all 2^(wbits-1) (sym); small integers when they are rounded:
   * zero = zero_base + code, and the code zero_negative (if not -1) means -0. */
  gboolean fixed_zero, integer_zero;
  int zero_base, zero_bits, zero_negative;
  gboolean identity;          /* no permutation */
  gboolean wide_constants;    /* constants are f32 since some are no f16 numbers */
} SpqrPackForm;

typedef enum {
  SPQR_PART_CODES, SPQR_PART_SCALE_CODES, SPQR_PART_ZERO_CODES, SPQR_PART_ZERO_INTEGERS,
  SPQR_PART_SCALES, SPQR_PART_ZEROS,
  SPQR_PART_SCALE_SCALES, SPQR_PART_SCALE_ZEROS, SPQR_PART_ZERO_SCALES, SPQR_PART_ZERO_ZEROS,
  SPQR_PART_OUTLIER_OFFSETS, SPQR_PART_OUTLIER_COLUMNS, SPQR_PART_OUTLIER_VALUES,
  SPQR_PART_PERMUTATION,
  SPQR_PART_CONSTANT_ROWS, SPQR_PART_CONSTANT_GROUPS, SPQR_PART_CONSTANT_VALUES,
  SPQR_N_PARTS
} SpqrPartId;

/* One stored tensor: `count` numbers; packed ones take code_bits bits each, others the dtype's. */
typedef struct {
  SpqrPartId id;
  const char *name, *dtype_name;     /* "U8" when packed */
  int code_bits;                     /* 0: not packed */
  guint element_bytes;
  guint64 count, n_bytes;
  gint64 shape[2];
  guint n_dims;
} SpqrPart;

/* A layer's shape and what was decided about it, without its data. */
typedef struct {
  SpqrParams params;
  gsize rows, cols, groups, runs;
  SpqrPackForm form;
} SpqrPackPlan;

void spqr_pack_plan_choose (const SpqrLayer *layer, SpqrPackPlan *plan);

/* Fills parts (SPQR_N_PARTS) with those that the plan has, widest elements first so that all are
 * aligned; returns how many. */
guint spqr_pack_plan_list (const SpqrPackPlan *plan, SpqrPart *parts);

/* The bytes of one part, part->n_bytes. */
void spqr_pack_part_encode (const SpqrLayer *layer, const SpqrPackPlan *plan, const SpqrPart *part, guint8 *out);

/* rows of statistics that are stored, and runs. */
static inline gsize
spqr_pack_stored_rows (const SpqrPackPlan *plan)
{
  return plan->form.shared_statistics ? 1 : plan->rows;
}

static inline gsize
spqr_pack_stored_runs (const SpqrPackPlan *plan)
{
  return plan->form.shared_statistics ? MIN (plan->runs, 1) : plan->runs;
}

/* The plan and the layer's figures as JSON text. g_free(). */
char *spqr_pack_params_to_json (const SpqrPackPlan *plan, const SpqrLayer *layer);
/* The reverse, every value checked; figures go into layer. path is for messages. */
gboolean spqr_pack_params_from_json (const char *text, const char *path, SpqrPackPlan *plan, SpqrLayer *layer,
                                     GError **error);

/* Hex sha256 over the name, the JSON and every part. parts and bytes in stored order. g_free(). */
char *spqr_pack_checksum (const char *tensor_name, const char *params, const SpqrPart *parts, guint n_parts,
                          const guint8 *const *bytes);

/* SPQR_MODEL_ERROR -> SPQR_PACK_ERROR, same message. Takes `from`. */
void spqr_pack_take_model_error (GError **error, GError *from);
