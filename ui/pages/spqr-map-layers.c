#include "pages/spqr-map-layers.h"

#include <math.h>

gboolean
spqr_map_layers_take (SpqrTensor *tensor)
{
  return spqr_tensor_get_block (tensor) >= 0 && !spqr_tensor_is_bias (tensor) && spqr_role_is_linear (spqr_tensor_get_role (tensor));
}

static void
find_roles (SpqrMapLayers *layers)
{
  gboolean present[SPQR_N_ROLES] = { FALSE };

  for (guint i = 0; i < spqr_model_get_n_tensors (layers->model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (layers->model, i);

      if (!spqr_map_layers_take (tensor))
        continue;
      present[spqr_tensor_get_role (tensor)] = TRUE;
      layers->n_blocks = MAX (layers->n_blocks, (guint) spqr_tensor_get_block (tensor) + 1);
    }
  layers->roles = g_new (SpqrRole, SPQR_N_ROLES);
  for (guint r = 0; r < SPQR_N_ROLES; r++)
    if (present[r])
      layers->roles[layers->n_roles++] = r;
}

void
spqr_map_layers_find (SpqrMapLayers *layers, SpqrModel *model)
{
  spqr_map_layers_clear (layers);
  layers->model = model;
  layers->tensors = g_ptr_array_new_with_free_func (g_object_unref);
  if (model != NULL)
    find_roles (layers);
  for (guint b = 0; b < layers->n_blocks; b++)
    for (guint r = 0; r < layers->n_roles; r++)
      {
        SpqrTensor *tensor = spqr_model_find (model, b, layers->roles[r], FALSE);

        if (tensor != NULL)
          g_ptr_array_add (layers->tensors, g_object_ref (tensor));
      }
}

void
spqr_map_layers_clear (SpqrMapLayers *layers)
{
  g_clear_pointer (&layers->tensors, g_ptr_array_unref);
  g_free (layers->roles);
  *layers = (SpqrMapLayers) { 0 };
}

gint64
spqr_map_layers_role (const SpqrMapLayers *layers, SpqrTensor *tensor)
{
  for (guint r = 0; r < layers->n_roles; r++)
    if (layers->roles[r] == spqr_tensor_get_role (tensor))
      return r;
  return -1;
}

SpqrTensor *
spqr_map_layers_at (const SpqrMapLayers *layers, gint64 block, gint64 role)
{
  return block >= 0 && role >= 0 && role < layers->n_roles ? spqr_model_find (layers->model, (int) block, layers->roles[role], FALSE) : NULL;
}

const char **
spqr_map_layers_role_names (const SpqrMapLayers *layers)
{
  const char **names = g_new0 (const char *, layers->n_roles + 1);

  for (guint r = 0; r < layers->n_roles; r++)
    names[r] = spqr_role_name (layers->roles[r]);
  return names;
}

double *
spqr_map_layers_values (const SpqrMapLayers *layers, SpqrSession *session, const SpqrMapFigure *figure, gboolean *any)
{
  double *values = g_new (double, layers->tensors->len + 1);

  *any = FALSE;
  for (guint i = 0; i < layers->tensors->len; i++)
    {
      values[i] = figure->get (session, layers->tensors->pdata[i]);
      *any = *any || isfinite (values[i]);
    }
  return values;
}

double *
spqr_map_layers_cells (const SpqrMapLayers *layers, const double *values)
{
  double *cells = g_new (double, layers->n_blocks * layers->n_roles + 1);

  for (guint i = 0; i < layers->n_blocks * layers->n_roles; i++)
    cells[i] = NAN;
  for (guint i = 0; i < layers->tensors->len; i++)
    {
      SpqrTensor *tensor = layers->tensors->pdata[i];

      cells[(guint) spqr_tensor_get_block (tensor) * layers->n_roles + (guint) spqr_map_layers_role (layers, tensor)] = values[i];
    }
  return cells;
}
