#include "pages/spqr-runs-scatter.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>

#include "chart/spqr-scatter-view.h"
#include "controls/spqr-reason.h"
#include "controls/spqr-wrap.h"
#include "pages/spqr-runs-paper.h"

/* From so many points on only those that stand out bear their number. */
#define QUIET_FROM 60

struct _SpqrRunsScatter {
  GtkWidget parent_instance;

  SpqrSession *session;
  GtkWidget *box;
  GtkDropDown *x, *y, *protocol;
  GtkCheckButton *paper;
  GtkLabel *why;
  SpqrScatterView *view;

  GPtrArray *points;         /* SpqrRunPoint, of every run */
  GPtrArray *groups;         /* the first SpqrRunPoint of each protocol, borrowed from points */
  guint *group_of, *counts;  /* of each point, its group; of each group, its points */
  GHashTable *selected;      /* &id */
  GArray *drawn;             /* gint64: of the view's points; 0: a ghost */
  guint serial;
  gboolean dirty, updating, by_hand;
  gboolean with_bytes;       /* the points know their sizes */
};

enum { RUN_SELECTED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (SpqrRunsScatter, spqr_runs_scatter, GTK_TYPE_WIDGET)

/* ---- what can stand on an axis ---- */

typedef struct {
  const char *name;
  double (*get) (const SpqrRunPoint *point);
  double (*of_paper) (const SpqrPaperRow *row);     /* NULL: the paper does not say */
  SpqrAxisFormat format;
} Figure;

static double get_bits (const SpqrRunPoint *p) { return p->bits_formula; }
static double get_stored (const SpqrRunPoint *p) { return p->bits_stored; }
static double get_size (const SpqrRunPoint *p) { return p->bytes / 1e6; }
static double get_seconds (const SpqrRunPoint *p) { return p->seconds; }
static double get_ppl (const SpqrRunPoint *p) { return p->ppl; }
static double get_rise (const SpqrRunPoint *p) { return p->ppl / p->ppl_base - 1; }
static double get_kl (const SpqrRunPoint *p) { return p->kl; }
static double get_error (const SpqrRunPoint *p) { return sqrt (p->mean_proxy_loss); }
static double paper_bits (const SpqrPaperRow *row) { return row->bits; }
static double paper_ppl (const SpqrPaperRow *row) { return row->ppl; }
static double paper_rise (const SpqrPaperRow *row) { return row->ppl / row->ppl_base - 1; }

static const Figure costs[] = {
  { N_("Bits per weight (formula)"), get_bits, paper_bits, SPQR_AXIS_NUMBER },
  { N_("Bits per weight (stored)"), get_stored, NULL, SPQR_AXIS_NUMBER },
  { N_("Size of the layers (MB)"), get_size, NULL, SPQR_AXIS_NUMBER },
  { N_("Time to quantize (s)"), get_seconds, NULL, SPQR_AXIS_NUMBER },
};

static const Figure losses[] = {
  { N_("Perplexity"), get_ppl, paper_ppl, SPQR_AXIS_NUMBER },
  { N_("Rise of perplexity"), get_rise, paper_rise, SPQR_AXIS_PERCENT },
  { N_("KL divergence (nats)"), get_kl, NULL, SPQR_AXIS_NUMBER },
  { N_("Mean output error"), get_error, NULL, SPQR_AXIS_PERCENT },
  { N_("Time to quantize (s)"), get_seconds, NULL, SPQR_AXIS_NUMBER },
};

/* ---- which runs may stand together ---- */

static gboolean
same_group (const SpqrRunPoint *a, const SpqrRunPoint *b)
{
  return g_strcmp0 (a->model_fingerprint, b->model_fingerprint) == 0 && g_strcmp0 (a->data_fingerprint, b->data_fingerprint) == 0 &&
         a->seqlen == b->seqlen && a->windows == b->windows;
}

static void
find_groups (SpqrRunsScatter *self)
{
  g_clear_pointer (&self->groups, g_ptr_array_unref);
  g_clear_pointer (&self->group_of, g_free);
  g_clear_pointer (&self->counts, g_free);
  self->groups = g_ptr_array_new ();
  self->group_of = g_new (guint, self->points->len + 1);
  self->counts = g_new0 (guint, self->points->len + 1);
  /* From the newest run on. */
  for (guint i = self->points->len; i > 0; i--)
    {
      guint g = 0;

      while (g < self->groups->len && !same_group (self->groups->pdata[g], self->points->pdata[i - 1]))
        g++;
      if (g == self->groups->len)
        g_ptr_array_add (self->groups, self->points->pdata[i - 1]);
      self->group_of[i - 1] = g;
      self->counts[g]++;
    }
}

static char *
describe_group (SpqrRunsScatter *self, guint index)
{
  const SpqrRunPoint *group = self->groups->pdata[index];
  guint n = self->counts[index];
  g_autofree char *data = group->data != NULL ? g_path_get_basename (group->data) : NULL;
  g_autofree char *count = g_strdup_printf (ngettext ("%u run", "%u runs", n), n);
  const char *model = group->model_name != NULL ? group->model_name : "–";

  if (data == NULL)
    return g_strdup_printf (_("%s, not measured (%s)"), model, count);
  /* Translators: model, text, number and length of the windows, "3 runs" */
  return g_strdup_printf (ngettext ("%s on %s, %" PRId64 " window of %d (%s)", "%s on %s, %" PRId64 " windows of %d (%s)", (gulong) group->windows),
                          model, data, group->windows, group->seqlen, count);
}

static gboolean
is_selected (SpqrRunsScatter *self, gint64 id)
{
  return g_hash_table_contains (self->selected, &id);
}

/* The way in which most of the selected runs were measured, of equals the one used last; with none selected, the last. */
static guint
group_of_selected (SpqrRunsScatter *self)
{
  g_autofree guint *votes = g_new0 (guint, self->groups->len + 1);
  guint best = 0;

  for (guint i = 0; i < self->points->len; i++)
    if (g_hash_table_size (self->selected) == 0 || is_selected (self, ((SpqrRunPoint *) self->points->pdata[i])->run_id))
      votes[self->group_of[i]]++;
  for (guint g = 0; g < self->groups->len; g++)
    {
      const SpqrRunPoint *group = self->groups->pdata[g];

      /* Runs that were not measured have nothing to show here: only when there are no others. */
      if (group->data_fingerprint == NULL)
        votes[g] = MIN (votes[g], 1);
      else if (votes[g] > 0)
        votes[g] = g_hash_table_size (self->selected) == 0 ? 2 : 1 + votes[g];
      if (votes[g] > votes[best])
        best = g;
    }
  return best;
}

static void
show_groups (SpqrRunsScatter *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint chosen = gtk_drop_down_get_selected (self->protocol);

  self->updating = TRUE;
  for (guint g = 0; g < self->groups->len; g++)
    gtk_string_list_take (names, describe_group (self, g));
  gtk_drop_down_set_model (self->protocol, G_LIST_MODEL (names));
  if (self->groups->len > 0)
    gtk_drop_down_set_selected (self->protocol, self->by_hand && chosen < self->groups->len ? chosen : group_of_selected (self));
  self->updating = FALSE;
}

/* ---- drawing ---- */

static const char *const methods[] = { "spqr", "gptq", "rtn", NULL };

static gsize
method_series (const char *method)
{
  for (gsize i = 0; methods[i] != NULL; i++)
    if (method != NULL && g_ascii_strcasecmp (methods[i], method) == 0)
      return i;
  return G_N_ELEMENTS (methods) - 1;
}

static void
add_paper (SpqrRunsScatter *self, GArray *points, const Figure *x, const Figure *y)
{
  guint n;
  const SpqrPaperRow *rows = spqr_paper_rows (&n);
  const gint64 nobody = 0;

  for (guint i = 0; i < n; i++)
    {
      SpqrScatterPoint point = { .x = x->of_paper (&rows[i]), .y = y->of_paper (&rows[i]), .label = rows[i].label, .ghost = TRUE };

      g_array_append_val (points, point);
      g_array_append_val (self->drawn, nobody);
    }
}

static void
show_why (SpqrRunsScatter *self, guint hidden, gboolean paper)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (hidden > 0)
    g_string_append_printf (text, ngettext ("%u measurement is not shown: it is of another model, or on other text, tokens or windows. Figures that were measured differently are never ranked.",
                                            "%u measurements are not shown: they are of another model, or on other text, tokens or windows. Figures that were measured differently are never ranked.", hidden), hidden);
  if (paper)
    g_string_append_printf (text, "%s%s", hidden > 0 ? "\n" : "",
                            _("Hollow: what the SpQR paper printed (Table 1: LLaMA, WikiText2, windows of 2048). Other models, another protocol: for orientation, not ranked."));
  gtk_label_set_label (self->why, text->str);
  gtk_widget_set_visible (GTK_WIDGET (self->why), text->len > 0);
}

