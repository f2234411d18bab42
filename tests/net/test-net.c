/* What callers of a network rely on: sources, observers, positions, caches, threads, errors. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-pool.h"
#include "model/spqr-safetensors.h"
#include "net/spqr-segments.h"
#include "oracle.h"

static const char *const families[] = { "llama", "phi3", "falcon-multi-query", "falcon-grouped", "gpt_neox", "opt-post-norm", "gemma2", "qwen3" };

/* ---- where weights come from ---- */

typedef struct {
  SpqrWeightSource source;
  GHashTable *asked;      /* of SpqrTensor */
  float factor;           /* of every linear layer */
} FactorSource;

static gboolean
factor_load (SpqrWeightSource *source, SpqrTensor *tensor, float *out, GError **error)
{
  FactorSource *self = (FactorSource *) source;

  g_hash_table_add (self->asked, tensor);
  if (!spqr_tensor_read_rows (tensor, 0, spqr_tensor_get_rows (tensor), out, error))
    return FALSE;
  if (spqr_role_is_linear (spqr_tensor_get_role (tensor)) && !spqr_tensor_is_bias (tensor))
    for (gsize i = 0; i < spqr_tensor_get_rows (tensor) * spqr_tensor_get_cols (tensor); i++)
      out[i] *= self->factor;
  return TRUE;
}

static void
test_source (gconstpointer name)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (NULL, NULL);
  FactorSource source = { { factor_load }, asked, 0.5f };
  g_auto (Oracle) oracle = { NULL };
  guint linears_seen = 0;

  oracle_open (&oracle, name, &source.source);
  for (int b = 0; b < spqr_net_get_config (oracle.net)->n_blocks; b++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SpqrBlock) block = spqr_net_load_block (oracle.net, b, &error);
      SpqrBlockLinear linears[8];
      guint n = spqr_net_list_linears (oracle.net, b, linears), last_group = 0;

      g_assert_no_error (error);
      for (guint i = 0; i < n; i++)
        {
          g_autofree float *want = spqr_tensor_read (linears[i].tensor, &error);
          const float *got = spqr_block_get_matrix (block, linears[i].tensor);

          g_assert_true (g_hash_table_contains (asked, linears[i].tensor));
          g_assert_nonnull (got);
          for (gsize k = 0; k < spqr_tensor_get_rows (linears[i].tensor) * spqr_tensor_get_cols (linears[i].tensor); k++)
            g_assert_cmpfloat (got[k], ==, want[k] * 0.5f);
          g_assert_cmpuint (linears[i].input_group, >=, last_group);
          g_assert_cmpuint (linears[i].input_group, <=, last_group + 1);
          g_assert_cmpint (linears[i].role, ==, spqr_tensor_get_role (linears[i].tensor));
          last_group = linears[i].input_group;
        }
      linears_seen += n;
      g_assert_null (spqr_block_get_matrix (block, spqr_model_get_tensor (oracle.model, 0)));
    }
  /* Every linear layer of the catalog is one of a block's. */
  for (guint i = 0; i < spqr_model_get_n_tensors (oracle.model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (oracle.model, i);

      if (spqr_tensor_get_block (tensor) >= 0 && spqr_role_is_linear (spqr_tensor_get_role (tensor)) && !spqr_tensor_is_bias (tensor))
        linears_seen--;
    }
  g_assert_cmpuint (linears_seen, ==, 0);
}

/* A matrix that is written into a loaded block is the one that is used. */
static void
test_written_matrix (void)
{
  g_auto (Oracle) plain = { NULL }, halved = { NULL };
  g_autoptr (GHashTable) asked = g_hash_table_new (NULL, NULL);
  FactorSource source = { { factor_load }, asked, 0.5f };
  g_autoptr (SpqrBlock) a = NULL, b = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree float *x = NULL, *y = NULL;
  SpqrBlockLinear linears[8];
  SpqrExec exec = oracle_exec ();
  gsize n;

  oracle_open (&plain, "llama", NULL);
  oracle_open (&halved, "llama", &source.source);
  n = plain.n_ids * spqr_net_get_config (plain.net)->hidden;
  x = g_new (float, n);
  y = g_new (float, n);
  g_assert_true (spqr_net_embed (plain.net, plain.ids, plain.n_ids, 0, x, &error));
  memcpy (y, x, n * sizeof *y);
  a = spqr_net_load_block (plain.net, 0, &error);
  b = spqr_net_load_block (halved.net, 0, &error);
  for (guint i = spqr_net_list_linears (plain.net, 0, linears); i-- > 0; )
    {
      float *w = spqr_block_get_matrix (a, linears[i].tensor);

      for (gsize k = 0; k < spqr_tensor_get_rows (linears[i].tensor) * spqr_tensor_get_cols (linears[i].tensor); k++)
        w[k] *= 0.5f;
    }
  g_assert_true (spqr_net_run_block (plain.net, a, x, plain.n_ids, 0, NULL, NULL, &exec, &error));
  g_assert_true (spqr_net_run_block (halved.net, b, y, plain.n_ids, 0, NULL, NULL, &exec, &error));
  g_assert_cmpmem (x, n * sizeof *x, y, n * sizeof *y);
}

