/* spqr-companions.c: what Hugging Face writes beside a tokenizer. */
#include "text/spqr-tokenizer-private.h"

#include <string.h>

static void
clear_spec (gpointer data)
{
  g_free ((char *) ((SpqrAddedTokenSpec *) data)->text);
}

void
spqr_companions_free (SpqrCompanions *companions)
{
  if (companions == NULL)
    return;
  g_free (companions->bos);
  g_free (companions->eos);
  g_free (companions->unk);
  g_free (companions->pad);
  g_ptr_array_unref (companions->specials);
  g_array_unref (companions->added);
  g_free (companions);
}

/* A missing file is no error and gives NULL in *root. */
static gboolean
read_object (const char *folder, const char *name, GChecksum *sum, JsonNode **root, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = NULL;
  gsize len;

  *root = NULL;
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  text = spqr_tokenizer_read_part (path, sum, &len, error);
  if (text == NULL)
    return FALSE;
  *root = spqr_text_parse_json (text, len, path, error);
  if (*root != NULL && !JSON_NODE_HOLDS_OBJECT (*root))
    {
      g_clear_pointer (root, json_node_unref);
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: not an object", path);
    }
  return *root != NULL;
}

/* A special token is a string or an object with its content. */
static const char *
token_text (JsonNode *node)
{
  if (node == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return spqr_json_member_string (json_node_get_object (node), "content");
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node)
                                                                                          : NULL;
}

static void
read_special (SpqrCompanions *companions, JsonObject *object, const char *key, char **field)
{
  const char *text = token_text (json_object_get_member (object, key));

  if (text == NULL)
    return;
  g_ptr_array_add (companions->specials, g_strdup (text));
  if (field != NULL && *field == NULL)
    *field = g_strdup (text);
}

static void
read_specials (SpqrCompanions *companions, JsonObject *object)
{
  JsonArray *more = spqr_json_member_array (object, "additional_special_tokens");

  read_special (companions, object, "bos_token", &companions->bos);
  read_special (companions, object, "eos_token", &companions->eos);
  read_special (companions, object, "unk_token", &companions->unk);
  read_special (companions, object, "pad_token", &companions->pad);
  read_special (companions, object, "cls_token", NULL);
  read_special (companions, object, "sep_token", NULL);
  read_special (companions, object, "mask_token", NULL);
  for (guint i = 0; more != NULL && i < json_array_get_length (more); i++)
    {
      const char *text = token_text (json_array_get_element (more, i));

      if (text != NULL)
        g_ptr_array_add (companions->specials, g_strdup (text));
    }
}

static int
read_flag (JsonObject *object, const char *key)
{
  return json_object_has_member (object, key) ? spqr_json_member_boolean (object, key, FALSE) : -1;
}

/* added_tokens_decoder: {"32000": {"content": …, "special": …}}. */
static gboolean
read_added_decoder (SpqrCompanions *companions, JsonObject *added, const char *folder, GError **error)
{
  g_autoptr(GList) keys = added != NULL ? json_object_get_members (added) : NULL;

  for (GList *key = keys; key != NULL; key = key->next)
    {
      JsonObject *object = spqr_json_member_object (added, key->data);
      const char *text = object != NULL ? spqr_json_member_string (object, "content") : NULL;
      SpqrAddedTokenSpec spec = { NULL };
      guint64 id;

      if (text == NULL || !g_ascii_string_to_unsigned (key->data, 10, 0, SPQR_MAX_TOKENS - 1, &id, NULL))
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                       "%s/tokenizer_config.json: added_tokens_decoder: “%.40s” is no id or has no content", folder,
                       (const char *) key->data);
          return FALSE;
        }
      spec.text = g_strdup (text);
      spec.id = (gint64) id;
      spec.special = spqr_json_member_boolean (object, "special", FALSE);
      spec.normalized = spqr_json_member_boolean (object, "normalized", !spec.special);
      spec.single_word = spqr_json_member_boolean (object, "single_word", FALSE);
      spec.lstrip = spqr_json_member_boolean (object, "lstrip", FALSE);
      spec.rstrip = spqr_json_member_boolean (object, "rstrip", FALSE);
      g_array_append_val (companions->added, spec);
    }
  return TRUE;
}

