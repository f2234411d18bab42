/* spqr-run.c: SpqrRun, one row of the list of runs. One table says what it consists of; the
 * properties, the columns and the copying are made from it. */
#include <math.h>

#include "store/spqr-store-private.h"

G_DEFINE_FINAL_TYPE (SpqrRun, spqr_run, G_TYPE_OBJECT)

#define COLUMN(field, kind) { #field, SPQR_COLUMN_##kind, G_STRUCT_OFFSET (SpqrRun, field) }

const SpqrColumn _spqr_run_columns[] = {
  COLUMN (id, INT64), COLUMN (state, RUN_STATE),
  COLUMN (model_path, TEXT), COLUMN (model_name, TEXT), COLUMN (model_fingerprint, TEXT), COLUMN (architecture, TEXT),
  COLUMN (calibration, TEXT), COLUMN (calibration_fingerprint, TEXT),
  COLUMN (nsamples, INT), COLUMN (seqlen, INT), COLUMN (seed, INT64),
  COLUMN (params_json, TEXT),
  COLUMN (method, TEXT), COLUMN (wbits, INT), COLUMN (groupsize, INT), COLUMN (qq_scale_bits, INT),
  COLUMN (qq_zero_bits, INT), COLUMN (qq_groupsize, INT), COLUMN (outlier_threshold, DOUBLE),
  COLUMN (percdamp, DOUBLE), COLUMN (permutation_order, TEXT),
  COLUMN (backend, TEXT), COLUMN (version, TEXT), COLUMN (folder, TEXT), COLUMN (note, TEXT), COLUMN (error, TEXT),
  COLUMN (created, INT64), COLUMN (finished, INT64),
  COLUMN (seconds, DOUBLE), COLUMN (bits_formula, DOUBLE), COLUMN (bits_stored, DOUBLE),
  COLUMN (outlier_share, DOUBLE), COLUMN (mean_proxy_loss, DOUBLE),
  COLUMN (n_layers, UINT), COLUMN (n_layers_done, UINT),
  /* From evaluations and tags; the order is that of the SELECT in spqr-store-runs.c. */
  COLUMN (ppl_base, DOUBLE), COLUMN (ppl, DOUBLE), COLUMN (ppl_data, TEXT), COLUMN (tags, TEXT_LIST),
};

#define N_COLUMNS G_N_ELEMENTS (_spqr_run_columns)
#define N_DERIVED 4

static GParamSpec *properties[N_COLUMNS + 1];

guint
_spqr_run_n_stored_columns (void)
{
  return N_COLUMNS - N_DERIVED;
}

guint
_spqr_run_n_columns (void)
{
  return N_COLUMNS;
}

/* ---- state ---- */

static const GEnumValue state_values[] = {
  { SPQR_RUN_RUNNING, "SPQR_RUN_RUNNING", "running" },
  { SPQR_RUN_FINISHED, "SPQR_RUN_FINISHED", "finished" },
  { SPQR_RUN_CANCELLED, "SPQR_RUN_CANCELLED", "cancelled" },
  { SPQR_RUN_FAILED, "SPQR_RUN_FAILED", "failed" },
  { SPQR_RUN_INTERRUPTED, "SPQR_RUN_INTERRUPTED", "interrupted" },
  { 0, NULL, NULL },
};

GType
spqr_run_state_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("SpqrRunState", state_values));
  return type;
}

const char *
spqr_run_state_name (SpqrRunState state)
{
  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (state_values) - 1, NULL);

  return state_values[state].value_nick;
}

SpqrRunState
_spqr_run_state_from_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (state_values) - 1; i++)
    if (g_strcmp0 (name, state_values[i].value_nick) == 0)
      return (SpqrRunState) state_values[i].value;
  return SPQR_RUN_FAILED; /* the table's CHECK allows no other */
}

/* ---- object ---- */

static gpointer
field (SpqrRun *self, const SpqrColumn *column)
{
  return (char *) self + column->offset;
}

static gconstpointer
const_field (const SpqrRun *self, const SpqrColumn *column)
{
  return (const char *) self + column->offset;
}

static void
spqr_run_finalize (GObject *object)
{
  _spqr_row_clear (_spqr_run_columns, N_COLUMNS, SPQR_RUN (object));
  G_OBJECT_CLASS (spqr_run_parent_class)->finalize (object);
}

static void
spqr_run_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const SpqrColumn *column = &_spqr_run_columns[id - 1];
  gconstpointer at = const_field (SPQR_RUN (object), column);

  switch (column->kind)
    {
    case SPQR_COLUMN_INT:
      g_value_set_int (value, *(const int *) at);
      break;
    case SPQR_COLUMN_UINT:
      g_value_set_uint (value, *(const guint *) at);
      break;
    case SPQR_COLUMN_INT64:
      g_value_set_int64 (value, *(const gint64 *) at);
      break;
    case SPQR_COLUMN_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) at);
      break;
    case SPQR_COLUMN_DOUBLE:
      g_value_set_double (value, *(const double *) at);
      break;
    case SPQR_COLUMN_TEXT:
      g_value_set_string (value, *(char *const *) at);
      break;
    case SPQR_COLUMN_RUN_STATE:
      g_value_set_enum (value, (int) *(const SpqrRunState *) at);
      break;
    case SPQR_COLUMN_TEXT_LIST:
      g_value_set_boxed (value, *(char **const *) at);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static GParamSpec *
