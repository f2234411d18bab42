/* test-store.c: what is written comes back, column by column; what cannot be written is refused. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "store-fixture.h"

/* Equal, NAN to NAN. */
#define assert_double(a, b) g_assert_true ((a) == (b) || (isnan (a) && isnan (b)))

/* ---- runs ---- */

static void
fill_run (SpqrRun *run)
{
  run->model_path = g_strdup ("/models/Größe – 模型");
  run->model_name = g_strdup ("模型'; DROP TABLE runs; --");
  run->model_fingerprint = g_strdup ("aa11");
  run->architecture = g_strdup ("llama");
  run->calibration = g_strdup ("c4");
  run->calibration_fingerprint = g_strdup ("bb22");
  run->nsamples = 128;
  run->seqlen = 2048;
  run->seed = G_MININT64;
  run->params_json = g_strdup ("{\"wbits\": 3}");
  run->method = g_strdup ("spqr");
  run->wbits = 3;
  run->groupsize = 16;
  run->qq_scale_bits = 4;
  run->qq_zero_bits = 5;
  run->qq_groupsize = 32;
  run->outlier_threshold = INFINITY;
  run->percdamp = 1e-300;
  run->permutation_order = g_strdup ("act_order");
  run->backend = g_strdup ("cpu");
  run->version = g_strdup ("9.9");
  run->folder = g_strdup ("/elsewhere/run");
  run->note = g_strdup ("");
  run->created = 1700000000;
  run->seconds = 1.25;
  run->bits_formula = 3.63;
  run->bits_stored = 3.7;
  run->outlier_share = 0.004;
  run->mean_proxy_loss = 0.01;
  run->n_layers = 7;
}

static void
assert_same_run (const SpqrRun *a, const SpqrRun *b)
{
  g_assert_cmpint (a->id, ==, b->id);
  g_assert_cmpint (a->state, ==, b->state);
  g_assert_cmpstr (a->model_path, ==, b->model_path);
  g_assert_cmpstr (a->model_name, ==, b->model_name);
  g_assert_cmpstr (a->model_fingerprint, ==, b->model_fingerprint);
  g_assert_cmpstr (a->architecture, ==, b->architecture);
  g_assert_cmpstr (a->calibration, ==, b->calibration);
  g_assert_cmpstr (a->calibration_fingerprint, ==, b->calibration_fingerprint);
  g_assert_cmpint (a->nsamples, ==, b->nsamples);
  g_assert_cmpint (a->seqlen, ==, b->seqlen);
  g_assert_cmpint (a->seed, ==, b->seed);
  g_assert_cmpstr (a->params_json, ==, b->params_json);
  g_assert_cmpstr (a->method, ==, b->method);
  g_assert_cmpint (a->wbits, ==, b->wbits);
  g_assert_cmpint (a->groupsize, ==, b->groupsize);
  g_assert_cmpint (a->qq_scale_bits, ==, b->qq_scale_bits);
  g_assert_cmpint (a->qq_zero_bits, ==, b->qq_zero_bits);
  g_assert_cmpint (a->qq_groupsize, ==, b->qq_groupsize);
  assert_double (a->outlier_threshold, b->outlier_threshold);
  assert_double (a->percdamp, b->percdamp);
  g_assert_cmpstr (a->permutation_order, ==, b->permutation_order);
  g_assert_cmpstr (a->backend, ==, b->backend);
  g_assert_cmpstr (a->version, ==, b->version);
  g_assert_cmpstr (a->folder, ==, b->folder);
  g_assert_cmpstr (a->note, ==, b->note);
  g_assert_cmpstr (a->error, ==, b->error);
  g_assert_cmpint (a->created, ==, b->created);
  g_assert_cmpint (a->finished, ==, b->finished);
  assert_double (a->seconds, b->seconds);
  assert_double (a->bits_formula, b->bits_formula);
  assert_double (a->bits_stored, b->bits_stored);
  assert_double (a->outlier_share, b->outlier_share);
  assert_double (a->mean_proxy_loss, b->mean_proxy_loss);
  g_assert_cmpuint (a->n_layers, ==, b->n_layers);
  g_assert_cmpuint (a->n_layers_done, ==, b->n_layers_done);
}

