#include "window/spqr-model-view.h"

#include <glib/gi18n.h>

#include "controls/spqr-access.h"
#include "pages/spqr-layer-page.h"
#include "pages/spqr-map-page.h"
#include "pages/spqr-runs-page.h"
#include "plot/spqr-format.h"
#include "window/spqr-tensor-list.h"

struct _SpqrModelView {
  AdwBin parent_instance;

  SpqrSession *session;
  GtkStack *content_stack;
  AdwViewStack *stack;
  GtkPaned *paned;
  GtkLabel *model_label, *state_label;
  SpqrTensorList *tensor_list;
  GtkListBox *recent_list;
  GtkWidget *recent_box;
  gboolean sidebar;
};

enum { PROP_0, PROP_PAGE, PROP_SIDEBAR, PROP_SIDEBAR_WIDTH, N_PROPS };

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (SpqrModelView, spqr_model_view, ADW_TYPE_BIN)

SpqrSession *
spqr_model_view_get_session (SpqrModelView *self)
{
  return self->session;
}

AdwViewStack *
spqr_model_view_get_stack (SpqrModelView *self)
{
  return self->stack;
}

const char *
spqr_model_view_get_page (SpqrModelView *self)
{
  return adw_view_stack_get_visible_child_name (self->stack);
}

void
spqr_model_view_show_page (SpqrModelView *self, const char *name)
{
  adw_view_stack_set_visible_child_name (self->stack, name);
}

gboolean
spqr_model_view_get_sidebar (SpqrModelView *self)
{
  return self->sidebar;
}

/* The runs need the room, and have no use for the tensors. */
static void
update_sidebar (SpqrModelView *self)
{
  gboolean runs = g_strcmp0 (spqr_model_view_get_page (self), "runs") == 0;

  gtk_widget_set_visible (GTK_WIDGET (self->tensor_list), self->sidebar && !runs);
}

void
spqr_model_view_set_sidebar (SpqrModelView *self, gboolean sidebar)
{
  if (self->sidebar == sidebar)
    return;
  self->sidebar = sidebar;
  update_sidebar (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SIDEBAR]);
}

void
spqr_model_view_focus_search (SpqrModelView *self)
{
  if (g_strcmp0 (spqr_model_view_get_page (self), "runs") == 0)
    spqr_model_view_show_page (self, "layer");
  spqr_model_view_set_sidebar (self, TRUE);
  spqr_tensor_list_focus_search (self->tensor_list);
}

/* ---- models that were open before ---- */

static GtkWidget *
make_recent_row (const char *location)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *name = g_path_get_basename (location), *folder = g_path_get_dirname (location);
  g_autofree char *title = g_markup_escape_text (name, -1), *subtitle = g_markup_escape_text (folder, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "win.open-path");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "s", location);
  return row;
}

void
spqr_model_view_show_recent (SpqrModelView *self, const char *const *locations)
{
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (self->recent_list, 0)) != NULL)
    gtk_list_box_remove (self->recent_list, GTK_WIDGET (row));
  for (guint i = 0; i < 4 && locations[i] != NULL; i++)
    gtk_list_box_append (self->recent_list, make_recent_row (locations[i]));
  gtk_widget_set_visible (self->recent_box, locations[0] != NULL);
}

/* ---- the model ---- */

/* "sample · LlamaForCausalLM · 8 blocks · 3.6 M parameters · F16 · 7.6 MB" */
static char *
describe_model (SpqrModel *model)
{
  const SpqrConfig *config = spqr_model_get_config (model);
  g_autofree char *parameters = spqr_format_count (spqr_model_get_n_parameters (model));
  g_autofree char *bytes = spqr_format_bytes (spqr_model_get_n_bytes (model));

  return g_strdup_printf (_("%s · %s · %d blocks · %s parameters · %s · %s"), spqr_model_get_name (model),
                          config->architecture != NULL ? config->architecture : _("unknown architecture"),
                          config->n_blocks, parameters, spqr_model_get_dtype_name (model), bytes);
}

/* Without a model there is nothing to see but the history. */
static void
update_content (SpqrModelView *self)
{
  gboolean runs = g_strcmp0 (spqr_model_view_get_page (self), "runs") == 0;

  gtk_stack_set_visible_child_name (self->content_stack, runs || spqr_session_get_model (self->session) != NULL ? "model" : "empty");
}

