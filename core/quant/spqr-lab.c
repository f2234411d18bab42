#include "quant/spqr-lab.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "compute/spqr-device-block.h"
#include "compute/spqr-device-keeper.h"
#include "num/spqr-large.h"
#include "pack/spqr-pack.h"
#include "quant/spqr-quant-error.h"

#define KEPT_FACTORS 2

/* A factor and what it was made for; counted, because an answer may outlive its place in the cache. */
typedef struct {
  SpqrFactor factor;
  double percdamp;
  SpqrOrder order;
  gboolean compat;
  double unit_threshold;     /* T of tau = 1; NAN: not known yet. Under the lab's lock */
} Factor;

/* tr(W H W') of some rows: parameters change more often than the rows on screen. */
typedef struct { gsize row0, count; guint generation; double energy; } Energy;

/* What stays on a device from one answer to the next: W, H and U. A slider then sends nothing there but parameters. Between
 * answers it goes when somebody else needs the memory. */
typedef struct {
  GMutex lock;               /* around a whole answer: an older one makes room when it notices that it was cancelled */
  SpqrDeviceKeeper *keeper;
  SpqrDevice *device;
  gpointer matrix, input;
  GBytes *h;                 /* that input holds; a reference */
  Factor *factor;            /* likewise */
} Remote;

struct _SpqrLab {
  SpqrTensor *tensor;
  float *w;                  /* (rows, cols) */
  gsize rows, cols;
  SpqrDevice *device;        /* atomic; NULL: the CPU */
  GMutex lock;
  GBytes *h;                 /* (cols, cols) floats, or NULL; replaced as a whole */
  Factor *kept[KEPT_FACTORS];   /* newest first */
  guint generation;          /* of h */
  Energy energies[2];        /* of the last part and of the whole; count 0: none */
  Remote remote;
};

static void
clear_factor (gpointer data)
{
  spqr_factor_clear (&((Factor *) data)->factor);
}

static void
release_factor (Factor *factor)
{
  if (factor != NULL)
    g_atomic_rc_box_release_full (factor, clear_factor);
}

static void give_back (gpointer data);

SpqrLab *
spqr_lab_new_cancellable (SpqrTensor *tensor, GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  float *w = spqr_tensor_read_with (tensor, &exec, error);
  SpqrLab *self;

  if (w == NULL)
    return NULL;
  self = g_atomic_rc_box_new0 (SpqrLab);
  self->tensor = g_object_ref (tensor);
  self->w = w;
  self->rows = spqr_tensor_get_rows (tensor);
  self->cols = spqr_tensor_get_cols (tensor);
  g_mutex_init (&self->lock);
  g_mutex_init (&self->remote.lock);
  self->remote.keeper = spqr_device_keeper_new (give_back, self);
  return self;
}

SpqrLab *
spqr_lab_new (SpqrTensor *tensor, GError **error)
{
  return spqr_lab_new_cancellable (tensor, NULL, error);
}

SpqrLab *
spqr_lab_ref (SpqrLab *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
drop_factors (SpqrLab *self)
{
  for (guint i = 0; i < KEPT_FACTORS; i++)
    g_clear_pointer (&self->kept[i], release_factor);
}

static void
forget_remote (Remote *remote)
{
  if (remote->keeper != NULL)
    spqr_device_keeper_set (remote->keeper, NULL, 0);
  remote->matrix = remote->input = NULL;
  remote->device = NULL;
  g_clear_pointer (&remote->h, g_bytes_unref);
  g_clear_pointer (&remote->factor, release_factor);
}

static void
drop_remote (Remote *remote)
{
  if (remote->matrix != NULL)
    spqr_device_matrix_close (remote->device, remote->matrix);
  if (remote->input != NULL)
    spqr_device_input_close (remote->device, remote->input);
  forget_remote (remote);
}

/* An answer that is on its way keeps what it has. */
static void
give_back (gpointer data)
{
  Remote *remote = &((SpqrLab *) data)->remote;

  if (!g_mutex_trylock (&remote->lock))
    return;
  spqr_device_give_matrix_back (remote->device, remote->matrix);
  spqr_device_give_input_back (remote->device, remote->input);
  forget_remote (remote);
  g_mutex_unlock (&remote->lock);
}

static void
clear_lab (gpointer data)
{
  SpqrLab *self = data;

  spqr_device_keeper_free (g_steal_pointer (&self->remote.keeper));
  drop_remote (&self->remote);
  g_mutex_clear (&self->remote.lock);
  drop_factors (self);
  g_clear_pointer (&self->h, g_bytes_unref);
  g_free (self->w);
  g_object_unref (self->tensor);
  g_mutex_clear (&self->lock);
}

void
spqr_lab_unref (SpqrLab *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, clear_lab);
}

