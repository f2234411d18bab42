/* spqr-corpus.h: data sets as token windows, by the rules the published numbers rest on
 * (text joined and cut as in the SpQR repository; Python's random numbers reproduced). */
#pragma once

#include "text/spqr-tokenizer.h"

typedef struct {
  char *name;            /* as the user gave it */
  char *fingerprint;     /* sha256 of the ids */
  char *protocol;        /* one line: how the text became ids, e.g. "rows joined with \\n\\n; BOS once" */
  gint32 *ids;
  gsize n_ids;
  /* Pre-tokenized rows (json list of lists, .pth): starts of rows, n_rows + 1 entries; else NULL. */
  gsize *row_starts;
  gsize n_rows;
} SpqrCorpus;

/* data: a text file, .jsonl with a `text` field, .json list of ids (or list of lists), .pth of token
 * tensors, or one of wikitext2 ptb ptb_new c4 c4_new pajama refinedweb looked for in data_dir
 * (NULL: the user's data folder). evaluation: TRUE for the evaluation split, FALSE for calibration.
 * tokenizer may be NULL for ids. vocab: ids are checked against it (0: not checked). */
SpqrCorpus *spqr_corpus_load (const char *data, const char *data_dir, gboolean evaluation,
                              SpqrTokenizer *tokenizer, guint vocab, GCancellable *cancellable, GError **error);
void        spqr_corpus_free (SpqrCorpus *corpus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrCorpus, spqr_corpus_free)

/* nsamples calibration windows of seqlen ids, drawn as the reference draws them with this seed
 * (random.seed(seed); i = randint(0, n - seqlen - 1); pre-tokenized: the first rows). Returns
 * nsamples * seqlen ids, g_free(); *fingerprint (optional, g_free): sha256 of them. */
gint32     *spqr_corpus_calibration_windows (SpqrCorpus *corpus, guint nsamples, guint seqlen, gint64 seed,
                                             char **fingerprint, GError **error);
/* Non-overlapping evaluation windows: how many whole ones there are; window w starts at ids + w*seqlen. */
gsize       spqr_corpus_n_windows (SpqrCorpus *corpus, guint seqlen);
