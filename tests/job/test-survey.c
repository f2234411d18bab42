/* A survey of a model's Hessians, with and without a cache: the same bits, without a forward pass. */
#include <glib/gstdio.h>
#include <string.h>

#include "fixture.h"
#include "quant/spqr-survey.h"

#define BLOCKS 3
#define GROUPS 4

typedef struct { guint block, n_linears; gsize n; float *h; } Seen;

typedef struct {
  char *folder, *cache_folder;
  SpqrModel *model;
  SpqrCalibration *calibration;
  SpqrNet *net;
  SpqrHessianCache *cache;
  GArray *seen;              /* of Seen */
  guint steps;
} Fixture;

static void
clear_seen (gpointer data)
{
  g_free (((Seen *) data)->h);
}

static void
set_up (Fixture *f, gconstpointer unused)
{
  f->folder = fixture_folder ();
  f->cache_folder = g_build_filename (f->folder, "cache", NULL);
  f->model = fixture_model (f->folder, "model", SPQR_DTYPE_F16, BLOCKS, 5);
  f->calibration = fixture_calibration (5, 40, 2);
  f->net = spqr_net_new (f->model, NULL, NULL);
  f->cache = spqr_hessian_cache_new (f->cache_folder, 0);
  f->seen = g_array_new (FALSE, FALSE, sizeof (Seen));
  g_array_set_clear_func (f->seen, clear_seen);
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  g_array_unref (f->seen);
  spqr_hessian_cache_free (f->cache);
  spqr_net_free (f->net);
  spqr_calibration_free (f->calibration);
  g_object_unref (f->model);
  fixture_remove (f->folder);
  g_free (f->cache_folder);
  g_free (f->folder);
}

static gboolean
take (SpqrBlock *block, const SpqrBlockLinear *linears, guint n_linears, const SpqrHessian *hessian, gpointer user_data, GError **error)
{
  Fixture *f = user_data;
  Seen seen = { (guint) spqr_tensor_get_block (linears[0].tensor), n_linears, hessian->n,
                g_memdup2 (hessian->h, hessian->n * hessian->n * sizeof (float)) };

  for (guint i = 0; i < n_linears; i++)
    g_assert_nonnull (spqr_block_get_matrix (block, linears[i].tensor));
  g_array_append_val (f->seen, seen);
  return TRUE;
}

static void
count_step (double fraction, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_cmpfloat (fraction, <=, 1 + 1e-9);
  f->steps++;
}

/* What is handed over, in order. Full reference. */
static GArray *
survey (Fixture *f, gboolean with_cache, guint first, guint last, int group)
{
  SpqrSurvey what = { .net = f->net, .ids = f->calibration->ids, .n_windows = f->calibration->n_windows,
                      .seqlen = f->calibration->seqlen, .first_block = first, .last_block = last, .only_group = group,
                      .step = count_step, .step_data = f };
  g_autoptr (GError) error = NULL;

  if (with_cache)
    {
      what.cache = f->cache;
      what.model_fingerprint = spqr_model_get_fingerprint (f->model);
    }
  g_array_set_size (f->seen, 0);
  f->steps = 0;
  g_assert_true (spqr_survey_run (&what, take, f, NULL, &error));
  g_assert_no_error (error);
  {
    GArray *seen = g_steal_pointer (&f->seen);
    f->seen = g_array_new (FALSE, FALSE, sizeof (Seen));
    g_array_set_clear_func (f->seen, clear_seen);
    return seen;
  }
}

static void
compare (GArray *a, GArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    {
      const Seen *x = &g_array_index (a, Seen, i), *y = &g_array_index (b, Seen, i);

      g_assert_cmpuint (x->block, ==, y->block);
      g_assert_cmpuint (x->n_linears, ==, y->n_linears);
      g_assert_cmpmem (x->h, x->n * x->n * sizeof (float), y->h, y->n * y->n * sizeof (float));
    }
}

static void
test_whole (Fixture *f, gconstpointer unused)
{
  g_autoptr (GArray) plain = survey (f, FALSE, 0, BLOCKS - 1, -1);
  g_autoptr (GArray) first = NULL, second = NULL;
  guint steps = f->steps;

  g_assert_cmpuint (plain->len, ==, BLOCKS * GROUPS);
  g_assert_cmpuint (steps, >, 0);
  first = survey (f, TRUE, 0, BLOCKS - 1, -1);
  g_assert_cmpuint (f->steps, ==, steps);
  compare (plain, first);
  second = survey (f, TRUE, 0, BLOCKS - 1, -1);
  g_assert_cmpuint (f->steps, ==, 0);
  compare (plain, second);
}

