/* spqr-net.h: the forward pass, written once and driven by SpqrConfig, block by block.
 *
 * Activations are f32, (tokens, features) row-major. A block's weights are loaded into f32 only
 * while that block runs: memory is one block plus activations. Everything runs on the default pool
 * and gives the same numbers for any number of threads. */
#pragma once

#include <gio/gio.h>

#include "model/spqr-model.h"
#include "num/spqr-exec.h"
#include "pack/spqr-packed.h"

#define SPQR_NET_ERROR (spqr_net_error_quark ())
GQuark spqr_net_error_quark (void);
typedef enum { SPQR_NET_ERROR_UNSUPPORTED, SPQR_NET_ERROR_MISSING_TENSOR, SPQR_NET_ERROR_SHAPE,
               SPQR_NET_ERROR_OUT_OF_VOCABULARY, SPQR_NET_ERROR_NO_MEMORY, SPQR_NET_ERROR_FAILED } SpqrNetError;

/* Where weights come from. load() fills out with the tensor's f32 values in its own shape. The
 * default (NULL) reads the model; a run's source decodes stored layers instead. Asked for every
 * tensor of a block, its norms and biases too: a source reads from the model (spqr_tensor_read_rows())
 * what it does not hold. Embeddings, final norm and head always come from the model. Called from one
 * thread at a time. */
typedef struct _SpqrWeightSource SpqrWeightSource;
struct _SpqrWeightSource {
  gboolean (*load) (SpqrWeightSource *self, SpqrTensor *tensor, float *out, GError **error);
  /* The tensor as it is stored, for products without decoding all of it: *packed is the caller's, NULL where it is not
   * stored so. NULL: no source of packed weights. */
  gboolean (*load_packed) (SpqrWeightSource *self, SpqrTensor *tensor, SpqrPacked **packed, GError **error);
};

typedef struct _SpqrNet SpqrNet;      /* plan: which tensors, checked shapes, rotary tables */
typedef struct _SpqrBlock SpqrBlock;  /* one block's weights in f32 */

SpqrNet *spqr_net_new (SpqrModel *model, SpqrWeightSource *source /* nullable, borrowed */, GError **error);
void     spqr_net_free (SpqrNet *net);
const SpqrConfig *spqr_net_get_config (SpqrNet *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrNet, spqr_net_free)

/* hidden (n_ids, hidden) = embeddings (and learned positions starting at position0) of ids. */
gboolean spqr_net_embed (SpqrNet *net, const gint32 *ids, gsize n_ids, gsize position0, float *hidden, GError **error);

SpqrBlock *spqr_net_load_block (SpqrNet *net, guint block, GError **error);
/* The same with an exec whose should_stop ends the loading (G_IO_ERROR_CANCELLED). */
SpqrBlock *spqr_net_load_block_with (SpqrNet *net, guint block, const SpqrExec *exec, GError **error);
/* The same for few rows at a time (generation): layers that the source holds packed stay so, of the others the f32
 * weights are there. Here, not on a device; spqr_block_get_matrix() has only what is in f32. */
SpqrBlock *spqr_net_load_block_packed (SpqrNet *net, guint block, const SpqrExec *exec, GError **error);
/* Bytes of its linear layers as they are held. */
guint64    spqr_block_get_bytes (const SpqrBlock *block);
void       spqr_block_free (SpqrBlock *block);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrBlock, spqr_block_free)
/* The linear layers of a block in the order in which the network uses them: borrowed tensors. Layers
 * that read the same input (q, k, v; gate, up) have the same group number and stand beside each other;
 * groups count up from 0. Where attention and MLP read one and the same norm (Falcon-7B) the MLP's
 * first layer belongs to group 0 as well. */
typedef struct { SpqrTensor *tensor; SpqrRole role; guint input_group; } SpqrBlockLinear;
guint      spqr_net_list_linears (SpqrNet *net, guint block, SpqrBlockLinear *linears /* room for 8 */);
/* The f32 matrix of a linear layer inside a loaded block (rows, cols), writable: the quantizer puts the decoded
 * weights here so that the layers after it are calibrated on what is stored. NULL when the block has none, or while its
 * weights are on a device (spqr-net-device.h). */
float     *spqr_block_get_matrix (SpqrBlock *block, SpqrTensor *tensor);

/* Called with the input x (tokens, n) of each input group right before its layers use it. Same
 * thread as spqr_net_run_block(). Return FALSE to stop the pass here (not an error: run_block
 * returns TRUE and hidden is undefined): --true-sequential stops after the group it needs. */
typedef gboolean (*SpqrInputFunc) (guint input_group, const float *x, gsize tokens, gsize n, gpointer user_data);

/* hidden (tokens, hidden) in place: the block's output for one sequence, causal, positions
 * position0 …. observe may be NULL. */
gboolean spqr_net_run_block (SpqrNet *net, SpqrBlock *block, float *hidden, gsize tokens, gsize position0,
                             SpqrInputFunc observe, gpointer user_data, const SpqrExec *exec, GError **error);

/* Final norm and head: logits (count, vocab) for the tokens first … first+count-1 of hidden. */
gboolean spqr_net_logits (SpqrNet *net, const float *hidden, gsize tokens, gsize first, gsize count,
                          float *logits, const SpqrExec *exec, GError **error);
/* Cross entropy of targets[t] given hidden[t] (t < tokens), without storing all logits; out nll
 * (tokens), natural log, log-sum-exp in f64. */
gboolean spqr_net_cross_entropy (SpqrNet *net, const float *hidden, gsize tokens, const gint32 *targets,
                                 double *nll, const SpqrExec *exec, GError **error);
/* The whole pass for one short sequence; for tests, generation and tasks. logits (n_ids, vocab). */
gboolean spqr_net_forward (SpqrNet *net, const gint32 *ids, gsize n_ids, float *logits, const SpqrExec *exec, GError **error);
