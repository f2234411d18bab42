#include "compute/spqr-device-block.h"

#include "compute/spqr-device-private.h"

static const SpqrBlockOps *
ops_of (SpqrDevice *device)
{
  return device != NULL ? device->backend->ops->block : NULL;
}

gboolean
spqr_device_has_blocks (SpqrDevice *device)
{
  return ops_of (device) != NULL && spqr_device_is_usable (device);
}

gboolean
spqr_status_is_about_device (SpqrStatus status)
{
  return status == SPQR_UNSUPPORTED || status == SPQR_DEVICE_OUT_OF_MEMORY || status == SPQR_DEVICE_FAILED;
}

#define CALL(device_, slot_, ...)                                                        \
  SpqrStatus status;                                                                     \
                                                                                         \
  if (ops_of (device_) == NULL)                                                          \
    return SPQR_UNSUPPORTED;                                                             \
  if (!spqr_device_is_usable (device_))                                                  \
    return SPQR_DEVICE_FAILED;                                                           \
  pthread_mutex_lock (&(device_)->lock);                                                 \
  status = ops_of (device_)->slot_ ((device_)->handle, __VA_ARGS__);                     \
  pthread_mutex_unlock (&(device_)->lock);                                               \
  if (status == SPQR_DEVICE_FAILED)                                                      \
    _spqr_device_set_failed (device_);                                                   \
  return status

/* Also after a failure: what the host keeps of it goes. */
#define CLOSE(device_, slot_, handle_)                                                   \
  if ((handle_) == NULL)                                                                 \
    return;                                                                              \
  pthread_mutex_lock (&(device_)->lock);                                                 \
  ops_of (device_)->slot_ ((device_)->handle, (handle_));                                \
  pthread_mutex_unlock (&(device_)->lock)

SpqrStatus
spqr_device_input_open (SpqrDevice *device, gsize n, gpointer *input)
{
  *input = NULL;
  CALL (device, input_open, n, input);
}

void
spqr_device_input_close (SpqrDevice *device, gpointer input)
{
  CLOSE (device, input_close, input);
}

SpqrStatus
spqr_device_input_add (SpqrDevice *device, gpointer input, const float *x, gsize ldx, gsize tokens, gsize sequences,
                       const SpqrExec *exec)
{
  CALL (device, input_add, input, x, ldx, tokens, sequences, exec);
}

SpqrStatus
spqr_device_input_fetch (SpqrDevice *device, gpointer input, const SpqrExec *exec, SpqrHessian *hessian)
{
  CALL (device, input_fetch, input, exec, hessian);
}

SpqrStatus
spqr_device_input_load (SpqrDevice *device, gpointer input, const SpqrHessian *hessian, const SpqrExec *exec)
{
  CALL (device, input_load, input, hessian, exec);
}

SpqrStatus
spqr_device_input_put_factor (SpqrDevice *device, gpointer input, const SpqrFactor *factor, const SpqrParams *params,
                              const SpqrExec *exec)
{
  CALL (device, input_put_factor, input, factor, params, exec);
}

SpqrStatus
spqr_device_input_quantize (SpqrDevice *device, gpointer input, const SpqrWeights *weights, const SpqrParams *params,
                            const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer)
{
  CALL (device, input_quantize, input, weights, params, exec, trace, layer);
}

SpqrStatus
spqr_device_block_open (SpqrDevice *device, const SpqrBlockShape *shape, gpointer *block)
{
  *block = NULL;
  CALL (device, block_open, shape, block);
}

void
spqr_device_block_close (SpqrDevice *device, gpointer block)
{
  CLOSE (device, block_close, block);
}

SpqrStatus
spqr_device_block_put (SpqrDevice *device, gpointer block, SpqrProduct product, gsize row0, gsize rows, const void *weights,
                       SpqrElem elem, const SpqrExec *exec)
{
  CALL (device, block_put, block, product, row0, rows, weights, elem, exec);
}

SpqrStatus
spqr_device_block_put_layer (SpqrDevice *device, gpointer block, SpqrProduct product, gsize row0, const SpqrLayer *layer,
                             const SpqrExec *exec)
{
  CALL (device, block_put_layer, block, product, row0, layer, exec);
}

SpqrStatus
spqr_device_block_run (SpqrDevice *device, gpointer block, SpqrBlockPass *pass, const SpqrExec *exec)
{
  pass->done = 0;
  CALL (device, block_run, block, pass, exec);
}

gsize
spqr_device_block_estimate (SpqrDevice *device, const SpqrBlockShape *shape, gsize longest)
{
  return spqr_device_has_blocks (device) ? ops_of (device)->block_estimate (device->handle, shape, longest) : 0;
}

SpqrStatus
spqr_device_matrix_open (SpqrDevice *device, const float *w, gsize m, gsize n, const SpqrExec *exec, gpointer *matrix)
{
  *matrix = NULL;
  CALL (device, matrix_open, w, m, n, exec, matrix);
}

void
spqr_device_matrix_close (SpqrDevice *device, gpointer matrix)
{
  CLOSE (device, matrix_close, matrix);
}

SpqrStatus
spqr_device_states_open (SpqrDevice *device, gsize rows, gsize hidden, gpointer *states)
{
  *states = NULL;
  CALL (device, states_open, rows, hidden, states);
}

void
spqr_device_states_close (SpqrDevice *device, gpointer states)
{
  CLOSE (device, states_close, states);
}

SpqrStatus
spqr_device_head_open (SpqrDevice *device, const SpqrHeadShape *shape, const SpqrExec *exec, gpointer *head)
{
  *head = NULL;
  CALL (device, head_open, shape, exec, head);
}

void
spqr_device_head_close (SpqrDevice *device, gpointer head)
{
  CLOSE (device, head_close, head);
}

SpqrStatus
spqr_device_head_predict (SpqrDevice *device, gpointer head, const SpqrHeadPass *pass, const SpqrExec *exec)
{
  CALL (device, head_predict, head, pass, exec);
}

SpqrStatus
spqr_device_head_logits (SpqrDevice *device, gpointer head, const float *hidden, gsize tokens, float *logits, const SpqrExec *exec)
{
  CALL (device, head_logits, head, hidden, tokens, logits, exec);
}

SpqrStatus
spqr_device_cache_open (SpqrDevice *device, gsize capacity, gsize width, gpointer *cache)
{
  *cache = NULL;
  CALL (device, cache_open, capacity, width, cache);
}

void
spqr_device_cache_close (SpqrDevice *device, gpointer cache)
{
  CLOSE (device, cache_close, cache);
}

SpqrStatus
spqr_device_bench (SpqrDevice *device, const char *suite, gboolean quick, guint repeat, const SpqrExec *exec, SpqrBenchReport report,
                   gpointer data)
{
  SpqrStatus status;

  if (device->backend->ops->bench == NULL)
    return SPQR_UNSUPPORTED;
  if (!spqr_device_is_usable (device))
    return SPQR_DEVICE_FAILED;
  pthread_mutex_lock (&device->lock);
  status = device->backend->ops->bench (device->handle, suite, quick, (int) repeat, exec, report, data);
  pthread_mutex_unlock (&device->lock);
  if (status == SPQR_DEVICE_FAILED)
    _spqr_device_set_failed (device);
  return status;
}