void
spqr_lab_set_device (SpqrLab *self, SpqrDevice *device)
{
  g_atomic_pointer_set (&self->device, device);
}

SpqrBackendRun
spqr_lab_run (SpqrLab *self, const SpqrExec *exec)
{
  return (SpqrBackendRun) { .device = g_atomic_pointer_get (&self->device), .exec = exec };
}

SpqrTensor  *spqr_lab_get_tensor (SpqrLab *self) { return self->tensor; }
const float *spqr_lab_get_weights (SpqrLab *self) { return self->w; }
gsize        spqr_lab_get_rows (SpqrLab *self) { return self->rows; }
gsize        spqr_lab_get_cols (SpqrLab *self) { return self->cols; }

gboolean
spqr_lab_is_calibrated (SpqrLab *self)
{
  gboolean calibrated;

  g_mutex_lock (&self->lock);
  calibrated = self->h != NULL;
  g_mutex_unlock (&self->lock);
  return calibrated;
}

void
spqr_lab_share_hessian (SpqrLab *self, GBytes *h)
{
  g_return_if_fail (g_bytes_get_size (h) == self->cols * self->cols * sizeof (float));

  g_mutex_lock (&self->lock);
  drop_factors (self);
  g_clear_pointer (&self->h, g_bytes_unref);
  self->h = g_bytes_ref (h);
  self->generation++;
  g_mutex_unlock (&self->lock);
}

gboolean
spqr_lab_set_hessian (SpqrLab *self, const float *h, GError **error)
{
  gsize n = self->cols * self->cols;
  g_autoptr (GBytes) shared = NULL;
  float *copy;

  for (gsize i = 0; i < n; i++)
    if (!isfinite (h[i]))
      return spqr_quant_set_status (error, SPQR_INVALID, spqr_tensor_get_name (self->tensor));
  copy = g_try_new (float, n);
  if (copy == NULL)
    return spqr_quant_set_status (error, SPQR_NO_MEMORY, spqr_tensor_get_name (self->tensor));
  memcpy (copy, h, n * sizeof *copy);
  shared = g_bytes_new_take (copy, n * sizeof *copy);
  spqr_lab_share_hessian (self, shared);
  return TRUE;
}

static Factor *
find_factor (SpqrLab *self, const SpqrParams *params)
{
  for (guint i = 0; i < KEPT_FACTORS; i++)
    {
      Factor *factor = self->kept[i];

      if (factor == NULL || factor->percdamp != params->percdamp || factor->order != params->permutation_order ||
          factor->compat != params->compat_reference)
        continue;
      memmove (self->kept + 1, self->kept, i * sizeof *self->kept);
      self->kept[0] = factor;
      return g_atomic_rc_box_acquire (factor);
    }
  return NULL;
}

/* The factor of a damped identity: U = I / sqrt(1 + percdamp), written down instead of computed. */
static SpqrStatus
identity_factor (SpqrLab *self, const SpqrParams *params, SpqrFactor *factor)
{
  gsize n = self->cols;
  float diagonal = (float) (1 / sqrt (1 + MAX (params->percdamp, 0)));

  factor->n = n;
  factor->perm = malloc (n * sizeof *factor->perm);
  factor->u = calloc (n * n, sizeof *factor->u);
  factor->dead = calloc (n, 1);
  factor->percdamp_used = params->percdamp;
  if (factor->perm == NULL || factor->u == NULL || factor->dead == NULL)
    {
      spqr_factor_clear (factor);
      return SPQR_NO_MEMORY;
    }
  for (gsize j = 0; j < n; j++)
    {
      factor->perm[j] = (gint32) j;
      factor->u[j * n + j] = diagonal;
    }
  return SPQR_OK;
}

