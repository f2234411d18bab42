#include "pages/spqr-layer-rulers.h"

#include <glib/gi18n.h>

gsize
spqr_layer_head_size (SpqrTensor *tensor, const SpqrConfig *config, SpqrRulerSide *side, gboolean *rotary)
{
  SpqrRole role = spqr_tensor_get_role (tensor);
  gsize size = config->head_dim > 0 ? (gsize) config->head_dim : 0, along;

  *side = role == SPQR_ROLE_O ? SPQR_RULER_COLUMNS : SPQR_RULER_ROWS;
  *rotary = config->position == SPQR_POSITION_ROTARY && config->rotary_dim == config->head_dim &&
            (role == SPQR_ROLE_Q || role == SPQR_ROLE_K);
  if (role != SPQR_ROLE_Q && role != SPQR_ROLE_K && role != SPQR_ROLE_V && role != SPQR_ROLE_QKV && role != SPQR_ROLE_O)
    return 0;
  along = *side == SPQR_RULER_ROWS ? spqr_tensor_get_rows (tensor) : spqr_tensor_get_cols (tensor);
  return size > 0 && !spqr_tensor_is_bias (tensor) && along % size == 0 ? size : 0;
}

static void
add (SpqrLayerRulers *rulers, const char *name, const char *brief, const char *item, SpqrRulerSide side, gsize period, gsize half, gboolean strong)
{
  if (rulers->n < SPQR_LAYER_MAX_RULERS)
    rulers->items[rulers->n++] = (SpqrRuler) { name, brief, item, side, period, half, strong };
}

gboolean
spqr_layer_has_tiles (const SpqrParams *params)
{
  return params->method == SPQR_METHOD_SPQR && (params->qq_scale_bits > 0 || params->qq_zero_bits > 0) && params->qq_groupsize > 1;
}

void
spqr_layer_rulers_init (SpqrLayerRulers *rulers, SpqrTensor *tensor, const SpqrConfig *config, const SpqrParams *params,
                        gboolean groups)
{
  gsize rows = spqr_tensor_get_rows (tensor), cols = spqr_tensor_get_cols (tensor);
  SpqrRulerSide side;
  gboolean rotary;
  gsize head = spqr_layer_head_size (tensor, config, &side, &rotary);

  rulers->n = 0;
  if (head > 0)
    add (rulers, spqr_tensor_get_role (tensor) == SPQR_ROLE_QKV ? _("q, k, v heads") : _("heads"), NULL, C_("ruler: head", "h"), side, head,
         rotary ? head / 2 : 0, TRUE);
  if (!spqr_role_is_linear (spqr_tensor_get_role (tensor)) || spqr_tensor_is_bias (tensor))
    return;
  if (groups && params->groupsize > 0 && (gsize) params->groupsize < cols)
    add (rulers, _("groups"), NULL, NULL, SPQR_RULER_COLUMNS, (gsize) params->groupsize, 0, FALSE);
  if (spqr_layer_has_tiles (params) && (gsize) params->qq_groupsize < rows)
    add (rulers, _("statistics tiles"), C_("ruler: statistics tiles", "tiles"), NULL, SPQR_RULER_ROWS, (gsize) params->qq_groupsize, 0, FALSE);
}