static void
test_round_trip_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (GError) error = NULL;

  fill_run (run);
  g_assert_true (spqr_store_begin_run (store, run, &error));
  g_assert_no_error (error);
  g_assert_cmpint (run->id, >, 0);
  back = spqr_store_get_run (store, run->id, &error);
  g_assert_no_error (error);
  assert_same_run (run, back);
  g_assert_cmpint (back->state, ==, SPQR_RUN_RUNNING);
  g_assert_true (isinf (back->outlier_threshold));

  /* And after closing, from the file. */
  g_clear_object (&store);
  g_clear_object (&back);
  store = open_store (fixture->path);
  back = spqr_store_get_run (store, run->id, &error);
  g_assert_no_error (error);
  assert_same_run (run, back);
}

static void
test_round_trip_empty_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (GError) error = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  g_assert_true (spqr_store_begin_run (store, run, &error));
  g_assert_cmpint (run->created, >=, now);
  g_assert_nonnull (run->version);
  back = spqr_store_get_run (store, run->id, &error);
  g_assert_no_error (error);
  assert_same_run (run, back);
  g_assert_null (back->model_path);
  g_assert_null (back->folder);
  g_assert_null (back->note);
  g_assert_null (back->ppl_data);
  g_assert_null (back->tags);
  g_assert_true (isnan (back->outlier_threshold) && isnan (back->ppl) && isnan (back->bits_stored));
}

static void
test_finish_and_reopen (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (SpqrRun) again = NULL;
  g_autoptr (SpqrRun) sparse = spqr_run_new ();
  g_autoptr (GError) error = NULL;

  run->error = g_strdup ("layer 3: no memory");
  run->seconds = 2;
  run->bits_stored = 4.5;
  run->n_layers = 12;
  run->backend = g_strdup ("cuda");
  finish_run (store, run, SPQR_RUN_FAILED);
  g_assert_cmpint (run->finished, >=, run->created);
  back = spqr_store_get_run (store, run->id, &error);
  assert_same_run (run, back);

  g_assert_true (spqr_store_reopen_run (store, run->id, &error));
  g_assert_no_error (error);
  again = spqr_store_get_run (store, run->id, &error);
  g_assert_cmpint (again->state, ==, SPQR_RUN_RUNNING);
  g_assert_null (again->error);
  g_assert_cmpint (again->finished, ==, 0);
  g_assert_cmpfloat (again->bits_stored, ==, 4.5);

  /* Totals that are not given stay. */
  sparse->id = run->id;
  sparse->finished = 1800000000;
  sparse->bits_formula = 4.25;
  finish_run (store, sparse, SPQR_RUN_FINISHED);
  g_clear_object (&again);
  again = spqr_store_get_run (store, run->id, &error);
  g_assert_cmpint (again->state, ==, SPQR_RUN_FINISHED);
  g_assert_cmpint (again->finished, ==, 1800000000);
  g_assert_cmpfloat (again->bits_stored, ==, 4.5);
  g_assert_cmpfloat (again->bits_formula, ==, 4.25);
  g_assert_cmpstr (again->backend, ==, "cuda");
  g_assert_cmpuint (again->n_layers, ==, 12);
}

static void
test_list_order (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  static const gint64 created[] = { 300, 100, 300, 200 };
  static const guint order[] = { 2, 0, 3, 1 }; /* newest first, of equals the later one */
  gint64 ids[G_N_ELEMENTS (created)];
  g_autoptr (GPtrArray) runs = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (created); i++)
    {
      g_autoptr (SpqrRun) run = spqr_run_new ();

      run->created = created[i];
      g_assert_true (spqr_store_begin_run (store, run, NULL));
      ids[i] = run->id;
    }
  runs = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (runs->len, ==, G_N_ELEMENTS (order));
  for (guint i = 0; i < runs->len; i++)
    g_assert_cmpint (((SpqrRun *) runs->pdata[i])->id, ==, ids[order[i]]);
}