static Factor *
make_factor (SpqrLab *self, const float *h, const SpqrParams *params, const SpqrExec *exec, SpqrStatus *status)
{
  Factor *factor = g_atomic_rc_box_new0 (Factor);
  SpqrBackendRun run = spqr_lab_run (self, exec);

  factor->percdamp = params->percdamp;
  factor->order = params->permutation_order;
  factor->compat = params->compat_reference;
  factor->unit_threshold = NAN;
  *status = h == NULL ? identity_factor (self, params, &factor->factor)
                      : spqr_backend_run_factor_compute (&run, h, self->w, self->rows, self->cols, params, NULL, &factor->factor);
  if (*status == SPQR_OK)
    return factor;
  release_factor (factor);
  return NULL;
}

static GBytes *
acquire_hessian (SpqrLab *self)
{
  GBytes *h;

  g_mutex_lock (&self->lock);
  h = self->h != NULL ? g_bytes_ref (self->h) : NULL;
  g_mutex_unlock (&self->lock);
  return h;
}

static const float *
hessian_values (GBytes *h)
{
  return h != NULL ? g_bytes_get_data (h, NULL) : NULL;
}

float *
spqr_lab_get_hessian_diagonal (SpqrLab *self)
{
  g_autoptr (GBytes) h = acquire_hessian (self);
  const float *values = hessian_values (h);
  float *diagonal = values != NULL ? g_try_new (float, self->cols) : NULL;

  for (gsize j = 0; diagonal != NULL && j < self->cols; j++)
    diagonal[j] = values[j * (self->cols + 1)];
  return diagonal;
}

/* From the cache, or made and cached. *h: the Hessian it belongs to (NULL or a reference). */
static Factor *
get_factor (SpqrLab *self, const SpqrParams *params, const SpqrExec *exec, GBytes **h, SpqrStatus *status)
{
  Factor *factor;
  guint generation;

  g_mutex_lock (&self->lock);
  *h = self->h != NULL ? g_bytes_ref (self->h) : NULL;
  generation = self->generation;
  factor = find_factor (self, params);
  g_mutex_unlock (&self->lock);
  *status = SPQR_OK;
  if (factor != NULL)
    return factor;

  factor = make_factor (self, hessian_values (*h), params, exec, status);
  g_mutex_lock (&self->lock);
  if (factor != NULL && generation == self->generation)
    {
      release_factor (self->kept[KEPT_FACTORS - 1]);
      memmove (self->kept + 1, self->kept, (KEPT_FACTORS - 1) * sizeof *self->kept);
      self->kept[0] = g_atomic_rc_box_acquire (factor);
    }
  g_mutex_unlock (&self->lock);
  return factor;
}

/* ---- on a device ---- */

/* W there, and an input with this Hessian and this factor; what is there already stays. */
static SpqrStatus
send_to_device (SpqrLab *self, GBytes *h, Factor *factor, const SpqrParams *params, const SpqrExec *exec)
{
  Remote *remote = &self->remote;
  SpqrHessian hessian = { self->cols, 1, (float *) hessian_values (h) };
  SpqrStatus status = SPQR_OK;

  if (remote->input != NULL && h == NULL && remote->h != NULL)
    drop_remote (remote);
  remote->device = g_atomic_pointer_get (&self->device);
  if (remote->matrix == NULL)
    status = spqr_device_matrix_open (remote->device, self->w, self->rows, self->cols, exec, &remote->matrix);
  if (status == SPQR_OK && remote->input == NULL)
    status = spqr_device_input_open (remote->device, self->cols, &remote->input);
  if (status == SPQR_OK && h != remote->h)
    {
      g_clear_pointer (&remote->h, g_bytes_unref);
      g_clear_pointer (&remote->factor, release_factor);        /* goes with the Hessian */
      status = spqr_device_input_load (remote->device, remote->input, &hessian, exec);
      if (status == SPQR_OK)
        remote->h = g_bytes_ref (h);
    }
  if (status == SPQR_OK && factor != NULL && factor != remote->factor)
    {
      g_clear_pointer (&remote->factor, release_factor);
      status = spqr_device_input_put_factor (remote->device, remote->input, &factor->factor, params, exec);
      if (status == SPQR_OK)
        remote->factor = g_atomic_rc_box_acquire (factor);
    }
  return status;
}

