#include "pages/spqr-layer-labels.h"

#include <glib/gi18n.h>
#include <math.h>

#include "compute/spqr-cancel.h"
#include "pages/spqr-layer-rulers.h"

enum { MOST_PLACES = 64 };    /* that a label goes round */
enum { SETTLE = 120 };        /* ms without another field before the search begins */

typedef struct { gsize row, col; } Cell;

/* What a search needs and finds. */
typedef struct {
  SpqrFieldData *data;
  SpqrLab *lab;
  SpqrPatternInput input;
  gboolean calibrated;
  SpqrPatterns patterns;
  Cell *peaks[SPQR_N_PATTERNS];
} Search;

struct _SpqrLayerLabels {
  GtkWidget parent_instance;

  GtkWidget *scroller, *box, *empty;
  GCancellable *cancellable;  /* of the search under way */
  guint timer;
  Search *waiting;            /* begins when the timer ends */
  Search *shown;              /* without data and lab */
  Search *asked;              /* data and lab as set, held so that no others take their addresses */
  SpqrField field;
  gboolean current;           /* shown is of what was asked for */
  gsize next[SPQR_N_PATTERNS];
};

enum { PLACE_CHOSEN, LABELS_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrLayerLabels, spqr_layer_labels, GTK_TYPE_WIDGET)

/* ---- the worker ---- */

static void
release_matrix (Search *search)
{
  g_clear_pointer (&search->data, spqr_field_data_unref);
  g_clear_pointer (&search->lab, spqr_lab_unref);
}

static void
search_free (Search *search)
{
  release_matrix (search);
  spqr_patterns_clear (&search->patterns);
  for (guint k = 0; k < SPQR_N_PATTERNS; k++)
    g_free (search->peaks[k]);
  g_free (search);
}

static Cell
loudest (const SpqrFieldData *data, const SpqrPatternPlace *place)
{
  Cell cell = { place->row0, place->col0 };
  float most = -1;

  for (gsize row = place->row0; row < place->row1; row++)
    for (gsize col = place->col0; col < place->col1; col++)
      {
        float value = fabsf (data->values[row * data->cols + col]);

        if (value > most)
          {
            most = value;
            cell = (Cell) { row, col };
          }
      }
  return cell;
}

static void
search_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Search *search = task_data;
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  g_autofree float *diagonal = search->calibrated ? spqr_lab_get_hessian_diagonal (search->lab) : NULL;
  SpqrStatus status;

  search->input.hessian_diag = diagonal;
  status = spqr_patterns_find (&search->input, &exec, &search->patterns);
  search->input.hessian_diag = NULL;
  for (gsize k = 0; k < search->patterns.n && !g_cancellable_is_cancelled (cancellable); k++)
    {
      const SpqrPattern *pattern = &search->patterns.items[k];
      gsize n = MIN (pattern->n_places, MOST_PLACES);

      search->peaks[k] = g_new (Cell, n);
      for (gsize i = 0; i < n; i++)
        search->peaks[k][i] = loudest (search->data, &pattern->places[i]);
    }
  /* Here rather than in the main loop. */
  release_matrix (search);
  g_task_return_boolean (task, status == SPQR_OK);
}

/* Giving back a large matrix takes a while. */
static void
release_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  search_free (task_data);
}

static void
search_discard (Search *search)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_source_tag (task, search_discard);
  g_task_set_task_data (task, search, NULL);
  g_task_run_in_thread (task, release_thread);
}

/* ---- words ---- */

char *
spqr_layer_label_name (const SpqrPattern *pattern)
{
  gulong n = pattern->count;

  switch (pattern->kind)
    {
    case SPQR_PATTERN_ROWS:
      return g_strdup_printf (ngettext ("%lu row outlier", "%lu row outliers", n), n);
    case SPQR_PATTERN_PARTIAL_ROWS:
      return g_strdup_printf (ngettext ("%lu partial row outlier", "%lu partial row outliers", n), n);
    case SPQR_PATTERN_COLUMNS:
      return g_strdup_printf (ngettext ("%lu column outlier", "%lu column outliers", n), n);
    case SPQR_PATTERN_HEADS:
      return g_strdup_printf (ngettext ("%lu sensitive head", "%lu sensitive heads", n), n);
    case SPQR_PATTERN_ROTARY:
      return g_strdup_printf (_("Rotary pattern, period %lu"), (gulong) pattern->period);
    case SPQR_PATTERN_UNSTRUCTURED:
      return g_strdup_printf (ngettext ("%lu unstructured outlier", "%lu unstructured outliers", n), n);
    case SPQR_PATTERN_DEAD_INPUTS:
      return g_strdup_printf (ngettext ("%lu dead input", "%lu dead inputs", n), n);
    case SPQR_N_PATTERNS:
    default:
      g_return_val_if_reached (NULL);
    }
}

