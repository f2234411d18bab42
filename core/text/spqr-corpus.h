/* spqr-corpus.h: data sets as token windows, by the rules the published numbers rest on
 * (text joined and cut as in the SpQR repository; Python's random numbers reproduced). */
#pragma once

#include "text/spqr-tokenizer.h"

typedef struct {
  char *name;            /* as the user gave it */
  char *fingerprint;     /* sha256 of the ids */
  char *tokenizer_fingerprint;   /* for the record; set by spqr_corpus_load_for_model() */
  char *protocol;        /* one line: how the text became ids, e.g. "rows joined with \\n\\n; BOS once" */
  gint32 *ids;
  gsize n_ids;
  /* Pre-tokenized rows (json list of lists, .pth): starts of rows, n_rows + 1 entries; else NULL. */
  gsize *row_starts;
  gsize n_rows;
  /* c4 and other sets whose windows are drawn from single documents: the documents, tokenized when
   * they are drawn; else NULL. ids is empty then until spqr_corpus_prepare_evaluation(). */
  struct _SpqrDocuments *documents;
  /* For the functions below. */
  gsize n_loaded;        /* ids that were loaded; n_ids may be fewer after preparing */
  guint max_windows;     /* 0: all */
  guint vocab;
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
/* Call before evaluating with windows of seqlen ids: makes ids what the published rule evaluates.
 * c4: 256 windows drawn from random documents (seed 0); c4_new: the first 256 * seqlen ids; all
 * others: every id, as loaded. TOO_SHORT when that is less than one window. May be called again with
 * another seqlen. fingerprint is renewed. */
gboolean    spqr_corpus_prepare_evaluation (SpqrCorpus *corpus, guint seqlen, GCancellable *cancellable,
                                            GError **error);
/* Non-overlapping evaluation windows: how many whole ones there are; window w starts at ids + w*seqlen. */
gsize       spqr_corpus_n_windows (SpqrCorpus *corpus, guint seqlen);

/* One split of a data set that is known by name, for `spqr data list`. */
typedef struct {
  char *name;              /* "wikitext2" */
  gboolean evaluation;     /* else calibration */
  char *path;              /* where it was found; NULL: nowhere */
  char *note;              /* where that differs from the published set; NULL */
  char *expected;          /* the file names that are looked for, comma-separated */
  char *folders;           /* where they are looked for */
} SpqrKnownData;

/* (element-type SpqrKnownData) with a free function set; data_dir as in spqr_corpus_load(). */
GPtrArray  *spqr_corpus_list_known (const char *data_dir);
/* The folder that data sets are looked for in when none is given: g_free(). */
char       *spqr_corpus_get_default_dir (void);
