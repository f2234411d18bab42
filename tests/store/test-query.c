/* Lists of any length: ids in an order, by words; rows by their ids; points by protocol. */
#include <math.h>

#include "store-fixture.h"

typedef struct { const char *model, *method, *note; double bits, ppl, base, kl; const char *tags[3]; SpqrRunState state; } Made;

static const Made made[] = {
  { "alpha", "spqr", "First try", 4.5, 6.0, 5.5, 0.02, { "good" }, SPQR_RUN_FINISHED },
  { "Beta", "gptq", NULL, 3.0, 7.5, 5.5, NAN, { NULL }, SPQR_RUN_FINISHED },
  { "alpha", "rtn", "ÜBER alles", 3.0, NAN, NAN, NAN, { "bad", "w3" }, SPQR_RUN_FAILED },
  { "gamma", "spqr", NULL, NAN, 5.8, NAN, 0.5, { "good", "w4" }, SPQR_RUN_FINISHED },
};

static void
add_eval (SpqrStore *store, gint64 run_id, const char *data, int seqlen, double ppl, double base, double kl)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrRunEval) eval = spqr_run_eval_new (run_id);

  eval->data = g_strdup (data);
  eval->data_fingerprint = g_strdup (data);
  eval->seqlen = seqlen;
  eval->windows = 10;
  eval->ppl = ppl;
  eval->ppl_base = base;
  eval->kl = kl;
  spqr_store_add_eval (store, eval, &error);
  g_assert_no_error (error);
}

static SpqrStore *
fill (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  SpqrStore *store = spqr_store_open (fixture->path, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    {
      g_autoptr (SpqrRun) run = spqr_run_new ();

      run->model_name = g_strdup (made[i].model);
      run->method = g_strdup (made[i].method);
      run->note = g_strdup (made[i].note);
      run->bits_formula = made[i].bits;
      run->outlier_share = 0.01 * i;
      run->created = 1000 + i;
      g_assert_true (spqr_store_begin_run (store, run, &error));
      run->state = made[i].state;
      g_assert_true (spqr_store_finish_run (store, run, &error));
      g_assert_true (spqr_store_set_tags (store, run->id, made[i].tags, &error));
      if (isfinite (made[i].ppl))
        add_eval (store, run->id, "wiki", 512, made[i].ppl, made[i].base, made[i].kl);
    }
  g_assert_no_error (error);
  return store;
}

/* As "3 1": the ids in their order. */
static void
check (SpqrStore *store, const char *words, SpqrRunOrder order, gboolean descending, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids = spqr_store_query_runs (store, &(SpqrRunQuery) { words, order, descending }, &error);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < ids->len; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i > 0 ? " " : "", g_array_index (ids, gint64, i));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = fill (fixture);

  check (store, NULL, SPQR_RUN_ORDER_ID, TRUE, "4 3 2 1");
  check (store, "", SPQR_RUN_ORDER_ID, FALSE, "1 2 3 4");
  check (store, NULL, SPQR_RUN_ORDER_MODEL, FALSE, "3 1 2 4");     /* in no letter case; equals newest first */
  /* What is not known stands last, either way. */
  check (store, NULL, SPQR_RUN_ORDER_BITS, FALSE, "3 2 1 4");
  check (store, NULL, SPQR_RUN_ORDER_BITS, TRUE, "1 3 2 4");
  check (store, NULL, SPQR_RUN_ORDER_PPL, FALSE, "2 1 4 3");     /* of different models: each by itself */
  check (store, NULL, SPQR_RUN_ORDER_RISE, TRUE, "2 1 3 4");
  check (store, NULL, SPQR_RUN_ORDER_STATE, FALSE, "3 4 2 1");
  check (store, NULL, SPQR_RUN_ORDER_NOTE, FALSE, "3 4 1 2");
  /* Measured in one way they are ranked; on another text not, however large it is. */
  add_eval (store, 3, "wiki", 512, 5, 4, NAN);
  check (store, NULL, SPQR_RUN_ORDER_PPL, FALSE, "2 3 1 4");
  check (store, NULL, SPQR_RUN_ORDER_PPL, TRUE, "2 1 3 4");
  add_eval (store, 3, "z text", 512, 9, 1, NAN);
  check (store, NULL, SPQR_RUN_ORDER_PPL, TRUE, "2 1 3 4");
  for (guint order = 0; order < SPQR_N_RUN_ORDERS; order++)
    {
      g_autoptr (GArray) ids = spqr_store_query_runs (store, &(SpqrRunQuery) { NULL, order, FALSE }, NULL);
      g_assert_cmpuint (ids->len, ==, 4);
    }
}

