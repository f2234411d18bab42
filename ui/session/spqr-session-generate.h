/* spqr-session-generate.h: one text continued by several runs, and by the model they were made from. */
#pragma once

#include "session/spqr-session.h"

G_BEGIN_DECLS

typedef struct {
  const char *prompt;
  gsize max_tokens;
  double temperature;        /* 0: always the likeliest */
  guint64 seed;
} SpqrGenerateChoices;

typedef enum { SPQR_TEXT_WAITING, SPQR_TEXT_LOADING, SPQR_TEXT_GROWING, SPQR_TEXT_DONE } SpqrTextState;

/* How far one of the texts is. */
typedef struct {
  SpqrTextState state;
  char *text;                /* what was added to the prompt so far; g_free() */
  guint n_tokens;
  double seconds;            /* from the first new token on */
} SpqrGeneratedText;

/* Counted; what a worker writes into and a window reads from. */
typedef struct _SpqrGeneration SpqrGeneration;
SpqrGeneration *spqr_generation_ref (SpqrGeneration *self);
void            spqr_generation_unref (SpqrGeneration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrGeneration, spqr_generation_unref)

/* Continues the prompt by each of the runs (of SpqrRun, finished, of one model), one after another, and first by
 * the unquantized model where with_model. owner: a newer question of the same one takes the place of an older.
 * *job: full reference, to cancel, and for its end and error. */
SpqrGeneration *spqr_session_generate (SpqrSession *self, gconstpointer owner, GPtrArray *runs, gboolean with_model,
                                       const SpqrGenerateChoices *choices, SpqrJob **job);
guint           spqr_generation_get_n_texts (SpqrGeneration *self);
/* Any thread; a copy. */
SpqrGeneratedText spqr_generation_read (SpqrGeneration *self, guint index);

G_END_DECLS
