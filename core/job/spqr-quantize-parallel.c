/* The layers of a block on several queues at once: two of one GPU, or several GPUs.
 *
 * What is handed out is an input, with all the layers that read it, the dearest first: they share H and its
 * factor. A queue of another GPU gets H by way of the host and reads the weights from the model. Layers are stored in
 * the block's order, each before the one behind it, whoever is done first. */
#include "compute/spqr-cancel.h"
#include "compute/spqr-device-block.h"
#include "job/spqr-quantize-private.h"
#include "quant/spqr-quant-error.h"

#define MOST_WORKERS 16
#define SPARE_LANES 1           /* queues beside the first one of a GPU */

typedef struct {
  Quantization *q;
  QuantizationLayer *layers;
  guint n_layers;
  GMutex lock;
  GCond done;
  guint taken;                  /* groups, bits */
  gboolean stop;
} Round;

typedef struct { Round *round; SpqrDevice *device; GThread *thread; } Worker;

/* ---- workers ---- */

GPtrArray *
quantization_make_workers (const SpqrQuantizeRequest *request)
{
  GPtrArray *workers = g_ptr_array_new ();
  GPtrArray *devices = spqr_backends_get ();

  if (!spqr_device_has_blocks (request->device))
    return workers;
  g_ptr_array_add (workers, request->device);
  for (guint i = 0; i < SPARE_LANES; i++)
    {
      SpqrDevice *lane = spqr_device_new_lane (request->device);

      if (lane != NULL)
        g_ptr_array_add (workers, lane);
    }
  for (guint i = 0; request->spread && i < devices->len && workers->len < MOST_WORKERS; i++)
    if (!spqr_device_is_same (devices->pdata[i], request->device) && spqr_device_is_kin (devices->pdata[i], request->device) &&
        spqr_device_has_blocks (devices->pdata[i]))
      g_ptr_array_add (workers, devices->pdata[i]);
  return workers;
}

void
quantization_free_workers (GPtrArray *workers, const SpqrQuantizeRequest *request)
{
  for (guint i = 0; i < workers->len; i++)
    if (workers->pdata[i] != request->device && spqr_device_is_same (workers->pdata[i], request->device))
      spqr_device_free_lane (workers->pdata[i]);
  g_ptr_array_unref (workers);
}

static double
cost_of_group (const Round *round, guint group)
{
  double cost = 0;

  for (guint i = 0; i < round->n_layers; i++)
    if (round->layers[i].group == group)
      {
        double n = (double) round->layers[i].weights.n;

        cost = MAX (cost, n * n * n) + (double) round->layers[i].weights.m * n * n;
      }
  return cost;
}

/* The dearest group that nobody has taken; FALSE: none is left. */
static gboolean
take_group (Round *round, guint *group)
{
  double most = 0;

  g_mutex_lock (&round->lock);
  for (guint i = 0; i < round->n_layers && !round->stop; i++)
    {
      guint g = round->layers[i].group;

      if (!(round->taken & (1u << g)) && cost_of_group (round, g) > most)
        {
          most = cost_of_group (round, g);
          *group = g;
        }
    }
  if (most > 0)
    round->taken |= 1u << *group;
  g_mutex_unlock (&round->lock);
  return most > 0;
}

static void
take_note (gpointer data, const char *text)
{
  g_string_append_printf (data, "%s%s", ((GString *) data)->len > 0 ? "; " : "", text);
}

typedef struct { SpqrTensor *tensor; float *w; GError *error; } HostWeights;

static const float *
read_weights (gpointer data)
{
  HostWeights *host = data;

  if (host->w == NULL && host->error == NULL)
    host->w = spqr_tensor_read (host->tensor, &host->error);
  return host->w;
}

static void
do_layer (Worker *worker, QuantizationLayer *layer)
{
  SpqrExec exec = spqr_exec_for_cancellable (worker->round->q->cancellable);
  SpqrBackendRun run = { .device = worker->device, .exec = &exec, .note = take_note, .note_data = layer->note };
  SpqrWeights weights = layer->weights;
  HostWeights host = { .tensor = layer->tensor };
  gint64 began = g_get_monotonic_time ();
  SpqrStatus moved = spqr_input_move (layer->input, worker->device, &exec);

  if (spqr_status_is_about_device (moved))
    spqr_backend_run_note (&run, worker->device, SPQR_OP_HESSIAN_ADD, moved);
  if (weights.block != NULL && !spqr_device_is_same (worker->device, worker->round->q->request->device))
    {
      weights.block = NULL;
      weights.host = read_weights (&host);
    }
  if (host.error != NULL)
    layer->status = SPQR_NO_MEMORY;
  else if (moved == SPQR_CANCELLED)
    layer->status = moved;
  else
    layer->status = spqr_input_quantize (layer->input, &run, &weights, read_weights, &host, &layer->params, NULL, &layer->layer);
  layer->error = host.error;
  layer->used = run.used;
  layer->seconds = (g_get_monotonic_time () - began) / 1e6;
  g_free (host.w);
}

