#include "window/spqr-tensor-list.h"

#include <glib/gi18n.h>
#include <string.h>

#include "controls/spqr-access.h"

/* A heading with the tensors under it: a block, or what stands outside all blocks. */
#define SPQR_TYPE_TENSOR_GROUP (spqr_tensor_group_get_type ())
G_DECLARE_FINAL_TYPE (SpqrTensorGroup, spqr_tensor_group, SPQR, TENSOR_GROUP, GObject)

struct _SpqrTensorGroup {
  GObject parent_instance;
  char *title;
  GListStore *tensors;
};

G_DEFINE_FINAL_TYPE (SpqrTensorGroup, spqr_tensor_group, G_TYPE_OBJECT)

static void
spqr_tensor_group_finalize (GObject *object)
{
  SpqrTensorGroup *self = SPQR_TENSOR_GROUP (object);

  g_free (self->title);
  g_object_unref (self->tensors);
  G_OBJECT_CLASS (spqr_tensor_group_parent_class)->finalize (object);
}

static void
spqr_tensor_group_class_init (SpqrTensorGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = spqr_tensor_group_finalize;
}

static void
spqr_tensor_group_init (SpqrTensorGroup *self)
{
  self->tensors = g_list_store_new (SPQR_TYPE_TENSOR);
}

struct _SpqrTensorList {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkSearchEntry *search;
  GtkWidget *scroller;       /* named, so that the template lets go of it */
  GtkListView *list;
  GListStore *groups;
  GtkSingleSelection *selection;
  gboolean following;        /* the selection moves because the session's did */
};

enum { ACTIVATED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrTensorList, spqr_tensor_list, GTK_TYPE_WIDGET)

static gboolean
matches (SpqrTensor *tensor, const char *needle)
{
  return needle == NULL || *needle == '\0' || strstr (spqr_tensor_get_name (tensor), needle) != NULL ||
         strstr (spqr_role_name (spqr_tensor_get_role (tensor)), needle) != NULL;
}

static SpqrTensorGroup *
group_for (SpqrTensorList *self, int block, int *last_block)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->groups));
  SpqrTensorGroup *group;

  if (n > 0 && block == *last_block)
    {
      group = g_list_model_get_item (G_LIST_MODEL (self->groups), n - 1);
      g_object_unref (group);
      return group;
    }
  group = g_object_new (SPQR_TYPE_TENSOR_GROUP, NULL);
  group->title = block < 0 ? g_strdup (n == 0 ? _("Input") : _("Output")) : g_strdup_printf (_("Block %d"), block);
  g_list_store_append (self->groups, group);
  g_object_unref (group);
  *last_block = block;
  return group;
}

static void
rebuild (SpqrTensorList *self)
{
  SpqrModel *model = spqr_session_get_model (self->session);
  const char *needle = gtk_editable_get_text (GTK_EDITABLE (self->search));
  int last_block = G_MININT;

  self->following = TRUE;
  g_list_store_remove_all (self->groups);
  for (guint i = 0; model != NULL && i < spqr_model_get_n_tensors (model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, i);

      if (matches (tensor, needle))
        g_list_store_append (group_for (self, spqr_tensor_get_block (tensor), &last_block)->tensors, tensor);
    }
  self->following = FALSE;
}

static GListModel *
children_of (gpointer item, gpointer user_data)
{
  return SPQR_IS_TENSOR_GROUP (item) ? g_object_ref (G_LIST_MODEL (SPQR_TENSOR_GROUP (item)->tensors)) : NULL;
}

static char *
short_shape (SpqrTensor *tensor)
{
  if (spqr_tensor_get_n_dims (tensor) < 2)
    return g_strdup_printf ("%" G_GSIZE_FORMAT, spqr_tensor_get_cols (tensor));
  return g_strdup_printf ("%" G_GSIZE_FORMAT "×%" G_GSIZE_FORMAT, spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor));
}

static void
setup_row (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *expander = gtk_tree_expander_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *role = gtk_label_new (NULL), *shape = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (role), 0);
  gtk_label_set_ellipsize (GTK_LABEL (role), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (role, TRUE);
  gtk_widget_add_css_class (shape, "dim-label");
  gtk_widget_add_css_class (shape, "shape");
  gtk_box_append (GTK_BOX (box), role);
  gtk_box_append (GTK_BOX (box), shape);
  gtk_tree_expander_set_child (GTK_TREE_EXPANDER (expander), box);
  gtk_list_item_set_child (item, expander);
}

