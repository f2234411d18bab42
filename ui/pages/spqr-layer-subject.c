#include "pages/spqr-layer-subject.h"

#include <glib/gi18n.h>

#include "plot/spqr-format.h"
#include "session/spqr-session.h"

gboolean
spqr_layer_subject_is_tunable (SpqrTensor *tensor)
{
  return spqr_role_is_linear (spqr_tensor_get_role (tensor)) && !spqr_tensor_is_bias (tensor) &&
         spqr_tensor_get_n_dims (tensor) == 2 && spqr_tensor_get_block (tensor) >= 0 && spqr_tensor_get_rows (tensor) > 1;
}

char *
spqr_layer_subject_refuse (SpqrTensor *tensor)
{
  guint64 n = (guint64) spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor);
  g_autofree char *count = spqr_format_count ((double) n), *most = spqr_format_count ((double) SPQR_SESSION_MOST_WEIGHTS);

  if (!spqr_tensor_is_numeric (tensor))
    return g_strdup_printf (_("It holds %s values, which this program does not decode."), spqr_tensor_get_dtype_name (tensor));
  if (n == 0)
    return g_strdup (_("It has no elements."));
  if (n > SPQR_SESSION_MOST_WEIGHTS)
    return g_strdup_printf (_("It has %s weights; up to %s can be shown at once. The map and “spqr inspect” have its figures."),
                            count, most);
  return NULL;
}

char *
spqr_layer_subject_shape (SpqrTensor *tensor)
{
  g_autofree char *count = spqr_format_count ((double) spqr_tensor_get_rows (tensor) * (double) spqr_tensor_get_cols (tensor));

  if (spqr_tensor_get_n_dims (tensor) < 2)
    return g_strdup_printf (_("%zu · %s"), spqr_tensor_get_cols (tensor), spqr_tensor_get_dtype_name (tensor));
  return g_strdup_printf (_("%zu × %zu · %s · %s"), spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor), count,
                          spqr_tensor_get_dtype_name (tensor));
}

/* "model.layers.17.mlp.down_proj.weight" → "Block 17 · mlp.down_proj": the name itself is the tooltip. */
char *
spqr_layer_subject_title (SpqrTensor *tensor)
{
  SpqrRole role = spqr_tensor_get_role (tensor);

  if (spqr_tensor_get_block (tensor) < 0 || role == SPQR_ROLE_OTHER)
    return g_strdup (spqr_tensor_get_name (tensor));
  return g_strdup_printf (spqr_tensor_is_bias (tensor) ? _("Block %d · %s bias") : _("Block %d · %s"),
                          spqr_tensor_get_block (tensor), spqr_role_name (role));
}

const char *
spqr_layer_subject_explain (SpqrTensor *tensor)
{
  if (spqr_tensor_get_rows (tensor) == 1)
    return _("SpQR quantizes matrices. Vectors such as norms and biases stay as they are: together they are a thousandth of a model.");
  return _("SpQR quantizes the linear layers inside the blocks. Embeddings and the output head stay as they are. Choose q_proj … "
           "down_proj of a block to tune.");
}

void
spqr_layer_subject_axes (SpqrTensor *tensor, const char **rows, const char **cols)
{
  SpqrRole role = spqr_tensor_get_role (tensor);
  gboolean positions = role == SPQR_ROLE_POSITION_EMBEDDING, tokens = role == SPQR_ROLE_EMBEDDING || role == SPQR_ROLE_HEAD;

  *rows = *cols = NULL;
  if (spqr_tensor_get_rows (tensor) == 1)
    return;
  *rows = tokens ? _("tokens") : positions ? _("positions") : _("outputs");
  *cols = role == SPQR_ROLE_EMBEDDING || positions ? _("dimensions") : _("inputs");
}
