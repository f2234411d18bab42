#include "pages/spqr-compare-rules.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "plot/spqr-format.h"

/* ---- which runs ---- */

static char *
describe_unfinished (const SpqrRun *run)
{
  return g_strdup_printf (ngettext ("Run %" PRId64 " is not finished: %u of %u layer is stored. Its maps appear once it is.",
                                    "Run %" PRId64 " is not finished: %u of %u layers are stored. Its maps appear once it is.", run->n_layers),
                          run->id, run->n_layers_done, run->n_layers);
}

SpqrCompareKind
spqr_compare_check (GPtrArray *runs, char **why)
{
  SpqrRun *first = runs->len > 0 ? runs->pdata[0] : NULL, *second = runs->len > 1 ? runs->pdata[1] : NULL;

  *why = NULL;
  if (first == NULL)
    *why = g_strdup (_("Select a run to see its layers, or two runs of one model to see them side by side."));
  else if (first->state != SPQR_RUN_FINISHED)
    *why = describe_unfinished (first);
  else if (second != NULL && second->state != SPQR_RUN_FINISHED)
    *why = describe_unfinished (second);
  else if (second != NULL && g_strcmp0 (first->model_fingerprint, second->model_fingerprint) != 0)
    *why = g_strdup_printf (_("Run %" PRId64 " is of %s and run %" PRId64 " of %s: the weights they started from "
                              "differ, so their layers cannot be subtracted. Select two runs of one model."),
                            first->id, first->model_name, second->id, second->model_name);
  if (*why != NULL)
    return SPQR_COMPARE_NOTHING;
  return second != NULL ? SPQR_COMPARE_TWO : SPQR_COMPARE_ONE;
}

/* ---- which layers ---- */

static int
compare_layers (gconstpointer a, gconstpointer b, gpointer user_data)
{
  double first = ((const SpqrCompareLayer *) a)->difference, second = ((const SpqrCompareLayer *) b)->difference;

  if (isnan (first) || isnan (second))
    return isnan (first) - isnan (second);
  return (first < second) - (first > second);
}

static GHashTable *
index_layers (GPtrArray *layers)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < layers->len; i++)
    g_hash_table_insert (index, ((SpqrRunLayer *) layers->pdata[i])->name, layers->pdata[i]);
  return index;
}

GArray *
spqr_compare_layers (GPtrArray *a, GPtrArray *b)
{
  GArray *layers = g_array_new (FALSE, FALSE, sizeof (SpqrCompareLayer));
  g_autoptr (GHashTable) others = b != NULL ? index_layers (b) : NULL;

  for (guint i = 0; i < a->len; i++)
    {
      const SpqrRunLayer *layer = a->pdata[i];
      const SpqrRunLayer *other = others != NULL ? g_hash_table_lookup (others, layer->name) : NULL;
      SpqrCompareLayer entry = { layer, other, layer->output_error };

      if (others != NULL && (other == NULL || other->rows != layer->rows || other->cols != layer->cols))
        continue;
      if (other != NULL)
        entry.difference = fabs (layer->output_error - other->output_error);
      g_array_append_val (layers, entry);
    }
  /* Stable (merge sort), so that equals keep the network's order. */
  g_array_sort_with_data (layers, compare_layers, NULL);
  return layers;
}

static char *
describe_error (double error)
{
  return isfinite (error) ? spqr_format_percent (error) : g_strdup ("–");
}

char *
spqr_compare_layer_describe (const SpqrCompareLayer *layer)
{
  const SpqrRunLayer *a = layer->a;
  g_autofree char *name = a->block >= 0 && a->role != NULL ? g_strdup_printf (_("Block %d · %s"), a->block, a->role) : g_strdup (a->name);
  g_autofree char *first = describe_error (a->output_error);
  g_autofree char *second = layer->b != NULL ? describe_error (layer->b->output_error) : NULL;

  /* Translators: a layer, its output error in run A, and in run B */
  return second != NULL ? g_strdup_printf (_("%s · %s → %s"), name, first, second) : g_strdup_printf (_("%s · %s"), name, first);
}

static gboolean
same_figures (const SpqrCompareLayer *a, const SpqrCompareLayer *b)
{
  g_autofree char *first = spqr_compare_layer_describe (a);
  g_autofree char *second = spqr_compare_layer_describe (b);

  return g_str_equal (a->a->name, b->a->name) && g_str_equal (first, second);
}

gboolean
spqr_compare_layers_equal (GArray *layers, GArray *others)
{
  if (layers == NULL || others == NULL || layers->len != others->len)
    return FALSE;
  for (guint i = 0; i < layers->len; i++)
    if (!same_figures (&g_array_index (layers, SpqrCompareLayer, i), &g_array_index (others, SpqrCompareLayer, i)))
      return FALSE;
  return TRUE;
}
