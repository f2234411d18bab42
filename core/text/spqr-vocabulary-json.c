/* spqr-vocabulary-json.c: byte-level vocabularies keep their merges; SentencePiece ones have scores instead, from which
 * merges follow as transformers' own converter derives them: every way to put a token together from two others, the
 * token of higher score first, then by the ids of the two. */
#include "text/spqr-vocabulary-json.h"

#include <string.h>

#include "model/spqr-json.h"
#include "text/spqr-pre-kinds.h"
#include "text/spqr-text-private.h"

#define SPACE_SYMBOL "\xe2\x96\x81"

typedef struct { gint32 left, right; float score; gint32 joined; } Merge;

static gint32
type_of (const SpqrVocabulary *vocabulary, gsize id)
{
  return vocabulary->types != NULL ? vocabulary->types[id] : 1;
}

static gboolean
is_pieces (const SpqrVocabulary *vocabulary)
{
  return g_strcmp0 (vocabulary->model, "llama") == 0;
}

static const char *
token_of (const SpqrVocabulary *vocabulary, int id)
{
  return id >= 0 && (gsize) id < vocabulary->n_tokens ? vocabulary->tokens[id] : NULL;
}

static void
add_text (JsonBuilder *builder, const char *key, const char *text)
{
  json_builder_set_member_name (builder, key);
  if (text != NULL)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

static void
add_flag (JsonBuilder *builder, const char *key, gboolean flag)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_boolean_value (builder, flag);
}

static void
add_number (JsonBuilder *builder, const char *key, gint64 number)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_int_value (builder, number);
}

static void
begin_object (JsonBuilder *builder, const char *key)
{
  if (key != NULL)
    json_builder_set_member_name (builder, key);
  json_builder_begin_object (builder);
}

static void
begin_array (JsonBuilder *builder, const char *key)
{
  json_builder_set_member_name (builder, key);
  json_builder_begin_array (builder);
}

static void
begin_typed (JsonBuilder *builder, const char *key, const char *type)
{
  begin_object (builder, key);
  add_text (builder, "type", type);
}

/* ---- what happens before and after the merging ---- */

static void
add_byte_level (JsonBuilder *builder, const char *key, gboolean use_regex)
{
  begin_typed (builder, key, "ByteLevel");
  add_flag (builder, "add_prefix_space", FALSE);
  add_flag (builder, "trim_offsets", TRUE);
  add_flag (builder, "use_regex", use_regex);
  json_builder_end_object (builder);
}

static void
add_regex (JsonBuilder *builder, const char *pattern)
{
  begin_typed (builder, NULL, "Split");
  begin_object (builder, "pattern");
  add_text (builder, "Regex", pattern);
  json_builder_end_object (builder);
  add_text (builder, "behavior", "Isolated");
  add_flag (builder, "invert", FALSE);
  json_builder_end_object (builder);
}

static void
add_step (JsonBuilder *builder, const SpqrPreStep *step)
{
  switch (step->kind)
    {
    case SPQR_PRE_REGEX:
      add_regex (builder, step->pattern);
      break;
    case SPQR_PRE_DIGITS:
    case SPQR_PRE_DIGIT_RUNS:
      begin_typed (builder, NULL, "Digits");
      add_flag (builder, "individual_digits", step->kind == SPQR_PRE_DIGITS);
      json_builder_end_object (builder);
      break;
    case SPQR_PRE_PUNCTUATION_RUNS:
      begin_typed (builder, NULL, "Punctuation");
      add_text (builder, "behavior", "Contiguous");
      json_builder_end_object (builder);
      break;
    case SPQR_PRE_BYTES:
    case SPQR_PRE_GPT2:
      add_byte_level (builder, NULL, step->kind == SPQR_PRE_GPT2);
      break;
    case SPQR_PRE_END:
    default:
      break;
    }
}