/* added_tokens.json: {"<pad>": 32000}. */
static gboolean
read_added_tokens (SpqrCompanions *companions, JsonObject *added, const char *folder, GError **error)
{
  g_autoptr(GList) keys = json_object_get_members (added);

  for (GList *key = keys; key != NULL; key = key->next)
    {
      SpqrAddedTokenSpec spec = { NULL };

      if (!spqr_json_member_int (added, key->data, &spec.id) || spec.id < 0)
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                       "%s/added_tokens.json: “%.40s” has no id", folder, (const char *) key->data);
          return FALSE;
        }
      spec.text = g_strdup (key->data);
      g_array_append_val (companions->added, spec);
    }
  return TRUE;
}

static gboolean
read_all (SpqrCompanions *companions, const char *folder, GChecksum *sum, GError **error)
{
  g_autoptr(JsonNode) config = NULL;
  g_autoptr(JsonNode) map = NULL;
  g_autoptr(JsonNode) added = NULL;

  if (!read_object (folder, "tokenizer_config.json", sum, &config, error) ||
      !read_object (folder, "special_tokens_map.json", sum, &map, error) ||
      !read_object (folder, "added_tokens.json", sum, &added, error))
    return FALSE;
  if (config != NULL)
    {
      JsonObject *object = json_node_get_object (config);

      companions->add_bos = read_flag (object, "add_bos_token");
      companions->add_eos = read_flag (object, "add_eos_token");
      companions->add_prefix_space = read_flag (object, "add_prefix_space");
      read_specials (companions, object);
      if (!read_added_decoder (companions, spqr_json_member_object (object, "added_tokens_decoder"), folder, error))
        return FALSE;
    }
  if (map != NULL)
    read_specials (companions, json_node_get_object (map));
  return added == NULL || read_added_tokens (companions, json_node_get_object (added), folder, error);
}

SpqrCompanions *
spqr_companions_read (const char *folder, GChecksum *sum, GError **error)
{
  g_autoptr(SpqrCompanions) companions = g_new0 (SpqrCompanions, 1);

  companions->add_bos = companions->add_eos = companions->add_prefix_space = -1;
  companions->specials = g_ptr_array_new_with_free_func (g_free);
  companions->added = g_array_new (FALSE, FALSE, sizeof (SpqrAddedTokenSpec));
  g_array_set_clear_func (companions->added, clear_spec);
  return read_all (companions, folder, sum, error) ? g_steal_pointer (&companions) : NULL;
}

gboolean
spqr_companions_apply (const SpqrCompanions *companions, SpqrTokenizer *self, const char *origin, GError **error)
{
  for (guint i = 0; i < companions->added->len; i++)
    {
      if (!spqr_tokenizer_add_token (self, &g_array_index (companions->added, SpqrAddedTokenSpec, i), origin, error))
        return FALSE;
    }
  for (guint i = 0; i < companions->specials->len; i++)
    {
      SpqrAddedTokenSpec spec = { .text = companions->specials->pdata[i], .id = -1, .special = TRUE };

      if (!spqr_tokenizer_add_token (self, &spec, origin, error))
        return FALSE;
    }
  if (companions->bos != NULL)
    self->bos = spqr_token_table_find_any (&self->table, companions->bos);
  if (companions->eos != NULL)
    self->eos = spqr_token_table_find_any (&self->table, companions->eos);
  return TRUE;
}

void
spqr_companions_apply_sequence_ends (const SpqrCompanions *companions, SpqrTokenizer *self, gboolean bos_by_default)
{
  gboolean add_bos = companions->add_bos >= 0 ? companions->add_bos : bos_by_default;

  if (add_bos && self->bos >= 0)
    g_array_append_val (self->prefix, self->bos);
  if (companions->add_eos > 0 && self->eos >= 0)
    g_array_append_val (self->suffix, self->eos);
}