static void
draw (SpqrRunsScatter *self)
{
  const Figure *x = &costs[MIN (gtk_drop_down_get_selected (self->x), G_N_ELEMENTS (costs) - 1)];
  const Figure *y = &losses[MIN (gtk_drop_down_get_selected (self->y), G_N_ELEMENTS (losses) - 1)];
  guint chosen = gtk_drop_down_get_selected (self->protocol);
  const SpqrRunPoint *group = self->groups != NULL && chosen < self->groups->len ? self->groups->pdata[chosen] : NULL;
  gboolean can_paper = x->of_paper != NULL && y->of_paper != NULL, paper = can_paper && gtk_check_button_get_active (self->paper);
  g_autoptr (GArray) points = g_array_new (FALSE, TRUE, sizeof (SpqrScatterPoint));
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);
  const char *legend[] = { "SpQR", "GPTQ", "RTN", NULL, NULL };
  g_autofree char *provenance = group != NULL ? describe_group (self, chosen) : NULL;

  if (self->updating)
    return;
  g_array_set_size (self->drawn, 0);
  for (guint i = 0; group != NULL && i < self->points->len; i++)
    {
      const SpqrRunPoint *run = self->points->pdata[i];
      SpqrScatterPoint point = { .x = x->get (run), .y = y->get (run), .series = method_series (run->method), .quiet = group != NULL && self->counts[chosen] >= QUIET_FROM };

      if (self->group_of[i] != chosen)
        continue;
      g_ptr_array_add (labels, g_strdup_printf ("%" G_GINT64_FORMAT, run->run_id));
      point.label = labels->pdata[labels->len - 1];
      point.selected = is_selected (self, run->run_id);
      if (point.series == 3)
        legend[3] = _("other methods");
      g_array_append_val (points, point);
      g_array_append_val (self->drawn, run->run_id);
    }
  if (paper)
    add_paper (self, points, x, y);
  spqr_scatter_view_set_axes (self->view, SPQR_SCALE_LINEAR, x->format, SPQR_SCALE_LINEAR, y->format);
  spqr_scatter_view_set_legend (self->view, legend);
  spqr_scatter_view_set_titles (self->view, NULL, NULL, _(x->name), _(y->name), _("Runs whose figures were measured in this way appear here"));
  spqr_scatter_view_set_points (self->view, (const SpqrScatterPoint *) (gpointer) points->data, points->len);
  spqr_chart_set_provenance (SPQR_CHART (self->view), provenance);
  spqr_widget_set_reason (GTK_WIDGET (self->paper), can_paper ? NULL : _("The paper printed no such figures: choose bits by the formula, and perplexity or its rise"));
  show_why (self, group != NULL ? self->points->len - self->counts[chosen] : 0, paper);
}