static void
test_note_and_tags (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (SpqrRun) other = begin_run (store, "n");
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (GPtrArray) runs = NULL;
  g_autoptr (GError) error = NULL;
  const char *tags[] = { "paper", "baseline", "größer, als", "paper", NULL };
  const char *fewer[] = { "x", NULL };
  const char *bad[] = { "good", "bad\x1ftag", NULL };
  const char *empty[] = { "", NULL };

  g_assert_true (spqr_store_set_note (store, run->id, "best so far", &error));
  g_assert_true (spqr_store_set_tags (store, run->id, tags, &error));
  g_assert_no_error (error);
  runs = spqr_store_list_runs (store, NULL);
  back = g_object_ref (runs->pdata[1]);
  g_assert_cmpint (back->id, ==, run->id);
  g_assert_cmpstr (back->note, ==, "best so far");
  g_assert_cmpuint (g_strv_length (back->tags), ==, 3);
  g_assert_cmpstr (back->tags[0], ==, "baseline");
  g_assert_cmpstr (back->tags[1], ==, "größer, als");
  g_assert_cmpstr (back->tags[2], ==, "paper");
  g_assert_null (((SpqrRun *) runs->pdata[0])->tags);

  g_assert_false (spqr_store_set_tags (store, run->id, bad, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (spqr_store_set_tags (store, run->id, empty, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  g_clear_error (&error);
  g_clear_object (&back);
  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_cmpuint (g_strv_length (back->tags), ==, 3); /* the refused change changed nothing */

  g_assert_true (spqr_store_set_tags (store, run->id, fewer, NULL));
  g_assert_true (spqr_store_set_note (store, run->id, NULL, NULL));
  g_clear_object (&back);
  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_cmpuint (g_strv_length (back->tags), ==, 1);
  g_assert_null (back->note);
  g_assert_true (spqr_store_set_tags (store, run->id, NULL, NULL));
  g_clear_object (&back);
  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_null (back->tags);
}

/* ---- what belongs to a run ---- */

static void
test_round_trip_layers (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (GPtrArray) layers = NULL;
  g_autoptr (GError) error = NULL;
  SpqrRunLayer layer = {
    .name = (char *) "model.layers.0.self_attn.q_proj.weight", .role = (char *) "q_proj",
    .file = (char *) "0.safetensors", .backend = (char *) "cuda", .note = (char *) "more damping", .block = 0,
    .rows = 1LL << 40, .cols = 4096, .bits = 3.5, .bits_stored = 3.6, .outlier_share = 0.01, .proxy_loss = 0.02,
    .output_error = 0.03, .mse = 1e-9, .seconds = 0.5, .percdamp_used = 0.01, .n_outliers = 1LL << 41,
  };
  SpqrRunLayer bare = {
    .name = (char *) "z", .block = -1, .bits = NAN, .bits_stored = NAN, .outlier_share = NAN, .proxy_loss = NAN,
    .output_error = NAN, .mse = NAN, .seconds = NAN, .percdamp_used = NAN,
  };
  const SpqrRunLayer *got;

  g_assert_true (spqr_store_add_layer (store, run->id, &layer, &error));
  g_assert_true (spqr_store_add_layer (store, run->id, &bare, &error));
  g_assert_true (add_layer (store, run->id, "a", 2, &error)); /* order is of adding, not of names */
  g_assert_no_error (error);
  layers = spqr_store_list_layers (store, run->id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (layers->len, ==, 3);

  got = layers->pdata[0];
  g_assert_cmpstr (got->name, ==, layer.name);
  g_assert_cmpstr (got->role, ==, layer.role);
  g_assert_cmpstr (got->file, ==, layer.file);
  g_assert_cmpstr (got->backend, ==, layer.backend);
  g_assert_cmpstr (got->note, ==, layer.note);
  g_assert_cmpint (got->block, ==, 0);
  g_assert_cmpint (got->rows, ==, layer.rows);
  g_assert_cmpint (got->cols, ==, layer.cols);
  g_assert_cmpfloat (got->bits, ==, layer.bits);
  g_assert_cmpfloat (got->bits_stored, ==, layer.bits_stored);
  g_assert_cmpfloat (got->outlier_share, ==, layer.outlier_share);
  g_assert_cmpfloat (got->proxy_loss, ==, layer.proxy_loss);
  g_assert_cmpfloat (got->output_error, ==, layer.output_error);
  g_assert_cmpfloat (got->mse, ==, layer.mse);
  g_assert_cmpfloat (got->seconds, ==, layer.seconds);
  g_assert_cmpfloat (got->percdamp_used, ==, layer.percdamp_used);
  g_assert_cmpint (got->n_outliers, ==, layer.n_outliers);

  got = layers->pdata[1];
  g_assert_null (got->role);
  g_assert_null (got->file);
  g_assert_cmpint (got->block, ==, -1);
  g_assert_true (isnan (got->bits) && isnan (got->bits_stored) && isnan (got->outlier_share)
                 && isnan (got->proxy_loss) && isnan (got->output_error) && isnan (got->mse)
                 && isnan (got->seconds) && isnan (got->percdamp_used));
  g_assert_cmpstr (((SpqrRunLayer *) layers->pdata[2])->name, ==, "a");

  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_cmpuint (back->n_layers_done, ==, 3);
}

static void
test_layer_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (SpqrRun) other = begin_run (store, "m");
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (GPtrArray) layers = NULL;

  g_assert_true (add_layer (store, run->id, "a", 2, NULL));
  g_assert_true (add_layer (store, run->id, "b", 2, NULL));
  g_assert_true (add_layer (store, other->id, "a", 4, NULL)); /* another run's is another layer */
  g_assert_true (add_layer (store, run->id, "a", 3, NULL));
  layers = spqr_store_list_layers (store, run->id, NULL);
  g_assert_cmpuint (layers->len, ==, 2);
  g_assert_cmpstr (((SpqrRunLayer *) layers->pdata[0])->name, ==, "a");
  g_assert_cmpfloat (((SpqrRunLayer *) layers->pdata[0])->bits, ==, 3);
  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_cmpuint (back->n_layers_done, ==, 2);
}

static void
test_round_trip_evals (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (SpqrRun) back = NULL;
  g_autoptr (GPtrArray) evals = NULL;
  g_autoptr (GError) error = NULL;
  SpqrRunEval first = {
    .run_id = run->id, .created = 5, .data = (char *) "wikitext2", .data_fingerprint = (char *) "d",
    .tokenizer_fingerprint = (char *) "t", .protocol = (char *) "reference", .seqlen = 2048, .windows = 141,
    .tokens = 1LL << 33, .nll = 1.7, .ppl = 5.5, .ppl_stderr = 0.1, .ppl_base = 5.4, .kl = 0.01,
    .top1_agreement = 0.97, .seconds = 9, .kl_stderr = 0.001,
  };
  SpqrRunEval second = {
    .run_id = run->id, .data = (char *) "ptb", .nll = NAN, .ppl = 8, .ppl_stderr = NAN, .ppl_base = NAN, .kl = NAN,
    .top1_agreement = NAN, .seconds = NAN,
  };
  SpqrRunEval task = second;
  const SpqrRunEval *got;

  task.data = (char *) "lambada.jsonl";
  task.task = (char *) "lambada";
  task.scoring = (char *) "harness-2023";
  task.ppl = 12;
  task.acc = 0.5;
  task.acc_stderr = 0.25;
  task.acc_norm = NAN;
  g_assert_true (spqr_store_add_eval (store, &first, &error));
  g_assert_true (spqr_store_add_eval (store, &second, &error));
  g_assert_no_error (error);
  g_assert_cmpint (second.id, >, first.id);
  g_assert_cmpint (second.created, >, 0);
  evals = spqr_store_list_evals (store, run->id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evals->len, ==, 2);

  got = evals->pdata[0];
  g_assert_cmpint (got->id, ==, first.id);
  g_assert_cmpint (got->run_id, ==, run->id);
  g_assert_cmpint (got->created, ==, 5);
  g_assert_cmpstr (got->data, ==, "wikitext2");
  g_assert_cmpstr (got->data_fingerprint, ==, "d");
  g_assert_cmpstr (got->tokenizer_fingerprint, ==, "t");
  g_assert_cmpstr (got->protocol, ==, "reference");
  g_assert_cmpint (got->seqlen, ==, 2048);
  g_assert_cmpint (got->windows, ==, 141);
  g_assert_cmpint (got->tokens, ==, 1LL << 33);
  g_assert_cmpfloat (got->nll, ==, 1.7);
  g_assert_cmpfloat (got->ppl, ==, 5.5);
  g_assert_cmpfloat (got->ppl_stderr, ==, 0.1);
  g_assert_cmpfloat (got->ppl_base, ==, 5.4);
  g_assert_cmpfloat (got->kl, ==, 0.01);
  g_assert_cmpfloat (got->top1_agreement, ==, 0.97);
  g_assert_cmpfloat (got->seconds, ==, 9);
  g_assert_cmpfloat (got->kl_stderr, ==, 0.001);
  g_assert_null (got->task);

  got = evals->pdata[1];
  g_assert_null (got->protocol);
  g_assert_true (isnan (got->nll) && isnan (got->ppl_stderr) && isnan (got->ppl_base) && isnan (got->kl)
                 && isnan (got->top1_agreement) && isnan (got->seconds));

  back = spqr_store_get_run (store, run->id, NULL); /* of the most windows, though not the newest */
  g_assert_cmpfloat (back->ppl, ==, 5.5);
  g_clear_object (&back);
  second.windows = first.windows;
  g_assert_true (spqr_store_add_eval (store, &second, &error));
  back = spqr_store_get_run (store, run->id, NULL); /* the newest of as many */
  g_assert_cmpfloat (back->ppl, ==, 8);
  g_assert_true (isnan (back->ppl_base));
  g_assert_cmpstr (back->ppl_data, ==, "ptb");
  g_clear_object (&back);
  g_assert_true (spqr_store_add_eval (store, &task, &error)); /* of a text, not of a task's targets */
  g_clear_pointer (&evals, g_ptr_array_unref);
  evals = spqr_store_list_evals (store, run->id, &error);
  got = evals->pdata[3];
  g_assert_cmpstr (got->task, ==, "lambada");
  g_assert_cmpstr (got->scoring, ==, "harness-2023");
  g_assert_cmpfloat (got->acc, ==, 0.5);
  g_assert_cmpfloat (got->acc_stderr, ==, 0.25);
  g_assert_true (isnan (got->acc_norm));
  back = spqr_store_get_run (store, run->id, NULL);
  g_assert_cmpfloat (back->ppl, ==, 8);
  g_assert_cmpstr (back->ppl_data, ==, "ptb");
}

/* What is kept of an evaluation comes back to the bit, in order, up to the first gap, for its subject
 * alone, and in another process too. */
static void
test_measured (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (GError) error = NULL;
  const SpqrMeasured items[] = { { 1.0 / 3, NAN, NAN, 7 }, { -0.1, 5e-324, 0.25, -1 }, { INFINITY, 2, 3, G_MAXINT64 } };
  SpqrMeasured got[5];
  gsize known = 99;

  g_assert_true (spqr_store_get_measured (store, "a", got, 5, &known, &error));
  g_assert_cmpuint (known, ==, 0);
  g_assert_true (spqr_store_add_measured (store, "a", 0, items, 2, &error));
  g_assert_true (spqr_store_add_measured (store, "a", 3, items, 1, &error));   /* 2 is missing */
  g_assert_true (spqr_store_add_measured (store, "b", 0, items + 2, 1, &error));
  g_assert_no_error (error);
  g_clear_object (&store);
  store = open_store (fixture->path);
  g_assert_true (spqr_store_get_measured (store, "a", got, 5, &known, &error));
  g_assert_cmpuint (known, ==, 2);
  g_assert_true (got[0].nll == 1.0 / 3 && isnan (got[0].base_nll) && isnan (got[0].kl) && got[0].agreed == 7);
  g_assert_true (memcmp (&got[1], &items[1], sizeof items[1]) == 0);
  g_assert_true (spqr_store_add_measured (store, "a", 2, items + 2, 1, &error));
  g_assert_true (spqr_store_get_measured (store, "a", got, 5, &known, &error));
  g_assert_cmpuint (known, ==, 4);
  g_assert_true (spqr_store_get_measured (store, "a", got, 1, &known, &error));
  g_assert_cmpuint (known, ==, 1);
  g_assert_true (spqr_store_forget_measured (store, "a", &error));
  g_assert_true (spqr_store_get_measured (store, "a", got, 5, &known, &error));
  g_assert_cmpuint (known, ==, 0);
  g_assert_true (spqr_store_get_measured (store, "b", got, 5, &known, &error));
  g_assert_cmpuint (known, ==, 1);
  g_assert_true (memcmp (&got[0], &items[2], sizeof items[2]) == 0);
  g_assert_no_error (error);
}

static void
test_round_trip_exports (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = begin_run (store, "m");
  g_autoptr (GPtrArray) exports = NULL;
  g_autoptr (GError) error = NULL;
  SpqrRunExport first = { .run_id = run->id, .created = 6, .format = (char *) "hf-spqr", .path = (char *) "/out",
                          .verified = TRUE, .max_abs_diff = 1e-7 };
  SpqrRunExport second = { .run_id = run->id, .max_abs_diff = NAN };
  const SpqrRunExport *got;

  g_assert_true (spqr_store_add_export (store, &first, &error));
  g_assert_true (spqr_store_add_export (store, &second, &error));
  exports = spqr_store_list_exports (store, run->id, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (exports->len, ==, 2);
  got = exports->pdata[0];
  g_assert_cmpint (got->id, ==, first.id);
  g_assert_cmpint (got->run_id, ==, run->id);
  g_assert_cmpint (got->created, ==, 6);
  g_assert_cmpstr (got->format, ==, "hf-spqr");
  g_assert_cmpstr (got->path, ==, "/out");
  g_assert_true (got->verified);
  g_assert_cmpfloat (got->max_abs_diff, ==, 1e-7);
  got = exports->pdata[1];
  g_assert_null (got->format);
  g_assert_false (got->verified);
  g_assert_true (isnan (got->max_abs_diff));
}

/* ---- refusals ---- */

static void
test_no_such_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = spqr_run_new ();
  SpqrRunEval eval = { .run_id = 404 };
  SpqrRunExport record = { .run_id = 404 };
  GError *error = NULL;

#define ASSERT_MISSING(call) \
  G_STMT_START { \
    if (call) g_assert_not_reached (); \
    g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_NOT_FOUND); \
    g_assert_nonnull (strstr (error->message, "404")); \
    g_clear_error (&error); \
  } G_STMT_END

  run->id = 404;
  run->state = SPQR_RUN_FINISHED;
  ASSERT_MISSING (spqr_store_get_run (store, 404, &error));
  ASSERT_MISSING (spqr_store_finish_run (store, run, &error));
  ASSERT_MISSING (spqr_store_reopen_run (store, 404, &error));
  ASSERT_MISSING (add_layer (store, 404, "a", 1, &error));
  ASSERT_MISSING (spqr_store_add_eval (store, &eval, &error));
  ASSERT_MISSING (spqr_store_add_export (store, &record, &error));
  ASSERT_MISSING (spqr_store_set_note (store, 404, "n", &error));
  ASSERT_MISSING (spqr_store_set_tags (store, 404, NULL, &error));
  ASSERT_MISSING (spqr_store_remove_run (store, 404, TRUE, &error));
  ASSERT_MISSING (spqr_store_list_layers (store, 404, &error));
  ASSERT_MISSING (spqr_store_list_evals (store, 404, &error));
  ASSERT_MISSING (spqr_store_list_exports (store, 404, &error));
  g_assert_cmpint (run->finished, ==, 0);
}

static void
test_invalid_text (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autoptr (SpqrRun) good = begin_run (store, "m");
  g_autoptr (GPtrArray) runs = NULL;
  g_autoptr (GError) error = NULL;

  run->model_path = g_strdup ("/models/caf\xe9");
  g_assert_false (spqr_store_begin_run (store, run, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "model_path"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpint (run->id, ==, 0);
  g_clear_error (&error);
  g_assert_false (add_layer (store, good->id, "a\xff", 1, &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (spqr_store_set_note (store, good->id, "\xc0\x80", &error));
  g_assert_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_INVALID);
  runs = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (runs->len, ==, 1);
}

static void
test_ids_are_not_reused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (SpqrRun) first = begin_run (store, "m");
  g_autoptr (SpqrRun) second = NULL;

  finish_run (store, first, SPQR_RUN_FINISHED);
  g_assert_true (spqr_store_remove_run (store, first->id, FALSE, NULL));
  second = begin_run (store, "m");
  g_assert_cmpint (second->id, >, first->id);
}

/* ---- "changed" ---- */

static void
count_changed (SpqrStore *store, gpointer data)
{
  ++*(int *) data;
}

static void
iterate (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

static gpointer
write_some (gpointer data)
{
  SpqrStore *store = data;
  g_autoptr (SpqrRun) run = begin_run (store, "m");

  for (int i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d", i);

      g_assert_true (add_layer (store, run->id, name, 1, NULL));
    }
  finish_run (store, run, SPQR_RUN_FINISHED);
  return NULL;
}

static void
test_changed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (SpqrStore) store = NULL;
  g_autoptr (GPtrArray) runs = NULL;
  GThread *threads[4];
  int n = 0;

  g_main_context_push_thread_default (context);
  store = open_store (fixture->path);
  g_main_context_pop_thread_default (context);
  g_signal_connect (store, "changed", G_CALLBACK (count_changed), &n);

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("writer", write_some, store);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (n, ==, 0);          /* never from the writing thread */
  iterate (NULL);
  g_assert_cmpint (n, ==, 0);          /* nor in another context */
  iterate (context);
  g_assert_cmpint (n, ==, 1);          /* 88 writes, one emission */

  runs = spqr_store_list_runs (store, NULL);
  g_assert_cmpuint (runs->len, ==, 4);
  g_assert_cmpuint (((SpqrRun *) runs->pdata[0])->n_layers_done, ==, 20);
  iterate (context);
  g_assert_cmpint (n, ==, 1);          /* reading is no change */

  g_assert_true (spqr_store_set_note (store, 1, "x", NULL));
  g_assert_false (spqr_store_set_note (store, 404, "x", NULL));
  iterate (context);
  g_assert_cmpint (n, ==, 2);
  g_assert_false (spqr_store_set_note (store, 404, "x", NULL));
  iterate (context);
  g_assert_cmpint (n, ==, 2);          /* a failed write is no change */

  /* The last reference goes while an emission is pending. */
  g_assert_true (spqr_store_set_note (store, 1, "y", NULL));
  g_clear_object (&store);
  iterate (context);
  g_assert_cmpint (n, ==, 2);
}

/* ---- size ---- */

static void
test_many_runs (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SpqrStore) store = open_store (fixture->path);
  g_autoptr (GPtrArray) runs = NULL;
  gint64 start;

  for (int i = 0; i < 10000; i++)
    {
      g_autoptr (SpqrRun) run = spqr_run_new ();
      SpqrRunEval eval = { .data = (char *) "wikitext2", .ppl = 5 + i * 1e-4 };

      fill_run (run);
      run->created += i;
      g_assert_true (spqr_store_begin_run (store, run, NULL));
      eval.run_id = run->id;
      g_assert_true (spqr_store_add_eval (store, &eval, NULL));
    }
  start = g_get_monotonic_time ();
  runs = spqr_store_list_runs (store, NULL);
  g_test_minimized_result ((g_get_monotonic_time () - start) / 1e3, "milliseconds to list 10,000 runs: %.1f",
                           (g_get_monotonic_time () - start) / 1e3);
  g_assert_cmpuint (runs->len, ==, 10000);
  g_assert_cmpfloat (((SpqrRun *) runs->pdata[0])->ppl, ==, 5 + 9999 * 1e-4);
}

/* --- a second process --------------------------------------------------------------------------- */

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_test ("/store/run/round-trip", test_round_trip_run);
  fixture_test ("/store/run/round-trip-empty", test_round_trip_empty_run);
  fixture_test ("/store/run/finish-and-reopen", test_finish_and_reopen);
  fixture_test ("/store/run/order", test_list_order);
  fixture_test ("/store/run/note-and-tags", test_note_and_tags);
  fixture_test ("/store/run/ids", test_ids_are_not_reused);
  fixture_test ("/store/layers/round-trip", test_round_trip_layers);
  fixture_test ("/store/layers/again", test_layer_again);
  fixture_test ("/store/evals/round-trip", test_round_trip_evals);
  fixture_test ("/store/measured", test_measured);
  fixture_test ("/store/exports/round-trip", test_round_trip_exports);
  fixture_test ("/store/refused/no-such-run", test_no_such_run);
  fixture_test ("/store/refused/invalid-text", test_invalid_text);
  fixture_test ("/store/changed", test_changed);
  fixture_test ("/store/many-runs", test_many_runs);
  return g_test_run ();
}
