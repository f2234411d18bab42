/* spqr-generate.h: continuing a text, one id after another. */
#pragma once

#include "net/spqr-net.h"

typedef struct {
  gsize max_tokens;       /* at most so many new ids */
  double temperature;     /* 0: always the likeliest id */
  guint top_k;            /* 0: all; else drawn among the likeliest top_k */
  guint64 seed;           /* the same seed draws the same ids */
  gint32 stop_id;         /* ends the text when it comes, -1: none; it is not reported */
  guint64 *weight_bytes;  /* nullable, out: of the blocks' linear layers as they were held */
  guint *blocks_there;    /* nullable, out: how many of them were on the device at the end */
} SpqrGenerateOptions;

/* Called with each new id as soon as it is known; FALSE: that is enough (not an error). */
typedef gboolean (*SpqrIdFunc) (gint32 id, gpointer user_data);

/* New ids after prompt (n_prompt >= 1), also reported to on_id (nullable). On the net's device as many blocks as fit there,
 * with keys and values of the past, and the head; should it fail, the text so far is taken in again here. Here keys and values
 * are kept, and the blocks too where they fit in half of the free memory, packed as a run stores them or in f32;
 * otherwise every block is loaded for every id. Ends early at the model's context. Blocking, any thread; polls cancellable
 * between small pieces of work. g_free(); NULL with error. */
gint32 *spqr_generate (SpqrNet *net, const gint32 *prompt, gsize n_prompt, const SpqrGenerateOptions *options,
                       SpqrIdFunc on_id, gpointer user_data, GCancellable *cancellable, gsize *n_ids, GError **error);
