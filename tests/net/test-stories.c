/* A real trained model: logits, greedy text and sampling against an independent f64 implementation.
 * The model is not part of this project: skipped where $SPQR_SHARED does not have it. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "net/spqr-generate.h"
#include "oracle.h"

typedef struct {
  SpqrModel *model;
  SpqrNet *net;
  JsonNode *oracle;
} Stories;

static void
stories_clear (Stories *stories)
{
  g_clear_pointer (&stories->net, spqr_net_free);
  g_clear_object (&stories->model);
  g_clear_pointer (&stories->oracle, json_node_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Stories, stories_clear)

/* FALSE after skipping the test. */
static gboolean
stories_open (Stories *stories)
{
  const char *shared = g_getenv ("SPQR_SHARED");
  g_autofree char *folder = g_build_filename (shared != NULL ? shared : "../shared", "models", "stories260K", NULL);
  g_autofree char *path = g_build_filename (folder, "oracle.json", NULL);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) error = NULL;

  *stories = (Stories) { NULL };
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("SPQR_SHARED has no models/stories260K");
      return FALSE;
    }
  g_assert_true (json_parser_load_from_file (parser, path, &error));
  stories->oracle = json_parser_steal_root (parser);
  stories->model = spqr_model_open (folder, &error);
  g_assert_no_error (error);
  stories->net = spqr_net_new (stories->model, NULL, &error);
  g_assert_no_error (error);
  return TRUE;
}

static gint32 *
read_ids (JsonArray *array, gsize *n)
{
  gint32 *ids = g_new (gint32, json_array_get_length (array));

  *n = json_array_get_length (array);
  for (gsize i = 0; i < *n; i++)
    ids[i] = (gint32) json_array_get_int_element (array, i);
  return ids;
}

static void
test_logits (void)
{
  g_auto (Stories) stories;
  g_autoptr (GError) error = NULL;
  g_autofree gint32 *ids = NULL;
  g_autofree float *logits = NULL;
  SpqrExec exec = oracle_exec ();
  JsonObject *prompt;
  JsonArray *top, *first;
  const float *last;
  gsize n;

  if (!stories_open (&stories))
    return;
  prompt = json_object_get_object_member (json_node_get_object (stories.oracle), "prompt");
  ids = read_ids (json_object_get_array_member (prompt, "ids"), &n);
  logits = g_new (float, n * 512);
  g_assert_true (spqr_net_forward (stories.net, ids, n, logits, &exec, &error));
  g_assert_no_error (error);
  last = logits + (n - 1) * 512;
  top = json_object_get_array_member (prompt, "last_logits_top8");
  for (guint i = 0; i < json_array_get_length (top); i++)
    {
      JsonArray *pair = json_array_get_array_element (top, i);

      g_assert_cmpfloat (fabs (last[json_array_get_int_element (pair, 0)] - json_array_get_double_element (pair, 1)), <, 1e-4);
    }
  first = json_object_get_array_member (prompt, "last_logits_first8");
  for (guint i = 0; i < json_array_get_length (first); i++)
    g_assert_cmpfloat (fabs (last[i] - json_array_get_double_element (first, i)), <, 1e-4);
}

static gboolean
count_id (gint32 id, gpointer user_data)
{
  GArray *seen = user_data;

  g_array_append_val (seen, id);
  return TRUE;
}

static void
test_greedy (void)
{
  g_auto (Stories) stories;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) seen = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree gint32 *want = NULL, *got = NULL;
  SpqrGenerateOptions options = { .stop_id = -1 };
  gsize n_want, n_got;

  if (!stories_open (&stories))
    return;
  want = read_ids (json_object_get_array_member (json_node_get_object (stories.oracle), "greedy_from_bos_120"), &n_want);
  options.max_tokens = n_want - 1;
  got = spqr_generate (stories.net, want, 1, &options, count_id, seen, NULL, &n_got, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (got, n_got * sizeof *got, want + 1, (n_want - 1) * sizeof *want);
  g_assert_cmpmem (seen->data, seen->len * sizeof *got, got, n_got * sizeof *got);
}

static gint32 *
draw (Stories *stories, double temperature, guint top_k, guint64 seed, gsize *n)
{
  g_autoptr (GError) error = NULL;
  SpqrGenerateOptions options = { .max_tokens = 60, .temperature = temperature, .top_k = top_k, .seed = seed, .stop_id = -1 };
  gint32 bos = 1;
  gint32 *ids = spqr_generate (stories->net, &bos, 1, &options, NULL, NULL, NULL, n, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (*n, ==, 60);
  return ids;
}

static void
test_sampled (void)
{
  g_auto (Stories) stories;
  g_autofree gint32 *a = NULL, *b = NULL, *c = NULL, *greedy = NULL, *top1 = NULL, *cold = NULL;
  gsize n;

  if (!stories_open (&stories))
    return;
  a = draw (&stories, 1, 40, 7, &n);
  b = draw (&stories, 1, 40, 7, &n);
  c = draw (&stories, 1, 40, 8, &n);
  greedy = draw (&stories, 0, 0, 1, &n);
  top1 = draw (&stories, 1, 1, 1, &n);
  cold = draw (&stories, 1e-3, 0, 1, &n);
  g_assert_cmpmem (a, n * sizeof *a, b, n * sizeof *b);
  g_assert_cmpint (memcmp (a, c, n * sizeof *a), !=, 0);
  g_assert_cmpmem (greedy, n * sizeof *greedy, top1, n * sizeof *top1);
  g_assert_cmpmem (greedy, n * sizeof *greedy, cold, n * sizeof *cold);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stories/logits", test_logits);
  g_test_add_func ("/stories/greedy", test_greedy);
  g_test_add_func ("/stories/sampled", test_sampled);
  return g_test_run ();
}