/* ---- observers ---- */

typedef struct {
  Oracle *oracle;
  GArray *groups;             /* guint, as they came */
  guint stop_at;
  float *last;                /* copy of the last input */
  gsize tokens, n;
} Observation;

static gboolean
observe (guint group, const float *x, gsize tokens, gsize n, gpointer user_data)
{
  Observation *o = user_data;
  SpqrBlockLinear linears[8];
  guint n_linears = spqr_net_list_linears (o->oracle->net, 0, linears);

  g_array_append_val (o->groups, group);
  g_assert_cmpuint (tokens, ==, o->oracle->n_ids);
  for (guint i = 0; i < n_linears; i++)
    if (linears[i].input_group == group)
      g_assert_cmpuint (spqr_tensor_get_cols (linears[i].tensor), ==, n);
  g_free (o->last);
  o->last = g_memdup2 (x, tokens * n * sizeof *x);
  o->tokens = tokens;
  o->n = n;
  return group != o->stop_at;
}

static SpqrTensor *
linear_of_role (SpqrNet *net, SpqrRole role)
{
  SpqrBlockLinear linears[8];
  guint n = spqr_net_list_linears (net, 0, linears);

  for (guint i = 0; i < n; i++)
    if (linears[i].role == role)
      return linears[i].tensor;
  return NULL;
}

/* The observer sees the groups in order, and what it sees of the last is what makes the output: the
 * block with the down matrix zeroed plus down · x is the block. */
static void
test_observe (gconstpointer name)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrBlock) block = NULL;
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree float *whole = NULL, *plain = NULL, *without = NULL, *x = NULL, *matrix = NULL;
  Observation o = { &oracle, groups, G_MAXUINT };
  SpqrExec exec = oracle_exec ();
  SpqrBlockLinear linears[8];
  SpqrTensor *down;
  gsize hidden, n;
  float *w;

  oracle_open (&oracle, name, NULL);
  hidden = spqr_net_get_config (oracle.net)->hidden;
  n = oracle.n_ids * hidden;
  x = g_new (float, n);
  block = spqr_net_load_block (oracle.net, 0, &error);
  g_assert_true (spqr_net_embed (oracle.net, oracle.ids, oracle.n_ids, 0, x, &error));
  whole = g_memdup2 (x, n * sizeof *x);
  plain = g_memdup2 (x, n * sizeof *x);
  without = g_memdup2 (x, n * sizeof *x);
  g_assert_true (spqr_net_run_block (oracle.net, block, whole, oracle.n_ids, 0, observe, &o, &exec, &error));
  g_assert_true (spqr_net_run_block (oracle.net, block, plain, oracle.n_ids, 0, NULL, NULL, &exec, &error));
  g_assert_cmpmem (whole, n * sizeof *x, plain, n * sizeof *x);
  for (guint i = 0; i < groups->len; i++)
    g_assert_cmpuint (g_array_index (groups, guint, i), ==, i);
  g_assert_cmpuint (groups->len, ==, linears[spqr_net_list_linears (oracle.net, 0, linears) - 1].input_group + 1);

  down = linear_of_role (oracle.net, SPQR_ROLE_DOWN);
  matrix = spqr_tensor_read (down, &error);
  w = spqr_block_get_matrix (block, down);
  memset (w, 0, hidden * o.n * sizeof *w);
  g_assert_true (spqr_net_run_block (oracle.net, block, without, oracle.n_ids, 0, NULL, NULL, &exec, &error));
  for (gsize t = 0; t < oracle.n_ids; t++)
    for (gsize i = 0; i < hidden; i++)
      {
        double product = 0;

        for (gsize k = 0; k < o.n; k++)
          product += (double) matrix[i * o.n + k] * o.last[t * o.n + k];
        g_assert_cmpfloat (fabs (without[t * hidden + i] + product - whole[t * hidden + i]), <, 1e-4);
      }
  g_free (o.last);
}

