/* spqr-token-table.h: the vocabulary: id to text, text to id. */
#pragma once

#include "text/spqr-bytes-map.h"
#include "text/spqr-text-private.h"

typedef struct {
  GPtrArray *texts;      /* by id; NULL for an id nothing has; owned */
  SpqrBytesMap ids;      /* the model's own tokens (not the added ones) by text */
  gsize n_tokens;        /* of the model */
} SpqrTokenTable;

void     spqr_token_table_init (SpqrTokenTable *table, gsize expected);
void     spqr_token_table_clear (SpqrTokenTable *table);
/* Fails when id is out of range or taken, or the text is not UTF-8. in_model FALSE: the token is
 * found by id only. origin names the file for messages. */
gboolean spqr_token_table_add (SpqrTokenTable *table, gint64 id, const char *text, gboolean in_model,
                               const char *origin, GError **error);
const char *spqr_token_table_get (const SpqrTokenTable *table, gint64 id);      /* NULL */
gint32   spqr_token_table_find (const SpqrTokenTable *table, const char *text); /* of the model; -1 */
/* Like find, then among all texts. */
gint32   spqr_token_table_find_any (const SpqrTokenTable *table, const char *text);