static gpointer
work (gpointer data)
{
  Worker *worker = data;
  Round *round = worker->round;
  guint group;

  while (take_group (round, &group))
    for (guint i = 0; i < round->n_layers; i++)
      {
        gboolean stop;

        if (round->layers[i].group != group)
          continue;
        g_mutex_lock (&round->lock);
        stop = round->stop;
        g_mutex_unlock (&round->lock);
        if (stop)
          return NULL;
        do_layer (worker, &round->layers[i]);
        g_mutex_lock (&round->lock);
        round->layers[i].ready = TRUE;
        round->stop |= round->layers[i].status != SPQR_OK;
        g_cond_broadcast (&round->done);
        g_mutex_unlock (&round->lock);
      }
  return NULL;
}

/* ---- the round ---- */

/* FALSE: it will not come, for something else went wrong. */
static gboolean
wait_for (Round *round, const QuantizationLayer *layer)
{
  gboolean ready;

  g_mutex_lock (&round->lock);
  while (!layer->ready && !round->stop)
    g_cond_wait (&round->done, &round->lock);
  ready = layer->ready;
  g_mutex_unlock (&round->lock);
  return ready;
}

/* Stores what is ready, in order; FALSE at the first that failed or is missing. */
static gboolean
store_in_order (Round *round, GError **error)
{
  for (guint i = 0; i < round->n_layers; i++)
    {
      QuantizationLayer *layer = &round->layers[i];
      SpqrBackendRun run = { .note_data = layer->note };
      gint64 began;

      if (!wait_for (round, layer) || layer->status == SPQR_DEVICE_FAILED || layer->error != NULL)
        return FALSE;
      run.used = layer->used;
      began = g_get_monotonic_time () - (gint64) (layer->seconds * 1e6);
      if (!quantization_end_layer (round->q, layer->tensor, layer->status, &layer->layer, &run, began, error))
        return FALSE;
    }
  return TRUE;
}

/* Nothing more is begun; whoever is at work ends. */
static void
join_workers (Round *round, Worker *workers, guint n_workers)
{
  g_mutex_lock (&round->lock);
  round->stop = TRUE;
  g_mutex_unlock (&round->lock);
  for (guint i = 0; i < n_workers; i++)
    g_thread_join (workers[i].thread);
}

/* Why the round ended early, where storing did not say so itself. */
static void
tell_why (Round *round, gboolean *lost, GError **error)
{
  for (guint i = 0; i < round->n_layers && (error == NULL || *error == NULL); i++)
    {
      QuantizationLayer *layer = &round->layers[i];

      if (layer->status == SPQR_DEVICE_FAILED)
        {
          *lost = TRUE;
          take_note (round->q->device_notes, layer->note->str);
        }
      else if (layer->error != NULL)
        g_propagate_error (error, g_steal_pointer (&layer->error));
      else if (layer->ready && layer->status != SPQR_OK)
        spqr_quant_set_status (error, layer->status, spqr_tensor_get_name (layer->tensor));
    }
}

gboolean
quantization_do_layers (Quantization *q, QuantizationLayer *layers, guint n_layers, gboolean *lost, GError **error)
{
  Round round = { .q = q, .layers = layers, .n_layers = n_layers };
  Worker workers[MOST_WORKERS];
  GError *local_error = NULL;
  gboolean done;

  g_mutex_init (&round.lock);
  g_cond_init (&round.done);
  for (guint i = 0; i < n_layers; i++)
    layers[i].note = g_string_new (NULL);
  for (guint i = 0; i < q->workers->len; i++)
    {
      workers[i] = (Worker) { .round = &round, .device = q->workers->pdata[i] };
      workers[i].thread = g_thread_new ("quantize", work, &workers[i]);
    }
  done = store_in_order (&round, &local_error);
  join_workers (&round, workers, q->workers->len);
  if (!done && local_error == NULL)
    tell_why (&round, lost, &local_error);
  /* What was lost is begun again; any other trouble is the answer. */
  if (local_error != NULL && *lost)
    g_clear_error (&local_error);
  if (local_error != NULL)
    g_propagate_error (error, local_error);
  for (guint i = 0; i < n_layers; i++)
    {
      spqr_layer_clear (&layers[i].layer);
      g_clear_error (&layers[i].error);
      g_string_free (layers[i].note, TRUE);
    }
  g_cond_clear (&round.done);
  g_mutex_clear (&round.lock);
  return done;
}
