/* spqr-charsmap.h: SentencePiece's precompiled normalization (nmt_nfkc and the like).
 *
 * The blob: a little-endian u32, the size in bytes of a double-array trie (u32 units); the trie;
 * NUL-terminated replacements, which the trie's values are offsets into. */
#pragma once

#include <glib.h>

typedef struct _SpqrCharsmap SpqrCharsmap;

/* Copies the blob. name: the file's word for the normalization, for messages. */
SpqrCharsmap *spqr_charsmap_new (const guint8 *blob, gsize len, const char *name, GError **error);
void          spqr_charsmap_free (SpqrCharsmap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrCharsmap, spqr_charsmap_free)
/* The longest (or, shortest TRUE, the shortest) entry that text begins with: its length in *used,
 * and its replacement; NULL when there is none. */
const char   *spqr_charsmap_match (const SpqrCharsmap *map, const char *text, gsize len, gboolean shortest,
                                   gsize *used);
