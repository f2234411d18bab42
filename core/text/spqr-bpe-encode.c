/* spqr-bpe-encode.c: merging.
 *
 * The characters of a stretch are symbols in a doubly linked list; a heap holds every neighbouring
 * pair that may merge, ordered by (rank, position). The best is taken while it still stands for what
 * is in the list, and the two new neighbourhoods go into the heap: O(n log n). Stretches are cut
 * beforehand where no merge can reach across (see `seams`), and short ones are remembered, so that
 * a long text costs time linear in its length even when nothing splits it into words. */
#include "text/spqr-bpe-private.h"

#include <string.h>

/* More characters than this without a place to cut are refused: the list would not fit in memory. */
#define MAX_SYMBOLS ((gsize) 1 << 23)
/* Stretches up to this long are looked at without cutting, and remembered. */
#define SHORT_BYTES 48
#define MAX_REMEMBERED (1 << 20)

typedef struct {
  gint32 id;             /* -1: a character nothing knows, or taken over by its left neighbour */
  guint32 start, len;    /* in the stretch; len 0: taken over */
  gint32 prev, next;     /* -1: none */
} Symbol;

typedef struct {
  guint64 key;           /* rank << 32 | position of the left symbol */
  gint32 id;             /* what the two become */
} Candidate;

typedef struct { gint32 left, right; } Halves;

struct _SpqrBpeScratch {
  GArray *symbols;       /* Symbol */
  GArray *heap;          /* Candidate */
  GHashTable *halves;    /* by score with unused tokens: id -> Halves */
  SpqrBytesMap seen;     /* stretch -> index in runs */
  GArray *runs;          /* gsize: start of each run in ids, and one more */
  GArray *ids;
};

SpqrBpeScratch *
spqr_bpe_scratch_new (void)
{
  SpqrBpeScratch *scratch = g_new0 (SpqrBpeScratch, 1);
  gsize zero = 0;

  scratch->symbols = g_array_new (FALSE, FALSE, sizeof (Symbol));
  scratch->heap = g_array_new (FALSE, FALSE, sizeof (Candidate));
  scratch->runs = g_array_new (FALSE, FALSE, sizeof (gsize));
  scratch->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  spqr_bytes_map_init (&scratch->seen, 16);
  g_array_append_val (scratch->runs, zero);
  return scratch;
}

void
spqr_bpe_scratch_free (SpqrBpeScratch *scratch)
{
  g_array_unref (scratch->symbols);
  g_array_unref (scratch->heap);
  g_array_unref (scratch->runs);
  g_array_unref (scratch->ids);
  g_clear_pointer (&scratch->halves, g_hash_table_unref);
  spqr_bytes_map_clear (&scratch->seen);
  g_free (scratch);
}

/* --- the heap -------------------------------------------------------------------------------- */

static void
heap_push (GArray *heap, Candidate candidate)
{
  guint at = heap->len;
  Candidate *c;

  g_array_append_val (heap, candidate);
  c = (Candidate *) (gpointer) heap->data;
  while (at > 0 && c[(at - 1) / 2].key > candidate.key)
    {
      c[at] = c[(at - 1) / 2];
      at = (at - 1) / 2;
    }
  c[at] = candidate;
}

static Candidate
heap_pop (GArray *heap)
{
  Candidate *c = (Candidate *) (gpointer) heap->data;
  Candidate top = c[0], last = c[heap->len - 1];
  guint n = heap->len - 1, at = 0;

  g_array_set_size (heap, n);
  while (at * 2 + 1 < n)
    {
      guint child = at * 2 + 1;

      child += child + 1 < n && c[child + 1].key < c[child].key;
      if (c[child].key >= last.key)
        break;
      c[at] = c[child];
      at = child;
    }
  if (n > 0)
    c[at] = last;
  return top;
}

/* --- symbols --------------------------------------------------------------------------------- */