/* The first group's input is the norm of the hidden states; the second's goes through o_proj. */
static void
test_observe_first (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrBlock) block = NULL;
  g_autoptr (GArray) groups = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree float *x = NULL, *norm = NULL, *first = NULL;
  Observation o = { &oracle, groups, 0 };
  SpqrExec exec = oracle_exec ();
  const SpqrConfig *config;
  gsize n;

  oracle_open (&oracle, "llama", NULL);
  config = spqr_net_get_config (oracle.net);
  n = oracle.n_ids * config->hidden;
  x = g_new (float, n);
  block = spqr_net_load_block (oracle.net, 0, &error);
  norm = spqr_tensor_read (spqr_model_find (oracle.model, 0, SPQR_ROLE_INPUT_NORM, FALSE), &error);
  g_assert_true (spqr_net_embed (oracle.net, oracle.ids, oracle.n_ids, 0, x, &error));
  first = g_memdup2 (x, n * sizeof *x);
  g_assert_true (spqr_net_run_block (oracle.net, block, x, oracle.n_ids, 0, observe, &o, &exec, &error));
  g_assert_cmpuint (groups->len, ==, 1);        /* told to stop there */
  for (gsize t = 0; t < oracle.n_ids; t++)
    {
      const float *row = first + t * config->hidden;
      double squares = 0;

      for (int i = 0; i < config->hidden; i++)
        squares += (double) row[i] * row[i];
      for (int i = 0; i < config->hidden; i++)
        g_assert_cmpfloat (fabs (o.last[t * config->hidden + i] - row[i] * norm[i] / sqrt (squares / config->hidden + config->norm_epsilon)), <, 1e-5);
    }
  g_free (o.last);
}

/* ---- positions, pieces and threads ---- */

/* Rotary attention sees differences of positions alone: a window that begins later is the same. */
static void
test_position0 (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrBlock) block = NULL;
  g_autofree float *a = NULL, *b = NULL;
  SpqrExec exec = oracle_exec ();
  gsize n;

  oracle_open (&oracle, "llama", NULL);
  n = oracle.n_ids * spqr_net_get_config (oracle.net)->hidden;
  a = g_new (float, n);
  block = spqr_net_load_block (oracle.net, 0, &error);
  g_assert_true (spqr_net_embed (oracle.net, oracle.ids, oracle.n_ids, 0, a, &error));
  b = g_memdup2 (a, n * sizeof *a);
  g_assert_true (spqr_net_run_block (oracle.net, block, a, oracle.n_ids, 0, NULL, NULL, &exec, &error));
  g_assert_true (spqr_net_run_block (oracle.net, block, b, oracle.n_ids, 1000, NULL, NULL, &exec, &error));
  oracle_compare ("position 1000", b, a, n, 2e-5);
  g_assert_cmpint (memcmp (a, b, n * sizeof *a), !=, 0);
}

static float *
run_all (Oracle *oracle, const SpqrSegment *segments, gsize n_segments, SpqrKeyValues *caches, const SpqrExec *exec)
{
  const SpqrConfig *config = spqr_net_get_config (oracle->net);
  float *hidden = g_new (float, oracle->n_ids * config->hidden);
  g_autoptr (GError) error = NULL;

  for (gsize s = 0; s < n_segments; s++)
    g_assert_true (spqr_net_embed (oracle->net, oracle->ids + segments[s].first, segments[s].count, segments[s].position0,
                                   hidden + segments[s].first * config->hidden, &error));
  for (int b = 0; b < config->n_blocks; b++)
    {
      g_autoptr (SpqrBlock) block = spqr_net_load_block_with (oracle->net, b, exec, &error);

      g_assert_no_error (error);
      for (gsize s = 0; s < n_segments; s++)
        {
          SpqrSegment one = segments[s];

          if (caches == NULL)
            continue;
          one.first = 0;
          one.cache = &caches[b];
          g_assert_true (spqr_net_run_segments (oracle->net, block, hidden + segments[s].first * config->hidden, one.count,
                                                &one, 1, NULL, NULL, exec, &error));
        }
      if (caches == NULL)
        g_assert_true (spqr_net_run_segments (oracle->net, block, hidden, oracle->n_ids, segments, n_segments, NULL, NULL, exec, &error));
      g_assert_no_error (error);
    }
  return hidden;
}

