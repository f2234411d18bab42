/* spqr-waiting-keeper.h: keeps in the database what waits in a queue, as it changes, so that a program that ends, or is
 * killed, loses none of it. */
#pragma once

#include "job/spqr-job-queue.h"
#include "store/spqr-store.h"

#define SPQR_TYPE_WAITING_KEEPER (spqr_waiting_keeper_get_type ())
G_DECLARE_FINAL_TYPE (SpqrWaitingKeeper, spqr_waiting_keeper, SPQR, WAITING_KEEPER, GObject)

SpqrWaitingKeeper *spqr_waiting_keeper_new (SpqrJobQueue *queue, SpqrStore *store);     /* store nullable */
void               spqr_waiting_keeper_set_store (SpqrWaitingKeeper *self, SpqrStore *store);
/* The program ends: writes at once, and nothing afterwards, whatever becomes of the jobs. */
void               spqr_waiting_keeper_finish (SpqrWaitingKeeper *self);
