/* spqr-tokenizer-json.c: Hugging Face's tokenizer.json with a BPE model. */
#include "text/spqr-tokenizer-private.h"

#include <string.h>

static gboolean
malformed (GError **error, const char *path, const char *what)
{
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: %s", path, what);
  return FALSE;
}

/* --- the model ------------------------------------------------------------------------------- */

static gboolean
read_vocab (SpqrTokenizer *self, JsonObject *vocab, const char *path, GError **error)
{
  JsonObjectIter iter;
  const char *text;
  JsonNode *node;

  json_object_iter_init (&iter, vocab);
  while (json_object_iter_next (&iter, &text, &node))
    {
      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: token “%.60s” has no integer id", path,
                       text);
          return FALSE;
        }
      if (!spqr_token_table_add (&self->table, json_node_get_int (node), text, TRUE, path, error))
        return FALSE;
    }
  return TRUE;
}

static const char *
get_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node)
                                                                                          : NULL;
}

/* "a b", or ["a", "b"]. */
static gboolean
read_merge (SpqrTokenizer *self, JsonNode *node, gint32 rank, const char *path, GError **error)
{
  const char *left = NULL, *right = NULL;
  gsize left_len = 0;

  if (JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) == 2)
    {
      JsonNode *a = json_array_get_element (json_node_get_array (node), 0);
      JsonNode *b = json_array_get_element (json_node_get_array (node), 1);

      left = get_string (a);
      right = get_string (b);
      left_len = left != NULL ? strlen (left) : 0;
    }
  else if (get_string (node) != NULL)
    {
      left = get_string (node);
      right = strchr (left, ' ');
      left_len = right != NULL ? (gsize) (right - left) : 0;
      right = right != NULL && strchr (right + 1, ' ') == NULL ? right + 1 : NULL;
    }
  if (left == NULL || right == NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: merge %d is not two tokens", path, rank);
      return FALSE;
    }
  return spqr_bpe_add_merge (self->bpe, left, left_len, right, strlen (right), rank, path, error);
}

static void
read_options (SpqrTokenizer *self, JsonObject *model, SpqrBpeOptions *options)
{
  const char *unk = spqr_json_member_string (model, "unk_token");

  options->unk_id = unk != NULL ? spqr_token_table_find (&self->table, unk) : -1;
  options->unk_required = unk != NULL && options->unk_id < 0;
  options->fuse_unk = spqr_json_member_boolean (model, "fuse_unk", FALSE);
  options->byte_fallback = spqr_json_member_boolean (model, "byte_fallback", FALSE);
  options->ignore_merges = spqr_json_member_boolean (model, "ignore_merges", FALSE);
  options->prefix = spqr_json_member_string (model, "continuing_subword_prefix");
  options->suffix = spqr_json_member_string (model, "end_of_word_suffix");
}

static gboolean
check_model_type (JsonObject *model, const char *path, GError **error)
{
  const char *type = spqr_json_member_string (model, "type");
  JsonNode *dropout = json_object_get_member (model, "dropout");

  if (type == NULL && json_object_has_member (model, "merges"))
    type = "BPE";
  if (g_strcmp0 (type, "BPE") != 0)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: a tokenizer of the kind “%.40s”; this program reads BPE", path, type != NULL ? type : "?");
      return FALSE;
    }
  if (dropout != NULL && JSON_NODE_HOLDS_VALUE (dropout) && json_node_get_double (dropout) > 0)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: merges are dropped at random (dropout); the ids would differ from run to run", path);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_model (SpqrTokenizer *self, JsonObject *model, const char *path, GError **error)
{
  JsonObject *vocab = spqr_json_member_object (model, "vocab");
  JsonArray *merges = spqr_json_member_array (model, "merges");
  SpqrBpeOptions options;

  if (!check_model_type (model, path, error))
    return FALSE;
  if (vocab == NULL || merges == NULL)
    return malformed (error, path, "the model has no vocab or no merges");
  if (!read_vocab (self, vocab, path, error))
    return FALSE;
  read_options (self, model, &options);
  self->bpe = spqr_bpe_new (&self->table, &options);
  for (guint i = 0; i < json_array_get_length (merges); i++)
    {
      if (!read_merge (self, json_array_get_element (merges, i), (gint32) i, path, error))
        return FALSE;
    }
  return TRUE;
}