static void
test_words (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = fill (fixture);

  check (store, "ALPHA", SPQR_RUN_ORDER_ID, FALSE, "1 3");
  check (store, "über", SPQR_RUN_ORDER_ID, FALSE, "3");
  check (store, "alpha first", SPQR_RUN_ORDER_ID, FALSE, "1");
  check (store, "tag:good", SPQR_RUN_ORDER_ID, FALSE, "1 4");
  check (store, "TAG:w", SPQR_RUN_ORDER_ID, FALSE, "3 4");
  check (store, "state:failed", SPQR_RUN_ORDER_ID, FALSE, "3");
  check (store, "bits<4", SPQR_RUN_ORDER_ID, FALSE, "2 3");
  check (store, "bits<=4.5 spqr", SPQR_RUN_ORDER_ID, FALSE, "1");
  check (store, "ppl>=6 method:gptq bits=3", SPQR_RUN_ORDER_ID, FALSE, "2");
  check (store, "outliers>1.5%", SPQR_RUN_ORDER_ID, FALSE, "3 4");
  check (store, "rise>20", SPQR_RUN_ORDER_ID, FALSE, "2");
  check (store, "kl<0.1", SPQR_RUN_ORDER_ID, FALSE, "1");
  check (store, "run>2", SPQR_RUN_ORDER_ID, FALSE, "3 4");
  /* Looks like a figure but is none: a word like others. Nothing of it reaches the database as a statement. */
  check (store, "bits<x", SPQR_RUN_ORDER_ID, FALSE, "");
  check (store, "'; DROP TABLE runs; --", SPQR_RUN_ORDER_ID, FALSE, "");
  check (store, "%", SPQR_RUN_ORDER_ID, FALSE, "");
  check (store, "\xff", SPQR_RUN_ORDER_ID, FALSE, "");
  check (store, NULL, SPQR_RUN_ORDER_ID, FALSE, "1 2 3 4");
}

static void
test_rows (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = fill (fixture);
  const gint64 ids[] = { 3, 99, 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) runs = spqr_store_get_runs (store, ids, G_N_ELEMENTS (ids), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (runs->len, ==, 2);
  g_assert_cmpint (((SpqrRun *) runs->pdata[0])->id, ==, 3);
  g_assert_cmpstr (((SpqrRun *) runs->pdata[0])->tags[1], ==, "w3");
  g_assert_cmpfloat (((SpqrRun *) runs->pdata[1])->ppl, ==, 6.0);
}

/* Each protocol is a point, its newest figure counts, and only finished runs are there. */
static void
test_points (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = fill (fixture);
  g_autoptr (GPtrArray) points = NULL;
  g_autoptr (GError) error = NULL;
  const SpqrRunLayer layer = { .name = (char *) "a", .role = (char *) "q_proj", .file = (char *) "f", .backend = (char *) "cpu",
                               .rows = 100, .cols = 8, .bits_stored = 4 };
  guint n_first = 0;

  g_assert_true (spqr_store_add_layer (store, 1, &layer, &error));
  add_eval (store, 1, "wiki", 512, 6.1, 5.5, NAN);      /* measured again */
  add_eval (store, 1, "wiki", 2048, 5.0, 4.5, NAN);     /* another window */
  add_eval (store, 1, "ptb", 512, 9.0, 8.0, NAN);       /* another text */
  points = spqr_store_list_points (store, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (points->len, ==, 3 + 1 + 1);
  g_assert_true (isnan (((SpqrRunPoint *) points->pdata[0])->bytes));
  g_ptr_array_unref (points);
  points = spqr_store_list_points (store, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (points->len, ==, 3 + 1 + 1);
  for (guint i = 0; i < points->len; i++)
    {
      const SpqrRunPoint *point = points->pdata[i];

      g_assert_cmpint (point->run_id, !=, 3);
      if (point->run_id != 1)
        continue;
      n_first++;
      g_assert_cmpfloat (point->bytes, ==, 400);
      g_assert_cmpfloat (point->ppl, !=, 6.0);
    }
  g_assert_cmpuint (n_first, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, fixture_set_up, function, fixture_tear_down)
  ADD ("/store/query/order", test_order);
  ADD ("/store/query/words", test_words);
  ADD ("/store/query/rows", test_rows);
  ADD ("/store/query/points", test_points);
  return g_test_run ();
}