make_property (const SpqrColumn *column)
{
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  g_autofree char *name = g_strdelimit (g_strdup (column->name), "_", '-');
  const char *interned = g_intern_string (name);

  switch (column->kind)
    {
    case SPQR_COLUMN_INT:
      return g_param_spec_int (interned, NULL, NULL, G_MININT, G_MAXINT, 0, flags);
    case SPQR_COLUMN_UINT:
      return g_param_spec_uint (interned, NULL, NULL, 0, G_MAXUINT, 0, flags);
    case SPQR_COLUMN_INT64:
      return g_param_spec_int64 (interned, NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
    case SPQR_COLUMN_BOOLEAN:
      return g_param_spec_boolean (interned, NULL, NULL, FALSE, flags);
    case SPQR_COLUMN_DOUBLE:
      return g_param_spec_double (interned, NULL, NULL, -INFINITY, INFINITY, 0, flags);
    case SPQR_COLUMN_TEXT:
      return g_param_spec_string (interned, NULL, NULL, NULL, flags);
    case SPQR_COLUMN_RUN_STATE:
      return g_param_spec_enum (interned, NULL, NULL, SPQR_TYPE_RUN_STATE, SPQR_RUN_RUNNING, flags);
    case SPQR_COLUMN_TEXT_LIST:
      return g_param_spec_boxed (interned, NULL, NULL, G_TYPE_STRV, flags);
    default:
      g_return_val_if_reached (NULL);
    }
}

static void
spqr_run_class_init (SpqrRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = spqr_run_finalize;
  object_class->get_property = spqr_run_get_property;
  for (guint i = 0; i < N_COLUMNS; i++)
    properties[i + 1] = make_property (&_spqr_run_columns[i]);
  g_object_class_install_properties (object_class, N_COLUMNS + 1, properties);
}

static void
spqr_run_init (SpqrRun *self)
{
  for (guint i = 0; i < N_COLUMNS; i++)
    if (_spqr_run_columns[i].kind == SPQR_COLUMN_DOUBLE)
      *(double *) field (self, &_spqr_run_columns[i]) = NAN;
  self->state = SPQR_RUN_RUNNING;
}

SpqrRun *
spqr_run_new (void)
{
  return g_object_new (SPQR_TYPE_RUN, NULL);
}

/* ---- refreshing ---- */

static gboolean
same_double (double a, double b)
{
  return a == b || (isnan (a) && isnan (b));
}

static gboolean
same_list (char *const *a, char *const *b)
{
  if (a == NULL || b == NULL)
    return a == b;
  return g_strv_equal ((const char *const *) a, (const char *const *) b);
}

/* TRUE when the field was different. */
static gboolean
copy_field (gpointer to, gconstpointer from, SpqrColumnKind kind)
{
  gboolean differs;

  switch (kind)
    {
    case SPQR_COLUMN_INT:
    case SPQR_COLUMN_BOOLEAN:
      differs = *(int *) to != *(const int *) from;
      *(int *) to = *(const int *) from;
      return differs;
    case SPQR_COLUMN_UINT:
      differs = *(guint *) to != *(const guint *) from;
      *(guint *) to = *(const guint *) from;
      return differs;
    case SPQR_COLUMN_INT64:
      differs = *(gint64 *) to != *(const gint64 *) from;
      *(gint64 *) to = *(const gint64 *) from;
      return differs;
    case SPQR_COLUMN_DOUBLE:
      differs = !same_double (*(double *) to, *(const double *) from);
      *(double *) to = *(const double *) from;
      return differs;
    case SPQR_COLUMN_RUN_STATE:
      differs = *(SpqrRunState *) to != *(const SpqrRunState *) from;
      *(SpqrRunState *) to = *(const SpqrRunState *) from;
      return differs;
    case SPQR_COLUMN_TEXT:
      differs = g_strcmp0 (*(char **) to, *(char *const *) from) != 0;
      if (differs)
        {
          g_free (*(char **) to);
          *(char **) to = g_strdup (*(char *const *) from);
        }
      return differs;
    case SPQR_COLUMN_TEXT_LIST:
      differs = !same_list (*(char ***) to, *(char **const *) from);
      if (differs)
        {
          g_strfreev (*(char ***) to);
          *(char ***) to = g_strdupv (*(char **const *) from);
        }
      return differs;
    default:
      g_return_val_if_reached (FALSE);
    }
}

void
spqr_run_update (SpqrRun *self, const SpqrRun *from)
{
  g_return_if_fail (SPQR_IS_RUN (self));
  g_return_if_fail (SPQR_IS_RUN ((gpointer) from));

  if (self == from)
    return;
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = 0; i < N_COLUMNS; i++)
    {
      const SpqrColumn *column = &_spqr_run_columns[i];

      if (copy_field (field (self, column), const_field (from, column), column->kind))
        g_object_notify_by_pspec (G_OBJECT (self), properties[i + 1]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}
