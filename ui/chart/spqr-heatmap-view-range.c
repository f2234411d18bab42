/* The ends of a SpqrHeatmapView's colours, as handles upon its colour bar, which goes a little beyond
 * them: so each can be moved either way. While one is held the bar keeps still. */
#include <glib/gi18n-lib.h>
#include <math.h>

#include "chart/spqr-heatmap-view-private.h"
#include "plot/spqr-format.h"

/* Of the colours' range, at each end of the bar. */
static const double room = 0.12;

static SpqrScale
wider (const SpqrHeatmapView *self)
{
  const SpqrScale *s = &self->plot.scale;
  const SpqrPyramid *p = &self->plot.field->pyramid;
  double lo = spqr_scale_invert (s, -room), hi = spqr_scale_invert (s, 1 + room);
  double most = MAX (fabs ((double) p->min), fabs ((double) p->max));
  /* Not beyond what there is. */
  if (s->kind == SPQR_SCALE_LOG)
    hi = MAX (s->hi, MIN (hi, most));
  else
    {
      lo = MIN (s->lo, MAX (lo, (double) p->min));
      hi = MAX (s->hi, MIN (hi, (double) p->max));
    }
  SpqrScale bar = spqr_scale_make (s->kind, lo, hi);
  bar.constant = s->constant;
  return bar;
}

static void
tell_value (SpqrHeatmapView *self, SpqrRangeHandle *handle, double value)
{
  g_autofree char *text = spqr_format_value (value, 3);
  spqr_range_handle_set_value (handle, self->plot.bar.lo, self->plot.bar.hi, value, text);
}

void
_spqr_heatmap_view_update_handles (SpqrHeatmapView *self)
{
  bool shown = self->handles[0] && self->plot.field && !self->plot.message && self->plot.show_colorbar && !spqr_scale_is_pathological (&self->plot.scale);
  if (!self->handles[0])
    return;
  if (shown && !self->holding)
    self->plot.bar = wider (self);
  self->plot.has_bar = shown;
  for (int i = 0; i < 2; i++)
    gtk_widget_set_child_visible (self->handles[i], shown);
  if (shown)
    {
      tell_value (self, SPQR_RANGE_HANDLE (self->handles[0]), self->plot.scale.lo);
      tell_value (self, SPQR_RANGE_HANDLE (self->handles[1]), self->plot.scale.hi);
    }
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* Moves one end, never past the other. */
static void
move_end (SpqrHeatmapView *self, int end, double value)
{
  const SpqrScale *s = &self->plot.scale, *bar = &self->plot.bar;
  double gap = 0.01, t = spqr_scale_apply (bar, value), other = spqr_scale_apply (bar, end == 0 ? s->hi : s->lo);
  t = end == 0 ? MIN (t, other - gap) : MAX (t, other + gap);
  value = spqr_scale_invert (bar, t);
  if (!isfinite (value))
    return;
  g_signal_emit_by_name (self, "range-changed", end == 0 ? value : s->lo, end == 0 ? s->hi : value);
}

static int
end_of (SpqrHeatmapView *self, SpqrRangeHandle *handle)
{
  return GTK_WIDGET (handle) == self->handles[1];
}

static void
on_dragged (SpqrRangeHandle *handle, double x, gboolean finished, SpqrHeatmapView *self)
{
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  self->holding = TRUE;
  move_end (self, end_of (self, handle), spqr_heatmap_bar_value (&self->plot, l, CLAMP (x, l->colorbar.x, l->colorbar.x + l->colorbar.width)));
  if (!finished)
    return;
  self->holding = FALSE;
  _spqr_heatmap_view_update_handles (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
on_stepped (SpqrRangeHandle *handle, double by, SpqrHeatmapView *self)
{
  const SpqrScale *s = &self->plot.scale;
  int end = end_of (self, handle);
  move_end (self, end, spqr_scale_invert (s, end + by));
}

static void
on_reset (SpqrRangeHandle *handle, SpqrHeatmapView *self)
{
  g_signal_emit_by_name (self, "range-reset");
}

void
_spqr_heatmap_view_allocate_handles (SpqrHeatmapView *self)
{
  const SpqrHeatmapLayout *l = _spqr_heatmap_view_layout (self);
  for (int i = 0; i < 2 && self->handles[0]; i++)
    {
      double x = spqr_heatmap_bar_x (&self->plot, l, i == 0 ? self->plot.scale.lo : self->plot.scale.hi);
      graphene_point_t place = GRAPHENE_POINT_INIT ((float) (round (x) - SPQR_RANGE_HANDLE_WIDTH / 2),
                                                    (float) (l->colorbar.y + l->colorbar.height / 2 - SPQR_RANGE_HANDLE_HEIGHT / 2));
      bool room_for_it = l->colorbar.width > 0 && self->plot.has_bar;
      gtk_widget_set_child_visible (self->handles[i], room_for_it);
      if (room_for_it)
        gtk_widget_allocate (self->handles[i], SPQR_RANGE_HANDLE_WIDTH, SPQR_RANGE_HANDLE_HEIGHT, -1, gsk_transform_translate (NULL, &place));
    }
}

void
spqr_heatmap_view_add_handles (SpqrHeatmapView *self)
{
  g_return_if_fail (SPQR_IS_HEATMAP_VIEW (self) && !self->handles[0]);
  const char *const names[2] = { _("Lowest colour"), _("Highest colour") };
  for (int i = 0; i < 2; i++)
    {
      self->handles[i] = spqr_range_handle_new (names[i]);
      gtk_widget_set_parent (self->handles[i], GTK_WIDGET (self));
      spqr_range_handle_set_theme (SPQR_RANGE_HANDLE (self->handles[i]), spqr_chart_get_theme (SPQR_CHART (self)));
      g_signal_connect (self->handles[i], "dragged", G_CALLBACK (on_dragged), self);
      g_signal_connect (self->handles[i], "stepped", G_CALLBACK (on_stepped), self);
      g_signal_connect (self->handles[i], "reset", G_CALLBACK (on_reset), self);
    }
  _spqr_heatmap_view_update_handles (self);
}
