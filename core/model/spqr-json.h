/* spqr-json.h: JSON from files nobody vouches for.
 *
 * json-glib reads more than JSON (comments, assignments, hexadecimal numbers), lets the last of two
 * equal keys win, and recurses without a limit. This reader checks the text against RFC 8259 first,
 * with a depth limit and a search for duplicate keys, and hands only clean text to json-glib. */
#pragma once

#include <json-glib/json-glib.h>

/* Objects and arrays inside each other, and values in all, at most: a text of a few MB must not take
 * GB of memory. */
#define SPQR_JSON_MAX_DEPTH 64
#define SPQR_JSON_MAX_VALUES 8000000u

/* Checks and parses text (len bytes, or -1: NUL-terminated). path is for messages. On error NULL
 * with SPQR_MODEL_ERROR_MALFORMED, naming the line, or the key that stands twice. Any thread.
 * Free with json_node_unref(). */
JsonNode *spqr_json_parse (const char *text, gssize len, const char *path, GError **error);

/* With another limit for the number of values. */
JsonNode *spqr_json_parse_limited (const char *text, gssize len, guint max_values, const char *path, GError **error);

/* root as text; g_free(). Instead of json-glib's own, which writes 1e30 as 1e+30.0 and leaves one control
 * character, U+001F, as it is: neither is JSON. */
char *spqr_json_to_text (JsonNode *root, gboolean pretty);

/* The text of a JSON object in which only this member's value is another, or which has it at its end; numbers that no
 * machine type holds stay what they are. value: a JSON text. NULL when text is not an object; g_free(). */
char *spqr_json_replace_member (const char *text, const char *key, const char *value);

/* The members of an object, or NULL with NULL error when the member is absent or JSON null; with
 * MALFORMED when it is of another kind. Borrowed. */
JsonObject *spqr_json_get_object (JsonObject *object, const char *key, const char *path, GError **error);
JsonArray  *spqr_json_get_array (JsonObject *object, const char *key, const char *path, GError **error);
const char *spqr_json_get_string (JsonObject *object, const char *key, const char *path, GError **error);

/* TRUE when node is a number whose value is an integer that fits (3 and 3.0 alike). */
gboolean spqr_json_node_get_int (JsonNode *node, gint64 *value);
/* TRUE when node is a finite number. */
gboolean spqr_json_node_get_double (JsonNode *node, double *value);