/* One sequence whole, in two segments of which the second has the first as parent, and in pieces through a cache. */
static void
test_pieces (gconstpointer name)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  const SpqrSegment whole = { 0, 37, 0, -1, NULL };
  const SpqrSegment halves[] = { { 0, 20, 0, -1, NULL }, { 20, 17, 20, 0, NULL } };
  const SpqrSegment pieces[] = { { 0, 11, 0, -1, NULL }, { 11, 1, 11, -1, NULL }, { 12, 2, 12, -1, NULL }, { 14, 23, 14, -1, NULL } };
  g_autofree float *a = NULL, *b = NULL, *c = NULL;
  g_autofree SpqrKeyValues *caches = NULL;
  SpqrExec exec = oracle_exec ();
  const SpqrConfig *config;

  oracle_open (&oracle, name, NULL);
  config = spqr_net_get_config (oracle.net);
  caches = g_new0 (SpqrKeyValues, config->n_blocks);
  for (int i = 0; i < config->n_blocks; i++)
    g_assert_true (spqr_key_values_init (&caches[i], oracle.net, 37, &error));
  a = run_all (&oracle, &whole, 1, NULL, &exec);
  b = run_all (&oracle, halves, 2, NULL, &exec);
  c = run_all (&oracle, pieces, 4, caches, &exec);
  oracle_compare ("parent", b, a, 37 * config->hidden, 1e-5);
  oracle_compare ("cache", c, a, 37 * config->hidden, 1e-5);
  for (int i = 0; i < config->n_blocks; i++)
    {
      g_assert_cmpuint (caches[i].length, ==, 37);
      spqr_key_values_clear (&caches[i]);
    }
}

static void
test_threads (gconstpointer name)
{
  g_auto (Oracle) oracle = { NULL };
  SpqrSegment whole = { 0, 37, 0, -1, NULL };
  g_autofree float *single = NULL, *logits1 = NULL;
  g_autoptr (GError) error = NULL;
  gsize n, vocab, tokens = 37;

  oracle_open (&oracle, name, NULL);
  if (spqr_net_get_config (oracle.net)->position == SPQR_POSITION_ROTARY)
    {
      /* Long enough for several tiles of everything. */
      oracle.ids = g_renew (gint32, oracle.ids, 18 * 37);
      for (tokens = 37; tokens < 18 * 37; tokens++)
        oracle.ids[tokens] = oracle.ids[tokens - 37] * 3 % 61;
      whole.count = oracle.n_ids = tokens;
    }
  n = tokens * spqr_net_get_config (oracle.net)->hidden;
  vocab = spqr_net_get_config (oracle.net)->vocab;
  single = run_all (&oracle, &whole, 1, NULL, NULL);
  logits1 = g_new (float, tokens * vocab);
  g_assert_true (spqr_net_logits (oracle.net, single, tokens, 0, tokens, logits1, NULL, &error));
  for (guint threads = 1; threads <= 3; threads++)
    {
      SpqrPool *pool = spqr_pool_new (threads);
      SpqrExec exec = spqr_pool_exec (pool, NULL, NULL);
      g_autofree float *hidden = run_all (&oracle, &whole, 1, NULL, &exec);
      g_autofree float *logits = g_new (float, tokens * vocab);

      g_assert_true (spqr_net_logits (oracle.net, hidden, tokens, 0, tokens, logits, &exec, &error));
      g_assert_cmpmem (hidden, n * sizeof *hidden, single, n * sizeof *single);
      g_assert_cmpmem (logits, tokens * vocab * sizeof *logits, logits1, tokens * vocab * sizeof *logits1);
      spqr_pool_free (pool);
    }
}

/* ---- damaged models ---- */

typedef enum { DROP, RESHAPE, POISON } Damage;

