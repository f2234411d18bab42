#include "compute/spqr-input.h"

#include "compute/spqr-device-block.h"

struct _SpqrInput {
  SpqrDevice *device;
  gpointer handle;              /* NULL: H is here */
  gsize n;
  SpqrHessian hessian;
  SpqrFactor factor;
  SpqrParams factor_params;
  gboolean have_factor;
};

SpqrInput *
spqr_input_new_on (SpqrDevice *device, gsize n, SpqrStatus *status)
{
  gpointer handle = NULL;
  SpqrInput *self;

  *status = spqr_device_input_open (device, n, &handle);
  if (*status != SPQR_OK)
    return NULL;
  self = g_new0 (SpqrInput, 1);
  self->device = device;
  self->handle = handle;
  self->n = n;
  return self;
}

SpqrInput *
spqr_input_new_from (SpqrHessian *hessian)
{
  SpqrInput *self = g_new0 (SpqrInput, 1);

  self->n = hessian->n;
  self->hessian = *hessian;
  *hessian = (SpqrHessian) { 0 };
  return self;
}

void
spqr_input_free (SpqrInput *self)
{
  if (self == NULL)
    return;
  if (self->handle != NULL)
    spqr_device_input_close (self->device, self->handle);
  if (self->have_factor)
    spqr_factor_clear (&self->factor);
  if (self->hessian.h != NULL)
    spqr_hessian_clear (&self->hessian);
  g_free (self);
}

SpqrStatus
spqr_input_add (SpqrInput *self, const float *x, gsize tokens, gsize sequences, const SpqrExec *exec)
{
  return self->handle != NULL ? spqr_device_input_add (self->device, self->handle, x, self->n, tokens, sequences, exec) : SPQR_UNSUPPORTED;
}

gpointer
spqr_input_get_handle (SpqrInput *self)
{
  return self->handle;
}

SpqrStatus
spqr_input_get_hessian (SpqrInput *self, const SpqrExec *exec, const SpqrHessian **hessian)
{
  *hessian = &self->hessian;
  if (self->hessian.h != NULL)
    return SPQR_OK;
  return spqr_device_input_fetch (self->device, self->handle, exec, &self->hessian);
}

SpqrStatus
spqr_input_move (SpqrInput *self, SpqrDevice *device, const SpqrExec *exec)
{
  const SpqrHessian *hessian = NULL;
  gpointer handle = NULL;
  SpqrStatus status;

  if (self->handle == NULL || spqr_device_is_same (self->device, device))
    {
      self->device = device;
      return SPQR_OK;
    }
  status = spqr_input_get_hessian (self, exec, &hessian);
  if (status == SPQR_OK)
    status = spqr_device_input_open (device, self->n, &handle);
  if (status == SPQR_OK)
    status = spqr_device_input_load (device, handle, hessian, exec);
  if (status != SPQR_OK)
    {
      spqr_device_input_close (device, handle);
      return status;
    }
  spqr_device_input_close (self->device, self->handle);
  spqr_hessian_clear (&self->hessian);
  self->hessian = (SpqrHessian) { 0 };
  self->handle = handle;
  self->device = device;
  return SPQR_OK;
}

SpqrStatus
spqr_input_take_hessian (SpqrInput *self, const SpqrExec *exec, SpqrHessian *hessian)
{
  const SpqrHessian *here = NULL;
  SpqrStatus status = spqr_input_get_hessian (self, exec, &here);

  *hessian = self->hessian;
  self->hessian = (SpqrHessian) { 0 };
  return status;
}

/* Spearman's order depends on the weights too. */
static gboolean
factor_serves (SpqrInput *self, const SpqrParams *params)
{
  return self->have_factor && params->permutation_order != SPQR_ORDER_SPEARMAN &&
         self->factor_params.permutation_order == params->permutation_order && self->factor_params.percdamp == params->percdamp &&
         self->factor_params.compat_reference == params->compat_reference;
}

static SpqrStatus
quantize_here (SpqrInput *self, SpqrBackendRun *run, const SpqrWeights *weights, const float *w, const SpqrParams *params,
               SpqrLayerTrace *trace, SpqrLayer *layer)
{
  const SpqrHessian *hessian = NULL;
  SpqrStatus status = spqr_input_get_hessian (self, run->exec, &hessian);

  if (status == SPQR_OK && params->method != SPQR_METHOD_RTN && !factor_serves (self, params))
    {
      if (self->have_factor)
        spqr_factor_clear (&self->factor);
      status = spqr_backend_run_factor_compute (run, hessian->h, w, weights->m, weights->n, params, NULL, &self->factor);
      self->have_factor = status == SPQR_OK;
      self->factor_params = *params;
    }
  if (status != SPQR_OK)
    return status;
  return spqr_backend_run_layer_quantize (run, w, weights->m, weights->n, hessian->h,
                                          params->method != SPQR_METHOD_RTN ? &self->factor : NULL, params, trace, layer);
}

SpqrStatus
spqr_input_quantize (SpqrInput *self, SpqrBackendRun *run, const SpqrWeights *weights, SpqrWeightsFunc host_weights,
                     gpointer user_data, const SpqrParams *params, SpqrLayerTrace *trace, SpqrLayer *layer)
{
  const float *w = weights->host;

  *layer = (SpqrLayer) { 0 };
  if (self->handle != NULL && self->hessian.h == NULL)
    {
      SpqrStatus status = spqr_device_input_quantize (self->device, self->handle, weights, params, run->exec, trace, layer);

      run->used = self->device;
      if (!spqr_status_is_about_device (status))
        return status;
      spqr_backend_run_note (run, self->device, status == SPQR_UNSUPPORTED ? SPQR_OP_FACTOR : SPQR_OP_QUANTIZE, status);
      if (status == SPQR_DEVICE_FAILED)
        return status;
    }
  if (w == NULL && host_weights != NULL)
    w = host_weights (user_data);
  return w != NULL ? quantize_here (self, run, weights, w, params, trace, layer) : SPQR_NO_MEMORY;
}
