/* spqr-net-device.h: a network whose blocks and head run on a device.
 *
 * A block's weights then live on the device, 16 bits wide on the way there where they are stored so. What
 * the device cannot do (ALiBi, heads wider than it takes, too little memory)
 * the CPU does, block by block, and the note says so once. */
#pragma once

#include "compute/spqr-device-block.h"
#include "compute/spqr-input.h"
#include "net/spqr-net.h"

/* Before any block is loaded. device NULL or the CPU: nothing changes. note (nullable): one English sentence
 * per kind of trouble. */
void        spqr_net_set_device (SpqrNet *net, SpqrDevice *device, void (*note) (gpointer data, const char *text), gpointer note_data);
SpqrDevice *spqr_net_get_device (SpqrNet *net);

/* Begins to send the block behind this one to the device, beside what is computed with this one, if it is remote and
 * both fit. spqr_net_load_block_with() of that one waits for it. From the thread that loads blocks. */
void        spqr_net_prefetch_block (SpqrNet *net, SpqrBlock *block);

/* For a text that is continued word by word. A block with its weights on the net's device and, in *cache, room there for the
 * keys and values of `length` positions (spqr_device_cache_close()); *block NULL: it stays here, and the note says so. FALSE:
 * error. */
gboolean    spqr_net_load_block_there (SpqrNet *net, guint index, gsize length, const SpqrExec *exec, SpqrBlock **block, gpointer *cache,
                                       GError **error);
/* hidden (tokens, hidden) in place, for the positions from `cached` on. A status about the device: nothing happened, it is
 * noted, and what the cache held is lost. */
SpqrStatus  spqr_block_run_cached (SpqrBlock *block, gpointer cache, float *hidden, gsize tokens, gsize cached, const SpqrExec *exec);
/* logits (vocab) of one position's hidden state. A status about the device: it is done here from then on. */
SpqrStatus  spqr_net_logits_there (SpqrNet *net, const float *hidden, float *logits, const SpqrExec *exec);

/* Which block of its network it is. */
guint       spqr_block_get_index (SpqrBlock *block);
/* Whether the block's weights are on the device; it may come back any time a call says so. */
gboolean    spqr_block_is_remote (SpqrBlock *block);
/* Tells the net's note that the device could not do op for this block. */
void        spqr_block_note (SpqrBlock *block, SpqrOp op, SpqrStatus status);
/* Where the weights of a linear layer are now: on the device, or here. */
SpqrWeights spqr_block_get_weights (SpqrBlock *block, SpqrTensor *tensor);
/* Puts a stored layer, decoded on the device, in the place of its tensor in a remote block. */
SpqrStatus  spqr_block_put_layer (SpqrBlock *block, SpqrTensor *tensor, const SpqrLayer *layer, const SpqrExec *exec);
/* Brings a block back: its weights are read again, then restore (nullable) may write others over them with
 * spqr_block_get_matrix(). */
typedef gboolean (*SpqrBlockRestoreFunc) (SpqrBlock *block, gpointer user_data, GError **error);
void        spqr_block_set_restore (SpqrBlock *block, SpqrBlockRestoreFunc restore, gpointer user_data);
gboolean    spqr_block_pull (SpqrBlock *block, const SpqrExec *exec, GError **error);

/* Device memory that passes with sequences of at most `longest` rows need; 0: not on a device. */
gsize       spqr_block_estimate (SpqrBlock *block, gsize longest);

/* A pass of many sequences through a remote block. inputs: by input group, H's on the block's device, NULL
 * where not wanted; states: a handle of all rows or NULL. pass->done is set whatever the status. */
SpqrStatus  spqr_block_run_remote (SpqrBlock *block, SpqrBlockPass *pass, SpqrInput *const *inputs, const SpqrExec *exec);