/* A copy of the case in a new folder with one tensor dropped, lengthened by one row, or made NaN. */
static char *
damaged_copy (const char *name, const char *victim, Damage damage)
{
  g_autofree char *from = g_test_build_filename (G_TEST_DIST, "net", "oracles", name, NULL);
  g_autofree char *weights = g_build_filename (from, "model.safetensors", NULL);
  g_autofree char *config = g_build_filename (from, "config.json", NULL);
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("spqr-net-XXXXXX", &error);
  g_autofree char *new_weights = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *new_config = g_build_filename (folder, "config.json", NULL);
  g_autoptr (SpqrSafetensors) file = spqr_safetensors_open (weights, &error);
  g_autoptr (SpqrSafetensorsWriter) writer = spqr_safetensors_writer_new (new_weights);
  g_autofree char *text = NULL;
  gboolean found = FALSE;
  gsize length;

  g_assert_no_error (error);
  for (guint pass = 0; pass < 2; pass++)
    {
      for (guint i = 0; i < spqr_safetensors_get_n_entries (file); i++)
        {
          const SpqrSafetensorsEntry *entry = spqr_safetensors_get_entry (file, i);
          gboolean hit = g_str_equal (entry->name, victim);
          gsize row = entry->n_bytes / entry->shape[0];
          gsize size = entry->n_bytes + (hit && damage == RESHAPE ? row : 0);
          g_autofree guint8 *data = g_malloc0 (size);
          gint64 shape[8];

          found |= hit;
          if (hit && damage == DROP)
            continue;
          memcpy (shape, entry->shape, sizeof shape);
          memcpy (data, entry->data, entry->n_bytes);
          if (hit && damage == RESHAPE)
            shape[0]++;
          if (hit && damage == POISON)
            memset (data, 0xff, size);
          if (pass == 0)
            spqr_safetensors_writer_declare (writer, entry->name, entry->dtype_name, shape, entry->n_dims, size);
          else
            g_assert_true (spqr_safetensors_writer_append (writer, data, size, &error));
        }
      if (pass == 0)
        g_assert_true (spqr_safetensors_writer_begin (writer, &error));
    }
  g_assert_true (found);
  g_assert_true (spqr_safetensors_writer_close (writer, &error));
  g_assert_true (g_file_get_contents (config, &text, &length, &error));
  g_assert_true (g_file_set_contents (new_config, text, length, &error));
  return folder;
}

static void
remove_copy (const char *folder)
{
  g_autofree char *weights = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *config = g_build_filename (folder, "config.json", NULL);

  g_unlink (weights);
  g_unlink (config);
  g_rmdir (folder);
}

static void
assert_refused (const char *name, const char *victim, Damage damage, int code)
{
  g_autofree char *folder = damaged_copy (name, victim, damage);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) model = spqr_model_open (folder, &error);
  g_autoptr (SpqrNet) net = NULL;

  g_assert_no_error (error);
  net = spqr_net_new (model, NULL, &error);
  g_assert_null (net);
  g_assert_error (error, SPQR_NET_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, victim));
  remove_copy (folder);
}