static const char *
explain (SpqrPatternKind kind)
{
  switch (kind)
    {
    case SPQR_PATTERN_ROWS:
      return _("Outputs whose weights stand out all along the row.");
    case SPQR_PATTERN_PARTIAL_ROWS:
      return _("Outputs whose weights stand out over a stretch of inputs, often those of one head.");
    case SPQR_PATTERN_COLUMNS:
      return _("Inputs whose weights stand out in most outputs: mostly inputs with large activations.");
    case SPQR_PATTERN_HEADS:
      return _("Attention heads that stand out as a whole: stripes one head wide.");
    case SPQR_PATTERN_ROTARY:
      return _("Rows repeat with the rotary embedding's frequencies; the rows shown are the stronger ones of every period.");
    case SPQR_PATTERN_UNSTRUCTURED:
      return _("Single weights that neither their row nor their column explains. They are what SpQR keeps as outliers.");
    case SPQR_PATTERN_DEAD_INPUTS:
      return _("Inputs that no output uses, or that were 0 throughout the calibration text.");
    case SPQR_N_PATTERNS:
    default:
      return NULL;
    }
}

static char *
describe (const SpqrPattern *pattern)
{
  g_autofree char *name = spqr_layer_label_name (pattern), *share = NULL;
  double percent = 100 * pattern->share;

  if (pattern->kind == SPQR_PATTERN_ROTARY)
    share = g_strdup_printf (_("They explain %.0f %% of what differs between rows."), percent);
  else if (pattern->kind != SPQR_PATTERN_DEAD_INPUTS)
    share = g_strdup_printf (percent < 10 ? _("They hold %.1f %% of the matrix's total.") : _("They hold %.0f %% of the matrix's total."), percent);
  return g_strdup_printf (_("%s: %s%s%s Confidence %.0f %%. Click to see the strongest, again for the next."), name,
                          explain (pattern->kind), share != NULL ? " " : "", share != NULL ? share : "", floor (100 * pattern->confidence));
}

/* ---- places ---- */

/* A place with some of what is around it, so that it can be seen to stand out; with two periods to each
 * side of what repeats. */
static void
widen (gsize from, gsize to, gsize n, gsize period, double *begin, double *end)
{
  double width = (double) (to - from), around = to - from < n ? MAX (MAX (width / 2, 12), 2.0 * (double) period) : 0;

  *begin = MAX ((double) from - around, 0);
  *end = MIN ((double) to + around, (double) n);
}

static void
on_label_clicked (GtkButton *button, SpqrLayerLabels *self)
{
  guint k = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "spqr-label"));
  const SpqrPattern *pattern;
  const SpqrPatternPlace *place;
  SpqrLayerPlace chosen;
  gsize i;

  if (self->shown == NULL || k >= self->shown->patterns.n || self->shown->peaks[k] == NULL)
    return;
  pattern = &self->shown->patterns.items[k];
  i = self->next[k]++ % MIN (pattern->n_places, MOST_PLACES);
  place = &pattern->places[i];
  widen (place->row0, place->row1, self->shown->input.rows, pattern->period, &chosen.view.row0, &chosen.view.row1);
  widen (place->col0, place->col1, self->shown->input.cols, 0, &chosen.view.col0, &chosen.view.col1);
  chosen.row = (gint64) self->shown->peaks[k][i].row;
  chosen.col = (gint64) self->shown->peaks[k][i].col;
  g_signal_emit (self, signals[PLACE_CHOSEN], 0, &chosen);
}

/* ---- the list ---- */

static GtkWidget *
make_chip (SpqrLayerLabels *self, const SpqrPattern *pattern, guint k)
{
  g_autofree char *name = spqr_layer_label_name (pattern), *text = NULL, *tip = describe (pattern);
  GtkWidget *chip;

  text = g_strdup_printf (_("%s · %.0f %% sure"), name, floor (100 * pattern->confidence));
  chip = gtk_button_new_with_label (text);
  gtk_widget_add_css_class (chip, "small-toggle");
  gtk_widget_add_css_class (chip, "figures");
  gtk_widget_set_tooltip_text (chip, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (chip), GTK_ACCESSIBLE_PROPERTY_LABEL, text, GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, tip, -1);
  g_object_set_data (G_OBJECT (chip), "spqr-label", GUINT_TO_POINTER (k));
  g_signal_connect (chip, "clicked", G_CALLBACK (on_label_clicked), self);
  return chip;
}

