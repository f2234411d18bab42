/* spqr-text-private.h: small things every reader of text and tokenizer files needs. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "text/spqr-tokenizer.h"

/* Largest text that is taken in one piece, and largest tokenizer file. */
#define SPQR_TEXT_MAX_BYTES ((gsize) 1 << 30)
#define SPQR_TOKENIZER_FILE_MAX_BYTES ((gsize) 256 << 20)
/* Ids are below this: no vocabulary of a language model comes near it. */
#define SPQR_MAX_TOKENS (1 << 22)

/* Unicode's White_Space property: what Rust, Python's str and Oniguruma's \s take for a blank. */
gboolean spqr_is_white_space (gunichar c);
/* General categories Nd, Nl, No. */
gboolean spqr_is_numeric (gunichar c);
/* ASCII punctuation and the general categories P*. */
gboolean spqr_is_punctuation (gunichar c);
/* Letters, marks, digits, connectors: \w. */
gboolean spqr_is_word (gunichar c);

/* Bytes of the UTF-8 character at text, 0 when it is none; then *bad is how many bytes (1 or more)
 * the decoders of the field replace by one U+FFFD. len > 0. */
gsize spqr_utf8_length (const char *text, gsize len, gsize *bad);
/* NULL when text is UTF-8 throughout (NUL bytes are characters). Otherwise a copy, g_free(), with
 * U+FFFD in place of what is not: one for each byte, or one for each maximal broken sequence, as
 * SentencePiece and as Python's decoder do. */
char *spqr_utf8_repair (const char *text, gsize len, gboolean each_byte, gsize *out_len);

/* A file as bytes, NUL-terminated behind them, at most max of them. NOT_FOUND, UNSUPPORTED (too
 * large) or FAILED. */
char *spqr_text_read_file (const char *path, gsize max, gsize *len, GError **error);
/* JSON with an object or a list at its root, in this module's error domain. */
JsonNode *spqr_text_parse_json (const char *text, gsize len, const char *path, GError **error);

/* Members of untrusted JSON objects: NULL or fallback when absent, null or of another kind. */
const char *spqr_json_member_string (JsonObject *object, const char *key);
JsonObject *spqr_json_member_object (JsonObject *object, const char *key);
JsonArray  *spqr_json_member_array (JsonObject *object, const char *key);
gboolean    spqr_json_member_boolean (JsonObject *object, const char *key, gboolean fallback);
gboolean    spqr_json_member_int (JsonObject *object, const char *key, gint64 *value);
/* The objects of a list, or NULL with an error naming what when an element is none. (element-type
 * borrowed JsonObject) */
GPtrArray  *spqr_json_objects (JsonArray *array, const char *what, GError **error);