/* ---- reading ---- */

typedef struct { SpqrStore *store; guint serial; gboolean with_bytes; GPtrArray *points; } Reading;

static void
free_reading (gpointer data)
{
  Reading *r = data;

  g_object_unref (r->store);
  g_clear_pointer (&r->points, g_ptr_array_unref);
  g_free (r);
}

static gboolean
read_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Reading *r = data;

  r->points = spqr_store_list_points (r->store, r->with_bytes, error);
  return r->points != NULL;
}

static void
on_read (SpqrJob *job, SpqrRunsScatter *self)
{
  Reading *r = spqr_job_get_data (job);

  if (r->serial != self->serial || r->points == NULL)
    return;
  g_clear_pointer (&self->points, g_ptr_array_unref);
  self->points = g_ptr_array_ref (r->points);
  self->with_bytes = r->with_bytes;
  find_groups (self);
  show_groups (self);
  draw (self);
}

static gboolean
wants_bytes (SpqrRunsScatter *self)
{
  return costs[MIN (gtk_drop_down_get_selected (self->x), G_N_ELEMENTS (costs) - 1)].get == get_size;
}

static void
read_points (SpqrRunsScatter *self)
{
  SpqrStore *store = spqr_session_get_store (self->session);
  g_autoptr (SpqrJob) job = NULL;
  Reading *r;

  self->dirty = FALSE;
  if (store == NULL)
    return;
  r = g_new (Reading, 1);
  *r = (Reading) { g_object_ref (store), ++self->serial, wants_bytes (self), NULL };
  job = spqr_job_new (_("Reading runs"), read_in_worker, r, free_reading);
  g_signal_connect_object (job, "ended", G_CALLBACK (on_read), self, 0);
  spqr_job_queue_submit_for (spqr_session_get_jobs (self->session), SPQR_LANE_PREVIEW, self, job);
}