/* The surest first: where room is short, it is the others that have to be scrolled to. */
static int
compare_confidence (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const SpqrPatterns *patterns = user_data;
  guint p = *(const guint *) a, q = *(const guint *) b;

  if (patterns->items[p].confidence != patterns->items[q].confidence)
    return patterns->items[p].confidence > patterns->items[q].confidence ? -1 : 1;
  return (int) p - (int) q;
}

/* message: instead of labels, when there are none. */
static void
show_labels (SpqrLayerLabels *self, const char *message)
{
  gsize n = self->shown != NULL ? self->shown->patterns.n : 0;
  guint order[SPQR_N_PATTERNS];
  GtkWidget *child;

  while ((child = gtk_widget_get_next_sibling (self->empty)) != NULL)
    gtk_box_remove (GTK_BOX (self->box), child);
  for (guint k = 0; k < n; k++)
    {
      order[k] = k;
      self->next[k] = 0;
    }
  if (n > 0)
    g_qsort_with_data (order, (gint) n, sizeof *order, compare_confidence, &self->shown->patterns);
  for (guint i = 0; i < n; i++)
    gtk_box_append (GTK_BOX (self->box), make_chip (self, &self->shown->patterns.items[order[i]], order[i]));
  gtk_label_set_label (GTK_LABEL (self->empty), n > 0 ? _("Patterns") : message);
}

static void
on_search_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  SpqrLayerLabels *self = SPQR_LAYER_LABELS (source);
  GTask *task = G_TASK (result);
  gboolean found = g_task_propagate_boolean (task, NULL);

  /* Not the newest any more. */
  if (g_task_get_cancellable (task) != self->cancellable)
    return;
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->shown, search_free);
  if (found)
    {
      const Search *search = g_task_get_task_data (task);

      self->shown = g_memdup2 (search, sizeof *search);
      memset ((Search *) search, 0, sizeof *search);
    }
  self->current = found;
  show_labels (self, _("No pattern stands out."));
  g_signal_emit (self, signals[LABELS_CHANGED], 0);
}

static gboolean
begin_search (gpointer user_data)
{
  SpqrLayerLabels *self = user_data;
  g_autoptr (GTask) task = NULL;

  self->timer = 0;
  self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, on_search_done, NULL);
  g_task_set_source_tag (task, begin_search);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_steal_pointer (&self->waiting), (GDestroyNotify) search_free);
  g_task_run_in_thread (task, search_thread);
  return G_SOURCE_REMOVE;
}

static void
stop_search (SpqrLayerLabels *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->waiting, search_discard);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

/* ---- what to look at ---- */

static gboolean
has_patterns (SpqrField field)
{
  return field == SPQR_FIELD_SENSITIVITY || field == SPQR_FIELD_WEIGHT || field == SPQR_FIELD_ABS_WEIGHT || field == SPQR_FIELD_ERROR;
}

static void
take_heads (SpqrPatternInput *input, SpqrTensor *tensor, const SpqrConfig *config)
{
  SpqrRole role = spqr_tensor_get_role (tensor);
  SpqrRulerSide side;
  gboolean rotary;
  gsize head = config != NULL ? spqr_layer_head_size (tensor, config, &side, &rotary) : 0;

  /* In one matrix, q, k and v differ for reasons that are not their heads'. */
  if (head == 0 || role == SPQR_ROLE_QKV)
    return;
  input->heads = side == SPQR_RULER_ROWS ? SPQR_PATTERN_ROW_HEADS : SPQR_PATTERN_COLUMN_HEADS;
  input->head_dim = head;
  input->rotary_period = rotary ? head / 2 : 0;
}

