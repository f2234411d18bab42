/* spqr-memory.h: large buffers. */
#pragma once

#include <glib.h>

/* Bytes of memory that the system could still give, by /proc/meminfo; `unknown` where that cannot be read. */
guint64 spqr_memory_available_or (guint64 unknown);
/* For those who only want to be modest: 1 GiB where it is not known. */
guint64 spqr_memory_available (void);

/* g_free(), but of a large buffer on a thread of its own: giving gigabytes back takes the system
 * longer than a cancelled job may take to end. */
void spqr_memory_free_later (gpointer buffer, gsize bytes);

/* Buffers that were given back and may be taken again, so that each block's weights do not have to be
 * paged in afresh. Reference counted; any thread. */
typedef struct _SpqrSpares SpqrSpares;

SpqrSpares *spqr_spares_new (void);
SpqrSpares *spqr_spares_ref (SpqrSpares *self);
void        spqr_spares_unref (SpqrSpares *self);
/* A buffer of exactly that size, uninitialized, kept or new; NULL when there is no memory. */
gpointer    spqr_spares_take (SpqrSpares *self, gsize bytes);
/* Keeps the SPQR_SPARES_KEPT buffers that came last. NULL is ignored. */
void        spqr_spares_give (SpqrSpares *self, gpointer buffer, gsize bytes);

#define SPQR_SPARES_KEPT 5
