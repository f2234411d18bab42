/* How a window was left, and how the next one begins: size, page, sidebar, splitters. */
#include <string.h>

#include "session/spqr-settings.h"
#include "window/spqr-window-private.h"

typedef void (*SplitterFunc) (GtkPaned *paned, const char *name);

/* A splitter is called after the widget of ours that holds it, and the how many-th it is there. */
static void
for_each_splitter (GtkWidget *root, const char *owner, guint *count, SplitterFunc func)
{
  guint own = 0;

  if (g_str_has_prefix (G_OBJECT_TYPE_NAME (root), "Spqr"))
    {
      owner = G_OBJECT_TYPE_NAME (root);
      count = &own;
    }
  if (GTK_IS_PANED (root))
    {
      g_autofree char *name = g_strdup_printf ("%s-%u", owner, (*count)++);

      func (GTK_PANED (root), name);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL; child = gtk_widget_get_next_sibling (child))
    for_each_splitter (child, owner, count, func);
}

static void
restore_splitter (GtkPaned *paned, const char *name)
{
  int position = spqr_settings_get_splitter (spqr_settings_get_default (), name);

  if (position >= 0)
    gtk_paned_set_position (paned, position);
}

static void
keep_splitter (GtkPaned *paned, const char *name)
{
  gboolean chosen;

  g_object_get (paned, "position-set", &chosen, NULL);
  if (chosen && gtk_paned_get_position (paned) != spqr_settings_get_splitter (spqr_settings_get_default (), name))
    spqr_settings_set_splitter (spqr_settings_get_default (), name, gtk_paned_get_position (paned));
}

void
spqr_window_restore_view (SpqrModelView *view)
{
  guint count = 0;

  spqr_model_view_set_sidebar (view, spqr_settings_get_boolean (spqr_settings_get_default (), "sidebar"));
  for_each_splitter (GTK_WIDGET (view), "", &count, restore_splitter);
}

void
spqr_window_restore (GtkWindow *window, SpqrModelView *first)
{
  SpqrSettings *settings = spqr_settings_get_default ();

  gtk_window_set_default_size (window, spqr_settings_get_int (settings, "window-width"),
                               spqr_settings_get_int (settings, "window-height"));
  if (spqr_settings_get_boolean (settings, "window-maximized"))
    gtk_window_maximize (window);
  spqr_model_view_show_page (first, spqr_settings_get_string (settings, "page"));
}

void
spqr_window_keep (GtkWindow *window, SpqrModelView *front)
{
  guint count = 0;
  int width, height;

  gtk_window_get_default_size (window, &width, &height);
  g_object_set (spqr_settings_get_default (), "window-width", MAX (width, 1), "window-height", MAX (height, 1),
                "window-maximized", gtk_window_is_maximized (window), "page", spqr_model_view_get_page (front),
                "sidebar", spqr_model_view_get_sidebar (front), NULL);
  for_each_splitter (GTK_WIDGET (front), "", &count, keep_splitter);
  g_settings_sync ();
}