static void
add_symbol (GArray *symbols, gint32 id, gsize start, gsize len)
{
  Symbol symbol = { id, (guint32) start, (guint32) len, (gint32) symbols->len - 1, -1 };

  if (symbols->len > 0)
    g_array_index (symbols, Symbol, symbols->len - 1).next = (gint32) symbols->len;
  g_array_append_val (symbols, symbol);
}

static gboolean
has_all_bytes (const SpqrBpe *bpe, const char *text, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      if (bpe->byte_ids[(guint8) text[i]] < 0)
        return FALSE;
    }
  return bpe->options.byte_fallback;
}

static gint32
symbol_with_affixes (const SpqrBpe *bpe, const char *text, gsize len, gboolean first, gboolean last)
{
  g_autoptr(GString) spelled = NULL;

  if ((bpe->prefix == NULL || first) && (bpe->suffix == NULL || !last))
    return spqr_bpe_symbol (bpe, text, len);
  spelled = g_string_new (first ? NULL : bpe->prefix);
  g_string_append_len (spelled, text, (gssize) len);
  if (last && bpe->suffix != NULL)
    g_string_append (spelled, bpe->suffix);
  return spqr_bpe_symbol (bpe, spelled->str, spelled->len);
}

static gboolean
no_unknown_token (const SpqrBpe *bpe, const char *text, gsize len, GError **error)
{
  if (!bpe->options.unk_required)
    return TRUE;
  g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_OUT_OF_VOCABULARY,
               "“%.*s” is not in the vocabulary, and neither is the tokenizer's unknown token", (int) len, text);
  return FALSE;
}

/* The list of Hugging Face's BPE: unknown characters become bytes, or unknown tokens that wait for
 * the next known character (and are dropped where there is no unknown token). */
static gboolean
list_symbols (const SpqrBpe *bpe, GArray *symbols, const char *text, gsize len, GError **error)
{
  gsize unk_start = 0, unk_len = 0, n;

  for (gsize at = 0; at < len; at += n)
    {
      gint32 id;

      n = (gsize) (g_utf8_next_char (text + at) - (text + at));
      id = symbol_with_affixes (bpe, text + at, n, at == 0, at + n >= len);
      if (id < 0 && has_all_bytes (bpe, text + at, n))
        {
          for (gsize i = 0; i < n; i++)
            add_symbol (symbols, bpe->byte_ids[(guint8) text[at + i]], at + i, 1);
          continue;
        }
      if (unk_len > 0 && (id >= 0 || !bpe->options.fuse_unk))
        {
          add_symbol (symbols, bpe->options.unk_id, unk_start, unk_len);
          unk_len = 0;
        }
      if (id >= 0)
        add_symbol (symbols, id, at, n);
      else if (bpe->options.unk_id >= 0)
        {
          unk_start = unk_len > 0 ? unk_start : at;
          unk_len += n;
        }
      else if (!no_unknown_token (bpe, text + at, n, error))
        return FALSE;
    }
  if (unk_len > 0)
    add_symbol (symbols, bpe->options.unk_id, unk_start, unk_len);
  return TRUE;
}

/* SentencePiece's list: one symbol a character, whatever it is. */
static void
list_characters (const SpqrBpe *bpe, GArray *symbols, const char *text, gsize len)
{
  for (gsize at = 0, n; at < len; at += n)
    {
      n = (gsize) (g_utf8_next_char (text + at) - (text + at));
      add_symbol (symbols, spqr_bpe_symbol (bpe, text + at, n), at, n);
    }
}

/* --- merging --------------------------------------------------------------------------------- */

