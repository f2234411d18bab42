/* spqr-bytes-map.h: byte strings to numbers, open addressing; keys are borrowed, never copied. */
#pragma once

#include <glib.h>

typedef struct {
  const char *key;
  guint32 len;
  gint32 value;      /* never negative for a used slot */
} SpqrBytesSlot;

typedef struct {
  SpqrBytesSlot *slots;
  gsize n_slots;     /* power of two */
  gsize n_used;
} SpqrBytesMap;

void   spqr_bytes_map_init (SpqrBytesMap *map, gsize expected);
void   spqr_bytes_map_clear (SpqrBytesMap *map);
/* The value of key, -1 when there is none. */
gint32 spqr_bytes_map_lookup (const SpqrBytesMap *map, const char *key, gsize len);
/* Sets or replaces. The key's bytes must outlive the map. */
void   spqr_bytes_map_insert (SpqrBytesMap *map, const char *key, gsize len, gint32 value);

/* Pairs of ids to (rank, id): merges; also a set of pairs. */
typedef struct {
  guint64 pair;      /* left << 32 | right; G_MAXUINT64: free slot */
  gint32 rank, id;
} SpqrPairSlot;

typedef struct {
  SpqrPairSlot *slots;
  gsize n_slots, n_used;
} SpqrPairMap;

#define SPQR_PAIR(left, right) (((guint64) (guint32) (left) << 32) | (guint32) (right))

void spqr_pair_map_init (SpqrPairMap *map, gsize expected);
void spqr_pair_map_clear (SpqrPairMap *map);
const SpqrPairSlot *spqr_pair_map_lookup (const SpqrPairMap *map, guint64 pair);   /* NULL: none */
void spqr_pair_map_insert (SpqrPairMap *map, guint64 pair, gint32 rank, gint32 id);
