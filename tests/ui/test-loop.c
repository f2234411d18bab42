/* What a turn of the main loop costs while a person turns pages, scrolls through ten thousand runs, compares runs and
 * watches a quantization on all processors. The figures are told, not judged but for a guard that only something ten
 * times as dear as today can reach: they are the thread's own processor time, which other work on the machine hardly
 * changes. To read them, with longer stories:
 *
 *   GSK_RENDERER=cairo xvfb-run -a -s '-screen 0 1920x1200x24' BUILD/tests/ui/test-loop -m perf --verbose
 */
#include <adwaita.h>
#include <glib/gstdio.h>

#include "../model/fixtures.h"
#include "compute/spqr-pool.h"
#include "loop-turns.h"
#include "many-runs.h"
#include "pages/spqr-runs-table.h"
#include "session/spqr-paths.h"
#include "window/spqr-jobs-button.h"
#include "window/spqr-loop-probe.h"
#include "window/spqr-window.h"

#define GUARD_MS 320         /* processor time of a turn */
#define N_NEWEST 3u
#define N_LAYERS 56
#define N_JOBS 4
#define MOMENT (g_test_perf () ? 500u : 250u)          /* ms in which what was begun is mostly over */
#define TIMES (g_test_perf () ? 5u : 2u)
#define FRAMES (g_test_perf () ? 100u : 30u)

typedef struct { SpqrSession *session; SpqrWindow *window; char *folder, *sample; } Fixture;

/* ---- turns ---- */

typedef struct { void (*callback) (gpointer data); gpointer data; } Act;

static gboolean
do_now (gpointer data)
{
  Act *act = data;

  act->callback (act->data);
  return G_SOURCE_REMOVE;
}

/* In a turn of its own, as an event does it. */
static void
act (GCallback callback, gpointer data)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, do_now, g_memdup2 (&(Act) { (void (*) (gpointer)) callback, data }, sizeof (Act)), g_free);
}

static gboolean
on_time (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
live (guint milliseconds)
{
  gboolean over = FALSE;

  g_timeout_add_full (G_PRIORITY_LOW, milliseconds, on_time, &over, NULL);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static double
tell_only (const char *what)
{
  LoopTurns turns = loop_turns_take ();

  g_test_message ("%-44s %5.1f ms at most, %5.1f next; %u of %u turns above a frame; %4.0f ms in all; %5.1f ms by the clock", what,
                  turns.most, turns.second, turns.above, turns.n, turns.work, turns.pause);
  return turns.most;
}

static void
tell (const char *what)
{
  g_assert_cmpfloat (tell_only (what), <, GUARD_MS);
}

/* ---- a window with a history ---- */

/* As those of a year. */
#define HISTORY \
    "UPDATE runs SET created = 1700000000 + 600 * id, finished = 1700000300 + 600 * id, bits_stored = 2.1 + (id * 7919 % 10000) / 2500.0, " \
    "outlier_share = (id % 97) / 5000.0, seconds = 60 + id % 500, note = iif (id % 3, NULL, 'tried number ' || id);"

/* The newest runs have layers, too. */
static void
store_runs (SpqrStore *store, const char *sample)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_NEWEST; i++)
    {
      g_autoptr (SpqrRun) run = spqr_run_new ();

      run->model_name = g_strdup ("sample");
      run->model_path = g_strdup (sample);
      run->params_json = g_strdup ("{}");
      run->n_layers = N_LAYERS;
      g_assert_true (spqr_store_begin_run (store, run, &error));
      for (guint l = 0; l < N_LAYERS; l++)
        {
          static const char *const roles[] = { "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                                               "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj" };
          g_autofree char *name = g_strdup_printf ("model.layers.%u.%s.weight", l / 7, roles[l % 7]);
          SpqrRunLayer layer = { .name = name, .file = (char *) "x", .rows = 64, .cols = 64, .bits = 3 + l / 100.0, .bits_stored = 3.1,
                                 .output_error = 0.01 * (l + i), .outlier_share = 0.001 * l, .seconds = 1 };

          g_assert_true (spqr_store_add_layer (store, run->id, &layer, &error));
        }
      run->state = SPQR_RUN_FINISHED;
      g_assert_true (spqr_store_finish_run (store, run, &error));
    }
}

static void
set_up (Fixture *f, gconstpointer app)
{
  g_autofree char *database = NULL, *calibration = NULL;

  f->folder = fixture_folder ();
  f->sample = spqr_find_sample ();
  g_assert_nonnull (f->sample);
  database = g_build_filename (f->folder, "runs.db", NULL);
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (SpqrStore) store = spqr_store_open (database, &error);

    g_assert_no_error (error);
    many_runs_write (database, HISTORY);
    store_runs (store, f->sample);
  }
  f->session = spqr_session_new (database);
  loop_turns_take ();
  f->window = spqr_window_new (ADW_APPLICATION ((gpointer) app), f->session);
  gtk_window_set_default_size (GTK_WINDOW (f->window), 1600, 1000);
  gtk_window_present (GTK_WINDOW (f->window));
  spqr_window_open (f->window, f->sample);
  while (spqr_session_get_model (f->session) == NULL)
    g_main_context_iteration (NULL, TRUE);
  calibration = g_build_filename (f->sample, "calibration.txt", NULL);
  spqr_session_set_calibration (f->session, calibration);
  spqr_session_select (f->session, spqr_model_lookup (spqr_session_get_model (f->session), "model.layers.1.mlp.down_proj.weight"));
  live (6 * MOMENT);
  tell_only ("start");
}