static void
on_model (SpqrModelView *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const SpqrConfig *config;
  g_autofree char *text = NULL;

  update_content (self);
  if (model == NULL)
    return;
  text = describe_model (model);
  config = spqr_model_get_config (model);
  gtk_label_set_label (self->model_label, text);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->model_label), spqr_model_get_path (model));
  gtk_label_set_label (self->state_label, config->supported ? "" : config->unsupported_reason);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->state_label), config->unsupported_reason);
}

static void
on_tensor_activated (SpqrModelView *self)
{
  spqr_model_view_show_page (self, "layer");
}

static void
on_page_changed (SpqrModelView *self)
{
  if (self->session == NULL)
    return;
  update_content (self);
  update_sidebar (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PAGE]);
}

static void
on_splitter_moved (SpqrModelView *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SIDEBAR_WIDTH]);
}

static void
add_page (SpqrModelView *self, GtkWidget *page, const char *name, const char *title, const char *icon)
{
  AdwViewStackPage *added = adw_view_stack_add_titled (self->stack, page, name, title);

  adw_view_stack_page_set_icon_name (added, icon);
}

SpqrModelView *
spqr_model_view_new (SpqrSession *session)
{
  SpqrModelView *self = g_object_new (SPQR_TYPE_MODEL_VIEW, NULL);

  self->session = g_object_ref (session);
  spqr_tensor_list_set_session (self->tensor_list, session);
  add_page (self, spqr_map_page_new (session), "map", _("Map"), "view-grid-symbolic");
  add_page (self, spqr_layer_page_new (session), "layer", _("Layer"), "view-reveal-symbolic");
  add_page (self, spqr_runs_page_new (session), "runs", _("Runs"), "view-list-bullet-symbolic");
  g_signal_connect_object (session, "notify::model", G_CALLBACK (on_model), self, G_CONNECT_SWAPPED);
  spqr_name_inner_parts (GTK_WIDGET (self));
  on_model (self);
  return self;
}

static void
spqr_model_view_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  SpqrModelView *self = SPQR_MODEL_VIEW (object);

  switch (prop_id)
    {
    case PROP_PAGE: g_value_set_string (value, spqr_model_view_get_page (self)); break;
    case PROP_SIDEBAR: g_value_set_boolean (value, self->sidebar); break;
    case PROP_SIDEBAR_WIDTH: g_value_set_int (value, gtk_paned_get_position (self->paned)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
spqr_model_view_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  SpqrModelView *self = SPQR_MODEL_VIEW (object);

  switch (prop_id)
    {
    case PROP_PAGE: spqr_model_view_show_page (self, g_value_get_string (value)); break;
    case PROP_SIDEBAR: spqr_model_view_set_sidebar (self, g_value_get_boolean (value)); break;
    case PROP_SIDEBAR_WIDTH: gtk_paned_set_position (self->paned, g_value_get_int (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
spqr_model_view_dispose (GObject *object)
{
  g_clear_object (&SPQR_MODEL_VIEW (object)->session);
  adw_bin_set_child (ADW_BIN (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_MODEL_VIEW);
  G_OBJECT_CLASS (spqr_model_view_parent_class)->dispose (object);
}

static void
spqr_model_view_class_init (SpqrModelViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = spqr_model_view_dispose;
  object_class->get_property = spqr_model_view_get_property;
  object_class->set_property = spqr_model_view_set_property;
  properties[PROP_PAGE] = g_param_spec_string ("page", NULL, NULL, "map", flags);
  properties[PROP_SIDEBAR] = g_param_spec_boolean ("sidebar", NULL, NULL, TRUE, flags);
  properties[PROP_SIDEBAR_WIDTH] = g_param_spec_int ("sidebar-width", NULL, NULL, 0, G_MAXINT, 250, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  g_type_ensure (SPQR_TYPE_TENSOR_LIST);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-model-view.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, content_stack);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, stack);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, paned);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, model_label);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, state_label);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, tensor_list);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, recent_list);
  gtk_widget_class_bind_template_child (widget_class, SpqrModelView, recent_box);
}

static void
spqr_model_view_init (SpqrModelView *self)
{
  self->sidebar = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->tensor_list, "activated", G_CALLBACK (on_tensor_activated), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (on_page_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->paned, "notify::position", G_CALLBACK (on_splitter_moved), self, G_CONNECT_SWAPPED);
}
