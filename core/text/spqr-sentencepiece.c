/* spqr-sentencepiece.c: tokenizer.model, SentencePiece's protobuf.
 *
 * ModelProto: 1 pieces*, 2 trainer_spec, 3 normalizer_spec. A piece: 1 text, 2 score (f32), 3 type.
 * trainer_spec: 3 model_type, 24 treat_whitespace_as_suffix, 35 byte_fallback, 41 bos_id, 42 eos_id.
 * normalizer_spec: 1 name, 2 precompiled_charsmap, 3 add_dummy_prefix, 4 remove_extra_whitespaces,
 * 5 escape_whitespaces (all three default to true). */
#include "text/spqr-tokenizer-private.h"

#include <string.h>

#define SPACE_SYMBOL "\xe2\x96\x81"

/* --- protobuf -------------------------------------------------------------------------------- */

typedef struct { const guint8 *at, *end; } Wire;

typedef struct {
  guint32 number;
  guint kind;              /* 0 varint, 1 eight bytes, 2 bytes, 5 four bytes */
  guint64 value;           /* kinds 0, 1, 5 */
  Wire bytes;              /* kind 2 */
} Field;

static gboolean
take_varint (Wire *wire, guint64 *value)
{
  *value = 0;
  for (guint shift = 0; shift < 70 && wire->at < wire->end; shift += 7)
    {
      guint8 byte = *wire->at++;

      if (shift < 64)
        *value |= (guint64) (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
take_fixed (Wire *wire, gsize n, guint64 *value)
{
  *value = 0;
  if ((gsize) (wire->end - wire->at) < n)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    *value |= (guint64) wire->at[i] << (8 * i);
  wire->at += n;
  return TRUE;
}

static gboolean
take_bytes (Wire *wire, Wire *bytes)
{
  guint64 len;

  if (!take_varint (wire, &len) || len > (guint64) (wire->end - wire->at))
    return FALSE;
  bytes->at = wire->at;
  bytes->end = wire->at + len;
  wire->at += len;
  return TRUE;
}

/* The next field; FALSE when the message is broken. Call only while wire->at < wire->end. */
static gboolean
take_field (Wire *wire, Field *field)
{
  guint64 tag;

  if (!take_varint (wire, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
    return FALSE;
  field->number = (guint32) (tag >> 3);
  field->kind = tag & 7;
  switch (field->kind)
    {
    case 0:
      return take_varint (wire, &field->value);
    case 1:
      return take_fixed (wire, 8, &field->value);
    case 2:
      return take_bytes (wire, &field->bytes);
    case 5:
      return take_fixed (wire, 4, &field->value);
    default:
      return FALSE;   /* groups are long gone */
    }
}

/* --- the model ------------------------------------------------------------------------------- */

typedef struct {
  GPtrArray *tokens;
  GArray *scores, *types;
  gint32 model_type;
  gint32 bos, eos;
  gboolean byte_fallback, suffix_whitespace;
  char *rule;              /* the normalization's name */
  Wire charsmap;
  gboolean add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces;
} Model;

static void
model_clear (Model *model)
{
  g_ptr_array_unref (model->tokens);
  g_array_unref (model->scores);
  g_array_unref (model->types);
  g_free (model->rule);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Model, model_clear)

static void
model_init (Model *model)
{
  *model = (Model) {
    .model_type = 1, .bos = 1, .eos = 2,
    .add_dummy_prefix = TRUE, .remove_extra_whitespaces = TRUE, .escape_whitespaces = TRUE,
    .tokens = g_ptr_array_new_with_free_func (g_free),
    .scores = g_array_new (FALSE, FALSE, sizeof (float)),
    .types = g_array_new (FALSE, FALSE, sizeof (gint32)),
  };
}

static char *
dup_bytes (Wire bytes)
{
  return g_strndup ((const char *) bytes.at, (gsize) (bytes.end - bytes.at));
}

static gboolean
read_piece (Model *model, Wire wire)
{
  g_autofree char *text = NULL;
  float score = 0;
  gint32 type = 1;
  Field field;

  while (wire.at < wire.end)
    {
      if (!take_field (&wire, &field))
        return FALSE;
      if (field.number == 1 && field.kind == 2)
        {
          if (memchr (field.bytes.at, '\0', (gsize) (field.bytes.end - field.bytes.at)) != NULL)
            return FALSE;
          g_free (text);
          text = dup_bytes (field.bytes);
        }
      else if (field.number == 2 && field.kind == 5)
        {
          guint32 bits = (guint32) field.value;
          memcpy (&score, &bits, sizeof score);
        }
      else if (field.number == 3 && field.kind == 0)
        type = (gint32) MIN (field.value, 127);
    }
  if (text == NULL || model->tokens->len >= SPQR_MAX_TOKENS)
    return FALSE;
  g_ptr_array_add (model->tokens, g_steal_pointer (&text));
  g_array_append_val (model->scores, score);
  g_array_append_val (model->types, type);
  return TRUE;
}

static gboolean
read_trainer (Model *model, Wire wire)
{
  Field field;

  while (wire.at < wire.end)
    {
      if (!take_field (&wire, &field))
        return FALSE;
      if (field.kind != 0)
        continue;
      if (field.number == 3)
        model->model_type = (gint32) MIN (field.value, 127);
      else if (field.number == 24)
        model->suffix_whitespace = field.value != 0;
      else if (field.number == 35)
        model->byte_fallback = field.value != 0;
      else if (field.number == 41)
        model->bos = (gint32) field.value;
      else if (field.number == 42)
        model->eos = (gint32) field.value;
    }
  return TRUE;
}

static gboolean
read_rules (Model *model, Wire wire)
{
  Field field;

  while (wire.at < wire.end)
    {
      if (!take_field (&wire, &field))
        return FALSE;
      if (field.number == 1 && field.kind == 2)
        {
          g_free (model->rule);
          model->rule = dup_bytes (field.bytes);
        }
      else if (field.number == 2 && field.kind == 2)
        model->charsmap = field.bytes;
      else if (field.number == 3 && field.kind == 0)
        model->add_dummy_prefix = field.value != 0;
      else if (field.number == 4 && field.kind == 0)
        model->remove_extra_whitespaces = field.value != 0;
      else if (field.number == 5 && field.kind == 0)
        model->escape_whitespaces = field.value != 0;
    }
  return TRUE;
}

static gboolean
read_model (Model *model, Wire wire)
{
  Field field;

  while (wire.at < wire.end)
    {
      if (!take_field (&wire, &field))
        return FALSE;
      if (field.kind != 2)
        continue;
      if ((field.number == 1 && !read_piece (model, field.bytes)) ||
          (field.number == 2 && !read_trainer (model, field.bytes)) ||
          (field.number == 3 && !read_rules (model, field.bytes)))
        return FALSE;
    }
  return model->tokens->len > 0;
}

/* --- the tokenizer --------------------------------------------------------------------------- */

static gboolean
add_pieces (SpqrTokenizer *self, const SpqrSentencePieces *pieces, gint32 *unk, guint8 *unused, const char *origin,
            GError **error)
{
  for (gsize i = 0; i < pieces->n_tokens; i++)
    {
      gint32 type = pieces->types != NULL ? pieces->types[i] : 1;

      if (type < 1 || type > 6)
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: token %" G_GSIZE_FORMAT
                       " is of the unknown kind %d", origin, i, type);
          return FALSE;
        }
      if (!spqr_token_table_add (&self->table, (gint64) i, pieces->tokens[i], type == 1 || type == 4 || type == 5,
                                 origin, error))
        return FALSE;
      if (type == 2 && *unk < 0)
        *unk = (gint32) i;
      unused[i] = type == 5;
    }
  return TRUE;
}

/* Control tokens and the unknown token are looked for as written, as Hugging Face's LlamaTokenizer
 * does; user-defined symbols after normalization, which leaves them alone. */
static gboolean
add_looked_for (SpqrTokenizer *self, const SpqrSentencePieces *pieces, SpqrNormalizer *normalizer, const char *origin,
                GError **error)
{
  for (gsize i = 0; pieces->types != NULL && i < pieces->n_tokens; i++)
    {
      SpqrAddedTokenSpec spec = { .text = pieces->tokens[i], .id = (gint64) i, .special = TRUE };
      SpqrAddedToken symbol = { .text = (char *) pieces->tokens[i], .id = (gint32) i };

      if (pieces->types[i] == 4)
        {
          spqr_added_tokens_add (normalizer->symbols, &symbol);
          spqr_added_tokens_add (self->normalized, &symbol);
        }
      else if (pieces->types[i] == 2 || pieces->types[i] == 3)
        {
          g_hash_table_add (self->special, GINT_TO_POINTER ((gint) i));
          if (!spqr_tokenizer_add_token (self, &spec, origin, error))
            return FALSE;
        }
    }
  return TRUE;
}

static void
add_decoders (SpqrTokenizer *self, gboolean strip_first)
{
  SpqrTokenDecoder *strip;

  g_ptr_array_add (self->decoders, spqr_token_decoder_new (SPQR_DECODE_REPLACE, SPACE_SYMBOL, " "));
  g_ptr_array_add (self->decoders, spqr_token_decoder_new (SPQR_DECODE_BYTE_FALLBACK, NULL, NULL));
  g_ptr_array_add (self->decoders, spqr_token_decoder_new (SPQR_DECODE_FUSE, NULL, NULL));
  if (!strip_first)
    return;
  strip = spqr_token_decoder_new (SPQR_DECODE_STRIP, " ", NULL);
  strip->start = 1;
  g_ptr_array_add (self->decoders, strip);
}

gboolean
spqr_tokenizer_set_sentencepieces (SpqrTokenizer *self, SpqrSentencePieces *pieces, const char *origin, GError **error)
{
  SpqrNormalizer *normalizer = spqr_normalizer_new (SPQR_NORMALIZE_SENTENCEPIECE);
  g_autofree guint8 *unused = g_new0 (guint8, pieces->n_tokens + 1);
  SpqrBpeOptions options = { .unk_id = -1, .fuse_unk = TRUE, .byte_fallback = pieces->byte_fallback };

  normalizer->charsmap = g_steal_pointer (&pieces->charsmap);
  normalizer->add_dummy_prefix = pieces->add_dummy_prefix;
  normalizer->remove_extra_whitespaces = pieces->remove_extra_whitespaces;
  normalizer->escape_whitespaces = pieces->escape_whitespaces;
  normalizer->suffix_whitespace = pieces->suffix_whitespace;
  normalizer->symbols = spqr_added_tokens_new ();
  g_ptr_array_add (self->normalizers, normalizer);
  if (!add_pieces (self, pieces, &options.unk_id, unused, origin, error) ||
      !add_looked_for (self, pieces, normalizer, origin, error))
    return FALSE;
  self->bpe = spqr_bpe_new (&self->table, &options);
  if (!spqr_bpe_set_scores (self->bpe, pieces->scores, unused, pieces->n_tokens, origin, error))
    return FALSE;
  self->repair_each_byte = TRUE;
  add_decoders (self, pieces->add_dummy_prefix && !pieces->suffix_whitespace);
  return TRUE;
}

static gboolean
set_from_model (SpqrTokenizer *self, Model *model, const char *path, GError **error)
{
  SpqrSentencePieces pieces = {
    .tokens = (const char * const *) model->tokens->pdata,
    .scores = (const float *) (gconstpointer) model->scores->data,
    .types = (const gint32 *) (gconstpointer) model->types->data,
    .n_tokens = model->tokens->len, .byte_fallback = model->byte_fallback,
    .add_dummy_prefix = model->add_dummy_prefix, .remove_extra_whitespaces = model->remove_extra_whitespaces,
    .escape_whitespaces = model->escape_whitespaces, .suffix_whitespace = model->suffix_whitespace,
  };
  static const char * const kinds[] = { "?", "unigram", "BPE", "word", "char" };

  if (model->model_type != 2)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%s: a SentencePiece model of the kind “%s”; this program reads BPE", path,
                   kinds[model->model_type >= 1 && model->model_type <= 4 ? model->model_type : 0]);
      return FALSE;
    }
  if (model->charsmap.end > model->charsmap.at)
    {
      pieces.charsmap = spqr_charsmap_new (model->charsmap.at, (gsize) (model->charsmap.end - model->charsmap.at),
                                           model->rule != NULL ? model->rule : "?", error);
      if (pieces.charsmap == NULL)
        return FALSE;
    }
  return spqr_tokenizer_set_sentencepieces (self, &pieces, path, error);
}

SpqrTokenizer *
spqr_tokenizer_open_sentencepiece (const char *path, GError **error)
{
  g_autoptr(SpqrTokenizer) self = spqr_tokenizer_new ("tokenizer.model, SentencePiece BPE");
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr(SpqrCompanions) companions = NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *bytes = NULL;
  g_auto(Model) model = { NULL };
  gsize len;

  model_init (&model);
  bytes = spqr_tokenizer_read_part (path, sum, &len, error);
  if (bytes == NULL)
    return NULL;
  if (!read_model (&model, (Wire) { (const guint8 *) bytes, (const guint8 *) bytes + len }))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: not a SentencePiece model, or one that is cut off", path);
      return NULL;
    }
  companions = spqr_companions_read (folder, sum, error);
  if (companions == NULL || !set_from_model (self, &model, path, error))
    return NULL;
  self->bos = spqr_token_table_get (&self->table, model.bos) != NULL ? model.bos : -1;
  self->eos = spqr_token_table_get (&self->table, model.eos) != NULL ? model.eos : -1;
  if (!spqr_companions_apply (companions, self, path, error))
    return NULL;
  spqr_companions_apply_sequence_ends (companions, self, TRUE);
  self->fingerprint = g_strdup (g_checksum_get_string (sum));
  return g_steal_pointer (&self);
}
