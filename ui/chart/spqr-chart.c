#include "chart/spqr-chart.h"

#include <adwaita.h>
#include <glib/gi18n-lib.h>

#include "chart/spqr-save-picture.h"
#include "plot/spqr-figure.h"

typedef struct {
  char *name, *provenance;
  SpqrTheme theme;
  gboolean theme_valid;
  guint font_serial;
  GskRenderNode *node; /* the last draw(), for its size */
  int node_width, node_height;
  GtkWidget *menu;
} SpqrChartPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (SpqrChart, spqr_chart, GTK_TYPE_WIDGET)

enum { SIGNAL_SAVED, SIGNAL_SAVE_FAILED, N_SIGNALS };
static guint signals[N_SIGNALS];

static SpqrChartPrivate *
get_private (SpqrChart *self)
{
  return spqr_chart_get_instance_private (self);
}

static void
update_theme (SpqrChart *self)
{
  SpqrChartPrivate *priv = get_private (self);
  AdwStyleManager *style = adw_style_manager_get_default ();
  gboolean dark = adw_style_manager_get_dark (style), high = adw_style_manager_get_high_contrast (style);
  spqr_theme_init (&priv->theme, dark ? high ? SPQR_THEME_DARK_HIGH_CONTRAST : SPQR_THEME_DARK
                                      : high ? SPQR_THEME_LIGHT_HIGH_CONTRAST : SPQR_THEME_LIGHT);
  PangoContext *pango = gtk_widget_get_pango_context (GTK_WIDGET (self));
  PangoFontDescription *font = pango_context_get_font_description (pango);
  const char *family = font ? pango_font_description_get_family (font) : NULL;
  if (family && pango_font_description_get_size (font) > 0)
    {
      double size = (double) pango_font_description_get_size (font) / PANGO_SCALE;
      double dpi = pango_cairo_context_get_resolution (pango);
      if (!pango_font_description_get_size_is_absolute (font))
        size *= (dpi > 0 ? dpi : 96) / 72;
      spqr_theme_set_font (&priv->theme, family, CLAMP (size * 0.9, 9, 40));
    }
  priv->font_serial = pango_context_get_serial (pango);
  priv->theme_valid = TRUE;
}

const SpqrTheme *
spqr_chart_get_theme (SpqrChart *self)
{
  SpqrChartPrivate *priv = get_private (self);
  if (!priv->theme_valid || priv->font_serial != pango_context_get_serial (gtk_widget_get_pango_context (GTK_WIDGET (self))))
    {
      update_theme (self);
      g_clear_pointer (&priv->node, gsk_render_node_unref);
    }
  return &priv->theme;
}

static void
on_style_changed (SpqrChart *self)
{
  SpqrChartPrivate *priv = get_private (self);
  priv->theme_valid = FALSE;
  g_clear_pointer (&priv->node, gsk_render_node_unref);
  if (SPQR_CHART_GET_CLASS (self)->theme_changed)
    SPQR_CHART_GET_CLASS (self)->theme_changed (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
snapshot_kept (SpqrChart *self, GtkSnapshot *snapshot, int width, int height, const SpqrTheme *theme)
{
  SpqrChartPrivate *priv = get_private (self);
  if (!priv->node || priv->node_width != width || priv->node_height != height)
    {
      g_clear_pointer (&priv->node, gsk_render_node_unref);
      graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height);
      priv->node = gsk_cairo_node_new (&bounds);
      priv->node_width = width;
      priv->node_height = height;
      cairo_t *cr = gsk_cairo_node_get_draw_context (priv->node);
      SPQR_CHART_GET_CLASS (self)->draw (self, cr, width, height, theme);
      cairo_destroy (cr);
    }
  gtk_snapshot_append_node (snapshot, priv->node);
}

static void
snapshot_focus_ring (SpqrChart *self, GtkSnapshot *snapshot, int width, int height, const SpqrTheme *theme)
{
  if (!gtk_widget_has_visible_focus (GTK_WIDGET (self)))
    return;
  GskRoundedRect outline;
  graphene_rect_t rect = GRAPHENE_RECT_INIT (1, 1, (float) width - 2, (float) height - 2);
  gsk_rounded_rect_init_from_rect (&outline, &rect, 7);
  GdkRGBA c = { (float) theme->accent.red, (float) theme->accent.green, (float) theme->accent.blue, 0.8f };
  gtk_snapshot_append_border (snapshot, &outline, (const float[]) { 2, 2, 2, 2 }, (const GdkRGBA[]) { c, c, c, c });
}

static void
spqr_chart_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  SpqrChart *self = SPQR_CHART (widget);
  SpqrChartClass *class = SPQR_CHART_GET_CLASS (self);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  if (width <= 0 || height <= 0)
    return;
  const SpqrTheme *theme = spqr_chart_get_theme (self);
  if (class->snapshot_picture)
    class->snapshot_picture (self, snapshot, width, height, theme);
  else
    snapshot_kept (self, snapshot, width, height, theme);
  if (class->draw_overlay)
    {
      graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, (float) width, (float) height);
      cairo_t *cr = gtk_snapshot_append_cairo (snapshot, &bounds);
      class->draw_overlay (self, cr, width, height, theme);
      cairo_destroy (cr);
    }
  snapshot_focus_ring (self, snapshot, width, height, theme);
}