/* --- added tokens ---------------------------------------------------------------------------- */

static gboolean
read_added (SpqrTokenizer *self, JsonArray *added, const char *path, GError **error)
{
  g_autoptr(GPtrArray) objects = spqr_json_objects (added, path, error);

  for (guint i = 0; objects != NULL && i < objects->len; i++)
    {
      JsonObject *object = objects->pdata[i];
      SpqrAddedTokenSpec spec = { .text = spqr_json_member_string (object, "content") };

      if (spec.text == NULL || !spqr_json_member_int (object, "id", &spec.id) || spec.id < 0)
        return malformed (error, path, "an added token has no content or no id");
      spec.special = spqr_json_member_boolean (object, "special", FALSE);
      spec.normalized = spqr_json_member_boolean (object, "normalized", !spec.special);
      spec.single_word = spqr_json_member_boolean (object, "single_word", FALSE);
      spec.lstrip = spqr_json_member_boolean (object, "lstrip", FALSE);
      spec.rstrip = spqr_json_member_boolean (object, "rstrip", FALSE);
      if (!spqr_tokenizer_add_token (self, &spec, path, error))
        return FALSE;
    }
  return objects != NULL;
}

/* --- the post-processor ---------------------------------------------------------------------- */

static gboolean
append_id (SpqrTokenizer *self, GArray *ids, gint64 id, const char *path, GError **error)
{
  gint32 value = (gint32) id;

  if (spqr_token_table_get (&self->table, id) == NULL || ids->len >= 1024)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
                   "%s: the post-processor adds the id %" G_GINT64_FORMAT ", which is not in the vocabulary", path, id);
      return FALSE;
    }
  g_array_append_val (ids, value);
  return TRUE;
}

