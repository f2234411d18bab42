/* spqr-bpe.c: the tables of a byte pair encoding. */
#include "text/spqr-bpe-private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longest token that takes part in merging by score: every way to halve it is looked at. */
#define MAX_PIECE_BYTES 256

/* "<0x0A>" and the like; -1 for every other token. */
static int
byte_of_token (const char *text)
{
  int high, low;

  if (text == NULL || strlen (text) != 6 || !g_str_has_prefix (text, "<0x") || text[5] != '>')
    return -1;
  high = g_ascii_islower (text[3]) ? -1 : g_ascii_xdigit_value (text[3]);
  low = g_ascii_islower (text[4]) ? -1 : g_ascii_xdigit_value (text[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

SpqrBpe *
spqr_bpe_new (const SpqrTokenTable *table, const SpqrBpeOptions *options)
{
  SpqrBpe *bpe = g_new0 (SpqrBpe, 1);

  bpe->table = table;
  bpe->options = *options;
  bpe->prefix = options->prefix != NULL && *options->prefix != '\0' ? g_strdup (options->prefix) : NULL;
  bpe->suffix = options->suffix != NULL && *options->suffix != '\0' ? g_strdup (options->suffix) : NULL;
  bpe->may_cut = bpe->prefix == NULL && bpe->suffix == NULL;
  spqr_pair_map_init (&bpe->merges, table->n_tokens);
  spqr_pair_map_init (&bpe->seams, 4096);
  memset (bpe->byte_ids, 0xff, sizeof bpe->byte_ids);
  for (guint i = 0; options->byte_fallback && i < table->texts->len; i++)
    {
      int byte = byte_of_token (table->texts->pdata[i]);

      if (byte >= 0)
        bpe->byte_ids[byte] = (gint32) i;
    }
  return bpe;
}

void
spqr_bpe_free (SpqrBpe *bpe)
{
  if (bpe == NULL)
    return;
  spqr_pair_map_clear (&bpe->merges);
  spqr_pair_map_clear (&bpe->seams);
  spqr_bytes_map_clear (&bpe->extra);
  g_free (bpe->unused);
  g_free (bpe->prefix);
  g_free (bpe->suffix);
  g_free (bpe);
}

gint32
spqr_bpe_symbol (const SpqrBpe *bpe, const char *text, gsize len)
{
  gint32 id = spqr_bytes_map_lookup (&bpe->table->ids, text, len);

  return id < 0 && bpe->by_score ? spqr_bytes_map_lookup (&bpe->extra, text, len) : id;
}

/* A token that stands for something other than its own characters can begin a merge without its
 * characters being there: then no place is safe to cut. */
static gboolean
stands_for_other (const SpqrBpe *bpe, gint32 id)
{
  return id == bpe->options.unk_id ||
         (bpe->options.byte_fallback && byte_of_token (spqr_token_table_get (bpe->table, id)) >= 0);
}

static void
add_seam (SpqrBpe *bpe, const char *left, gsize left_len, const char *right)
{
  const char *last = left_len > 0 ? g_utf8_find_prev_char (left, left + left_len) : NULL;
  gint32 end, begin;

  if (last == NULL)
    return;
  end = spqr_bpe_symbol (bpe, last, (gsize) (left + left_len - last));
  begin = spqr_bpe_symbol (bpe, right, (gsize) (g_utf8_next_char (right) - right));
  /* A side whose outer character is no symbol can never come to be. */
  if (end >= 0 && begin >= 0)
    spqr_pair_map_insert (&bpe->seams, SPQR_PAIR (end, begin), 0, 0);
}

static gboolean
unknown_token (const char *text, gsize len, gint32 rank, const char *origin, GError **error)
{
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
               "%s: merge %d uses “%.*s”, which is not in the vocabulary", origin, rank, (int) MIN (len, 60), text);
  return FALSE;
}

gboolean
spqr_bpe_add_merge (SpqrBpe *bpe, const char *left, gsize left_len, const char *right, gsize right_len, gint32 rank,
                    const char *origin, GError **error)
{
  gsize skip = bpe->prefix != NULL ? strlen (bpe->prefix) : 0;
  g_autofree char *joined = NULL;
  gint32 a = spqr_bytes_map_lookup (&bpe->table->ids, left, left_len);
  gint32 b = spqr_bytes_map_lookup (&bpe->table->ids, right, right_len);
  gint32 id;

  if (a < 0 || left_len == 0)
    return unknown_token (left, left_len, rank, origin, error);
  if (b < 0 || right_len == 0)
    return unknown_token (right, right_len, rank, origin, error);
  skip = MIN (skip, right_len);
  joined = g_malloc (left_len + right_len - skip + 1);
  memcpy (joined, left, left_len);
  memcpy (joined + left_len, right + skip, right_len - skip);
  joined[left_len + right_len - skip] = '\0';
  id = spqr_bytes_map_lookup (&bpe->table->ids, joined, left_len + right_len - skip);
  if (id < 0)
    return unknown_token (joined, left_len + right_len - skip, rank, origin, error);
  spqr_pair_map_insert (&bpe->merges, SPQR_PAIR (a, b), rank, id);
  add_seam (bpe, left, left_len, right);
  if (stands_for_other (bpe, a) || stands_for_other (bpe, b))
    bpe->may_cut = FALSE;
  return TRUE;
}

/* Equal scores get equal ranks: the leftmost pair goes first then. */
typedef struct { float score; gint32 id; } Scored;

static int
compare_scores (const void *a, const void *b)
{
  float x = ((const Scored *) a)->score, y = ((const Scored *) b)->score;

  return (x < y) - (x > y);
}

static gint32 *
rank_scores (const float *scores, gsize n)
{
  g_autofree Scored *order = g_new (Scored, n);
  gint32 *ranks = g_new (gint32, n);
  gint32 rank = 0;

  for (gsize i = 0; i < n; i++)
    order[i] = (Scored) { isnan (scores[i]) ? -INFINITY : scores[i], (gint32) i };
  qsort (order, n, sizeof *order, compare_scores);
  for (gsize i = 0; i < n; i++)
    {
      rank += i > 0 && order[i].score < order[i - 1].score;
      ranks[order[i].id] = rank;
    }
  return ranks;
}

static void
add_extra_characters (SpqrBpe *bpe, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gsize len = (gsize) (g_utf8_next_char (p) - p);

      if (spqr_bpe_symbol (bpe, p, len) < 0)
        spqr_bytes_map_insert (&bpe->extra, p, len, SPQR_MAX_TOKENS + bpe->n_extra++);
    }
}

/* A part of a token as a symbol: a token, or a single character. */
static gint32
part_symbol (SpqrBpe *bpe, const char *text, gsize len)
{
  if ((gsize) (g_utf8_next_char (text) - text) == len)
    return spqr_bpe_symbol (bpe, text, len);
  return spqr_bytes_map_lookup (&bpe->table->ids, text, len);
}

static void
add_halvings (SpqrBpe *bpe, const char *text, gint32 id, gint32 rank)
{
  gsize len = strlen (text);

  for (const char *cut = g_utf8_next_char (text); cut < text + len; cut = g_utf8_next_char (cut))
    {
      gsize left_len = (gsize) (cut - text);
      gint32 a = part_symbol (bpe, text, left_len);
      gint32 b = a < 0 ? -1 : part_symbol (bpe, cut, len - left_len);

      if (b < 0)
        continue;
      spqr_pair_map_insert (&bpe->merges, SPQR_PAIR (a, b), rank, id);
      add_seam (bpe, text, left_len, cut);
    }
}

gboolean
spqr_bpe_set_scores (SpqrBpe *bpe, const float *scores, const guint8 *unused, gsize n, const char *origin,
                     GError **error)
{
  g_autofree gint32 *ranks = rank_scores (scores, n);
  const SpqrBytesMap *ids = &bpe->table->ids;

  bpe->by_score = TRUE;
  spqr_bytes_map_init (&bpe->extra, 256);
  for (gsize i = 0; i < n; i++)
    {
      if (unused[i] && bpe->unused == NULL)
        {
          bpe->unused = g_memdup2 (unused, n);
          bpe->n_unused = n;
        }
    }
  for (gsize i = 0; i < ids->n_slots; i++)
    {
      if (ids->slots[i].key == NULL)
        continue;
      if (ids->slots[i].len > MAX_PIECE_BYTES)
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "%s: token %d is %u bytes long", origin,
                       ids->slots[i].value, ids->slots[i].len);
          return FALSE;
        }
      add_extra_characters (bpe, ids->slots[i].key);
    }
  for (gsize i = 0; i < ids->n_slots; i++)
    {
      if (ids->slots[i].key != NULL && ids->slots[i].len > 0 && (gsize) ids->slots[i].value < n)
        add_halvings (bpe, ids->slots[i].key, ids->slots[i].value, ranks[ids->slots[i].value]);
    }
  return TRUE;
}