static void
test_damaged (void)
{
  static const struct { const char *name, *victim; } tensors[] = {
    { "llama", "model.layers.1.self_attn.q_proj.weight" },
    { "llama", "model.layers.0.mlp.down_proj.weight" },
    { "llama", "model.layers.1.input_layernorm.weight" },
    { "qwen2", "model.layers.1.self_attn.v_proj.bias" },
    { "qwen3", "model.layers.0.self_attn.k_norm.weight" },
    { "gemma2", "model.layers.2.post_feedforward_layernorm.weight" },
    { "falcon-grouped", "transformer.h.1.ln_mlp.weight" },
    { "gpt_neox", "gpt_neox.layers.1.attention.query_key_value.weight" },
    { "opt", "model.decoder.layers.1.fc1.bias" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++)
    {
      assert_refused (tensors[i].name, tensors[i].victim, DROP, SPQR_NET_ERROR_MISSING_TENSOR);
      assert_refused (tensors[i].name, tensors[i].victim, RESHAPE, SPQR_NET_ERROR_SHAPE);
    }
  assert_refused ("llama", "lm_head.weight", RESHAPE, SPQR_NET_ERROR_SHAPE);
  assert_refused ("opt", "model.decoder.embed_tokens.weight", RESHAPE, SPQR_NET_ERROR_SHAPE);
  assert_refused ("opt-post-norm", "model.decoder.project_out.weight", RESHAPE, SPQR_NET_ERROR_SHAPE);
}

static void
test_nan (void)
{
  static const struct { const char *name, *victim; } tensors[] = {
    { "llama", "model.layers.0.self_attn.k_proj.weight" },
    { "gemma2", "model.layers.1.mlp.up_proj.weight" },
    { "falcon-alibi", "transformer.h.0.input_layernorm.weight" },
    { "llama", "lm_head.weight" },
    { "llama", "model.embed_tokens.weight" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tensors); i++)
    {
      g_autofree char *folder = damaged_copy (tensors[i].name, tensors[i].victim, POISON);
      g_autoptr (GError) error = NULL;
      g_autoptr (SpqrModel) model = spqr_model_open (folder, &error);
      g_autoptr (SpqrNet) net = spqr_net_new (model, NULL, &error);
      gint32 ids[] = { 3, 1, 4, 1, 5, 9 };
      g_autofree float *logits = g_new0 (float, 6 * 61);
      SpqrExec exec = oracle_exec ();

      g_assert_no_error (error);
      g_assert_true (spqr_net_forward (net, ids, 6, logits, &exec, &error));
      g_assert_true (isnan (logits[6 * 61 - 1]));
      remove_copy (folder);
    }
}

static void
test_bad_ids (void)
{
  g_auto (Oracle) oracle = { NULL }, opt = { NULL };
  g_autoptr (GError) error = NULL;
  float hidden[4 * 64];
  gint32 ids[4] = { 0, 60, 61, 2 };

  oracle_open (&oracle, "llama", NULL);
  oracle_open (&opt, "opt", NULL);
  g_assert_true (spqr_net_embed (oracle.net, ids, 2, 0, hidden, &error));
  g_assert_false (spqr_net_embed (oracle.net, ids, 3, 0, hidden, &error));
  g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_OUT_OF_VOCABULARY);
  g_assert_nonnull (strstr (error->message, "61"));
  g_clear_error (&error);
  g_assert_true (spqr_net_embed (opt.net, ids, 2, 46, hidden, &error));
  g_assert_false (spqr_net_embed (opt.net, ids, 2, 47, hidden, &error));
  g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_false (spqr_net_embed (opt.net, ids, 2, G_MAXSIZE, hidden, &error));
  g_assert_error (error, SPQR_NET_ERROR, SPQR_NET_ERROR_SHAPE);
}

static bool
always (void *data)
{
  return true;
}

static void
test_stop (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrBlock) block = NULL;
  g_autofree float *hidden = NULL;
  SpqrExec exec = spqr_pool_exec (spqr_pool_get_default (), always, NULL);
  double nll[37];

  oracle_open (&oracle, "llama", NULL);
  hidden = g_new0 (float, 37 * spqr_net_get_config (oracle.net)->hidden);
  g_assert_null (spqr_net_load_block_with (oracle.net, 0, &exec, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  block = spqr_net_load_block (oracle.net, 0, &error);
  g_assert_false (spqr_net_run_block (oracle.net, block, hidden, 37, 0, NULL, NULL, &exec, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (spqr_net_cross_entropy (oracle.net, hidden, 37, oracle.ids, nll, &exec, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
add_for_families (const char *what, GTestDataFunc func)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      g_autofree char *path = g_strdup_printf ("/net/%s/%s", what, families[i]);

      g_test_add_data_func (path, families[i], func);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_for_families ("source", test_source);
  g_test_add_func ("/net/written-matrix", test_written_matrix);
  g_test_add_func ("/net/observe-first", test_observe_first);
  g_test_add_data_func ("/net/observe/llama", "llama", test_observe);
  g_test_add_data_func ("/net/observe/falcon-multi-query", "falcon-multi-query", test_observe);
  g_test_add_data_func ("/net/observe/gpt_neox", "gpt_neox", test_observe);
  g_test_add_data_func ("/net/observe/opt", "opt", test_observe);
  g_test_add_func ("/net/position0", test_position0);
  add_for_families ("pieces", test_pieces);
  add_for_families ("threads", test_threads);
  g_test_add_func ("/net/damaged", test_damaged);
  g_test_add_func ("/net/nan", test_nan);
  g_test_add_func ("/net/bad-ids", test_bad_ids);
  g_test_add_func ("/net/stop", test_stop);
  return g_test_run ();
}