static void
tear_down (Fixture *f, gconstpointer app)
{
  gtk_window_close (GTK_WINDOW (f->window));
  live (200);
  g_object_unref (f->session);
  fixture_remove (f->folder);
  g_free (f->sample);
}

static GtkWidget *
find_widget (GtkWidget *widget, GType type)
{
  GtkWidget *found = g_type_is_a (G_OBJECT_TYPE (widget), type) ? widget : NULL;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL; child = gtk_widget_get_next_sibling (child))
    found = find_widget (child, type);
  return found;
}

/* ---- pages ---- */

static void show_map (Fixture *f) { spqr_window_show_page (f->window, "map"); }
static void show_layer (Fixture *f) { spqr_window_show_page (f->window, "layer"); }
static void show_runs (Fixture *f) { spqr_window_show_page (f->window, "runs"); }

static SpqrRunsTable *
get_table (Fixture *f)
{
  return SPQR_RUNS_TABLE (find_widget (GTK_WIDGET (f->window), SPQR_TYPE_RUNS_TABLE));
}

static void
turn_pages (Fixture *f, guint times, const char *when)
{
  static const struct { const char *name; void (*show) (Fixture *f); } pages[] = { { "Runs", show_runs }, { "Layer", show_layer }, { "Map", show_map } };

  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      g_autofree char *what = g_strdup_printf ("%s, %s", pages[i].name, when);

      for (guint time = 0; time < times; time++)
        {
          if (time > 0)
            {
              pages[(i + 1) % G_N_ELEMENTS (pages)].show (f);
              live (MOMENT);
              loop_turns_take ();
            }
          act (G_CALLBACK (pages[i].show), f);
          live (MOMENT);
        }
      tell (what);
    }
}

static void
show_part (GtkWidget *stack)
{
  GtkWidget *next = gtk_widget_get_next_sibling (gtk_stack_get_visible_child (GTK_STACK (stack)));

  gtk_stack_set_visible_child (GTK_STACK (stack), next != NULL ? next : gtk_widget_get_first_child (stack));
}

static GtkWidget *
find_details (Fixture *f)
{
  GtkWidget *switcher = find_widget (gtk_widget_get_ancestor (GTK_WIDGET (get_table (f)), GTK_TYPE_PANED), GTK_TYPE_STACK_SWITCHER);

  return GTK_WIDGET (gtk_stack_switcher_get_stack (GTK_STACK_SWITCHER (switcher)));
}

/* One run, two runs, and every part of what is said of them. */
static void
walk_runs (Fixture *f, const char *when)
{
  GtkWidget *stack = find_details (f);
  gint64 newest = spqr_runs_table_get_newest (get_table (f));

  for (guint selected = 1; selected <= 2; selected++)
    {
      g_autofree char *selecting = g_strdup_printf ("select run %u, %s", selected, when);

      spqr_runs_table_select (get_table (f), newest - selected, selected > 1);
      live (MOMENT);
      tell (selecting);
      for (guint i = 0; i < 6; i++)
        {
          g_autofree char *what = NULL;

          act (G_CALLBACK (show_part), stack);
          live (MOMENT);
          what = g_strdup_printf ("%s of %u, %s", gtk_stack_get_visible_child_name (GTK_STACK (stack)), selected, when);
          tell (what);
        }
    }
}

static void
show_jobs (Fixture *f)
{
  spqr_jobs_button_show (SPQR_JOBS_BUTTON (find_widget (GTK_WIDGET (f->window), SPQR_TYPE_JOBS_BUTTON)));
}

static void
hide_jobs (Fixture *f)
{
  gtk_popover_popdown (GTK_POPOVER (find_widget (find_widget (GTK_WIDGET (f->window), SPQR_TYPE_JOBS_BUTTON), GTK_TYPE_POPOVER)));
}

