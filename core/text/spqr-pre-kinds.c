#include "text/spqr-pre-kinds.h"

/* How the known families split text into words. Each row is what the family's own tokenizer.json
 * says: character classes and expressions one after the other, then bytes as characters. */
#define REST " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
#define CJK "[一-龥ࠀ-一가-퟿]+"
/* Letters with case, but for Georgian's, which Unicode gave case to after these models. */
#define CASED "(?![\\x{10D0}-\\x{10FF}])[\\p{Lu}\\p{Ll}\\p{Lt}]"

static const SpqrPreKind pre_kinds[] = {
  { "gpt-2 default phi-2 mpt olmo jais dbrx-gpt2 trillion-gpt2", FALSE, { { SPQR_PRE_GPT2 } } },
  { "llama-bpe llama3 llama-v3 falcon3 falcon-h1 smaug-bpe dbrx", TRUE,
    { { SPQR_PRE_REGEX, CONTRACTIONS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|" REST }, { SPQR_PRE_BYTES } } },
  { "qwen2 stablelm2 deepseek-r1-qwen", FALSE,
    { { SPQR_PRE_REGEX, CONTRACTIONS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|" REST }, { SPQR_PRE_BYTES } } },
  { "starcoder refact command-r smollm codeshell", FALSE, { { SPQR_PRE_DIGITS }, { SPQR_PRE_GPT2 } } },
  { "falcon", FALSE,
    { { SPQR_PRE_PUNCTUATION_RUNS }, { SPQR_PRE_GPT2 }, { SPQR_PRE_DIGIT_RUNS }, { SPQR_PRE_REGEX, "[0-9][0-9][0-9]" } } },
  { "deepseek-llm", FALSE,
    { { SPQR_PRE_REGEX, "[\\r\\n]" }, { SPQR_PRE_REGEX, "\\s?(?:" CASED ")+" },
      { SPQR_PRE_REGEX, "\\s?[!-/:-~！-／：-～‘-‟　-。]+" }, { SPQR_PRE_REGEX, "\\s+$" }, { SPQR_PRE_REGEX, CJK },
      { SPQR_PRE_DIGITS }, { SPQR_PRE_BYTES } } },
  { "deepseek-coder", FALSE,
    { { SPQR_PRE_REGEX, "[\\r\\n]" }, { SPQR_PRE_REGEX, "\\s?\\p{L}+" }, { SPQR_PRE_REGEX, "\\s?\\p{P}+" }, { SPQR_PRE_REGEX, CJK },
      { SPQR_PRE_DIGITS }, { SPQR_PRE_BYTES } } },
};

const SpqrPreKind *
spqr_pre_kind_find (const char *pre, const char *name, GError **error)
{
  if (pre == NULL)
    pre = "default";
  for (guint i = 0; i < G_N_ELEMENTS (pre_kinds); i++)
    {
      g_auto(GStrv) names = g_strsplit (pre_kinds[i].names, " ", -1);

      if (g_strv_contains ((const char * const *) names, pre))
        return &pre_kinds[i];
    }
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
               "%s: the pre-tokenizer “%.60s” (tokenizer.ggml.pre) is not known to this program", name, pre);
  return NULL;
}

/* Whether a text begins with BOS where the file does not say (early files do not): SentencePiece models
 * and Llama 3, as their Hugging Face tokenizers do. */
gboolean
spqr_vocabulary_begins_with_bos (const SpqrVocabulary *vocabulary)
{
  static const char * const kinds[] = { "llama-bpe", "llama3", "llama-v3", NULL };

  if (vocabulary->add_bos >= 0)
    return vocabulary->add_bos > 0;
  return g_strcmp0 (vocabulary->model, "llama") == 0 ||
         (vocabulary->pre != NULL && g_strv_contains (kinds, vocabulary->pre));
}
