#include "controls/spqr-wrap.h"

/* ---- the layout ---- */

#define SPQR_TYPE_WRAP_LAYOUT (spqr_wrap_layout_get_type ())
G_DECLARE_FINAL_TYPE (SpqrWrapLayout, spqr_wrap_layout, SPQR, WRAP_LAYOUT, GtkLayoutManager)

struct _SpqrWrapLayout {
  GtkLayoutManager parent_instance;
  int spacing;
};

G_DEFINE_FINAL_TYPE (SpqrWrapLayout, spqr_wrap_layout, GTK_TYPE_LAYOUT_MANAGER)

/* Children that stand in one row, and what it takes. */
typedef struct {
  GtkWidget *first, *after;  /* after: NULL: to the end */
  int width, height, n_expand;
} Row;

static GtkWidget *
next_visible (GtkWidget *child)
{
  while (child != NULL && !gtk_widget_should_layout (child))
    child = gtk_widget_get_next_sibling (child);
  return child;
}

/* As wide as it wants to be; only what is wider than the whole row is narrower. */
static int
child_width (GtkWidget *child, int available)
{
  int least, wanted;

  gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &least, &wanted, NULL, NULL);
  return available < 0 ? wanted : MAX (least, MIN (wanted, available));
}

static Row
fill_row (SpqrWrapLayout *self, GtkWidget *first, int available)
{
  Row row = { .first = first };
  GtkWidget *child;

  for (child = first; child != NULL; child = next_visible (gtk_widget_get_next_sibling (child)))
    {
      int width = child_width (child, available), gap = child != first ? self->spacing : 0, height;

      if (child != first && available >= 0 && row.width + gap + width > available)
        break;
      gtk_widget_measure (child, GTK_ORIENTATION_VERTICAL, width, NULL, &height, NULL, NULL);
      row.width += gap + width;
      row.height = MAX (row.height, height);
      row.n_expand += gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL);
    }
  row.after = child;
  return row;
}

static GtkSizeRequestMode
spqr_wrap_layout_get_request_mode (GtkLayoutManager *layout, GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
measure_width (SpqrWrapLayout *self, GtkWidget *first, int *minimum, int *natural)
{
  *natural = fill_row (self, first, -1).width;
  for (GtkWidget *child = first; child != NULL; child = next_visible (gtk_widget_get_next_sibling (child)))
    {
      int least;

      gtk_widget_measure (child, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
      *minimum = MAX (*minimum, least);
    }
}

static int
height_for (SpqrWrapLayout *self, GtkWidget *child, int available)
{
  int height = 0;

  while (child != NULL)
    {
      Row row = fill_row (self, child, available);

      height += row.height + (height > 0 ? self->spacing : 0);
      child = row.after;
    }
  return height;
}

static void
spqr_wrap_layout_measure (GtkLayoutManager *layout, GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                          int *natural, int *minimum_baseline, int *natural_baseline)
{
  SpqrWrapLayout *self = SPQR_WRAP_LAYOUT (layout);
  GtkWidget *first = next_visible (gtk_widget_get_first_child (widget));

  *minimum = *natural = 0;
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    measure_width (self, first, minimum, natural);
  else
    *minimum = *natural = height_for (self, first, for_size);
}

static void
allocate_row (SpqrWrapLayout *self, const Row *row, int available, int y, gboolean rtl)
{
  int x = 0, left = MAX (0, available - row->width), n_expand = row->n_expand;

  for (GtkWidget *child = row->first; child != row->after; child = next_visible (gtk_widget_get_next_sibling (child)))
    {
      int width = child_width (child, available);

      if (gtk_widget_compute_expand (child, GTK_ORIENTATION_HORIZONTAL))
        {
          int share = left / n_expand--;

          left -= share;
          width += share;
        }
      gtk_widget_size_allocate (child, &(GtkAllocation) { rtl ? available - x - width : x, y, width, row->height }, -1);
      x += width + self->spacing;
    }
}

static void
spqr_wrap_layout_allocate (GtkLayoutManager *layout, GtkWidget *widget, int width, int height, int baseline)
{
  SpqrWrapLayout *self = SPQR_WRAP_LAYOUT (layout);
  GtkWidget *child = next_visible (gtk_widget_get_first_child (widget));
  int y = 0;

  while (child != NULL)
    {
      Row row = fill_row (self, child, width);

      allocate_row (self, &row, width, y, gtk_widget_get_direction (widget) == GTK_TEXT_DIR_RTL);
      y += row.height + self->spacing;
      child = row.after;
    }
}

static void
spqr_wrap_layout_class_init (SpqrWrapLayoutClass *klass)
{
  GtkLayoutManagerClass *layout_class = GTK_LAYOUT_MANAGER_CLASS (klass);

  layout_class->get_request_mode = spqr_wrap_layout_get_request_mode;
  layout_class->measure = spqr_wrap_layout_measure;
  layout_class->allocate = spqr_wrap_layout_allocate;
}

static void
spqr_wrap_layout_init (SpqrWrapLayout *self)
{
  self->spacing = 6;
}

/* ---- the widget ---- */

struct _SpqrWrap {
  GtkWidget parent_instance;
};

G_DEFINE_FINAL_TYPE (SpqrWrap, spqr_wrap, GTK_TYPE_WIDGET)

GtkWidget *
spqr_wrap_new (int spacing)
{
  GtkWidget *self = g_object_new (SPQR_TYPE_WRAP, NULL);

  SPQR_WRAP_LAYOUT (gtk_widget_get_layout_manager (self))->spacing = spacing;
  return self;
}

void
spqr_wrap_append (SpqrWrap *self, GtkWidget *child)
{
  gtk_widget_insert_before (child, GTK_WIDGET (self), NULL);
}

static void
spqr_wrap_dispose (GObject *object)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (object))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (spqr_wrap_parent_class)->dispose (object);
}

static void
spqr_wrap_class_init (SpqrWrapClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_wrap_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), SPQR_TYPE_WRAP_LAYOUT);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void
spqr_wrap_init (SpqrWrap *self)
{
}