static void
look_at_jobs (Fixture *f, const char *when)
{
  g_autofree char *what = g_strdup_printf ("jobs, %s", when);

  act (G_CALLBACK (show_jobs), f);
  live (MOMENT);
  tell (what);
  act (G_CALLBACK (hide_jobs), f);
  live (MOMENT);
  loop_turns_take ();
}

static void
test_pages (Fixture *f, gconstpointer app)
{
  turn_pages (f, 1, "first time");
  turn_pages (f, TIMES, "again");
  show_runs (f);
  live (MOMENT);
  loop_turns_take ();
  walk_runs (f, "first time");
  if (g_test_perf ())
    walk_runs (f, "again");
  look_at_jobs (f, "first time");
  look_at_jobs (f, "again");
}

/* ---- ten thousand runs ---- */

static GtkWidget *
find_scroller (Fixture *f)
{
  return gtk_widget_get_ancestor (find_widget (GTK_WIDGET (get_table (f)), GTK_TYPE_COLUMN_VIEW), GTK_TYPE_SCROLLED_WINDOW);
}

typedef struct { GtkAdjustment *adjustment; double step; guint left; } Scroll;

/* As a wheel or a finger does: some way with every frame. */
static gboolean
scroll_on (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Scroll *scroll = data;

  gtk_adjustment_set_value (scroll->adjustment, gtk_adjustment_get_value (scroll->adjustment) + scroll->step);
  return --scroll->left > 0;
}

static void
scroll (Fixture *f, const char *what, double step, guint steps)
{
  GtkWidget *scroller = find_scroller (f);
  Scroll moving = { gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller)), step, steps };

  loop_turns_take ();
  gtk_widget_add_tick_callback (scroller, scroll_on, &moving, NULL);
  while (moving.left > 0)
    g_main_context_iteration (NULL, TRUE);
  live (200);
  tell (what);
}

static void
scroll_runs (Fixture *f, const char *when)
{
  GtkWidget *scroller = find_scroller (f);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller));
  double page = gtk_adjustment_get_page_size (adjustment), all = gtk_adjustment_get_upper (adjustment) - page;
  g_autofree char *wheel = g_strdup_printf ("wheel, %s", when), *pages = g_strdup_printf ("pages, %s", when), *drag = g_strdup_printf ("scroll bar, %s", when);

  scroll (f, wheel, 40, FRAMES);
  scroll (f, pages, page, FRAMES);
  gtk_adjustment_set_value (adjustment, 0);
  live (MOMENT);
  scroll (f, drag, all / FRAMES, FRAMES);
  gtk_adjustment_set_value (adjustment, 0);
  live (MOMENT);
  loop_turns_take ();
}

/* ---- sorted and filtered ---- */

static GtkColumnView *
get_view (Fixture *f)
{
  return GTK_COLUMN_VIEW (find_widget (GTK_WIDGET (get_table (f)), GTK_TYPE_COLUMN_VIEW));
}

static void
sort_by_bits (Fixture *f)
{
  g_autoptr (GtkColumnViewColumn) bits = g_list_model_get_item (gtk_column_view_get_columns (get_view (f)), 3);

  gtk_column_view_sort_by_column (get_view (f), bits, GTK_SORT_ASCENDING);
}

/* Until the table has so many rows. */
static void
filter (Fixture *f, const char *words, guint n, const char *what)
{
  GtkWidget *search = find_widget (GTK_WIDGET (get_table (f)), GTK_TYPE_SEARCH_ENTRY);

  loop_turns_take ();
  gtk_editable_set_text (GTK_EDITABLE (search), words);
  while (g_list_model_get_n_items (G_LIST_MODEL (gtk_column_view_get_model (get_view (f)))) != n)
    g_main_context_iteration (NULL, TRUE);
  live (MOMENT);
  tell (what);
}

static void
sort_runs (Fixture *f, const char *when)
{
  g_autofree char *sorting = g_strdup_printf ("sort, %s", when), *some = g_strdup_printf ("filter to 5000, %s", when);
  g_autofree char *few = g_strdup_printf ("filter to 100, %s", when), *none = g_strdup_printf ("filter to none, %s", when);
  g_autofree char *all = g_strdup_printf ("filter no more, %s", when);

  loop_turns_take ();
  act (G_CALLBACK (sort_by_bits), f);
  live (2 * MOMENT);
  tell (sorting);
  filter (f, "method:rtn", N_RUNS / 2, some);
  filter (f, "tag:hundredth", N_RUNS / 100, few);
  filter (f, "no such run", 0, none);
  filter (f, "", spqr_runs_table_get_n_all (get_table (f)), all);
}

