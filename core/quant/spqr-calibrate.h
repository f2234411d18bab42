/* spqr-calibrate.h: calibration, block by block.
 *
 * The hidden states of all windows go through a block; the input of each linear layer gives its
 * Hessian H = (2/N) sum x x' (N windows). Layers that read the same input share one Hessian. */
#pragma once

#include <gio/gio.h>

#include "compute/spqr-backends.h"
#include "compute/spqr-input.h"
#include "net/spqr-net.h"
#include "num/spqr-hessian.h"
#include "quant/spqr-hidden.h"

#define SPQR_MAX_INPUT_GROUPS 8

/* fraction 0…1 of this call. */
typedef void (*SpqrStepFunc) (double fraction, gpointer user_data);

/* hidden = embeddings of ids (windows, seqlen). */
gboolean spqr_calibrate_embed (SpqrNet *net, const gint32 *ids, SpqrHidden *hidden,
                               GCancellable *cancellable, GError **error);

/* Sends every window through the block up to the input of the groups in `wanted` (a bit a group) and
 * accumulates their Hessians; hidden stays as it is. hessians[g] of a wanted group is initialised
 * here and finished on return; the caller clears it. device NULL: the CPU accumulates. */
gboolean spqr_calibrate_observe (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted,
                                 SpqrHessian hessians[SPQR_MAX_INPUT_GROUPS], SpqrDevice *device, SpqrStepFunc step,
                                 gpointer user_data, GCancellable *cancellable, GError **error);

/* The same, each H staying where it was accumulated: on the device of a remote block, else here. inputs[g] of a wanted
 * group is made here (all NULL on entry); spqr_input_free() them. */
gboolean spqr_calibrate_observe_inputs (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, guint wanted,
                                        SpqrInput *inputs[SPQR_MAX_INPUT_GROUPS], SpqrDevice *device, SpqrStepFunc step,
                                        gpointer user_data, GCancellable *cancellable, GError **error);

/* hidden = the block's output for every window, with the weights the block holds now. */
gboolean spqr_calibrate_propagate (SpqrNet *net, SpqrBlock *block, SpqrHidden *hidden, SpqrStepFunc step,
                                   gpointer user_data, GCancellable *cancellable, GError **error);
