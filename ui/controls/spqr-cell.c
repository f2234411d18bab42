#include "controls/spqr-cell.h"

enum {
  MOST_SHAPES = 512,         /* that are remembered */
  LONGEST_SHAPE = 96,        /* of them, bytes */
  LEAST_CHARS = 3,           /* of a text that is cut */
};

struct _SpqrCellWidths {
  GtkWidget *title;
  GHashTable *shapes;        /* text with 0 for every digit -> width + 1, px: digits are all as wide */
  int widest;                /* px */
};

SpqrCellWidths *
spqr_cell_widths_new (GtkWidget *title)
{
  SpqrCellWidths *widths = g_new0 (SpqrCellWidths, 1);

  widths->title = title;
  widths->shapes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return widths;
}

void
spqr_cell_widths_free (SpqrCellWidths *widths)
{
  g_hash_table_unref (widths->shapes);
  g_free (widths);
}

void
spqr_cell_widths_forget (SpqrCellWidths *widths)
{
  g_hash_table_remove_all (widths->shapes);
  widths->widest = 0;
  gtk_widget_set_size_request (widths->title, -1, -1);
}

GtkWidget *
spqr_cell_new (gboolean right, gboolean first, guint chars)
{
  return g_object_new (GTK_TYPE_INSCRIPTION, "xalign", right ? 1.0f : 0.0f, "min-chars", chars > 0 ? LEAST_CHARS : 0, "nat-chars", chars,
                       "min-lines", first ? 1 : 0, "text-overflow", GTK_INSCRIPTION_OVERFLOW_ELLIPSIZE_END,
                       "css-classes", (const char *const[]) { "figures", NULL }, NULL);
}

static int
measure (GtkWidget *cell, const char *text)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (cell, text);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  int width;

  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum"));
  pango_layout_set_attributes (layout, attributes);
  pango_layout_get_pixel_size (layout, &width, NULL);
  return width;
}

static int
width_of (SpqrCellWidths *widths, GtkWidget *cell, const char *text)
{
  char shape[LONGEST_SHAPE];
  int known;

  if (g_strlcpy (shape, text, sizeof shape) >= sizeof shape)
    return measure (cell, text);
  for (char *c = shape; *c != '\0'; c++)
    if (g_ascii_isdigit (*c))
      *c = '0';
  known = GPOINTER_TO_INT (g_hash_table_lookup (widths->shapes, shape));
  if (known > 0)
    return known - 1;
  if (g_hash_table_size (widths->shapes) >= MOST_SHAPES)
    g_hash_table_remove_all (widths->shapes);
  known = measure (cell, shape) + 1;
  g_hash_table_insert (widths->shapes, g_strdup (shape), GINT_TO_POINTER (known));
  return known - 1;
}

/* What the table's cell has around its text. */
static int
get_padding (GtkWidget *cell)
{
  GtkWidget *parent = gtk_widget_get_parent (cell);
  GtkStyleContext *style = parent != NULL ? gtk_widget_get_style_context (parent) : NULL;
  GtkBorder padding = { 0 }, border = { 0 };

  if (style == NULL)
    return 0;
  gtk_style_context_get_padding (style, &padding);
  gtk_style_context_get_border (style, &border);
  return padding.left + padding.right + border.left + border.right;
}

void
spqr_cell_set_text (GtkWidget *cell, SpqrCellWidths *widths, const char *text)
{
  int width = widths != NULL && text != NULL ? width_of (widths, cell, text) : 0;

  if (widths != NULL && width > widths->widest)
    {
      widths->widest = width;
      gtk_widget_set_size_request (widths->title, width + get_padding (cell), -1);
    }
  gtk_inscription_set_text (GTK_INSCRIPTION (cell), text);
}
