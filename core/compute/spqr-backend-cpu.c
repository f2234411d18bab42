/* spqr-backend-cpu.c: the backend table's CPU: core/num behind the slots of spqr-backend.h. */
#include "compute/spqr-backend.h"

#include <unistd.h>

#include "compute/spqr-gemm.h"

static const char *
cpu_name (void *device)
{
  return "CPU";
}

static SpqrStatus
cpu_memory (void *device, size_t *free_bytes, size_t *total_bytes)
{
  long page = sysconf (_SC_PAGESIZE);
  long available = sysconf (_SC_AVPHYS_PAGES);
  long all = sysconf (_SC_PHYS_PAGES);

  if (page <= 0 || available < 0 || all <= 0)
    return SPQR_UNSUPPORTED;
  *free_bytes = (size_t) available * (size_t) page;
  *total_bytes = (size_t) all * (size_t) page;
  return SPQR_OK;
}

static bool
cpu_supports (void *device, const SpqrOpDesc *desc)
{
  return (int) desc->op >= 0 && desc->op <= SPQR_OP_GEMM_NT;
}

static size_t
cpu_estimate (void *device, const SpqrOpDesc *desc)
{
  return 0;     /* no memory but the host's */
}

static SpqrStatus
cpu_hessian_add (void *device, SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens,
                 size_t sequences, const SpqrExec *exec)
{
  return spqr_hessian_add (hessian, x, ldx, tokens, sequences, exec);
}

static SpqrStatus
cpu_factor_compute (void *device, const float *h, const float *w, size_t m, size_t n,
                    const SpqrParams *params, const int32_t *perm_in, const SpqrExec *exec,
                    SpqrFactor *factor)
{
  return spqr_factor_compute (h, w, m, n, params, perm_in, exec, factor);
}

static SpqrStatus
cpu_layer_quantize (void *device, const float *w, size_t m, size_t n, const float *h,
                    const SpqrFactor *factor, const SpqrParams *params, const SpqrExec *exec,
                    SpqrLayerTrace *trace, SpqrLayer *layer)
{
  return spqr_layer_quantize (w, m, n, h, factor, params, exec, trace, layer);
}

static SpqrStatus
cpu_layer_quantize_rows (void *device, const float *w, size_t m, size_t n, size_t row0, size_t count,
                         const SpqrFactor *factor, double threshold, const SpqrParams *params,
                         const SpqrExec *exec, SpqrLayerTrace *trace, SpqrLayer *layer)
{
  return spqr_layer_quantize_rows (w, m, n, row0, count, factor, threshold, params, exec, trace, layer);
}

static SpqrStatus
cpu_proxy_loss (void *device, const float *w, const float *w_hat, const float *h, size_t m, size_t n,
                const SpqrExec *exec, double *loss)
{
  *loss = spqr_proxy_loss (w, w_hat, h, m, n, exec);
  return spqr_exec_should_stop (exec) ? SPQR_CANCELLED : SPQR_OK;
}

static SpqrStatus
cpu_field_sensitivity (void *device, const float *w, size_t m, size_t n, const float *hinv_diag,
                       const SpqrParams *params, const SpqrExec *exec, float *out)
{
  return spqr_field_sensitivity (w, m, n, hinv_diag, params, exec, out);
}

static SpqrStatus
cpu_pyramid_build (void *device, const float *field, size_t rows, size_t cols, const SpqrExec *exec,
                   SpqrPyramid *pyramid)
{
  return spqr_pyramid_build (field, rows, cols, exec, pyramid);
}

typedef struct { const SpqrLayer *layer; size_t row0; float *out; } DecodeJob;

static void
decode_rows (void *data, size_t begin, size_t end)
{
  const DecodeJob *job = data;

  spqr_layer_decode (job->layer, job->row0 + begin, end - begin, job->out + begin * job->layer->cols);
}

static SpqrStatus
cpu_layer_decode (void *device, const SpqrLayer *layer, size_t row0, size_t count, const SpqrExec *exec,
                  float *out)
{
  DecodeJob job = { layer, row0, out };

  if (row0 > layer->rows || count > layer->rows - row0)
    return SPQR_INVALID;
  return spqr_exec_run (exec, count, 16, decode_rows, &job);
}

static SpqrStatus
cpu_gemm_nt (void *device, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem,
             size_t m, size_t n, const float *bias, float *y, size_t ldy, const SpqrExec *exec)
{
  return spqr_gemm_nt (x, ldx, tokens, w, elem, m, n, bias, y, ldy, exec);
}

static const SpqrDeviceOps cpu_ops = {
  .name = cpu_name,
  .memory = cpu_memory,
  .supports = cpu_supports,
  .estimate = cpu_estimate,
  .hessian_add = cpu_hessian_add,
  .factor_compute = cpu_factor_compute,
  .layer_quantize = cpu_layer_quantize,
  .layer_quantize_rows = cpu_layer_quantize_rows,
  .proxy_loss = cpu_proxy_loss,
  .field_sensitivity = cpu_field_sensitivity,
  .pyramid_build = cpu_pyramid_build,
  .layer_decode = cpu_layer_decode,
  .gemm_nt = cpu_gemm_nt,
};

static int
cpu_score (const char **reason)
{
  return 1;
}

static size_t
cpu_n_devices (void)
{
  return 1;
}

static SpqrStatus
cpu_open (size_t index, void **device)
{
  *device = NULL;
  return index == 0 ? SPQR_OK : SPQR_INVALID;
}

static void
cpu_close (void *device)
{
}

const SpqrBackend *
spqr_backend_cpu (void)
{
  static const SpqrBackend backend = {
    .api_version = SPQR_BACKEND_API_VERSION,
    .struct_size = sizeof (SpqrBackend),
    .ops_size = sizeof (SpqrDeviceOps),
    .name = "cpu",
    .score = cpu_score,
    .n_devices = cpu_n_devices,
    .open = cpu_open,
    .close = cpu_close,
    .ops = &cpu_ops,
  };

  return &backend;
}