static void
offer (const SpqrBpe *bpe, SpqrBpeScratch *scratch, gint32 left)
{
  const Symbol *symbols = (const Symbol *) (gconstpointer) scratch->symbols->data;
  const SpqrPairSlot *merge;
  gint32 right = left < 0 ? -1 : symbols[left].next;

  if (right < 0 || symbols[left].id < 0 || symbols[right].id < 0)
    return;
  merge = spqr_pair_map_lookup (&bpe->merges, SPQR_PAIR (symbols[left].id, symbols[right].id));
  if (merge == NULL)
    return;
  heap_push (scratch->heap, (Candidate) { SPQR_PAIR (merge->rank, left), merge->id });
  if (bpe->unused != NULL && (gsize) merge->id < bpe->n_unused && bpe->unused[merge->id])
    {
      Halves *halves = g_new (Halves, 1);

      *halves = (Halves) { symbols[left].id, symbols[right].id };
      if (scratch->halves == NULL)
        scratch->halves = g_hash_table_new_full (NULL, NULL, NULL, g_free);
      g_hash_table_insert (scratch->halves, GINT_TO_POINTER (merge->id), halves);
    }
}

static void
merge_all (const SpqrBpe *bpe, SpqrBpeScratch *scratch)
{
  Symbol *symbols = (Symbol *) (gpointer) scratch->symbols->data;

  g_array_set_size (scratch->heap, 0);
  for (guint i = 0; i + 1 < scratch->symbols->len; i++)
    offer (bpe, scratch, (gint32) i);
  while (scratch->heap->len > 0)
    {
      Candidate best = heap_pop (scratch->heap);
      gint32 at = (gint32) (best.key & G_MAXUINT32);
      Symbol *left = &symbols[at], *right;
      const SpqrPairSlot *merge;

      if (left->len == 0 || left->next < 0)
        continue;
      right = &symbols[left->next];
      merge = left->id < 0 || right->id < 0
                ? NULL : spqr_pair_map_lookup (&bpe->merges, SPQR_PAIR (left->id, right->id));
      if (merge == NULL || merge->id != best.id)
        continue;
      left->id = best.id;
      left->len += right->len;
      left->next = right->next;
      right->len = 0;
      if (left->next >= 0)
        symbols[left->next].prev = at;
      offer (bpe, scratch, left->prev);
      offer (bpe, scratch, at);
    }
}

static void
append_id (GArray *ids, gint32 id)
{
  g_array_append_val (ids, id);
}

/* A token of the kind "unused" is given back as the two it was made of. */
static void
append_token (const SpqrBpe *bpe, SpqrBpeScratch *scratch, gint32 id, GArray *ids, guint depth)
{
  const Halves *halves = NULL;

  if (bpe->unused != NULL && (gsize) id < bpe->n_unused && bpe->unused[id] && scratch->halves != NULL && depth < 64)
    halves = g_hash_table_lookup (scratch->halves, GINT_TO_POINTER (id));
  if (halves == NULL)
    {
      append_id (ids, id);
      return;
    }
  append_token (bpe, scratch, halves->left, ids, depth + 1);
  append_token (bpe, scratch, halves->right, ids, depth + 1);
}

/* Symbols that never became a token: bytes or the unknown token. */
static gboolean
append_unknown (const SpqrBpe *bpe, const char *text, gsize len, gboolean after_unknown, GArray *ids, GError **error)
{
  if (has_all_bytes (bpe, text, len))
    {
      for (gsize i = 0; i < len; i++)
        append_id (ids, bpe->byte_ids[(guint8) text[i]]);
      return TRUE;
    }
  if (bpe->options.unk_id < 0)
    return no_unknown_token (bpe, text, len, error);
  if (!after_unknown || !bpe->options.fuse_unk)
    append_id (ids, bpe->options.unk_id);
  return TRUE;
}

static gboolean
collect (const SpqrBpe *bpe, SpqrBpeScratch *scratch, const char *text, GArray *ids, GError **error)
{
  const Symbol *symbols = (const Symbol *) (gconstpointer) scratch->symbols->data;
  gboolean after_unknown = FALSE;

  for (gint32 at = scratch->symbols->len > 0 ? 0 : -1; at >= 0; at = symbols[at].next)
    {
      gint32 id = symbols[at].id;

      if (id >= 0 && id < SPQR_MAX_TOKENS)
        append_token (bpe, scratch, id, ids, 0);
      else if (!append_unknown (bpe, text + symbols[at].start, symbols[at].len, after_unknown, ids, error))
        return FALSE;
      after_unknown = id < 0 || id >= SPQR_MAX_TOKENS;
    }
  return TRUE;
}

