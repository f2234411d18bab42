/* spqr-hidden.h: the hidden states of all calibration windows on their way from block to block. */
#pragma once

#include <glib.h>

typedef struct {
  float *data;             /* (windows, seqlen, width) */
  gsize windows, seqlen, width;
  gsize n_bytes;
  gboolean in_file;        /* mapped from an unlinked file instead of memory */
} SpqrHidden;

/* folder NULL: in memory; else in a file there that nobody else sees and that vanishes with the
 * process. Its space is reserved at once, so that a full disk is an error here and not later. */
gboolean spqr_hidden_init (SpqrHidden *hidden, gsize windows, gsize seqlen, gsize width,
                           const char *folder, GError **error);
float   *spqr_hidden_window (SpqrHidden *hidden, gsize window);
void     spqr_hidden_clear (SpqrHidden *hidden);
