/* Quantization and kept Hessians: what is shared between runs, what is not, and that nobody can tell. */
#include <string.h>

#include "quant/spqr-hessian-cache.h"
#include "sitting.h"

#define BLOCKS 2
#define WINDOWS 6
#define GROUPS 4                /* inputs of a block: of q/k/v, o, gate/up, down */
#define TWO_BITS "{\"spqr_recipe\": 1, \"defaults\": {\"wbits\": 2, \"outlier_threshold\": 0.5}}"
#define SEQUENTIAL "{\"spqr_recipe\": 1, \"defaults\": {\"true_sequential\": true}}"
#define HALVES "{\"spqr_recipe\": 1, \"defaults\": {\"f16_activations\": true}}"

typedef struct { char *folder, *kept; SpqrHessianCache *cache; } Fixture;

static void
fixture_set_up (Fixture *f, gconstpointer unused)
{
  f->folder = fixture_folder ();
  f->kept = g_build_filename (f->folder, "kept", NULL);
  f->cache = spqr_hessian_cache_new (f->kept, 0);
}

static void
fixture_tear_down (Fixture *f, gconstpointer unused)
{
  spqr_hessian_cache_free (f->cache);
  fixture_remove (f->folder);
  g_free (f->folder);
  g_free (f->kept);
}

static void
quantize (Fixture *f, const char *name, const char *recipe, gboolean use_cache, Sitting *sitting)
{
  g_autoptr (SpqrRun) run = NULL;

  sitting_init (sitting, f->folder, name, BLOCKS, WINDOWS, recipe);
  sitting->cache = use_cache ? f->cache : NULL;
  run = sitting_finish (sitting);
}

static guint
n_kept (Fixture *f)
{
  g_auto (GStrv) files = g_file_test (f->kept, G_FILE_TEST_IS_DIR) ? fixture_list (f->kept) : NULL;

  return files != NULL ? g_strv_length (files) : 0;
}

static char *
cache_key (const Sitting *sitting)
{
  return spqr_hessian_cache_make_key (spqr_model_get_fingerprint (sitting->model), sitting->calibration->ids,
                                      sitting->calibration->n_windows, sitting->calibration->seqlen);
}

/* Doubles one that is kept: a run that took it gives itself away. */
static void
spoil (Fixture *f, const Sitting *sitting, guint group)
{
  g_autofree char *key = cache_key (sitting);
  SpqrHessian hessian;

  g_assert_true (spqr_hessian_cache_load (f->cache, key, 0, group, &hessian));
  for (gsize i = 0; i < hessian.n; i++)
    hessian.h[i * hessian.n + i] *= 2;
  g_assert_true (spqr_hessian_cache_store (f->cache, key, 0, group, &hessian));
  spqr_hessian_clear (&hessian);
}

static gboolean
same_artifact (const Sitting *a, const Sitting *b, const char *name)
{
  g_autofree char *path_a = g_build_filename (a->folder, name, NULL), *path_b = g_build_filename (b->folder, name, NULL);
  g_autofree char *x = NULL, *y = NULL;
  gsize nx, ny;

  g_assert_true (g_file_get_contents (path_a, &x, &nx, NULL) && g_file_get_contents (path_b, &y, &ny, NULL));
  return nx == ny && memcmp (x, y, nx) == 0;
}

/* The second run, with other parameters, finds the first one's, and ends as one that found nothing. */
static void
test_second_run (Fixture *f, gconstpointer unused)
{
  g_auto (Sitting) first = { NULL }, second = { NULL }, alone = { NULL };

  quantize (f, "first", NULL, TRUE, &first);
  g_assert_cmpuint (n_kept (f), ==, GROUPS);
  quantize (f, "second", TWO_BITS, TRUE, &second);
  g_assert_cmpuint (n_kept (f), ==, GROUPS);
  quantize (f, "alone", TWO_BITS, FALSE, &alone);
  sitting_compare (&alone, &second);
}

/* That it was found, and not made again: one that is not what it was shows in the artifacts. */
static void
test_taken (Fixture *f, gconstpointer unused)
{
  g_auto (Sitting) first = { NULL }, second = { NULL };

  quantize (f, "first", NULL, TRUE, &first);
  spoil (f, &first, 1);
  quantize (f, "second", NULL, TRUE, &second);
  g_assert_true (same_artifact (&first, &second, "00000-model.layers.0.self_attn.q_proj.weight.spqr"));
  g_assert_false (same_artifact (&first, &second, "00003-model.layers.0.self_attn.o_proj.weight.spqr"));
}

/* Behind q, k and v in a true sequence, o's input is this run's own. */
static void
test_true_sequential (Fixture *f, gconstpointer unused)
{
  g_auto (Sitting) plain = { NULL }, sequential = { NULL }, alone = { NULL };

  quantize (f, "sequential", SEQUENTIAL, TRUE, &sequential);
  g_assert_cmpuint (n_kept (f), ==, 1);
  quantize (f, "plain", NULL, TRUE, &plain);
  g_assert_cmpuint (n_kept (f), ==, GROUPS);
  spoil (f, &plain, 1);
  spoil (f, &plain, 3);
  sitting_clear (&sequential);
  quantize (f, "again", SEQUENTIAL, TRUE, &sequential);
  quantize (f, "alone", SEQUENTIAL, FALSE, &alone);
  sitting_compare (&alone, &sequential);
}

static void
test_f16 (Fixture *f, gconstpointer unused)
{
  g_auto (Sitting) halves = { NULL };

  quantize (f, "halves", HALVES, TRUE, &halves);
  g_assert_cmpuint (n_kept (f), ==, 0);
}

/* A cache that holds one of them at most lets go of the others, and the run does not care. */
static void
test_small_cache (Fixture *f, gconstpointer unused)
{
  g_auto (Sitting) first = { NULL }, second = { NULL }, alone = { NULL };

  spqr_hessian_cache_free (f->cache);
  f->cache = spqr_hessian_cache_new (f->kept, 8 << 10);   /* of 48 inputs 4.7 kB, of 86 15 kB */
  quantize (f, "first", NULL, TRUE, &first);
  g_assert_cmpuint (n_kept (f), ==, 1);
  quantize (f, "second", TWO_BITS, TRUE, &second);
  quantize (f, "alone", TWO_BITS, FALSE, &alone);
  sitting_compare (&alone, &second);
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, fixture_set_up, test, fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/kept-hessians/second-run", test_second_run);
  ADD ("/kept-hessians/taken", test_taken);
  ADD ("/kept-hessians/true-sequential", test_true_sequential);
  ADD ("/kept-hessians/f16", test_f16);
  ADD ("/kept-hessians/small-cache", test_small_cache);
  return g_test_run ();
}
