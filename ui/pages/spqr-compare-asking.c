#include "pages/spqr-compare-asking.h"

#include <glib/gi18n.h>

SpqrCompareAsking *
spqr_compare_asking_new (SpqrStore *store, SpqrRun *a, SpqrRun *b)
{
  SpqrCompareAsking *q = g_new0 (SpqrCompareAsking, 1);

  q->store = g_object_ref (store);
  q->a = g_object_ref (a);
  g_set_object (&q->b, b);
  return q;
}

void
spqr_compare_asking_free (gpointer data)
{
  SpqrCompareAsking *q = data;

  g_object_unref (q->store);
  g_object_unref (q->a);
  g_clear_object (&q->b);
  g_clear_object (&q->model);
  g_free (q->wanted);
  g_clear_pointer (&q->layers, g_array_unref);
  g_clear_pointer (&q->layers_a, g_ptr_array_unref);
  g_clear_pointer (&q->layers_b, g_ptr_array_unref);
  g_clear_pointer (&q->picture, spqr_compare_picture_unref);
  g_free (q);
}

static gboolean
list_layers (SpqrCompareAsking *q, GError **error)
{
  q->layers_a = spqr_store_list_layers (q->store, q->a->id, error);
  if (q->layers_a == NULL)
    return FALSE;
  q->layers_b = q->b != NULL ? spqr_store_list_layers (q->store, q->b->id, error) : NULL;
  if (q->b != NULL && q->layers_b == NULL)
    return FALSE;
  q->layers = spqr_compare_layers (q->layers_a, q->layers_b);
  for (guint i = 0; i < q->layers->len; i++)
    if (g_strcmp0 (g_array_index (q->layers, SpqrCompareLayer, i).a->name, q->wanted) == 0)
      q->chosen = i;
  if (q->layers->len > 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       q->b != NULL ? _("The two runs have no quantized layer in common.") : _("The run has no stored layers."));
  return FALSE;
}

gboolean
spqr_compare_asking_answer (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  SpqrCompareAsking *q = data;
  const SpqrCompareLayer *layer;
  g_autofree char *path_a = NULL, *path_b = NULL;
  SpqrCompareQuestion question = { .model_path = q->a->model_path, .model_fingerprint = q->a->model_fingerprint,
                                   .model = q->model, .field = q->field };

  if (!list_layers (q, error))
    return FALSE;
  layer = &g_array_index (q->layers, SpqrCompareLayer, q->chosen);
  question.tensor = layer->a->name;
  question.path_a = path_a = g_build_filename (q->a->folder, layer->a->file, NULL);
  question.path_b = path_b = layer->b != NULL ? g_build_filename (q->b->folder, layer->b->file, NULL) : NULL;
  q->picture = spqr_compare_picture_new (&question, cancellable, error);
  if (q->picture != NULL || !g_cancellable_is_cancelled (cancellable))
    return q->picture != NULL;
  /* Whatever it was that stopped in the middle. */
  g_clear_error (error);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}
