/* spqr-hidden.h: the hidden states of all calibration windows on their way from block to block. */
#pragma once

#include "compute/spqr-backends.h"

typedef struct {
  float *data;             /* (windows, seqlen, width); NULL when they are kept as halves */
  guint16 *halves;         /* the same in f16, or NULL */
  gsize windows, seqlen, width;
  gsize n_bytes;
  gboolean in_file;        /* mapped from an unlinked file instead of memory */
  SpqrDevice *device;      /* of states */
  gpointer states;         /* a copy on the device, so that windows need not be sent there for each block; or NULL */
} SpqrHidden;

/* folder NULL: in memory; else in a file there that nobody else sees and that vanishes with the
 * process. Its space is reserved at once, so that a full disk is an error here and not later. */
gboolean spqr_hidden_init (SpqrHidden *hidden, gsize windows, gsize seqlen, gsize width,
                           const char *folder, GError **error);
/* The same in half the space: what a block gives is rounded to f16 before the next one sees it. */
gboolean spqr_hidden_init_f16 (SpqrHidden *hidden, gsize windows, gsize seqlen, gsize width,
                               const char *folder, GError **error);
/* One window (seqlen, width) into values, and back. A value that f16 cannot hold is an error. */
void     spqr_hidden_load (const SpqrHidden *hidden, gsize window, float *values);
gboolean spqr_hidden_store (SpqrHidden *hidden, gsize window, const float *values, GError **error);
/* Keeps a copy on the device if these are f32 and it fits beside `reserve` bytes that other things will need there. data stays right. */
void     spqr_hidden_keep_on (SpqrHidden *hidden, SpqrDevice *device, gsize reserve);
/* To be called when data was changed otherwise than by a pass with the states. */
void     spqr_hidden_drop_states (SpqrHidden *hidden);
void     spqr_hidden_clear (SpqrHidden *hidden);
