/* spqr-input.h: H of the layers that read one input, on a device or here, and what is made of it.
 *
 * While a device holds it, neither H nor its factor crosses the bus. When the device cannot go on, H is
 * fetched once and the CPU does the rest; where the device failed, H is lost (SPQR_DEVICE_FAILED). */
#pragma once

#include "compute/spqr-backends.h"

typedef struct _SpqrInput SpqrInput;

/* On the device (a handle of its own), or NULL where that is not to be had; *status says why. */
SpqrInput *spqr_input_new_on (SpqrDevice *device, gsize n, SpqrStatus *status);
/* Takes over a finished Hessian. */
SpqrInput *spqr_input_new_from (SpqrHessian *hessian);
void       spqr_input_free (SpqrInput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrInput, spqr_input_free)

/* Adds tokens rows of x, which count as that many sequences, where H is on a device; SPQR_UNSUPPORTED: it is here. */
SpqrStatus spqr_input_add (SpqrInput *self, const float *x, gsize tokens, gsize sequences, const SpqrExec *exec);
/* The device's handle for SpqrBlockPass.inputs, NULL when H is here. */
gpointer   spqr_input_get_handle (SpqrInput *self);
/* H here, finished; owned by self. SPQR_DEVICE_FAILED: it is lost. */
SpqrStatus spqr_input_get_hessian (SpqrInput *self, const SpqrExec *exec, const SpqrHessian **hessian);

/* The same, out of self, which is of no use afterwards. */
SpqrStatus spqr_input_take_hessian (SpqrInput *self, const SpqrExec *exec, SpqrHessian *hessian);

/* Lets another device go on with H: nothing to do for a second queue of the same GPU, else H goes there by way of the
 * host. About the device: it stays where it was (SPQR_DEVICE_FAILED with H still here: `device` failed). */
SpqrStatus spqr_input_move (SpqrInput *self, SpqrDevice *device, const SpqrExec *exec);

/* Host weights of a layer, for the CPU: called when they are needed; NULL: no memory, or an error that
 * the caller keeps. What it returns is borrowed. */
typedef const float *(*SpqrWeightsFunc) (gpointer user_data);

/* Quantizes a layer with this H; factors are kept while layers ask for the same one. run as in
 * spqr-backends.h. SPQR_DEVICE_FAILED: H is lost with the device: begin again without it. */
SpqrStatus spqr_input_quantize (SpqrInput *self, SpqrBackendRun *run, const SpqrWeights *weights, SpqrWeightsFunc host_weights,
                                gpointer user_data, const SpqrParams *params, SpqrLayerTrace *trace, SpqrLayer *layer);
