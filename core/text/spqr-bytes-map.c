/* spqr-bytes-map.c: linear probing at a load of at most one half. */
#include "text/spqr-bytes-map.h"

#include <string.h>

static gsize
table_size (gsize expected)
{
  gsize n = 16;

  while (n < expected * 2)
    n *= 2;
  return n;
}

/* FNV-1a over eight bytes at a time, folded. */
static guint64
hash_bytes (const char *key, gsize len)
{
  guint64 h = 0xcbf29ce484222325u ^ len;

  while (len >= 8)
    {
      guint64 word;
      memcpy (&word, key, 8);
      h = (h ^ word) * 0x9e3779b97f4a7c15u;
      h ^= h >> 29;
      key += 8;
      len -= 8;
    }
  for (gsize i = 0; i < len; i++)
    h = (h ^ (guint8) key[i]) * 0x100000001b3u;
  h *= 0x9e3779b97f4a7c15u;
  return h ^ (h >> 32);
}

void
spqr_bytes_map_init (SpqrBytesMap *map, gsize expected)
{
  map->n_slots = table_size (expected);
  map->n_used = 0;
  map->slots = g_new0 (SpqrBytesSlot, map->n_slots);
}

void
spqr_bytes_map_clear (SpqrBytesMap *map)
{
  g_clear_pointer (&map->slots, g_free);
  map->n_slots = map->n_used = 0;
}

/* The slot that holds key, or the free one where it belongs. */
static SpqrBytesSlot *
find_slot (const SpqrBytesMap *map, const char *key, gsize len)
{
  gsize at = hash_bytes (key, len) & (map->n_slots - 1);

  for (;;)
    {
      SpqrBytesSlot *slot = &map->slots[at];

      if (slot->key == NULL || (slot->len == len && memcmp (slot->key, key, len) == 0))
        return slot;
      at = (at + 1) & (map->n_slots - 1);
    }
}

gint32
spqr_bytes_map_lookup (const SpqrBytesMap *map, const char *key, gsize len)
{
  const SpqrBytesSlot *slot;

  if (map->slots == NULL || len > G_MAXUINT32)
    return -1;
  slot = find_slot (map, key, len);
  return slot->key != NULL ? slot->value : -1;
}

static void
grow_bytes (SpqrBytesMap *map)
{
  SpqrBytesMap larger;

  spqr_bytes_map_init (&larger, map->n_slots);
  for (gsize i = 0; i < map->n_slots; i++)
    {
      if (map->slots[i].key != NULL)
        *find_slot (&larger, map->slots[i].key, map->slots[i].len) = map->slots[i];
    }
  larger.n_used = map->n_used;
  g_free (map->slots);
  *map = larger;
}

void
spqr_bytes_map_insert (SpqrBytesMap *map, const char *key, gsize len, gint32 value)
{
  SpqrBytesSlot *slot = find_slot (map, key, len);

  if (slot->key == NULL)
    {
      if ((map->n_used + 1) * 2 > map->n_slots)
        {
          grow_bytes (map);
          slot = find_slot (map, key, len);
        }
      map->n_used++;
      slot->key = key;
      slot->len = (guint32) len;
    }
  slot->value = value;
}

void
spqr_pair_map_init (SpqrPairMap *map, gsize expected)
{
  map->n_slots = table_size (expected);
  map->n_used = 0;
  map->slots = g_new (SpqrPairSlot, map->n_slots);
  memset (map->slots, 0xff, map->n_slots * sizeof *map->slots);
}

void
spqr_pair_map_clear (SpqrPairMap *map)
{
  g_clear_pointer (&map->slots, g_free);
  map->n_slots = map->n_used = 0;
}

static SpqrPairSlot *
find_pair (const SpqrPairMap *map, guint64 pair)
{
  guint64 h = pair * 0x9e3779b97f4a7c15u;
  gsize at = (h ^ (h >> 32)) & (map->n_slots - 1);

  while (map->slots[at].pair != G_MAXUINT64 && map->slots[at].pair != pair)
    at = (at + 1) & (map->n_slots - 1);
  return &map->slots[at];
}

const SpqrPairSlot *
spqr_pair_map_lookup (const SpqrPairMap *map, guint64 pair)
{
  const SpqrPairSlot *slot = find_pair (map, pair);

  return slot->pair == pair && pair != G_MAXUINT64 ? slot : NULL;
}

static void
grow_pairs (SpqrPairMap *map)
{
  SpqrPairMap larger;

  spqr_pair_map_init (&larger, map->n_slots);
  for (gsize i = 0; i < map->n_slots; i++)
    {
      if (map->slots[i].pair != G_MAXUINT64)
        *find_pair (&larger, map->slots[i].pair) = map->slots[i];
    }
  larger.n_used = map->n_used;
  g_free (map->slots);
  *map = larger;
}

void
spqr_pair_map_insert (SpqrPairMap *map, guint64 pair, gint32 rank, gint32 id)
{
  SpqrPairSlot *slot = find_pair (map, pair);

  if (slot->pair == G_MAXUINT64)
    {
      if ((map->n_used + 1) * 2 > map->n_slots)
        {
          grow_pairs (map);
          slot = find_pair (map, pair);
        }
      map->n_used++;
      slot->pair = pair;
    }
  slot->rank = rank;
  slot->id = id;
}
