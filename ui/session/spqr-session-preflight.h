/* spqr-session-preflight.h: what a quantization of the opened model would take, found by a worker. */
#pragma once

#include "quant/spqr-recipe.h"
#include "session/spqr-session.h"

/* text: what it takes, in sentences; problem: why it cannot begin, with the numbers, or NULL. */
typedef void (*SpqrPreflightFunc) (guint serial, const char *text, const char *problem, gpointer user_data);

/* evaluation: the data to measure before and after, or NULL.
 * The newest question of an owner takes the place of the one before. told is called in the main context, unless
 * the owner is gone by then. */
void spqr_session_preflight (SpqrSession *self, SpqrRecipe *recipe, const char *evaluation, guint serial, GObject *owner,
                             SpqrPreflightFunc told);