/* One input of one block, as for the layer on the screen. */
static void
test_part (Fixture *f, gconstpointer unused)
{
  SpqrTensor *tensor = spqr_model_lookup (f->model, "model.layers.1.mlp.down_proj.weight");
  SpqrSurvey limits = { .net = f->net };
  g_autoptr (GArray) plain = NULL, first = NULL, second = NULL, more = NULL, more_plain = NULL;

  g_assert_true (spqr_survey_limit_to (&limits, tensor, NULL));
  g_assert_cmpuint (limits.first_block, ==, 1);
  plain = survey (f, FALSE, 1, 1, limits.only_group);
  g_assert_cmpuint (plain->len, ==, 1);
  first = survey (f, TRUE, 1, 1, limits.only_group);
  second = survey (f, TRUE, 1, 1, limits.only_group);
  g_assert_cmpuint (f->steps, ==, 0);
  compare (plain, first);
  compare (plain, second);
  /* What was kept of it helps the whole, which observes the rest. */
  more_plain = survey (f, FALSE, 0, BLOCKS - 1, -1);
  more = survey (f, TRUE, 0, BLOCKS - 1, -1);
  compare (more_plain, more);
  g_assert_false (spqr_survey_limit_to (&limits, spqr_model_lookup (f->model, "lm_head.weight"), NULL));
}

static void
spoil (Fixture *f, guint which)
{
  g_auto (GStrv) names = fixture_list (f->cache_folder);
  g_autofree char *path = g_build_filename (f->cache_folder, names[which % g_strv_length (names)], NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  bytes[length / 2] ^= 1;
  g_assert_true (g_file_set_contents (path, bytes, length, NULL));
}

/* Damaged or lost entries anywhere: computed again, and whole afterwards. */
static void
test_holes (Fixture *f, gconstpointer unused)
{
  g_autoptr (GArray) plain = survey (f, TRUE, 0, BLOCKS - 1, -1);

  for (guint i = 0; i < BLOCKS * GROUPS; i++)
    {
      g_autoptr (GArray) again = NULL, kept = NULL;

      if (i % 2 == 0)
        spoil (f, i);
      else
        {
          g_auto (GStrv) names = fixture_list (f->cache_folder);
          g_autofree char *path = g_build_filename (f->cache_folder, names[i], NULL);
          g_assert_cmpint (g_unlink (path), ==, 0);
        }
      again = survey (f, TRUE, 0, BLOCKS - 1, -1);
      g_assert_cmpuint (f->steps, >, 0);
      compare (plain, again);
      kept = survey (f, TRUE, 0, BLOCKS - 1, -1);
      g_assert_cmpuint (f->steps, ==, 0);
      compare (plain, kept);
    }
}

/* Other windows and another model are other Hessians. */
static void
test_keys (Fixture *f, gconstpointer unused)
{
  g_autoptr (GArray) plain = survey (f, TRUE, 0, 0, 0), other = NULL, other_plain = NULL;

  f->calibration->ids[17] = (f->calibration->ids[17] + 1) % FIXTURE_VOCAB;
  other_plain = survey (f, FALSE, 0, 0, 0);
  other = survey (f, TRUE, 0, 0, 0);
  g_assert_cmpuint (f->steps, >, 0);
  compare (other, other_plain);
  g_assert_true (memcmp (g_array_index (plain, Seen, 0).h, g_array_index (other, Seen, 0).h, 48 * 48 * sizeof (float)) != 0);
  g_clear_pointer (&f->net, spqr_net_free);
  g_clear_object (&f->model);
  f->model = fixture_model (f->folder, "second", SPQR_DTYPE_F16, BLOCKS, 6);
  f->net = spqr_net_new (f->model, NULL, NULL);
  g_array_unref (survey (f, TRUE, 0, 0, 0));
  g_assert_cmpuint (f->steps, >, 0);
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/survey/whole", test_whole);
  ADD ("/survey/part", test_part);
  ADD ("/survey/holes", test_holes);
  ADD ("/survey/keys", test_keys);
  return g_test_run ();
}