/* The whole layer with what stays on the device. About the device: it keeps nothing of this lab any more. */
static SpqrStatus
quantize_remote (SpqrLab *self, const SpqrParams *params, GBytes *h, Factor *factor, SpqrLayerTrace *trace, const SpqrExec *exec,
                 SpqrLayer *layer)
{
  Remote *remote = &self->remote;
  SpqrWeights weights = { .m = self->rows, .n = self->cols };
  SpqrStatus status = SPQR_UNSUPPORTED;

  g_mutex_lock (&remote->lock);
  if (remote->device != NULL && remote->device != g_atomic_pointer_get (&self->device))
    drop_remote (remote);
  if (spqr_device_has_blocks (g_atomic_pointer_get (&self->device)))
    status = send_to_device (self, h, factor, params, exec);
  if (status == SPQR_OK)
    {
      weights.matrix = remote->matrix;
      spqr_device_keeper_set (remote->keeper, remote->device, (self->rows + 2 * self->cols) * self->cols * sizeof (float));
      status = spqr_device_input_quantize (remote->device, remote->input, &weights, params, exec, trace, layer);
    }
  if (spqr_status_is_about_device (status))
    drop_remote (remote);
  g_mutex_unlock (&remote->lock);
  return status;
}

/* ---- figures ---- */

static double
plain_loss (const float *w, const float *w_hat, gsize n)
{
  double difference = 0, size = 0;

  for (gsize i = 0; i < n; i++)
    {
      double d = (double) w[i] - w_hat[i];
      difference += d * d;
      size += (double) w[i] * w[i];
    }
  return size > 0 ? difference / size : NAN;
}

/* The same as spqr_proxy_loss(), which would work out the energy of the same rows every time. decoded becomes
 * the error. */
static double
proxy_loss (SpqrLab *self, const SpqrLabAnswer *answer, float *decoded, GBytes *h, const SpqrExec *exec)
{
  const float *w = self->w + answer->row0 * self->cols;
  gsize n = answer->count * self->cols;
  Energy *kept = &self->energies[answer->whole], now = { answer->row0, answer->count, 0, NAN };
  gboolean current;

  g_mutex_lock (&self->lock);
  now.generation = self->generation;
  current = self->h == h;
  if (current && kept->count == now.count && kept->row0 == now.row0 && kept->generation == now.generation)
    now.energy = kept->energy;
  g_mutex_unlock (&self->lock);
  if (isnan (now.energy))
    {
      now.energy = spqr_output_energy (w, hessian_values (h), answer->count, self->cols, exec);
      g_mutex_lock (&self->lock);
      if (current && !isnan (now.energy))
        *kept = now;
      g_mutex_unlock (&self->lock);
    }
  if (!(now.energy > 0))
    return NAN;
  for (gsize i = 0; i < n; i++)
    decoded[i] = w[i] - decoded[i];
  return spqr_output_energy (decoded, hessian_values (h), answer->count, self->cols, exec) / now.energy;
}

/* Of what a device has not worked out along with the codes. */
static SpqrStatus
find_loss (SpqrLab *self, SpqrLabAnswer *answer, GBytes *h, const SpqrExec *exec)
{
  const float *w = self->w + answer->row0 * self->cols;
  gsize n = answer->count * self->cols;
  g_autofree float *decoded = g_try_new (float, n);
  SpqrBackendRun run = answer->whole ? spqr_lab_run (self, exec) : (SpqrBackendRun) { .exec = exec };
  SpqrStatus status;

  if (decoded == NULL)
    return SPQR_NO_MEMORY;
  status = spqr_backend_run_layer_decode (&run, &answer->layer, 0, answer->count, decoded);
  if (status == SPQR_OK)
    answer->proxy_loss = h != NULL ? proxy_loss (self, answer, decoded, h, exec) : plain_loss (w, decoded, n);
  return status;
}

