/* spqr-keeper.h: where an evaluation keeps what it has measured, so that a later sitting goes on with it.
 *
 * Items (windows, or a task's choices) are kept in whole batches, in order, each batch as soon as it is
 * done; what was under way in others is measured again, of the base model too. The sums over a batch depend on its
 * shape alone, so the figures are those of a sitting that was never interrupted. */
#pragma once

#include "store/spqr-store.h"

/* Borrowed; without a store nothing is kept. subject names all that the figures depend on. A store that
 * cannot be written is no trouble for an evaluation: it goes on and keeps nothing. */
typedef struct { SpqrStore *store; const char *subject; } SpqrKeeper;

/* How many of n items are known from earlier, from the first on; 0 for keeper NULL. */
gsize spqr_keeper_get (const SpqrKeeper *keeper, SpqrMeasured *items, gsize n);
void  spqr_keeper_add (const SpqrKeeper *keeper, gsize first, const SpqrMeasured *items, gsize n);