static Search *
search_new (SpqrFieldData *data, SpqrField field, SpqrLab *lab, const SpqrConfig *config)
{
  Search *search = g_new0 (Search, 1);

  search->data = spqr_field_data_ref (data);
  search->lab = spqr_lab_ref (lab);
  search->calibrated = spqr_lab_is_calibrated (lab) && spqr_lab_get_cols (lab) == data->cols;
  search->input = (SpqrPatternInput) { .field = data->values, .rows = data->rows, .cols = data->cols,
                                       .squared = field != SPQR_FIELD_SENSITIVITY };
  if (spqr_lab_get_rows (lab) == data->rows && spqr_lab_get_cols (lab) == data->cols)
    search->input.weights = spqr_lab_get_weights (lab);
  take_heads (&search->input, spqr_lab_get_tensor (lab), config);
  return search;
}

void
spqr_layer_labels_set_field (SpqrLayerLabels *self, SpqrFieldData *data, SpqrField field, SpqrLab *lab, const SpqrConfig *config)
{
  g_return_if_fail (SPQR_IS_LAYER_LABELS (self));

  if (data != NULL && self->asked != NULL && data == self->asked->data && field == self->field &&
      lab != NULL && spqr_lab_is_calibrated (lab) == self->asked->calibrated &&
      (self->current || self->timer > 0 || self->cancellable != NULL))
    return;
  stop_search (self);
  self->current = FALSE;
  self->field = field;
  /* Another field of the same layer: the labels of before stay until its own are known. */
  if (data == NULL || self->asked == NULL || lab != self->asked->lab || !has_patterns (field))
    {
      g_clear_pointer (&self->shown, search_free);
      show_labels (self, data != NULL && has_patterns (field) ? _("Looking for patterns…") : "");
    }
  g_clear_pointer (&self->asked, search_discard);
  if (data == NULL || lab == NULL || !has_patterns (field))
    return;
  self->asked = search_new (data, field, lab, config);
  self->waiting = search_new (data, field, lab, config);
  self->timer = g_timeout_add (SETTLE, begin_search, self);
}

const SpqrPatterns *
spqr_layer_labels_get_patterns (SpqrLayerLabels *self)
{
  g_return_val_if_fail (SPQR_IS_LAYER_LABELS (self), NULL);

  return self->current && self->shown != NULL ? &self->shown->patterns : NULL;
}

GtkWidget *
spqr_layer_labels_new (void)
{
  return g_object_new (SPQR_TYPE_LAYER_LABELS, NULL);
}

/* ---- the widget ---- */

/* The line has no scroll bar, which would lie over the labels: the wheel and the keyboard move it. */
static gboolean
on_scroll (GtkEventControllerScroll *controller, double dx, double dy, SpqrLayerLabels *self)
{
  GtkAdjustment *along = gtk_scrolled_window_get_hadjustment (GTK_SCROLLED_WINDOW (self->scroller));

  gtk_adjustment_set_value (along, gtk_adjustment_get_value (along) + 60 * (dx + dy));
  return GDK_EVENT_STOP;
}

static void
spqr_layer_labels_dispose (GObject *object)
{
  SpqrLayerLabels *self = SPQR_LAYER_LABELS (object);

  stop_search (self);
  g_clear_pointer (&self->asked, search_discard);
  g_clear_pointer (&self->scroller, gtk_widget_unparent);
  g_clear_pointer (&self->shown, search_free);
  G_OBJECT_CLASS (spqr_layer_labels_parent_class)->dispose (object);
}

static void
spqr_layer_labels_class_init (SpqrLayerLabelsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = spqr_layer_labels_dispose;
  signals[PLACE_CHOSEN] = g_signal_new ("place-chosen", SPQR_TYPE_LAYER_LABELS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[LABELS_CHANGED] = g_signal_new ("labels-changed", SPQR_TYPE_LAYER_LABELS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

/* One line high whatever is in it, so that the heat map stays where it is when labels come. */
static void
spqr_layer_labels_init (SpqrLayerLabels *self)
{
  GtkEventController *scroll = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);

  self->box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->empty = gtk_label_new (NULL);
  gtk_widget_add_css_class (self->empty, "dim-label");
  gtk_widget_add_css_class (self->empty, "caption");
  gtk_box_append (GTK_BOX (self->box), self->empty);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scroller), GTK_POLICY_EXTERNAL, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), self->box);
  gtk_widget_set_size_request (self->scroller, -1, 28);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scroller), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Patterns"), -1);
  gtk_event_controller_set_propagation_phase (scroll, GTK_PHASE_CAPTURE);
  g_signal_connect (scroll, "scroll", G_CALLBACK (on_scroll), self);
  gtk_widget_add_controller (self->scroller, scroll);
  gtk_widget_set_parent (self->scroller, GTK_WIDGET (self));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Patterns"), -1);
}
