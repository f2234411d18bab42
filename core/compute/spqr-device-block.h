/* spqr-device-block.h: the handles of spqr-backend-block.h on one device: one call at a time, and a
 * device that failed is not asked again. Statuses as there; a device without such slots, and a NULL
 * device, say SPQR_UNSUPPORTED. Closing NULL is nothing. */
#pragma once

#include "compute/spqr-backends.h"

gboolean   spqr_device_has_blocks (SpqrDevice *device /* nullable */);
/* Whether status is about the device, so that the same may be done on the CPU. */
gboolean   spqr_status_is_about_device (SpqrStatus status);

SpqrStatus spqr_device_input_open (SpqrDevice *device, gsize n, gpointer *input);
void       spqr_device_input_close (SpqrDevice *device, gpointer input);
SpqrStatus spqr_device_input_add (SpqrDevice *device, gpointer input, const float *x, gsize ldx, gsize tokens, gsize sequences,
                                  const SpqrExec *exec);
SpqrStatus spqr_device_input_fetch (SpqrDevice *device, gpointer input, const SpqrExec *exec, SpqrHessian *hessian);
SpqrStatus spqr_device_input_load (SpqrDevice *device, gpointer input, const SpqrHessian *hessian, const SpqrExec *exec);
SpqrStatus spqr_device_input_put_factor (SpqrDevice *device, gpointer input, const SpqrFactor *factor, const SpqrParams *params,
                                         const SpqrExec *exec);
SpqrStatus spqr_device_input_quantize (SpqrDevice *device, gpointer input, const SpqrWeights *weights, const SpqrParams *params,
                                       const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer);

SpqrStatus spqr_device_block_open (SpqrDevice *device, const SpqrBlockShape *shape, gpointer *block);
void       spqr_device_block_close (SpqrDevice *device, gpointer block);
SpqrStatus spqr_device_block_put (SpqrDevice *device, gpointer block, SpqrProduct product, gsize row0, gsize rows,
                                  const void *weights, SpqrElem elem, const SpqrExec *exec);
SpqrStatus spqr_device_block_put_layer (SpqrDevice *device, gpointer block, SpqrProduct product, gsize row0, const SpqrLayer *layer,
                                        const SpqrExec *exec);
SpqrStatus spqr_device_block_run (SpqrDevice *device, gpointer block, SpqrBlockPass *pass, const SpqrExec *exec);
/* Bytes of device memory (spqr-backend-block.h); 0 where there is nothing to ask. */
gsize      spqr_device_block_estimate (SpqrDevice *device, const SpqrBlockShape *shape, gsize longest);

SpqrStatus spqr_device_matrix_open (SpqrDevice *device, const float *w, gsize m, gsize n, const SpqrExec *exec, gpointer *matrix);
void       spqr_device_matrix_close (SpqrDevice *device, gpointer matrix);

SpqrStatus spqr_device_states_open (SpqrDevice *device, gsize rows, gsize hidden, gpointer *states);
void       spqr_device_states_close (SpqrDevice *device, gpointer states);

SpqrStatus spqr_device_head_open (SpqrDevice *device, const SpqrHeadShape *shape, const SpqrExec *exec, gpointer *head);
void       spqr_device_head_close (SpqrDevice *device, gpointer head);
SpqrStatus spqr_device_head_predict (SpqrDevice *device, gpointer head, const SpqrHeadPass *pass, const SpqrExec *exec);

SpqrStatus spqr_device_head_logits (SpqrDevice *device, gpointer head, const float *hidden, gsize tokens, float *logits,
                                    const SpqrExec *exec);

SpqrStatus spqr_device_cache_open (SpqrDevice *device, gsize capacity, gsize width, gpointer *cache);
void       spqr_device_cache_close (SpqrDevice *device, gpointer cache);

/* The device's own measurements (spqr-backend.h). SPQR_UNSUPPORTED: it has none, or no such suite. */
SpqrStatus spqr_device_bench (SpqrDevice *device, const char *suite, gboolean quick, guint repeat, const SpqrExec *exec,
                              SpqrBenchReport report, gpointer data);
