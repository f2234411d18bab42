#include "pages/spqr-layer-history.h"

enum { MOST = 200 };
#define ONE_STEP (700 * G_TIME_SPAN_MILLISECOND)

static SpqrRunParams *
nth (const SpqrLayerHistory *self, guint i)
{
  return &g_array_index (self->settings, SpqrRunParams, i);
}

void
spqr_layer_history_init (SpqrLayerHistory *self, const SpqrRunParams *params)
{
  *self = (SpqrLayerHistory) { .settings = g_array_new (FALSE, FALSE, sizeof (SpqrRunParams)) };
  g_array_append_vals (self->settings, params, 1);
}

void
spqr_layer_history_clear (SpqrLayerHistory *self)
{
  g_clear_pointer (&self->settings, g_array_unref);
}

void
spqr_layer_history_add (SpqrLayerHistory *self, const SpqrRunParams *params, gint64 now)
{
  gboolean same_step = self->when != 0 && now - self->when < ONE_STEP && self->at + 1 == self->settings->len && self->at > 0;

  if (spqr_run_params_equal (nth (self, self->at), params))
    return;
  self->when = now;
  if (same_step)
    {
      *nth (self, self->at) = *params;
      return;
    }
  g_array_set_size (self->settings, self->at + 1);
  g_array_append_vals (self->settings, params, 1);
  if (self->settings->len > MOST)
    g_array_remove_index (self->settings, 0);
  self->at = self->settings->len - 1;
}

gboolean
spqr_layer_history_can_undo (const SpqrLayerHistory *self)
{
  return self->at > 0;
}

gboolean
spqr_layer_history_can_redo (const SpqrLayerHistory *self)
{
  return self->at + 1 < self->settings->len;
}

const SpqrRunParams *
spqr_layer_history_undo (SpqrLayerHistory *self)
{
  self->when = 0;
  if (spqr_layer_history_can_undo (self))
    self->at--;
  return nth (self, self->at);
}

const SpqrRunParams *
spqr_layer_history_redo (SpqrLayerHistory *self)
{
  self->when = 0;
  if (spqr_layer_history_can_redo (self))
    self->at++;
  return nth (self, self->at);
}

const SpqrRunParams *
spqr_layer_history_swap (SpqrLayerHistory *self)
{
  return spqr_layer_history_can_redo (self) ? spqr_layer_history_redo (self) : spqr_layer_history_undo (self);
}
