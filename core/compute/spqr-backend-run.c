/* spqr-backend-run.c: one operation, on the device that was asked for, else on the CPU.
 *
 * Each operation is a loop over attempts: attempt_next() chooses the device of the next one, or
 * ends the loop. There are never more than two, and the second is the CPU's. */
#include "compute/spqr-backends.h"

#include "compute/spqr-device-keeper.h"
#include "compute/spqr-device-private.h"

typedef struct {
  SpqrBackendRun *run;          /* may be NULL */
  SpqrOpDesc desc;
  SpqrDevice *device;           /* of the current attempt; NULL before the first */
  const SpqrDeviceOps *ops;
  void *handle;
  const SpqrExec *exec;
  SpqrStatus status;
} Attempt;

static const char *
op_text (SpqrOp op)
{
  switch (op)
    {
    case SPQR_OP_HESSIAN_ADD:
      return "adding to a Hessian";
    case SPQR_OP_FACTOR:
      return "factorising a Hessian";
    case SPQR_OP_QUANTIZE:
    case SPQR_OP_QUANTIZE_ROWS:
      return "quantizing a layer";
    case SPQR_OP_PROXY_LOSS:
      return "measuring a layer's error";
    case SPQR_OP_SENSITIVITY:
      return "computing sensitivities";
    case SPQR_OP_PYRAMID:
      return "pooling a field";
    case SPQR_OP_DECODE:
      return "decoding a layer";
    case SPQR_OP_GEMM_NT:
      return "multiplying matrices";
    case SPQR_OP_RMS_NORM:
    case SPQR_OP_LAYER_NORM:
      return "normalising";
    case SPQR_OP_ROTARY:
      return "rotating positions";
    case SPQR_OP_ATTENTION:
      return "computing attention";
    case SPQR_OP_GATED_ACTIVATION:
      return "applying an activation";
    case SPQR_OP_CROSS_ENTROPY:
      return "computing a cross entropy";
    case SPQR_OP_PACKED_MATMUL:
      return "multiplying by a quantized layer";
    case SPQR_OP_BLOCK:
      return "running a block of the network";
    case SPQR_OP_HEAD:
      return "computing predictions";
    case SPQR_N_OPS:
    default:
      return "an operation";
    }
}

void
spqr_backend_run_note (SpqrBackendRun *run, SpqrDevice *device, SpqrOp op, SpqrStatus status)
{
  guint bit = 1u << status;
  g_autofree char *text = NULL;

  if (run == NULL || run->note == NULL || (run->noted[op] & bit) != 0)
    return;
  run->noted[op] |= bit;
  text = g_strdup_printf ("%s (%s), %s: %s; the CPU does it instead.", device->name, device->id, op_text (op),
                          spqr_status_text (status));
  run->note (run->note_data, text);
}

static void
attempt_note (Attempt *attempt)
{
  spqr_backend_run_note (attempt->run, attempt->device, attempt->desc.op, attempt->status);
}

/* What the device says before it is asked to do anything. */
static SpqrStatus
attempt_ask (const Attempt *attempt)
{
  size_t free_bytes = 0, total = 0;
  SpqrStatus status;

  if (!attempt->ops->supports (attempt->handle, &attempt->desc))
    return SPQR_UNSUPPORTED;
  status = attempt->ops->memory (attempt->handle, &free_bytes, &total);
  if (status != SPQR_OK)
    return status;
  return attempt->ops->estimate (attempt->handle, &attempt->desc) > free_bytes + spqr_device_get_kept (attempt->device) ? SPQR_DEVICE_OUT_OF_MEMORY : SPQR_OK;
}

static void
attempt_use (Attempt *attempt, SpqrDevice *device)
{
  attempt->device = device;
  attempt->ops = device->backend->ops;
  attempt->handle = device->handle;
  if (attempt->run != NULL)
    attempt->run->used = device;
}

static gboolean
attempt_use_cpu (Attempt *attempt)
{
  attempt_use (attempt, spqr_backends_get_cpu ());
  return TRUE;
}

static gboolean
status_is_about_device (SpqrStatus status)
{
  return status == SPQR_UNSUPPORTED || status == SPQR_DEVICE_OUT_OF_MEMORY || status == SPQR_DEVICE_FAILED;
}

static gboolean
attempt_first (Attempt *attempt)
{
  SpqrDevice *device = attempt->run != NULL ? attempt->run->device : NULL;

  if (device == NULL || spqr_device_is_cpu (device) || !spqr_device_is_usable (device))
    return attempt_use_cpu (attempt);
  attempt_use (attempt, device);
  pthread_mutex_lock (&device->lock);
  attempt->status = attempt_ask (attempt);
  if (attempt->status == SPQR_OK)
    return TRUE;
  pthread_mutex_unlock (&device->lock);
  if (attempt->status == SPQR_DEVICE_FAILED)
    _spqr_device_set_failed (device);
  if (!status_is_about_device (attempt->status))
    return FALSE;
  attempt_note (attempt);
  return attempt_use_cpu (attempt);
}

