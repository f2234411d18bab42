/* spqr-corpus-private.h: what loading, naming and cutting data sets share. */
#pragma once

#include "text/spqr-corpus.h"
#include "text/spqr-python-random.h"

/* How a file's text becomes a corpus. */
typedef enum {
  SPQR_DATA_PLAIN,           /* the whole text at once */
  SPQR_DATA_WIKITEXT,        /* lines are rows, blank ones empty; joined with two newlines */
  SPQR_DATA_PTB,             /* stripped lines joined with two newlines */
  SPQR_DATA_PTB_NEW,         /* stripped lines joined with a blank */
  SPQR_DATA_JOINED,          /* documents of JSON lines joined with two newlines */
  SPQR_DATA_C4,              /* windows from random documents of JSON lines */
  SPQR_DATA_C4_NEW,          /* the first 1100 documents joined with a blank, 256 windows of them */
  SPQR_DATA_IDS,             /* JSON ids or lists of ids */
  SPQR_DATA_TORCH,           /* the same in a torch file */
} SpqrDataRule;

/* JSON lines, tokenized one by one as they are drawn. */
typedef struct _SpqrDocuments SpqrDocuments;
struct _SpqrDocuments {
  char *path, *bytes;
  GArray *starts;            /* gsize: of each line, and one more */
  gint32 *lengths;           /* in ids; -1: not known yet */
  gsize n;                   /* documents */
  SpqrTokenizer *tokenizer;
};

SpqrDocuments *spqr_documents_new (char *bytes, gsize len, const char *path, SpqrTokenizer *tokenizer);
void           spqr_documents_free (SpqrDocuments *documents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrDocuments, spqr_documents_free)
/* The `text` of a document; g_free(). */
char          *spqr_documents_get_text (SpqrDocuments *documents, gsize index, GError **error);
/* Appends one random window of seqlen ids of a random document that has as many. */
gboolean       spqr_documents_draw (SpqrDocuments *documents, guint seqlen, SpqrPythonRandom *random, GArray *ids,
                                    GCancellable *cancellable, GError **error);

/* Which file a known name means, and the rule for it; FALSE when the name is not known (no error) or
 * the file is not there (NOT_FOUND saying what is expected where). */
gboolean spqr_known_data_find (const char *name, const char *data_dir, gboolean evaluation, gboolean *known,
                               char **path, SpqrDataRule *rule, const char **note, GError **error);
/* All known names, for messages. g_free(). */
char    *spqr_known_data_names (void);

/* File contents, unpacked when the name ends in .gz. */
char    *spqr_corpus_read_bytes (const char *path, gsize *len, GCancellable *cancellable, GError **error);
/* Rows of a list or lists of ids. starts gets one entry a row and one more, or stays empty for a flat list. */
gboolean spqr_corpus_read_json_ids (const char *text, gsize len, const char *path, GArray *ids, GArray *starts,
                                    GError **error);
/* The same from a torch file: a list, tuple or dictionary-free nest of integer tensors and numbers. */
gboolean spqr_torch_read_ids (const char *bytes, gsize len, const char *path, GArray *ids, GArray *starts,
                              GError **error);
char    *spqr_ids_fingerprint (const gint32 *ids, gsize n);