static gboolean
encode_run (const SpqrBpe *bpe, SpqrBpeScratch *scratch, const char *text, gsize len, GArray *ids, GError **error)
{
  if (len > MAX_SYMBOLS)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                   "%" G_GSIZE_FORMAT " bytes without a place where the text could be cut; at most %" G_GSIZE_FORMAT
                   " are read: is this text?", len, MAX_SYMBOLS);
      return FALSE;
    }
  g_array_set_size (scratch->symbols, 0);
  if (bpe->by_score)
    list_characters (bpe, scratch->symbols, text, len);
  else if (!list_symbols (bpe, scratch->symbols, text, len, error))
    return FALSE;
  merge_all (bpe, scratch);
  return collect (bpe, scratch, text, ids, error);
}

static gboolean
encode_remembered (const SpqrBpe *bpe, SpqrBpeScratch *scratch, const char *text, gsize len, GArray *ids,
                   GError **error)
{
  gint32 run = len <= SHORT_BYTES ? spqr_bytes_map_lookup (&scratch->seen, text, len) : -1;
  const gsize *starts;

  if (len > SHORT_BYTES || (run < 0 && scratch->runs->len > MAX_REMEMBERED))
    return encode_run (bpe, scratch, text, len, ids, error);
  if (run < 0)
    {
      gsize end;

      if (!encode_run (bpe, scratch, text, len, scratch->ids, error))
        return FALSE;
      run = (gint32) scratch->runs->len - 1;
      end = scratch->ids->len;
      g_array_append_val (scratch->runs, end);
      spqr_bytes_map_insert (&scratch->seen, text, len, run);
    }
  starts = (const gsize *) (gconstpointer) scratch->runs->data;
  g_array_append_vals (ids, (gint32 *) (gpointer) scratch->ids->data + starts[run],
                       (guint) (starts[run + 1] - starts[run]));
  return TRUE;
}

static gboolean
is_no_token (gint32 symbol)
{
  return symbol < 0 || symbol >= SPQR_MAX_TOKENS;
}

/* Where the stretch that begins at text ends: before the first character that cannot merge with the
 * one before it. Characters that are no token stay together: they may fuse. */
static gsize
find_cut (const SpqrBpe *bpe, const char *text, gsize len)
{
  gsize at = (gsize) (g_utf8_next_char (text) - text), n;
  gint32 before = spqr_bpe_symbol (bpe, text, at);

  for (; at < len; at += n)
    {
      gint32 id;

      n = (gsize) (g_utf8_next_char (text + at) - (text + at));
      id = spqr_bpe_symbol (bpe, text + at, n);
      if (!(is_no_token (before) && is_no_token (id)) &&
          (before < 0 || id < 0 || spqr_pair_map_lookup (&bpe->seams, SPQR_PAIR (before, id)) == NULL))
        return at;
      before = id;
    }
  return len;
}

gboolean
spqr_bpe_encode (const SpqrBpe *bpe, SpqrBpeScratch *scratch, const char *text, gsize len, GArray *ids,
                 GError **error)
{
  gint32 whole = bpe->options.ignore_merges ? spqr_bytes_map_lookup (&bpe->table->ids, text, len) : -1;
  gsize n;

  if (whole >= 0)
    {
      append_id (ids, whole);
      return TRUE;
    }
  if (len <= SHORT_BYTES || !bpe->may_cut)
    return encode_remembered (bpe, scratch, text, len, ids, error);
  for (gsize at = 0; at < len; at += n)
    {
      n = find_cut (bpe, text + at, len - at);
      if (!encode_remembered (bpe, scratch, text + at, n, ids, error))
        return FALSE;
    }
  return TRUE;
}