static gboolean
append_special (SpqrTokenizer *self, JsonObject *specials, const char *name, GArray *ids, const char *path,
                GError **error)
{
  JsonObject *special = specials != NULL && name != NULL ? spqr_json_member_object (specials, name) : NULL;
  JsonArray *list = special != NULL ? spqr_json_member_array (special, "ids") : NULL;

  if (list == NULL)
    return malformed (error, path, "the post-processor uses a special token that it does not define");
  for (guint i = 0; i < json_array_get_length (list); i++)
    {
      JsonNode *node = json_array_get_element (list, i);
      gint64 id = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                    ? json_node_get_int (node) : -1;

      if (!append_id (self, ids, id, path, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_template (SpqrTokenizer *self, JsonObject *object, GArray *prefix, GArray *suffix, const char *path,
               GError **error)
{
  g_autoptr(GPtrArray) parts = spqr_json_objects (spqr_json_member_array (object, "single"), path, error);
  gboolean after = FALSE;

  for (guint i = 0; parts != NULL && i < parts->len; i++)
    {
      JsonObject *special = spqr_json_member_object (parts->pdata[i], "SpecialToken");

      if (special == NULL)
        after = TRUE;
      else if (!append_special (self, spqr_json_member_object (object, "special_tokens"),
                                spqr_json_member_string (special, "id"), after ? suffix : prefix, path, error))
        return FALSE;
    }
  return parts != NULL;
}

/* Bert- and RobertaProcessing: "cls": ["<s>", 0]. */
static gboolean
read_end (SpqrTokenizer *self, JsonObject *object, const char *key, GArray *ids, const char *path, GError **error)
{
  JsonArray *pair = spqr_json_member_array (object, key);
  JsonNode *node = pair != NULL && json_array_get_length (pair) == 2 ? json_array_get_element (pair, 1) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return malformed (error, path, "the post-processor's cls or sep is not a token and its id");
  return append_id (self, ids, json_node_get_int (node), path, error);
}

static gboolean read_post_processor (SpqrTokenizer *self, JsonNode *node, const char *path, GError **error);

static gboolean
read_processors (SpqrTokenizer *self, JsonArray *list, const char *path, GError **error)
{
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      if (!read_post_processor (self, json_array_get_element (list, i), path, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_post_processor (SpqrTokenizer *self, JsonNode *node, const char *path, GError **error)
{
  g_autoptr(GArray) prefix = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) suffix = g_array_new (FALSE, FALSE, sizeof (gint32));
  JsonObject *object;
  const char *type;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  type = object != NULL ? spqr_json_member_string (object, "type") : NULL;
  if (g_strcmp0 (type, "ByteLevel") == 0)
    return TRUE;   /* offsets only */
  if (g_strcmp0 (type, "Sequence") == 0)
    return read_processors (self, spqr_json_member_array (object, "processors"), path, error);
  if (g_strcmp0 (type, "TemplateProcessing") == 0)
    {
      if (!read_template (self, object, prefix, suffix, path, error))
        return FALSE;
    }
  else if (g_strcmp0 (type, "BertProcessing") == 0 || g_strcmp0 (type, "RobertaProcessing") == 0)
    {
      if (!read_end (self, object, "cls", prefix, path, error) || !read_end (self, object, "sep", suffix, path, error))
        return FALSE;
    }
  else
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: the post-processor “%.60s” is not known to this program", path, type != NULL ? type : "?");
      return FALSE;
    }
  /* A later processor works on what the earlier ones made. */
  g_array_prepend_vals (self->prefix, prefix->data, prefix->len);
  g_array_append_vals (self->suffix, suffix->data, suffix->len);
  return TRUE;
}

/* --- all of it ------------------------------------------------------------------------------- */

static gboolean
read_root (SpqrTokenizer *self, JsonObject *root, const SpqrCompanions *companions, const char *path, GError **error)
{
  JsonObject *model = spqr_json_member_object (root, "model");

  if (model == NULL)
    return malformed (error, path, "there is no model in it");
  if (!read_model (self, model, path, error) ||
      !spqr_normalizers_read (self->normalizers, json_object_get_member (root, "normalizer"), error) ||
      !spqr_pre_tokenizers_read (self->pre_tokenizers, json_object_get_member (root, "pre_tokenizer"), error) ||
      !spqr_token_decoders_read (self->decoders, json_object_get_member (root, "decoder"), error) ||
      !read_added (self, spqr_json_member_array (root, "added_tokens"), path, error) ||
      !read_post_processor (self, json_object_get_member (root, "post_processor"), path, error))
    return FALSE;
  if (companions->bos != NULL)
    self->bos = spqr_token_table_find_any (&self->table, companions->bos);
  else if (self->prefix->len > 0)
    self->bos = g_array_index (self->prefix, gint32, 0);
  if (companions->eos != NULL)
    self->eos = spqr_token_table_find_any (&self->table, companions->eos);
  if (self->prefix->len == 0 && self->suffix->len == 0)
    spqr_companions_apply_sequence_ends (companions, self, FALSE);
  return TRUE;
}

SpqrTokenizer *
spqr_tokenizer_open_json (const char *path, GError **error)
{
  g_autoptr(SpqrTokenizer) self = spqr_tokenizer_new ("tokenizer.json BPE");
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr(SpqrCompanions) companions = NULL;
  g_autoptr(JsonNode) root = NULL;
  g_autoptr(GError) local_error = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = NULL;
  gsize len;

  text = spqr_tokenizer_read_part (path, sum, &len, error);
  root = text != NULL ? spqr_text_parse_json (text, len, path, error) : NULL;
  if (root == NULL)
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      malformed (error, path, "not an object");
      return NULL;
    }
  companions = spqr_companions_read (folder, sum, error);
  if (companions == NULL)
    return NULL;
  if (!read_root (self, json_node_get_object (root), companions, path, &local_error))
    {
      if (!g_str_has_prefix (local_error->message, path))
        g_prefix_error (&local_error, "%s: ", path);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  self->fingerprint = g_strdup (g_checksum_get_string (sum));
  return g_steal_pointer (&self);
}
