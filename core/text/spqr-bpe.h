/* spqr-bpe.h: byte pair encoding of one stretch of text. */
#pragma once

#include "text/spqr-token-table.h"

typedef struct _SpqrBpe SpqrBpe;

typedef struct {
  gint32 unk_id;            /* -1: none */
  gboolean unk_required;    /* the file names an unknown token that the vocabulary lacks: an error once needed */
  gboolean fuse_unk;        /* unknown characters in a row make one unknown token */
  gboolean byte_fallback;   /* unknown characters become <0x..> tokens */
  gboolean ignore_merges;   /* a stretch that is a token is that token */
  const char *prefix;       /* of every symbol but the first; NULL */
  const char *suffix;       /* of the last symbol; NULL */
} SpqrBpeOptions;

/* table is borrowed and must outlive the result and not change. */
SpqrBpe *spqr_bpe_new (const SpqrTokenTable *table, const SpqrBpeOptions *options);
void     spqr_bpe_free (SpqrBpe *bpe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrBpe, spqr_bpe_free)

/* Merges in order of rank, by the texts of their tokens. Fails when a token is unknown. A merge that
 * was there before takes the later rank, as the original does. */
gboolean spqr_bpe_add_merge (SpqrBpe *bpe, const char *left, gsize left_len, const char *right, gsize right_len,
                             gint32 rank, const char *origin, GError **error);
/* Instead of merges: every two neighbours whose joined text is a token may merge, higher score first
 * (SentencePiece). scores, unused: by id, n of them. */
gboolean spqr_bpe_set_scores (SpqrBpe *bpe, const float *scores, const guint8 *unused, gsize n,
                              const char *origin, GError **error);

/* The state of one caller: buffers and the stretches already seen. */
typedef struct _SpqrBpeScratch SpqrBpeScratch;
SpqrBpeScratch *spqr_bpe_scratch_new (void);
void            spqr_bpe_scratch_free (SpqrBpeScratch *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrBpeScratch, spqr_bpe_scratch_free)

/* Appends the ids of len bytes of UTF-8. The scratch remembers stretches by their address: text must
 * stay as it is until the scratch is freed. */
gboolean spqr_bpe_encode (const SpqrBpe *bpe, SpqrBpeScratch *scratch, const char *text, gsize len, GArray *ids,
                          GError **error);