static SpqrStatus
fill_figures (SpqrLab *self, SpqrLabAnswer *answer, GBytes *h, const SpqrExec *exec)
{
  gsize n = answer->count * self->cols;
  SpqrStatus status = SPQR_OK;
  SpqrPackBits bits;

  answer->proxy_loss = answer->layer.proxy_loss;
  if (h == NULL || isnan (answer->proxy_loss))
    status = find_loss (self, answer, h, exec);
  answer->outlier_share = (double) spqr_layer_outliers (&answer->layer) / n;
  answer->bits_formula = spqr_params_formula_bits (&answer->layer.params, self->rows, self->cols, answer->outlier_share);
  spqr_pack_count_bits (&answer->layer, &bits);
  answer->bits_stored = spqr_pack_bits_per_weight (&bits, answer->count, self->cols);
  return status;
}

static void
choose_rows (SpqrLab *self, const SpqrParams *params, gsize row0, gsize count, SpqrLabAnswer *answer)
{
  gsize run = params->qq_groupsize > 0 ? (gsize) params->qq_groupsize : 1, end;

  answer->whole = count == 0 || !params->perchannel || count >= self->rows;
  answer->row0 = answer->whole ? 0 : MIN (row0, self->rows - 1) / run * run;
  end = answer->whole ? self->rows : MIN ((MIN (row0, self->rows - 1) + count + run - 1) / run * run, self->rows);
  answer->count = end - answer->row0;
}

/* T = tau times a number that only the weights and the factor decide: read once, then free. */
static double
get_threshold (SpqrLab *self, Factor *factor, const SpqrParams *params, const SpqrExec *exec)
{
  SpqrParams unit = *params;
  double known;

  if (isinf (params->outlier_threshold) || params->method != SPQR_METHOD_SPQR)
    return INFINITY;
  g_mutex_lock (&self->lock);
  known = factor->unit_threshold;
  g_mutex_unlock (&self->lock);
  if (isnan (known))
    {
      unit.outlier_threshold = 1;
      known = spqr_layer_threshold (self->w, self->rows, self->cols, &factor->factor, &unit, exec);
      g_mutex_lock (&self->lock);
      factor->unit_threshold = known;
      g_mutex_unlock (&self->lock);
    }
  return params->outlier_threshold * known;
}

static SpqrStatus
quantize_chosen (SpqrLab *self, const SpqrParams *params, GBytes *h, Factor *shared, float *loo_gain, const SpqrExec *exec,
                 SpqrLabAnswer *answer)
{
  const SpqrFactor *factor = shared != NULL ? &shared->factor : NULL;
  SpqrLayerTrace trace = { .loo_gain = loo_gain };
  SpqrLayerTrace *wanted = loo_gain != NULL ? &trace : NULL;
  SpqrBackendRun run = spqr_lab_run (self, exec);

  if (answer->whole)
    {
      SpqrStatus status = quantize_remote (self, params, h, shared, wanted, exec, &answer->layer);

      if (!spqr_status_is_about_device (status))
        return status;
    }
  if (answer->whole)
    return spqr_backend_run_layer_quantize (&run, self->w, self->rows, self->cols, NULL, factor, params, wanted, &answer->layer);
  /* Some rows are here sooner than the factor is there. */
  return spqr_layer_quantize_rows (self->w, self->rows, self->cols, answer->row0, answer->count, factor,
                                   factor != NULL ? get_threshold (self, shared, params, exec) : INFINITY,
                                   params, exec, wanted, &answer->layer);
}

gboolean
spqr_lab_quantize (SpqrLab *self, const SpqrParams *params, gsize row0, gsize count, float **loo_gain,
                   GCancellable *cancellable, SpqrLabAnswer *answer, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  gint64 began = g_get_monotonic_time ();
  g_autofree float *gain = NULL;
  SpqrStatus status = SPQR_OK;
  g_autoptr (GBytes) h = NULL;
  Factor *factor = NULL;

  *answer = (SpqrLabAnswer) { 0 };
  choose_rows (self, params, row0, count, answer);
  if (params->method == SPQR_METHOD_RTN)
    h = acquire_hessian (self);
  else
    factor = get_factor (self, params, &exec, &h, &status);
  if (status == SPQR_OK && loo_gain != NULL && (gain = g_try_new0 (float, answer->count * self->cols)) == NULL)
    status = SPQR_NO_MEMORY;
  if (status == SPQR_OK)
    status = quantize_chosen (self, params, h, factor, gain, &exec, answer);
  answer->calibrated = h != NULL;
  if (status == SPQR_OK)
    status = fill_figures (self, answer, h, &exec);
  answer->seconds = (g_get_monotonic_time () - began) / 1e6;
  release_factor (factor);
  if (status == SPQR_OK && spqr_exec_should_stop (&exec))
    status = SPQR_CANCELLED;
  if (status != SPQR_OK)
    {
      spqr_lab_answer_clear (answer);
      return spqr_quant_set_status (error, status, spqr_tensor_get_name (self->tensor));
    }
  if (loo_gain != NULL)
    *loo_gain = g_steal_pointer (&gain);
  return TRUE;
}