void
spqr_runs_scatter_refresh (SpqrRunsScatter *self)
{
  self->dirty = TRUE;
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    read_points (self);
}

void
spqr_runs_scatter_set_selected (SpqrRunsScatter *self, GArray *ids)
{
  g_hash_table_remove_all (self->selected);
  for (guint i = 0; i < ids->len; i++)
    g_hash_table_add (self->selected, g_memdup2 (&g_array_index (ids, gint64, i), sizeof (gint64)));
  if (self->points == NULL)
    return;
  if (!self->by_hand && self->groups->len > 0 && ids->len > 0)
    {
      self->updating = TRUE;
      gtk_drop_down_set_selected (self->protocol, group_of_selected (self));
      self->updating = FALSE;
    }
  draw (self);
}

static void
on_point (SpqrRunsScatter *self, guint point, gboolean extend)
{
  gint64 id = point < self->drawn->len ? g_array_index (self->drawn, gint64, point) : 0;

  if (id != 0)
    g_signal_emit (self, signals[RUN_SELECTED], 0, id, extend);
}

/* Sizes are read where they are looked at. */
static void
on_cost (SpqrRunsScatter *self)
{
  if (wants_bytes (self) && !self->with_bytes)
    read_points (self);
  else
    draw (self);
}

static void
on_protocol (SpqrRunsScatter *self)
{
  if (self->updating)
    return;
  self->by_hand = TRUE;
  draw (self);
}

/* ---- building ---- */

static GtkDropDown *
make_choice (SpqrRunsScatter *self, const Figure *figures, guint n, const char *name, GCallback chosen)
{
  GtkStringList *names = gtk_string_list_new (NULL);
  GtkDropDown *drop_down;

  for (guint i = 0; i < n; i++)
    gtk_string_list_append (names, _(figures[i].name));
  drop_down = GTK_DROP_DOWN (gtk_drop_down_new (G_LIST_MODEL (names), NULL));
  gtk_widget_set_tooltip_text (GTK_WIDGET (drop_down), name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (drop_down), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (drop_down, "notify::selected", chosen, self, G_CONNECT_SWAPPED);
  return drop_down;
}

static GtkWidget *
make_bar (SpqrRunsScatter *self)
{
  GtkWidget *bar = spqr_wrap_new (6);

  self->x = make_choice (self, costs, G_N_ELEMENTS (costs), _("From left to right"), G_CALLBACK (on_cost));
  self->y = make_choice (self, losses, G_N_ELEMENTS (losses), _("From below to above"), G_CALLBACK (draw));
  self->protocol = GTK_DROP_DOWN (gtk_drop_down_new (NULL, NULL));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->protocol), _("Runs that were measured in one way: of one model, on the same tokens, in the same windows"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->protocol), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Measured in this way"), -1);
  g_signal_connect_object (self->protocol, "notify::selected", G_CALLBACK (on_protocol), self, G_CONNECT_SWAPPED);
  self->paper = GTK_CHECK_BUTTON (gtk_check_button_new_with_mnemonic (_("_Paper’s figures")));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->paper), _("What the SpQR paper printed for LLaMA, as hollow points"));
  g_signal_connect_object (self->paper, "toggled", G_CALLBACK (draw), self, G_CONNECT_SWAPPED);
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->x));
  spqr_wrap_append (SPQR_WRAP (bar), gtk_label_new ("×"));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->y));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->protocol));
  spqr_wrap_append (SPQR_WRAP (bar), GTK_WIDGET (self->paper));
  gtk_widget_set_margin_start (bar, 12);
  gtk_widget_set_margin_end (bar, 12);
  gtk_widget_set_margin_top (bar, 6);
  return bar;
}

