/* spqr-vocabulary-json.h: a vocabulary as the files of a Hugging Face tokenizer. */
#pragma once

#include "text/spqr-tokenizer.h"

/* tokenizer.json, tokenizer_config.json and special_tokens_map.json into folder, such that transformers'
 * AutoTokenizer gives the ids that spqr_tokenizer_new_from_vocabulary() gives; their names are appended to
 * files. chat_template: nullable. */
gboolean spqr_vocabulary_write (const SpqrVocabulary *vocabulary, const char *chat_template, const char *name, const char *folder,
                                GPtrArray *files, GError **error);
