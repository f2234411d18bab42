/* spqr-pre-kinds.h: the conventions of GGUF vocabularies: how the known kinds (tokenizer.ggml.pre) split text into
 * words, and whether a text begins with BOS. */
#pragma once

#include "text/spqr-tokenizer.h"

typedef enum { SPQR_PRE_END, SPQR_PRE_REGEX, SPQR_PRE_DIGITS, SPQR_PRE_DIGIT_RUNS, SPQR_PRE_PUNCTUATION_RUNS, SPQR_PRE_BYTES,
               SPQR_PRE_GPT2 } SpqrPreStepKind;
typedef struct { SpqrPreStepKind kind; const char *pattern; } SpqrPreStep;
#define SPQR_PRE_STEPS 8
typedef struct {
  const char *names;       /* separated by blanks */
  gboolean ignore_merges;
  SpqrPreStep steps[SPQR_PRE_STEPS];   /* up to SPQR_PRE_END */
} SpqrPreKind;

/* pre NULL: the default. UNSUPPORTED names one that is not known. */
const SpqrPreKind *spqr_pre_kind_find (const char *pre, const char *name, GError **error);
gboolean           spqr_vocabulary_begins_with_bos (const SpqrVocabulary *vocabulary);