static void
add_pre_tokenizer (JsonBuilder *builder, const SpqrPreKind *kind)
{
  if (kind == NULL)
    {
      add_text (builder, "pre_tokenizer", NULL);
      return;
    }
  begin_typed (builder, "pre_tokenizer", "Sequence");
  begin_array (builder, "pretokenizers");
  for (guint i = 0; i < SPQR_PRE_STEPS && kind->steps[i].kind != SPQR_PRE_END; i++)
    add_step (builder, &kind->steps[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_replace (JsonBuilder *builder, const char *from, const char *to)
{
  begin_typed (builder, NULL, "Replace");
  begin_object (builder, "pattern");
  add_text (builder, "String", from);
  json_builder_end_object (builder);
  add_text (builder, "content", to);
  json_builder_end_object (builder);
}

static void
add_normalizer (JsonBuilder *builder, const SpqrVocabulary *vocabulary)
{
  if (!is_pieces (vocabulary))
    {
      add_text (builder, "normalizer", NULL);
      return;
    }
  begin_typed (builder, "normalizer", "Sequence");
  begin_array (builder, "normalizers");
  if (vocabulary->add_space_prefix != 0)
    {
      begin_typed (builder, NULL, "Prepend");
      add_text (builder, "prepend", SPACE_SYMBOL);
      json_builder_end_object (builder);
    }
  add_replace (builder, " ", SPACE_SYMBOL);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_decoder (JsonBuilder *builder, const SpqrVocabulary *vocabulary)
{
  if (!is_pieces (vocabulary))
    {
      add_byte_level (builder, "decoder", TRUE);
      return;
    }
  begin_typed (builder, "decoder", "Sequence");
  begin_array (builder, "decoders");
  add_replace (builder, SPACE_SYMBOL, " ");
  begin_typed (builder, NULL, "ByteFallback");
  json_builder_end_object (builder);
  begin_typed (builder, NULL, "Fuse");
  json_builder_end_object (builder);
  if (vocabulary->add_space_prefix != 0)
    {
      begin_typed (builder, NULL, "Strip");
      add_text (builder, "content", " ");
      add_number (builder, "start", 1);
      add_number (builder, "stop", 0);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* ---- BOS and EOS ---- */

static gboolean
begins_with_bos (const SpqrVocabulary *vocabulary)
{
  return token_of (vocabulary, vocabulary->bos) != NULL && spqr_vocabulary_begins_with_bos (vocabulary);
}

static gboolean
ends_with_eos (const SpqrVocabulary *vocabulary)
{
  return token_of (vocabulary, vocabulary->eos) != NULL && vocabulary->add_eos > 0;
}

static void
add_place (JsonBuilder *builder, const char *kind, const char *id, int type)
{
  begin_object (builder, NULL);
  begin_object (builder, kind);
  add_text (builder, "id", id);
  add_number (builder, "type_id", type);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
add_sequence (JsonBuilder *builder, const SpqrVocabulary *vocabulary, const char *sequence, int type)
{
  if (begins_with_bos (vocabulary))
    add_place (builder, "SpecialToken", token_of (vocabulary, vocabulary->bos), type);
  add_place (builder, "Sequence", sequence, type);
  if (ends_with_eos (vocabulary))
    add_place (builder, "SpecialToken", token_of (vocabulary, vocabulary->eos), type);
}

static void
add_special_id (JsonBuilder *builder, const SpqrVocabulary *vocabulary, int id)
{
  const char *text = token_of (vocabulary, id);

  begin_object (builder, text);
  add_text (builder, "id", text);
  begin_array (builder, "ids");
  json_builder_add_int_value (builder, id);
  json_builder_end_array (builder);
  begin_array (builder, "tokens");
  json_builder_add_string_value (builder, text);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_post_processor (JsonBuilder *builder, const SpqrVocabulary *vocabulary)
{
  gboolean bos = begins_with_bos (vocabulary), eos = ends_with_eos (vocabulary);

  if (!bos && !eos)
    {
      add_text (builder, "post_processor", NULL);
      return;
    }
  begin_typed (builder, "post_processor", "TemplateProcessing");
  begin_array (builder, "single");
  add_sequence (builder, vocabulary, "A", 0);
  json_builder_end_array (builder);
  begin_array (builder, "pair");
  add_sequence (builder, vocabulary, "A", 0);
  add_sequence (builder, vocabulary, "B", 1);
  json_builder_end_array (builder);
  begin_object (builder, "special_tokens");
  if (bos)
    add_special_id (builder, vocabulary, vocabulary->bos);
  if (eos && !(bos && vocabulary->bos == vocabulary->eos))
    add_special_id (builder, vocabulary, vocabulary->eos);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

/* ---- the tokens ---- */

static void
add_added_tokens (JsonBuilder *builder, const SpqrVocabulary *vocabulary)
{
  begin_array (builder, "added_tokens");
  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    {
      gint32 type = type_of (vocabulary, i);
      gboolean unknown = type == 2 && is_pieces (vocabulary);

      if ((type != 3 && type != 4 && !unknown) || vocabulary->tokens[i][0] == '\0')
        continue;
      begin_object (builder, NULL);
      add_number (builder, "id", (gint64) i);
      add_text (builder, "content", vocabulary->tokens[i]);
      add_flag (builder, "single_word", FALSE);
      add_flag (builder, "lstrip", FALSE);
      add_flag (builder, "rstrip", FALSE);
      /* SentencePiece looks for its user-defined symbols in the normalized text, where blanks are written otherwise. A
       * normalizer that puts a blank in front would put it in front of the symbol, too: then as written. */
      add_flag (builder, "normalized", type == 4 && is_pieces (vocabulary) && vocabulary->add_space_prefix == 0);
      add_flag (builder, "special", type != 4);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

/* Every normal token by its text. */
static GHashTable *
index_tokens (const SpqrVocabulary *vocabulary)
{
  GHashTable *ids = g_hash_table_new (g_str_hash, g_str_equal);

  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    if (type_of (vocabulary, i) == 1 || type_of (vocabulary, i) == 4)
      g_hash_table_insert (ids, (gpointer) vocabulary->tokens[i], GINT_TO_POINTER ((gint) i + 1));
  return ids;
}

static int
compare_merges (gconstpointer a, gconstpointer b)
{
  const Merge *one = a, *other = b;

  if (one->score != other->score)
    return one->score < other->score ? 1 : -1;
  if (one->joined != other->joined)
    return one->joined < other->joined ? -1 : 1;
  if (one->left != other->left)
    return one->left < other->left ? -1 : 1;
  return (one->right > other->right) - (one->right < other->right);
}

/* Every way to put token id together from two others. */
static void
split_token (const SpqrVocabulary *vocabulary, GHashTable *ids, gsize id, GArray *merges)
{
  const char *text = vocabulary->tokens[id];
  g_autofree char *left = g_strdup (text);

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      Merge merge = { .score = vocabulary->scores[id], .joined = (gint32) id };

      if (at == text)
        continue;
      left[at - text] = '\0';
      merge.left = GPOINTER_TO_INT (g_hash_table_lookup (ids, left)) - 1;
      merge.right = GPOINTER_TO_INT (g_hash_table_lookup (ids, at)) - 1;
      left[at - text] = *at;
      if (merge.left >= 0 && merge.right >= 0)
        g_array_append_val (merges, merge);
    }
}

static void
add_pair (JsonBuilder *builder, const char *left, gsize left_len, const char *right)
{
  g_autofree char *first = g_strndup (left, left_len);

  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, first);
  json_builder_add_string_value (builder, right);
  json_builder_end_array (builder);
}

static void
add_derived_merges (JsonBuilder *builder, const SpqrVocabulary *vocabulary)
{
  g_autoptr(GHashTable) ids = index_tokens (vocabulary);
  g_autoptr(GArray) merges = g_array_new (FALSE, FALSE, sizeof (Merge));

  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    if (type_of (vocabulary, i) == 1)
      split_token (vocabulary, ids, i, merges);
  g_array_sort (merges, compare_merges);
  for (guint i = 0; i < merges->len; i++)
    {
      const Merge *merge = &g_array_index (merges, Merge, i);
      const char *left = vocabulary->tokens[merge->left];

      add_pair (builder, left, strlen (left), vocabulary->tokens[merge->right]);
    }
}

static void
add_model (JsonBuilder *builder, const SpqrVocabulary *vocabulary, gboolean ignore_merges)
{
  gboolean pieces = is_pieces (vocabulary), bytes = FALSE;

  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    bytes |= pieces && type_of (vocabulary, i) == 6;
  begin_typed (builder, "model", "BPE");
  add_text (builder, "dropout", NULL);
  add_text (builder, "unk_token", pieces ? token_of (vocabulary, vocabulary->unk) : NULL);
  add_text (builder, "continuing_subword_prefix", NULL);
  add_text (builder, "end_of_word_suffix", NULL);
  add_flag (builder, "fuse_unk", pieces);
  add_flag (builder, "byte_fallback", bytes);
  add_flag (builder, "ignore_merges", ignore_merges);
  begin_object (builder, "vocab");
  for (gsize i = 0; i < vocabulary->n_tokens; i++)
    add_number (builder, vocabulary->tokens[i], (gint64) i);
  json_builder_end_object (builder);
  begin_array (builder, "merges");
  for (gsize i = 0; i < vocabulary->n_merges && !pieces; i++)
    {
      const char *space = strchr (vocabulary->merges[i], ' ');

      if (space != NULL)
        add_pair (builder, vocabulary->merges[i], (gsize) (space - vocabulary->merges[i]), space + 1);
    }
  if (pieces)
    add_derived_merges (builder, vocabulary);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* ---- the files ---- */

static gboolean
write_file (JsonBuilder *builder, const char *folder, const char *name, GPtrArray *files, GError **error)
{
  g_autoptr(JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = spqr_json_to_text (root, TRUE);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (!g_ptr_array_find_with_equal_func (files, name, g_str_equal, NULL))
    g_ptr_array_add (files, g_strdup (name));
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

static gboolean
write_tokenizer (const SpqrVocabulary *vocabulary, const SpqrPreKind *kind, const char *folder, GPtrArray *files, GError **error)
{
  g_autoptr(JsonBuilder) builder = json_builder_new ();

  begin_object (builder, NULL);
  add_text (builder, "version", "1.0");
  add_text (builder, "truncation", NULL);
  add_text (builder, "padding", NULL);
  add_added_tokens (builder, vocabulary);
  add_normalizer (builder, vocabulary);
  add_pre_tokenizer (builder, kind);
  add_post_processor (builder, vocabulary);
  add_decoder (builder, vocabulary);
  add_model (builder, vocabulary, kind != NULL && kind->ignore_merges);
  json_builder_end_object (builder);
  return write_file (builder, folder, "tokenizer.json", files, error);
}

static void
add_named (JsonBuilder *builder, const SpqrVocabulary *vocabulary)
{
  const struct { const char *key; int id; } named[] = {
    { "bos_token", vocabulary->bos }, { "eos_token", vocabulary->eos }, { "unk_token", vocabulary->unk },
  };

  for (guint i = 0; i < G_N_ELEMENTS (named); i++)
    if (token_of (vocabulary, named[i].id) != NULL)
      add_text (builder, named[i].key, token_of (vocabulary, named[i].id));
}

static gboolean
write_companions (const SpqrVocabulary *vocabulary, const char *chat_template, const char *folder, GPtrArray *files, GError **error)
{
  g_autoptr(JsonBuilder) config = json_builder_new ();
  g_autoptr(JsonBuilder) specials = json_builder_new ();

  begin_object (config, NULL);
  add_text (config, "tokenizer_class", "PreTrainedTokenizerFast");
  add_named (config, vocabulary);
  add_flag (config, "clean_up_tokenization_spaces", FALSE);
  if (chat_template != NULL)
    add_text (config, "chat_template", chat_template);
  json_builder_end_object (config);
  begin_object (specials, NULL);
  add_named (specials, vocabulary);
  json_builder_end_object (specials);
  return write_file (config, folder, "tokenizer_config.json", files, error) &&
         write_file (specials, folder, "special_tokens_map.json", files, error);
}

gboolean
spqr_vocabulary_write (const SpqrVocabulary *vocabulary, const char *chat_template, const char *name, const char *folder,
                       GPtrArray *files, GError **error)
{
  /* Refuses what cannot be read either. */
  g_autoptr(SpqrTokenizer) readable = spqr_tokenizer_new_from_vocabulary (vocabulary, name, error);
  const SpqrPreKind *kind = NULL;

  if (readable == NULL || (!is_pieces (vocabulary) && (kind = spqr_pre_kind_find (vocabulary->pre, name, error)) == NULL))
    return FALSE;
  return write_tokenizer (vocabulary, kind, folder, files, error) && write_companions (vocabulary, chat_template, folder, files, error);
}