void
spqr_lab_answer_clear (SpqrLabAnswer *answer)
{
  spqr_layer_clear (&answer->layer);
  *answer = (SpqrLabAnswer) { 0 };
}

static SpqrStatus
sensitivity (SpqrLab *self, const SpqrParams *params, const SpqrExec *exec, float *out)
{
  g_autofree float *diagonal = g_try_new (float, self->cols);
  g_autoptr (GBytes) h = NULL;
  SpqrStatus status = SPQR_OK;
  Factor *factor = NULL;
  SpqrBackendRun run;

  if (diagonal == NULL)
    return SPQR_NO_MEMORY;
  if (spqr_lab_is_calibrated (self))
    {
      factor = get_factor (self, params, exec, &h, &status);
      if (factor != NULL)
        spqr_factor_inverse_diagonal (&factor->factor, diagonal);
      release_factor (factor);
    }
  else   /* of the damped identity, so that tau means the same as in the quantization */
    for (gsize j = 0; j < self->cols; j++)
      diagonal[j] = (float) (1 / (1 + MAX (params->percdamp, 0)));
  if (status != SPQR_OK)
    return status;
  run = spqr_lab_run (self, exec);
  return spqr_backend_run_field_sensitivity (&run, self->w, self->rows, self->cols, diagonal, params, out);
}

static gboolean
field_of_answer (SpqrLab *self, SpqrField field, const SpqrParams *params, GCancellable *cancellable, float *out, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  g_autofree float *gain = NULL;
  SpqrLabAnswer answer;
  SpqrLayerTrace trace = { 0 };
  SpqrStatus status;

  if (!spqr_lab_quantize (self, params, 0, 0, field == SPQR_FIELD_LOO_GAIN ? &gain : NULL, cancellable, &answer, error))
    return FALSE;
  trace.loo_gain = gain;
  status = spqr_field_compute (field, self->w, &answer.layer, &trace, &exec, out);
  spqr_lab_answer_clear (&answer);
  return status == SPQR_OK || spqr_quant_set_status (error, status, spqr_tensor_get_name (self->tensor));
}

typedef struct { const float *w; float *out; bool magnitude; } Copying;

static void
copy_weights (void *data, size_t begin, size_t end)
{
  Copying *c = data;

  for (gsize i = begin; i < end; i++)
    c->out[i] = c->magnitude ? fabsf (c->w[i]) : c->w[i];
}

float *
spqr_lab_field (SpqrLab *self, SpqrField field, const SpqrParams *params, GCancellable *cancellable, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (cancellable);
  gsize n = self->rows * self->cols;
  g_autofree float *out = spqr_large_alloc (n * sizeof (float));
  Copying copying = { self->w, out, field == SPQR_FIELD_ABS_WEIGHT };
  SpqrStatus status = SPQR_OK;

  if (out == NULL)
    status = SPQR_NO_MEMORY;
  else if (field == SPQR_FIELD_SENSITIVITY)
    status = sensitivity (self, params, &exec, out);
  else if (field == SPQR_FIELD_WEIGHT || field == SPQR_FIELD_ABS_WEIGHT)
    status = spqr_exec_run (&exec, n, (gsize) 1 << 20, copy_weights, &copying);
  else if (!field_of_answer (self, field, params, cancellable, out, error))
    return NULL;
  if (status == SPQR_OK)
    return g_steal_pointer (&out);
  spqr_quant_set_status (error, status, spqr_tensor_get_name (self->tensor));
  return NULL;
}
