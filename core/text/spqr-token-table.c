#include "text/spqr-token-table.h"

#include <string.h>

void
spqr_token_table_init (SpqrTokenTable *table, gsize expected)
{
  table->texts = g_ptr_array_new_with_free_func (g_free);
  spqr_bytes_map_init (&table->ids, expected);
  table->n_tokens = 0;
}

void
spqr_token_table_clear (SpqrTokenTable *table)
{
  g_clear_pointer (&table->texts, g_ptr_array_unref);
  spqr_bytes_map_clear (&table->ids);
}

gboolean
spqr_token_table_add (SpqrTokenTable *table, gint64 id, const char *text, gboolean in_model, const char *origin,
                      GError **error)
{
  gsize len = strlen (text);

  if (id < 0 || id >= SPQR_MAX_TOKENS)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: token “%.60s” has the id %" G_GINT64_FORMAT "; ids are 0 to %d", origin, text, id,
                   SPQR_MAX_TOKENS - 1);
      return FALSE;
    }
  if (!g_utf8_validate (text, (gssize) len, NULL))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: the text of token %" G_GINT64_FORMAT " is not UTF-8", origin, id);
      return FALSE;
    }
  if (spqr_token_table_get (table, id) != NULL)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "%s: id %" G_GINT64_FORMAT " stands for both “%.60s” and “%.60s”", origin, id,
                   spqr_token_table_get (table, id), text);
      return FALSE;
    }
  if (id >= table->texts->len)
    g_ptr_array_set_size (table->texts, (int) id + 1);
  table->texts->pdata[id] = g_strdup (text);
  if (in_model)
    {
      spqr_bytes_map_insert (&table->ids, table->texts->pdata[id], len, (gint32) id);
      table->n_tokens++;
    }
  return TRUE;
}

const char *
spqr_token_table_get (const SpqrTokenTable *table, gint64 id)
{
  return id >= 0 && id < table->texts->len ? table->texts->pdata[id] : NULL;
}

gint32
spqr_token_table_find (const SpqrTokenTable *table, const char *text)
{
  return spqr_bytes_map_lookup (&table->ids, text, strlen (text));
}

gint32
spqr_token_table_find_any (const SpqrTokenTable *table, const char *text)
{
  gint32 id = spqr_token_table_find (table, text);

  for (guint i = 0; id < 0 && i < table->texts->len; i++)
    {
      if (g_strcmp0 (table->texts->pdata[i], text) == 0)
        id = (gint32) i;
    }
  return id;
}