static void
spqr_chart_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  SpqrChartPrivate *priv = get_private (SPQR_CHART (widget));
  if (priv->menu)
    gtk_popover_present (GTK_POPOVER (priv->menu));
}

static void
spqr_chart_state_flags_changed (GtkWidget *widget, GtkStateFlags previous)
{
  GtkStateFlags changed = previous ^ gtk_widget_get_state_flags (widget);
  if (changed & (GTK_STATE_FLAG_FOCUSED | GTK_STATE_FLAG_FOCUS_VISIBLE))
    gtk_widget_queue_draw (widget);
  GTK_WIDGET_CLASS (spqr_chart_parent_class)->state_flags_changed (widget, previous);
}

void
spqr_chart_update_description (SpqrChart *self)
{
  SpqrChartPrivate *priv = get_private (self);
  SpqrChartClass *class = SPQR_CHART_GET_CLASS (self);
  g_autofree char *value = class->describe ? class->describe (self) : NULL;
  /* GTK 4.8 passes on values of its own widgets alone, but everybody's descriptions. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, priv->name ? priv->name : _("Chart"),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, value ? value : "",
                                  GTK_ACCESSIBLE_PROPERTY_VALUE_TEXT, value ? value : "", -1);
}

gboolean
spqr_chart_set_text (const char **place, const char *text)
{
  if (g_strcmp0 (*place, text) == 0)
    return FALSE;
  g_free ((char *) *place);
  *place = g_strdup (text);
  return TRUE;
}

void
spqr_chart_changed (SpqrChart *self)
{
  SpqrChartPrivate *priv = get_private (self);
  g_clear_pointer (&priv->node, gsk_render_node_unref);
  spqr_chart_update_description (self);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
spqr_chart_overlay_changed (SpqrChart *self)
{
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
spqr_chart_set_name (SpqrChart *self, const char *name)
{
  g_return_if_fail (SPQR_IS_CHART (self));
  SpqrChartPrivate *priv = get_private (self);
  if (g_strcmp0 (priv->name, name) == 0)
    return;
  g_free (priv->name);
  priv->name = g_strdup (name);
  spqr_chart_update_description (self);
}

void
spqr_chart_set_provenance (SpqrChart *self, const char *provenance)
{
  g_return_if_fail (SPQR_IS_CHART (self));
  SpqrChartPrivate *priv = get_private (self);
  g_free (priv->provenance);
  priv->provenance = g_strdup (provenance);
}

static void
draw_for_figure (cairo_t *cr, double width, double height, const SpqrTheme *theme, gpointer data)
{
  SPQR_CHART_GET_CLASS (data)->draw (data, cr, width, height, theme);
}

const char *
spqr_chart_get_name (SpqrChart *self)
{
  return get_private (self)->name;
}

const char *
spqr_chart_get_provenance (SpqrChart *self)
{
  return get_private (self)->provenance;
}

gboolean
spqr_chart_save (SpqrChart *self, const char *path, const SpqrPictureChoices *choices, GError **error)
{
  g_return_val_if_fail (SPQR_IS_CHART (self) && path, FALSE);
  SpqrFigure figure;
  spqr_figure_init (&figure, choices->width, choices->height);
  const SpqrTheme *now = spqr_chart_get_theme (self);
  spqr_theme_init (&figure.theme, choices->dark ? SPQR_THEME_DARK : SPQR_THEME_LIGHT);
  spqr_theme_set_font (&figure.theme, now->font, now->size_body);
  figure.scale = choices->scale;
  figure.caption = choices->caption && *choices->caption ? choices->caption : NULL;
  figure.provenance = choices->origin ? get_private (self)->provenance : NULL;
  g_autoptr (GError) own = NULL;
  if (!spqr_figure_format_from_path (path, &figure.format, &own) || !spqr_figure_save (&figure, path, draw_for_figure, self, &own))
    {
      g_signal_emit (self, signals[SIGNAL_SAVE_FAILED], 0, own->message);
      g_propagate_error (error, g_steal_pointer (&own));
      return FALSE;
    }
  g_signal_emit (self, signals[SIGNAL_SAVED], 0, path);
  return TRUE;
}

void
spqr_chart_save_dialog (SpqrChart *self)
{
  g_return_if_fail (SPQR_IS_CHART (self));
  gtk_window_present (GTK_WINDOW (spqr_save_picture_new (self)));
}

static void
on_save_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  spqr_chart_save_dialog (SPQR_CHART (widget));
}

static void
on_copy_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  SpqrChart *self = SPQR_CHART (widget);
  int width = MAX (1, gtk_widget_get_width (widget)), height = MAX (1, gtk_widget_get_height (widget));
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 2 * width, 2 * height);
  cairo_surface_set_device_scale (surface, 2, 2);
  cairo_t *cr = cairo_create (surface);
  SPQR_CHART_GET_CLASS (self)->draw (self, cr, width, height, spqr_chart_get_theme (self));
  if (cairo_status (cr) == CAIRO_STATUS_SUCCESS)
    {
      cairo_surface_flush (surface);
      gsize stride = (gsize) cairo_image_surface_get_stride (surface);
      g_autoptr (GBytes) bytes = g_bytes_new (cairo_image_surface_get_data (surface), stride * 2 * (gsize) height);
      g_autoptr (GdkTexture) texture = gdk_memory_texture_new (2 * width, 2 * height, GDK_MEMORY_DEFAULT, bytes, stride);
      gdk_clipboard_set_texture (gtk_widget_get_clipboard (widget), texture);
    }
  cairo_destroy (cr);
  cairo_surface_destroy (surface);
}

static void
popup_menu (SpqrChart *self, double x, double y)
{
  SpqrChartPrivate *priv = get_private (self);
  if (!priv->menu)
    {
      g_autoptr (GMenu) model = g_menu_new ();
      g_menu_append (model, _("_Save Picture…"), "chart.save");
      g_menu_append (model, _("_Copy Picture"), "chart.copy");
      priv->menu = gtk_popover_menu_new_from_model (G_MENU_MODEL (model));
      gtk_popover_set_has_arrow (GTK_POPOVER (priv->menu), FALSE);
      gtk_widget_set_halign (priv->menu, GTK_ALIGN_START);
      gtk_widget_set_parent (priv->menu, GTK_WIDGET (self));
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (priv->menu), &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (priv->menu));
}

static void
on_secondary_pressed (GtkGestureClick *gesture, int n_press, double x, double y, SpqrChart *self)
{
  gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
  popup_menu (self, x, y);
}

static gboolean
on_menu_key (GtkWidget *widget, GVariant *args, gpointer data)
{
  popup_menu (SPQR_CHART (widget), gtk_widget_get_width (widget) / 2.0, gtk_widget_get_height (widget) / 2.0);
  return TRUE;
}

/* Named from the beginning, also where nobody has a better one. */
static void
spqr_chart_constructed (GObject *object)
{
  G_OBJECT_CLASS (spqr_chart_parent_class)->constructed (object);
  spqr_chart_update_description (SPQR_CHART (object));
}

static void
spqr_chart_dispose (GObject *object)
{
  SpqrChartPrivate *priv = get_private (SPQR_CHART (object));
  g_clear_pointer (&priv->menu, gtk_widget_unparent);
  g_clear_pointer (&priv->node, gsk_render_node_unref);
  G_OBJECT_CLASS (spqr_chart_parent_class)->dispose (object);
}

static void
spqr_chart_finalize (GObject *object)
{
  SpqrChartPrivate *priv = get_private (SPQR_CHART (object));
  g_free (priv->name);
  g_free (priv->provenance);
  G_OBJECT_CLASS (spqr_chart_parent_class)->finalize (object);
}

static void
spqr_chart_class_init (SpqrChartClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  object_class->constructed = spqr_chart_constructed;
  object_class->dispose = spqr_chart_dispose;
  object_class->finalize = spqr_chart_finalize;
  widget_class->snapshot = spqr_chart_snapshot;
  widget_class->size_allocate = spqr_chart_size_allocate;
  widget_class->state_flags_changed = spqr_chart_state_flags_changed;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  gtk_widget_class_set_css_name (widget_class, "spqrchart");
  gtk_widget_class_install_action (widget_class, "chart.save", NULL, on_save_action);
  gtk_widget_class_install_action (widget_class, "chart.copy", NULL, on_copy_action);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Menu, 0, on_menu_key, NULL);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, on_menu_key, NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK, "chart.copy", NULL);
  signals[SIGNAL_SAVED] = g_signal_new ("saved", SPQR_TYPE_CHART, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_SAVE_FAILED] = g_signal_new ("save-failed", SPQR_TYPE_CHART, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
spqr_chart_init (SpqrChart *self)
{
  AdwStyleManager *style = adw_style_manager_get_default ();
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  g_signal_connect_object (style, "notify::dark", G_CALLBACK (on_style_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (style, "notify::high-contrast", G_CALLBACK (on_style_changed), self, G_CONNECT_SWAPPED);
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "pressed", G_CALLBACK (on_secondary_pressed), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (click));
}
