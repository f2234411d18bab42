/* spqr-tasks.h: zero-shot tasks: documents, prompts and their ids. Scoring is somebody else's.
 *
 * Every task comes down to: of each document's choices, which continuation is likeliest after its
 * context? acc takes the largest sum of log-probabilities, acc_norm the largest sum divided by the
 * choice's length; the first of equals wins. lambada has one choice: its perplexity, and whether it is
 * what greedy decoding would say. */
#pragma once

#include "text/spqr-tokenizer.h"

typedef struct {
  char *context, *continuation;    /* texts, the continuation with its leading blank */
  gsize n_chars, n_bytes;          /* of the choice itself: what acc_norm divides by */
} SpqrTaskChoice;

typedef struct {
  SpqrTaskChoice *choices;
  guint n_choices, gold;
} SpqrTaskDoc;

typedef struct {
  char *name;                      /* "arc_easy" */
  char *path;                      /* the file it was read from */
  char *note;                      /* where it differs from the published set; NULL */
  gboolean has_acc_norm;           /* else acc only (winogrande, copa, lambada) */
  gboolean single;                 /* lambada: one choice, perplexity and greedy accuracy */
  SpqrTaskDoc *docs;
  gsize n_docs;
} SpqrTask;

typedef enum {
  SPQR_SCORING_HARNESS_2023,       /* context and continuation tokenized separately: the published runs */
  SPQR_SCORING_HARNESS,            /* tokenized together; the context's trailing blanks go to the continuation */
} SpqrScoring;

/* name: piqa, winogrande, hellaswag, arc_easy, arc_challenge, copa, openbookqa or lambada. data: the file, or
 * a folder to look in (NULL: the user's data folder). NOT_FOUND says which file is expected where,
 * MALFORMED names file and line. */
SpqrTask *spqr_task_load (const char *name, const char *data, GError **error);
void      spqr_task_free (SpqrTask *task);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrTask, spqr_task_free)

/* Appends the ids (gint32) of a choice's context and continuation, without special ids; an empty
 * context is the beginning-of-sequence id, or the end-of-sequence id where there is none. */
gboolean  spqr_task_choice_tokenize (const SpqrTaskChoice *choice, SpqrTokenizer *tokenizer, SpqrScoring scoring,
                                     GArray *context, GArray *continuation, GError **error);

/* "harness-2023" or "harness"; FALSE for another word. */
gboolean  spqr_scoring_from_name (const char *name, SpqrScoring *scoring);
const char *spqr_scoring_get_name (SpqrScoring scoring);
/* The file of a task's documents in data (as above), for lists; NULL when there is none. *note is static. g_free(). */
char     *spqr_task_find (const char *name, const char *data, const char **note);
/* The file names that are looked for, comma-separated; NULL for no task. g_free(). */
char     *spqr_task_list_files (const char *name);
/* Names of all tasks, NULL-terminated, static. */
const char * const *spqr_task_list (void);