static void
test_scroll (Fixture *f, gconstpointer app)
{
  show_runs (f);
  live (2 * MOMENT);
  scroll_runs (f, "small table");
  /* All the room there is. */
  gtk_paned_set_position (GTK_PANED (gtk_widget_get_ancestor (GTK_WIDGET (get_table (f)), GTK_TYPE_PANED)), 2000);
  live (MOMENT);
  scroll_runs (f, "large table");
  sort_runs (f, "large table");
}

/* ---- while a quantization runs ---- */

static void
tell_probe (const char *path, double since)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  double longest = 0, ours_most = 0, of_longest[3] = { 0 };
  guint n = 0, n_ours = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    text = g_strdup ("");
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], " ", -1);
      double pause, busy, queued, ours;

      if (g_strv_length (fields) != 4 || g_ascii_strtod (fields[0], NULL) < since)
        continue;
      pause = 1000 * g_ascii_strtod (fields[1], NULL);
      busy = 1000 * g_ascii_strtod (fields[2], NULL);
      queued = 1000 * g_ascii_strtod (fields[3], NULL);
      ours = MAX (busy, pause - queued);
      n++;
      n_ours += ours > 16;
      ours_most = MAX (ours_most, ours);
      if (pause > longest)
        {
          longest = pause;
          of_longest[0] = busy;
          of_longest[1] = queued;
        }
    }
  g_test_message ("probe: %u pauses by the clock above a frame, longest %.1f ms (worked %.1f, waited for a processor %.1f); %u of them our own, longest %.1f ms",
                  n, longest, of_longest[0], of_longest[1], n_ours, ours_most);
}

/* Enough of them that one runs however quick the machine is. */
static void
begin_jobs (Fixture *f, SpqrJob *jobs[N_JOBS])
{
  SpqrRunParams params = *spqr_session_get_params (f->session);

  for (guint i = 0; i < N_JOBS; i++)
    {
      /* Other windows each time: no Hessian is there already. */
      params.nsamples = 3000;
      params.seed = (int) i;
      spqr_session_set_params (f->session, &params);
      jobs[i] = spqr_session_quantize (f->session, NULL);
      g_assert_nonnull (jobs[i]);
    }
  while (spqr_job_get_state (jobs[0]) == SPQR_JOB_QUEUED)
    g_main_context_iteration (NULL, TRUE);
}

static void
end_jobs (SpqrJob *jobs[N_JOBS])
{
  for (guint i = N_JOBS; i-- > 0;)
    spqr_job_cancel (jobs[i]);
  for (guint i = 0; i < N_JOBS; i++)
    while (spqr_job_is_active (jobs[i]))
      g_main_context_iteration (NULL, TRUE);
}

static void
test_job (Fixture *f, gconstpointer app)
{
  double since;
  SpqrJob *jobs[N_JOBS];

  begin_jobs (f, jobs);
  live (2 * MOMENT);
  tell ("jobs begin");
  since = g_get_monotonic_time () / 1e6;
  live (4 * MOMENT);
  tell ("nothing is done, during a job");
  turn_pages (f, TIMES, "during a job");
  look_at_jobs (f, "during a job");
  show_runs (f);
  live (MOMENT);
  loop_turns_take ();
  walk_runs (f, "during a job");
  scroll_runs (f, "during a job");
  sort_runs (f, "during a job");
  for (guint i = 0; i < N_JOBS; i++)
    g_assert_no_error (spqr_job_get_error (jobs[i]));
  if (!spqr_job_is_active (jobs[N_JOBS - 1]))
    g_test_message ("the jobs had ended before");
  tell_probe (g_getenv ("SPQR_LOOP_PROBE"), since);
  end_jobs (jobs);
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) app = NULL;
  g_autofree char *home = fixture_folder (), *probe = g_build_filename (home, "probe", NULL);
  static const char *const folders[] = { "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME" };
  int status;

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    g_setenv (folders[i], home, TRUE);
  g_setenv ("SPQR_LOOP_PROBE", probe, TRUE);
  gtk_test_init (&argc, &argv, NULL);
  app = adw_application_new ("studio.spqr.Test", G_APPLICATION_NON_UNIQUE);
  g_object_set (app, "resource-base-path", "/studio/spqr/SpqrStudio", NULL);
  g_assert_true (g_application_register (G_APPLICATION (app), NULL, NULL));
  spqr_pool_set_default_behind_window ();
  loop_turns_start ();
  spqr_loop_probe_start ();
  g_test_add ("/loop/pages", Fixture, app, set_up, test_pages, tear_down);
  g_test_add ("/loop/scroll", Fixture, app, set_up, test_scroll, tear_down);
  g_test_add ("/loop/job", Fixture, app, set_up, test_job, tear_down);
  status = g_test_run ();
  fixture_remove (g_steal_pointer (&home));
  return status;
}