GtkWidget *
spqr_runs_scatter_new (SpqrSession *session)
{
  SpqrRunsScatter *self = g_object_new (SPQR_TYPE_RUNS_SCATTER, NULL);

  self->session = g_object_ref (session);
  return GTK_WIDGET (self);
}

static void
spqr_runs_scatter_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (spqr_runs_scatter_parent_class)->map (widget);
  if (SPQR_RUNS_SCATTER (widget)->dirty)
    read_points (SPQR_RUNS_SCATTER (widget));
}

static void
spqr_runs_scatter_dispose (GObject *object)
{
  SpqrRunsScatter *self = SPQR_RUNS_SCATTER (object);

  self->serial++;
  self->updating = TRUE;
  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->groups, g_ptr_array_unref);
  g_clear_pointer (&self->points, g_ptr_array_unref);
  g_clear_pointer (&self->selected, g_hash_table_unref);
  g_clear_pointer (&self->group_of, g_free);
  g_clear_pointer (&self->counts, g_free);
  g_clear_pointer (&self->drawn, g_array_unref);
  g_clear_object (&self->session);
  G_OBJECT_CLASS (spqr_runs_scatter_parent_class)->dispose (object);
}

static void
spqr_runs_scatter_class_init (SpqrRunsScatterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = spqr_runs_scatter_dispose;
  GTK_WIDGET_CLASS (klass)->map = spqr_runs_scatter_map;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[RUN_SELECTED] = g_signal_new ("run-selected", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 2, G_TYPE_INT64, G_TYPE_BOOLEAN);
}

static void
spqr_runs_scatter_init (SpqrRunsScatter *self)
{
  self->dirty = TRUE;
  self->selected = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->drawn = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
  self->updating = TRUE;
  self->view = SPQR_SCATTER_VIEW (spqr_scatter_view_new ());
  spqr_scatter_view_set_front (self->view, TRUE);
  spqr_chart_set_name (SPQR_CHART (self->view), _("Bits against perplexity"));
  gtk_widget_set_vexpand (GTK_WIDGET (self->view), TRUE);
  g_signal_connect_object (self->view, "point-selected", G_CALLBACK (on_point), self, G_CONNECT_SWAPPED);
  self->why = GTK_LABEL (gtk_label_new (NULL));
  gtk_label_set_wrap (self->why, TRUE);
  gtk_label_set_xalign (self->why, 0);
  gtk_widget_add_css_class (GTK_WIDGET (self->why), "dim-label");
  gtk_widget_set_margin_start (GTK_WIDGET (self->why), 12);
  gtk_widget_set_margin_end (GTK_WIDGET (self->why), 12);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self->why), 6);
  gtk_widget_set_visible (GTK_WIDGET (self->why), FALSE);
  gtk_box_append (GTK_BOX (self->box), make_bar (self));
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->view));
  gtk_box_append (GTK_BOX (self->box), GTK_WIDGET (self->why));
  self->updating = FALSE;
}