/* TRUE: call the slot of attempt->ops and put what it returns into attempt->status. */
static gboolean
attempt_next (Attempt *attempt)
{
  SpqrDevice *device = attempt->device;

  if (device == NULL)
    return attempt_first (attempt);
  if (spqr_device_is_cpu (device))
    return FALSE;
  pthread_mutex_unlock (&device->lock);
  if (attempt->status == SPQR_DEVICE_FAILED)
    _spqr_device_set_failed (device);
  if (!status_is_about_device (attempt->status))
    return FALSE;
  attempt_note (attempt);
  return attempt_use_cpu (attempt);
}

#define RUN_OP(run_, slot_, desc_, ...)                                                                                \
  Attempt attempt = { .run = (run_), .desc = desc_, .exec = (run_) != NULL ? (run_)->exec : NULL };                    \
                                                                                                                       \
  while (attempt_next (&attempt))                                                                                      \
    attempt.status = attempt.ops->slot_ != NULL ? attempt.ops->slot_ (attempt.handle, __VA_ARGS__) : SPQR_UNSUPPORTED; \
  return attempt.status

#define DESC(...) { __VA_ARGS__ }

SpqrStatus
spqr_backend_run_hessian_add (SpqrBackendRun *run, SpqrHessian *hessian, const float *x, size_t ldx,
                              size_t tokens, size_t sequences)
{
  RUN_OP (run, hessian_add, DESC (.op = SPQR_OP_HESSIAN_ADD, .rows = hessian->n, .cols = hessian->n, .tokens = tokens),
          hessian, x, ldx, tokens, sequences, attempt.exec);
}

SpqrStatus
spqr_backend_run_factor_compute (SpqrBackendRun *run, const float *h, const float *w, size_t m, size_t n,
                                 const SpqrParams *params, const int32_t *perm_in, SpqrFactor *factor)
{
  RUN_OP (run, factor_compute, DESC (.op = SPQR_OP_FACTOR, .rows = m, .cols = n, .params = params),
          h, w, m, n, params, perm_in, attempt.exec, factor);
}

SpqrStatus
spqr_backend_run_layer_quantize (SpqrBackendRun *run, const float *w, size_t m, size_t n, const float *h,
                                 const SpqrFactor *factor, const SpqrParams *params, SpqrLayerTrace *trace,
                                 SpqrLayer *layer)
{
  RUN_OP (run, layer_quantize, DESC (.op = SPQR_OP_QUANTIZE, .rows = m, .cols = n, .params = params),
          w, m, n, h, factor, params, attempt.exec, trace, layer);
}

SpqrStatus
spqr_backend_run_field_sensitivity (SpqrBackendRun *run, const float *w, size_t m, size_t n, const float *hinv_diag,
                                    const SpqrParams *params, float *out)
{
  RUN_OP (run, field_sensitivity, DESC (.op = SPQR_OP_SENSITIVITY, .rows = m, .cols = n, .params = params),
          w, m, n, hinv_diag, params, attempt.exec, out);
}

SpqrStatus
spqr_backend_run_pyramid_build (SpqrBackendRun *run, const float *field, size_t rows, size_t cols,
                                SpqrPyramid *pyramid)
{
  RUN_OP (run, pyramid_build, DESC (.op = SPQR_OP_PYRAMID, .rows = rows, .cols = cols),
          field, rows, cols, attempt.exec, pyramid);
}

SpqrStatus
spqr_backend_run_layer_decode (SpqrBackendRun *run, const SpqrLayer *layer, size_t row0, size_t count, float *out)
{
  RUN_OP (run, layer_decode,
          DESC (.op = SPQR_OP_DECODE, .rows = count, .cols = layer->cols, .params = &layer->params),
          layer, row0, count, attempt.exec, out);
}

SpqrStatus
spqr_backend_run_gemm_nt (SpqrBackendRun *run, const float *x, size_t ldx, size_t tokens, const void *w,
                          SpqrElem elem, size_t m, size_t n, const float *bias, float *y, size_t ldy)
{
  RUN_OP (run, gemm_nt, DESC (.op = SPQR_OP_GEMM_NT, .rows = m, .cols = n, .tokens = tokens, .elem = elem),
          x, ldx, tokens, w, elem, m, n, bias, y, ldy, attempt.exec);
}
