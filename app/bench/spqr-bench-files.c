#include "bench/spqr-bench-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/spqr-bench.h"
#include "model/spqr-safetensors.h"
#include "num/spqr-fp16.h"

typedef struct { char *name; gint64 shape[2]; guint n_dims; gsize count; } Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->name);
  g_free (entry);
}

/* cols 0: a vector. */
static void
add (GPtrArray *list, char *name, gint64 rows, gint64 cols)
{
  Entry *entry = g_new (Entry, 1);

  *entry = (Entry) { name, { rows, cols }, cols > 0 ? 2 : 1, (gsize) rows * (gsize) MAX (cols, 1) };
  g_ptr_array_add (list, entry);
}

static GPtrArray *
list_entries (const SpqrBenchModel *s)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (entry_free);
  const struct { const char *name; gint64 rows, cols; } parts[] = {
    { "input_layernorm", s->hidden, 0 },
    { "self_attn.q_proj", s->hidden, s->hidden },
    { "self_attn.k_proj", s->hidden / s->heads * s->kv_heads, s->hidden },
    { "self_attn.v_proj", s->hidden / s->heads * s->kv_heads, s->hidden },
    { "self_attn.o_proj", s->hidden, s->hidden },
    { "post_attention_layernorm", s->hidden, 0 },
    { "mlp.gate_proj", s->intermediate, s->hidden },
    { "mlp.up_proj", s->intermediate, s->hidden },
    { "mlp.down_proj", s->hidden, s->intermediate },
  };

  add (list, g_strdup ("model.embed_tokens.weight"), s->vocab, s->hidden);
  for (int b = 0; b < s->blocks; b++)
    for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
      add (list, g_strdup_printf ("model.layers.%d.%s.weight", b, parts[i].name), parts[i].rows, parts[i].cols);
  add (list, g_strdup ("model.norm.weight"), s->hidden, 0);
  add (list, g_strdup ("lm_head.weight"), s->vocab, s->hidden);
  return list;
}

static gboolean
write_config (const char *path, const SpqrBenchModel *s, GError **error)
{
  g_autofree char *file = g_build_filename (path, "config.json", NULL);
  g_autofree char *text = g_strdup_printf (
    "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"hidden_size\": %d, \"intermediate_size\": %d,"
    " \"num_hidden_layers\": %d, \"num_attention_heads\": %d, \"num_key_value_heads\": %d, \"max_position_embeddings\": %d,"
    " \"vocab_size\": %d, \"rms_norm_eps\": 1e-5, \"hidden_act\": \"silu\", \"tie_word_embeddings\": false,"
    " \"torch_dtype\": \"float16\"}", s->hidden, s->intermediate, s->blocks, s->heads, s->kv_heads, s->context, s->vocab);

  return g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, error);
}

static gboolean
append_values (SpqrSafetensorsWriter *writer, const Entry *entry, guint32 seed, GError **error)
{
  float *values = spqr_bench_alloc (entry->count * sizeof (float), error);
  guint16 *halves = values != NULL ? spqr_bench_alloc (entry->count * sizeof *halves, error) : NULL;
  gboolean done = FALSE;

  if (halves != NULL)
    {
      if (entry->n_dims == 1)
        for (gsize i = 0; i < entry->count; i++)
          values[i] = 1;
      else
        spqr_bench_fill (values, entry->count, 0.02, seed);
      spqr_f32_to_f16_row (values, halves, entry->count);
      done = spqr_safetensors_writer_append (writer, halves, entry->count * sizeof *halves, error);
    }
  free (values);
  free (halves);
  return done;
}

static char *
make_folder (const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (g_mkdir_with_parents (path, 0755) == 0)
    return g_steal_pointer (&path);
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: cannot make this folder: %s", path, g_strerror (errno));
  return NULL;
}

char *
spqr_bench_write_model (const char *folder, const char *name, const SpqrBenchModel *shape, GError **error)
{
  g_autofree char *path = make_folder (folder, name, error);
  g_autofree char *file = path != NULL ? g_build_filename (path, "model.safetensors", NULL) : NULL;
  g_autoptr (GPtrArray) entries = list_entries (shape);
  g_autoptr (SpqrSafetensorsWriter) writer = file != NULL ? spqr_safetensors_writer_new (file) : NULL;

  if (writer == NULL || !write_config (path, shape, error))
    return NULL;
  for (guint i = 0; i < entries->len; i++)
    {
      const Entry *entry = entries->pdata[i];
      spqr_safetensors_writer_declare (writer, entry->name, "F16", entry->shape, entry->n_dims, entry->count * 2);
    }
  if (!spqr_safetensors_writer_begin (writer, error))
    return NULL;
  for (guint i = 0; i < entries->len; i++)
    if (!append_values (writer, entries->pdata[i], i + 10, error))
      return NULL;
  return spqr_safetensors_writer_close (writer, error) ? g_steal_pointer (&path) : NULL;
}

/* A header, and a hole of the size that it tells. */
static gboolean
write_sparse_shard (const char *path, GPtrArray *entries, guint first, guint end, GError **error)
{
  g_autoptr (GString) header = g_string_new ("{");
  guint64 offset = 0, length;
  int fd, failed = 0;

  for (guint i = first; i < end; i++)
    {
      const Entry *entry = entries->pdata[i];
      guint64 bytes = (guint64) entry->count * 2;

      g_string_append_printf (header, "%s\"%s\":{\"dtype\":\"F16\",\"shape\":[%" G_GINT64_FORMAT, i > first ? "," : "",
                              entry->name, entry->shape[0]);
      if (entry->n_dims == 2)
        g_string_append_printf (header, ",%" G_GINT64_FORMAT, entry->shape[1]);
      g_string_append_printf (header, "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", offset, offset + bytes);
      offset += bytes;
    }
  g_string_append_c (header, '}');
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  length = GUINT64_TO_LE ((guint64) header->len);
  fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write (fd, &length, sizeof length) != sizeof length ||
      write (fd, header->str, header->len) != (gssize) header->len ||
      ftruncate (fd, (off_t) (sizeof length + header->len + offset)) != 0)
    failed = errno;
  if (fd >= 0)
    close (fd);
  if (failed == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (failed), "%s: %s", path, g_strerror (failed));
  return FALSE;
}

char *
spqr_bench_write_sparse_model (const char *folder, const char *name, const SpqrBenchModel *shape, guint shards, GError **error)
{
  g_autofree char *path = make_folder (folder, name, error);
  g_autoptr (GPtrArray) entries = list_entries (shape);
  g_autoptr (GString) index = g_string_new ("{\"metadata\": {}, \"weight_map\": {");
  g_autofree char *index_path = NULL;

  if (path == NULL || !write_config (path, shape, error))
    return NULL;
  for (guint s = 0; s < shards; s++)
    {
      g_autofree char *base = g_strdup_printf ("model-%05u-of-%05u.safetensors", s + 1, shards);
      g_autofree char *file = g_build_filename (path, base, NULL);
      guint first = entries->len * s / shards, end = entries->len * (s + 1) / shards;

      if (!write_sparse_shard (file, entries, first, end, error))
        return NULL;
      for (guint i = first; i < end; i++)
        g_string_append_printf (index, "%s\"%s\": \"%s\"", i > 0 ? ", " : "", ((Entry *) entries->pdata[i])->name, base);
    }
  g_string_append (index, "}}");
  index_path = g_build_filename (path, "model.safetensors.index.json", NULL);
  if (!g_file_set_contents_full (index_path, index->str, (gssize) index->len, G_FILE_SET_CONTENTS_NONE, 0644, error))
    return NULL;
  return g_steal_pointer (&path);
}