static void
bind_row (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  GtkTreeListRow *row = gtk_list_item_get_item (item);
  GtkWidget *expander = gtk_list_item_get_child (item);
  GtkWidget *box = gtk_tree_expander_get_child (GTK_TREE_EXPANDER (expander));
  GtkLabel *role = GTK_LABEL (gtk_widget_get_first_child (box)), *shape = GTK_LABEL (gtk_widget_get_last_child (box));
  g_autoptr (GObject) object = gtk_tree_list_row_get_item (row);

  gtk_tree_expander_set_list_row (GTK_TREE_EXPANDER (expander), row);
  gtk_list_item_set_selectable (item, SPQR_IS_TENSOR (object));
  if (SPQR_IS_TENSOR_GROUP (object))
    {
      gtk_label_set_label (role, SPQR_TENSOR_GROUP (object)->title);
      gtk_label_set_label (shape, "");
      gtk_widget_set_tooltip_text (expander, NULL);
      spqr_name_list_row (expander, SPQR_TENSOR_GROUP (object)->title);
      gtk_widget_add_css_class (GTK_WIDGET (role), "heading");
      return;
    }
  gtk_widget_remove_css_class (GTK_WIDGET (role), "heading");
  SpqrTensor *tensor = SPQR_TENSOR (object);
  SpqrRole known = spqr_tensor_get_role (tensor);
  g_autofree char *text = short_shape (tensor);
  gtk_label_set_label (role, known == SPQR_ROLE_OTHER ? spqr_tensor_get_name (tensor) : spqr_role_name (known));
  gtk_label_set_label (shape, text);
  gtk_widget_set_tooltip_text (expander, spqr_tensor_get_name (tensor));
  spqr_name_list_row (expander, spqr_tensor_get_name (tensor));
}

static void
on_selected (SpqrTensorList *self)
{
  GtkTreeListRow *row = gtk_single_selection_get_selected_item (self->selection);
  g_autoptr (GObject) object = row != NULL ? gtk_tree_list_row_get_item (row) : NULL;

  if (self->following || !SPQR_IS_TENSOR (object))
    return;
  self->following = TRUE;
  spqr_session_select (self->session, SPQR_TENSOR (object));
  self->following = FALSE;
  g_signal_emit (self, signals[ACTIVATED], 0);
}

/* Moves the list's selection to where the session's is, if the list shows it. */
static void
follow_session (SpqrTensorList *self)
{
  SpqrTensor *tensor = spqr_session_get_tensor (self->session);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->selection));

  if (self->following)
    return;
  self->following = TRUE;
  gtk_single_selection_set_selected (self->selection, GTK_INVALID_LIST_POSITION);
  for (guint i = 0; tensor != NULL && i < n; i++)
    {
      g_autoptr (GtkTreeListRow) row = g_list_model_get_item (G_LIST_MODEL (self->selection), i);
      g_autoptr (GObject) object = gtk_tree_list_row_get_item (row);

      if (object != (GObject *) tensor)
        continue;
      gtk_single_selection_set_selected (self->selection, i);
      gtk_widget_activate_action (GTK_WIDGET (self->list), "list.scroll-to-item", "u", i);
      break;
    }
  self->following = FALSE;
}

void
spqr_tensor_list_set_session (SpqrTensorList *self, SpqrSession *session)
{
  g_return_if_fail (SPQR_IS_TENSOR_LIST (self) && self->session == NULL);

  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::model", G_CALLBACK (rebuild), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (session, "notify::tensor", G_CALLBACK (follow_session), self, G_CONNECT_SWAPPED);
  rebuild (self);
}

void
spqr_tensor_list_focus_search (SpqrTensorList *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

static void
spqr_tensor_list_dispose (GObject *object)
{
  SpqrTensorList *self = SPQR_TENSOR_LIST (object);

  g_clear_object (&self->session);
  g_clear_object (&self->selection);
  g_clear_object (&self->groups);
  gtk_widget_dispose_template (GTK_WIDGET (object), SPQR_TYPE_TENSOR_LIST);
  G_OBJECT_CLASS (spqr_tensor_list_parent_class)->dispose (object);
}

static void
spqr_tensor_list_class_init (SpqrTensorListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_tensor_list_dispose;
  signals[ACTIVATED] = g_signal_new ("activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class, "/studio/spqr/SpqrStudio/ui/spqr-tensor-list.ui");
  gtk_widget_class_bind_template_child (widget_class, SpqrTensorList, search);
  gtk_widget_class_bind_template_child (widget_class, SpqrTensorList, scroller);
  gtk_widget_class_bind_template_child (widget_class, SpqrTensorList, list);
}

static void
spqr_tensor_list_init (SpqrTensorList *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkTreeListModel *tree;

  gtk_widget_init_template (GTK_WIDGET (self));
  self->groups = g_list_store_new (SPQR_TYPE_TENSOR_GROUP);
  tree = gtk_tree_list_model_new (g_object_ref (G_LIST_MODEL (self->groups)), FALSE, TRUE, children_of, NULL, NULL);
  self->selection = gtk_single_selection_new (G_LIST_MODEL (tree));
  gtk_single_selection_set_autoselect (self->selection, FALSE);
  gtk_single_selection_set_can_unselect (self->selection, TRUE);
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  gtk_list_view_set_factory (self->list, factory);
  g_object_unref (factory);
  gtk_list_view_set_model (self->list, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "notify::selected-item", G_CALLBACK (on_selected), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->search, "search-changed", G_CALLBACK (rebuild), self, G_CONNECT_SWAPPED);
}
