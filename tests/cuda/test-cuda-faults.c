/* What happens when things go wrong: every allocation, launch and copy in turn fails; a stop at every
 * poll; many jobs; no driver, no device. On the shim only: a GPU does not fail to order. */
#include <math.h>
#include <string.h>

#include "compute/spqr-backends.h"
#include "compute/spqr-gemm.h"
#include "cuda-fixture.h"

#define M ((gsize) 40)
#define N ((gsize) 150)
#define TOKENS ((gsize) 20)

static CudaDevice device;

/* One of everything, with what it should come out as. */
typedef struct {
  Fixture *fixture;
  SpqrParams params;
  SpqrFactor factor;
  SpqrLayer layer;
  float *x, *decoded;
} World;

static World *
world_new (void)
{
  World *world = g_new0 (World, 1);
  GRand *rand = g_rand_new_with_seed (31);

  world->fixture = fixture_new (M, N, 77);
  world->params = fixture_params (3, 16, 3, 16);
  fixture_factor (world->fixture, &world->params, NULL, &world->factor);
  g_assert_cmpint (spqr_layer_quantize (world->fixture->w, M, N, world->fixture->h, &world->factor, &world->params, NULL, NULL,
                                        &world->layer), ==, SPQR_OK);
  world->x = cuda_random (rand, TOKENS * N, 1);
  world->decoded = fixture_decode (&world->layer);
  g_rand_free (rand);
  return world;
}

static void
world_free (World *world)
{
  fixture_free (world->fixture);
  spqr_factor_clear (&world->factor);
  spqr_layer_clear (&world->layer);
  g_free (world->x);
  g_free (world->decoded);
  g_free (world);
}

/* Each runs its operation on ops and checks what the rules of a slot say for the status. */
typedef SpqrStatus (*OpFunc) (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec);

static SpqrStatus
op_hessian (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrHessian ours, cpu;
  SpqrStatus status;

  g_assert_cmpint (spqr_hessian_init (&ours, N), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_init (&cpu, N), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&ours, world->x, N, TOKENS, 1, NULL), ==, SPQR_OK);
  g_assert_cmpint (spqr_hessian_add (&cpu, world->x, N, TOKENS, 1, NULL), ==, SPQR_OK);
  status = ops->hessian_add (handle, &ours, world->x, N, TOKENS, 1, exec);
  if (status == SPQR_OK)
    g_assert_cmpint (spqr_hessian_add (&cpu, world->x, N, TOKENS, 1, NULL), ==, SPQR_OK);
  g_assert_cmpuint (ours.sequences, ==, cpu.sequences);
  if (status == SPQR_OK)
    g_assert_cmpfloat (cuda_worst_relative (ours.h, cpu.h, N * N), <, 2e-5);
  else
    g_assert_cmpmem (ours.h, N * N * 4, cpu.h, N * N * 4);
  spqr_hessian_clear (&ours);
  spqr_hessian_clear (&cpu);
  return status;
}

static SpqrStatus
op_factor (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrFactor factor;
  SpqrStatus status = ops->factor_compute (handle, world->fixture->h, world->fixture->w, M, N, &world->params, NULL, exec, &factor);

  if (status == SPQR_OK)
    g_assert_cmpfloat (cuda_worst_relative (factor.u, world->factor.u, N * N), <, 2e-5);
  else
    g_assert_true (factor.u == NULL && factor.perm == NULL && factor.dead == NULL);
  spqr_factor_clear (&factor);
  return status;
}

static SpqrStatus
op_quantize (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrLayer layer;
  SpqrStatus status = ops->layer_quantize (handle, world->fixture->w, M, N, world->fixture->h, &world->factor, &world->params,
                                           exec, NULL, &layer);

  if (status == SPQR_OK)
    {
      LayerMatch match = cuda_layers_match (&layer, &world->layer);

      g_assert_cmpfloat (match.codes, >=, 0.999);
      g_assert_cmpfloat (match.proxy, <, 1e-3);
    }
  else
    g_assert_true (layer.codes == NULL && layer.outlier_offsets == NULL && layer.scale == NULL);
  spqr_layer_clear (&layer);
  return status;
}

static SpqrStatus
op_loss (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  double loss;
  SpqrStatus status = ops->proxy_loss (handle, world->fixture->w, world->decoded, world->fixture->h, M, N, exec, &loss);

  if (status == SPQR_OK)
    g_assert_cmpfloat (fabs (loss / world->layer.proxy_loss - 1), <, 1e-3);
  return status;
}

static SpqrStatus
op_sensitivity (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  g_autofree float *ours = g_new (float, M * N), *cpu = g_new (float, M * N);
  SpqrStatus status = ops->field_sensitivity (handle, world->fixture->w, M, N, NULL, &world->params, exec, ours);

  g_assert_cmpint (spqr_field_sensitivity (world->fixture->w, M, N, NULL, &world->params, NULL, cpu), ==, SPQR_OK);
  if (status == SPQR_OK)
    g_assert_cmpmem (ours, M * N * 4, cpu, M * N * 4);
  return status;
}

static SpqrStatus
op_pyramid (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrPyramid pyramid;
  SpqrStatus status = ops->pyramid_build (handle, world->fixture->w, M, N, exec, &pyramid);

  g_assert_true (status == SPQR_OK ? pyramid.n_levels == 9 : pyramid.n_levels == 0 && pyramid.levels == NULL);
  spqr_pyramid_clear (&pyramid);
  return status;
}

static SpqrStatus
op_decode (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  g_autofree float *ours = g_new (float, M * N);
  SpqrStatus status = ops->layer_decode (handle, &world->layer, 0, M, exec, ours);

  if (status == SPQR_OK)
    g_assert_cmpmem (ours, M * N * 4, world->decoded, M * N * 4);
  return status;
}

static SpqrStatus
op_gemm (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  g_autofree float *ours = g_new (float, TOKENS * M), *cpu = g_new (float, TOKENS * M);
  SpqrStatus status = ops->gemm_nt (handle, world->x, N, TOKENS, world->decoded, SPQR_ELEM_F32, M, N, NULL, ours, M, exec);

  g_assert_cmpint (spqr_gemm_nt (world->x, N, TOKENS, world->decoded, SPQR_ELEM_F32, M, N, NULL, cpu, M, NULL), ==, SPQR_OK);
  if (status == SPQR_OK)
    g_assert_cmpfloat (cuda_worst_relative (ours, cpu, TOKENS * M), <, 2e-5);
  return status;
}

/* In place: spoiled by nothing but success. */
static SpqrStatus
op_norm (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  g_autofree float *x = g_memdup2 (world->x, TOKENS * N * 4);
  SpqrStatus status = ops->rms_norm (handle, x, TOKENS, N, NULL, 0, 1e-5f, exec);

  if (status != SPQR_OK)
    g_assert_cmpmem (x, TOKENS * N * 4, world->x, TOKENS * N * 4);
  return status;
}

static SpqrStatus
op_attention (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  g_autofree float *out = g_new (float, TOKENS * N);
  SpqrAttentionOp attention = {
    .q = world->x, .k = world->x, .v = world->x, .tokens = TOKENS, .keys = TOKENS, .heads = 5, .kv_heads = 5, .head_dim = N / 5,
    .scale = 0.2f, .out = out,
  };

  return ops->attention (handle, &attention, exec);
}

static SpqrStatus
op_entropy (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  gint32 targets[TOKENS] = { 0 };
  double nll[TOKENS];

  return ops->cross_entropy (handle, world->x, TOKENS, N, world->decoded, SPQR_ELEM_F32, M, targets, nll, exec);
}

/* ---- with handles ---- */

#define WIDTH ((gsize) 32)
#define SEQUENCES ((gsize) 4)

/* H from the host's x, twice, then a layer out of it. */
static SpqrStatus
op_input (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrWeights weights = { .host = world->fixture->w, .m = M, .n = N };
  SpqrLayer layer = { 0 };
  void *input = NULL;
  SpqrStatus status = ops->block->input_open (handle, N, &input);

  g_assert_true ((status == SPQR_OK) == (input != NULL));
  for (int i = 0; i < 2 && status == SPQR_OK; i++)
    status = ops->block->input_add (handle, input, world->x, N, TOKENS, 1, exec);
  if (status == SPQR_OK)
    status = ops->block->input_quantize (handle, input, &weights, &world->params, exec, NULL, &layer);
  g_assert_true ((status == SPQR_OK) == (layer.codes != NULL));
  spqr_layer_clear (&layer);
  ops->block->input_close (handle, input);
  return status;
}

/* A layer whose W, H and U stay, quantized twice. */
static SpqrStatus
op_kept (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrHessian hessian = { N, 1, world->fixture->h };
  SpqrWeights weights = { .m = M, .n = N };
  void *input = NULL;
  SpqrStatus status = ops->block->matrix_open (handle, world->fixture->w, M, N, exec, &weights.matrix);

  g_assert_true ((status == SPQR_OK) == (weights.matrix != NULL));
  if (status == SPQR_OK)
    status = ops->block->input_open (handle, N, &input);
  if (status == SPQR_OK)
    status = ops->block->input_load (handle, input, &hessian, exec);
  if (status == SPQR_OK)
    status = ops->block->input_put_factor (handle, input, &world->factor, &world->params, exec);
  for (int i = 0; i < 2 && status == SPQR_OK; i++)
    {
      SpqrLayer layer = { 0 };

      status = ops->block->input_quantize (handle, input, &weights, &world->params, exec, NULL, &layer);
      if (status == SPQR_OK)
        g_assert_cmpmem (layer.codes, M * N, world->layer.codes, M * N);
      spqr_layer_clear (&layer);
    }
  ops->block->input_close (handle, input);
  ops->block->matrix_close (handle, weights.matrix);
  return status;
}

static SpqrStatus
fill_block (World *world, const SpqrDeviceOps *ops, void *handle, void *block, const SpqrBlockShape *shape, const SpqrExec *exec)
{
  guint16 narrow[WIDTH * WIDTH];
  SpqrStatus status = SPQR_OK;

  for (gsize i = 0; i < WIDTH * WIDTH; i++)
    {
      guint32 bits;

      memcpy (&bits, &world->fixture->w[i], sizeof bits);
      narrow[i] = (guint16) (bits >> 16);
    }
  for (int p = 0; p < SPQR_N_PRODUCTS && status == SPQR_OK; p++)
    status = ops->block->block_put (handle, block, p, 0, shape->rows[p], p == SPQR_PRODUCT_O ? (const void *) narrow : world->fixture->w,
                                    p == SPQR_PRODUCT_O ? SPQR_ELEM_BF16 : SPQR_ELEM_F32, exec);
  return status;
}

/* Four sequences through a block with its Hessians, hidden states on the device; those that are not through have not
 * changed. */
static SpqrStatus
op_block (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  const gsize offsets[] = { 0, 16, 32, 48, 64, 80 };
  SpqrSequence sequences[SEQUENCES];
  g_autofree float *hidden = g_memdup2 (world->fixture->w, SEQUENCES * TOKENS * WIDTH * 4);
  SpqrBlockShape shape = {
    .hidden = WIDTH, .heads = 2, .kv_heads = 2, .head_dim = 16, .inner = 40, .gated = true, .norm_epsilon = 1e-5,
    .rows = { 96, WIDTH, 80, WIDTH }, .cols = { WIDTH, WIDTH, WIDTH, 40 }, .q_offset = offsets, .k_offset = offsets + 2,
    .v_offset = offsets + 4, .attention_scale = 0.25f,
  };
  SpqrBlockPass pass = { .hidden = hidden, .rows = SEQUENCES * TOKENS, .sequences = sequences, .n_sequences = SEQUENCES, .write = true };
  void *block = NULL;
  SpqrStatus status;

  for (gsize i = 0; i < SEQUENCES; i++)
    sequences[i] = (SpqrSequence) { .first = i * TOKENS, .count = TOKENS };
  status = ops->block->block_open (handle, &shape, &block);
  if (status == SPQR_OK)
    status = fill_block (world, ops, handle, block, &shape, exec);
  if (status == SPQR_OK)
    status = ops->block->states_open (handle, pass.rows, WIDTH, &pass.states);
  for (int p = 0; p < SPQR_N_PRODUCTS && status == SPQR_OK; p++)
    status = ops->block->input_open (handle, shape.cols[p], &pass.inputs[p]);
  if (status == SPQR_OK)
    {
      status = ops->block->block_run (handle, block, &pass, exec);
      g_assert_true (status == SPQR_OK ? pass.done == SEQUENCES : pass.done < SEQUENCES);
    }
  g_assert_cmpmem (hidden + pass.done * TOKENS * WIDTH, (SEQUENCES - pass.done) * TOKENS * WIDTH * 4,
                   world->fixture->w + pass.done * TOKENS * WIDTH, (SEQUENCES - pass.done) * TOKENS * WIDTH * 4);
  for (gsize i = 0; i < pass.done * TOKENS * WIDTH; i++)
    g_assert_true (isfinite (hidden[i]));
  for (int p = 0; p < SPQR_N_PRODUCTS; p++)
    ops->block->input_close (handle, pass.inputs[p]);
  ops->block->states_close (handle, pass.states);
  ops->block->block_close (handle, block);
  return status;
}

static SpqrStatus
op_head (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  SpqrHeadShape shape = { .hidden = N, .vocab = M, .weights = world->fixture->w, .elem = SPQR_ELEM_F32, .norm = true, .norm_epsilon = 1e-5 };
  gint32 targets[TOKENS] = { 0 }, top[TOKENS], base_top[TOKENS];
  double nll[TOKENS], base_nll[TOKENS], kl[TOKENS];
  SpqrHeadPass pass = { .hidden = world->x, .base_hidden = world->x, .tokens = TOKENS, .targets = targets, .nll = nll,
                        .base_nll = base_nll, .kl = kl, .top1 = top, .base_top1 = base_top };
  void *head = NULL;
  SpqrStatus status = ops->block->head_open (handle, &shape, exec, &head);

  pass.base = head;
  if (status == SPQR_OK)
    status = ops->block->head_predict (handle, head, &pass, exec);
  for (gsize t = 0; t < TOKENS && status == SPQR_OK; t++)
    g_assert_true (fabs (kl[t]) < 1e-6 && nll[t] == base_nll[t] && top[t] == base_top[t]);
  ops->block->head_close (handle, head);
  return status;
}

/* A text taken in, then two words more; the logits behind each. */
static SpqrStatus
op_continue (World *world, const SpqrDeviceOps *ops, void *handle, const SpqrExec *exec)
{
  const gsize offsets[] = { 0, 16, 32, 48, 64, 80 };
  SpqrHeadShape head_shape = { .hidden = WIDTH, .vocab = M, .weights = world->fixture->w, .elem = SPQR_ELEM_F32 };
  SpqrBlockShape shape = {
    .hidden = WIDTH, .heads = 2, .kv_heads = 2, .head_dim = 16, .inner = 40, .gated = true, .norm_epsilon = 1e-5,
    .rows = { 96, WIDTH, 80, WIDTH }, .cols = { WIDTH, WIDTH, WIDTH, 40 }, .q_offset = offsets, .k_offset = offsets + 2,
    .v_offset = offsets + 4, .attention_scale = 0.25f,
  };
  void *block = NULL, *cache = NULL, *head = NULL;
  SpqrStatus status = ops->block->block_open (handle, &shape, &block);

  if (status == SPQR_OK)
    status = fill_block (world, ops, handle, block, &shape, exec);
  if (status == SPQR_OK)
    status = ops->block->cache_open (handle, TOKENS, 32, &cache);
  if (status == SPQR_OK)
    status = ops->block->head_open (handle, &head_shape, exec, &head);
  for (gsize cached = 0; cached < TOKENS && status == SPQR_OK; cached += cached == 0 ? TOKENS - 2 : 1)
    {
      SpqrSequence sequence = { .count = cached == 0 ? TOKENS - 2 : 1 };
      g_autofree float *hidden = g_memdup2 (world->fixture->w, sequence.count * WIDTH * 4);
      SpqrBlockPass pass = { .hidden = hidden, .rows = sequence.count, .sequences = &sequence, .n_sequences = 1, .write = true,
                             .cache = cache, .cached = cached };
      float logits[M];

      status = ops->block->block_run (handle, block, &pass, exec);
      g_assert_cmpuint (pass.done, ==, status == SPQR_OK ? 1 : 0);
      if (status != SPQR_OK)
        g_assert_cmpmem (hidden, sequence.count * WIDTH * 4, world->fixture->w, sequence.count * WIDTH * 4);
      if (status == SPQR_OK)
        status = ops->block->head_logits (handle, head, hidden, 1, logits, exec);
      for (gsize v = 0; v < M && status == SPQR_OK; v++)
        g_assert_true (isfinite (logits[v]));
    }
  if (status == SPQR_OK)        /* there is no room for more */
    {
      SpqrSequence sequence = { .count = 1 };
      float hidden[WIDTH] = { 0 };
      SpqrBlockPass pass = { .hidden = hidden, .rows = 1, .sequences = &sequence, .n_sequences = 1, .write = true, .cache = cache,
                             .cached = TOKENS };

      g_assert_cmpint (ops->block->block_run (handle, block, &pass, NULL), ==, SPQR_INVALID);
    }
  ops->block->head_close (handle, head);
  ops->block->cache_close (handle, cache);
  ops->block->block_close (handle, block);
  return status;
}

/* recovers: pinned memory that is not to be had makes copies slower, too little memory makes pieces smaller. */
static const struct { const char *name; OpFunc run; gboolean recovers; } operations[] = {
  { "hessian", op_hessian }, { "factor", op_factor }, { "quantize", op_quantize }, { "loss", op_loss },
  { "sensitivity", op_sensitivity }, { "pyramid", op_pyramid }, { "decode", op_decode }, { "gemm", op_gemm },
  { "norm", op_norm }, { "attention", op_attention }, { "entropy", op_entropy }, { "input", op_input, TRUE }, { "kept", op_kept, TRUE },
  { "block", op_block, TRUE }, { "head", op_head, TRUE },
  { "continue", op_continue, TRUE },
};

static void
device_reopen (void)
{
  device.shim->failed = 0;
  cuda_device_close (&device);
  g_assert_true (cuda_device_open (&device));
}

static void
test_failing (gsize operation, int *counter, SpqrStatus expected)
{
  World *world = world_new ();
  int failures = 0;

  for (int n = 1;; n++)
    {
      SpqrStatus status;

      device_reopen ();
      *counter = n;
      status = operations[operation].run (world, device.ops, device.handle, NULL);
      if (*counter > 0)         /* it never came to the n-th */
        {
          *counter = 0;
          g_assert_cmpint (status, ==, SPQR_OK);
          break;
        }
      if (expected != SPQR_DEVICE_OUT_OF_MEMORY || !operations[operation].recovers || status != SPQR_OK)
        g_assert_cmpint (status, ==, expected);
      failures++;
      if (expected == SPQR_DEVICE_OUT_OF_MEMORY)        /* and the next time all is well */
        g_assert_cmpint (operations[operation].run (world, device.ops, device.handle, NULL), ==, SPQR_OK);
      else      /* sticky */
        g_assert_cmpint (operations[operation].run (world, device.ops, device.handle, NULL), ==, SPQR_DEVICE_FAILED);
    }
  g_assert_cmpint (failures, >, 0);
  g_test_message ("%s: %d places", operations[operation].name, failures);
  device_reopen ();
  world_free (world);
}

static void
test_allocations (gconstpointer data)
{
  test_failing (GPOINTER_TO_SIZE (data), &device.shim->fail_alloc_at, SPQR_DEVICE_OUT_OF_MEMORY);
}

static void
test_launches (gconstpointer data)
{
  test_failing (GPOINTER_TO_SIZE (data), &device.shim->fail_launch_at, SPQR_DEVICE_FAILED);
}

static void
test_copies (gconstpointer data)
{
  test_failing (GPOINTER_TO_SIZE (data), &device.shim->fail_copy_at, SPQR_DEVICE_FAILED);
}

static void
test_cancel (gconstpointer data)
{
  gsize operation = GPOINTER_TO_SIZE (data);
  World *world = world_new ();
  int polls;

  for (int n = 1;; n++)
    {
      StopAfter stop = { .stop_at = n };
      SpqrExec exec = { .should_stop = stop_after, .stop_data = &stop };
      SpqrStatus status = operations[operation].run (world, device.ops, device.handle, &exec);

      polls = stop.polls;
      if (polls < n)
        {
          g_assert_cmpint (status, ==, SPQR_OK);
          break;
        }
      g_assert_cmpint (status, ==, SPQR_CANCELLED);
    }
  g_test_message ("%s: %d polls", operations[operation].name, polls);
  g_assert_cmpint (polls, >, 0);
  world_free (world);
}

/* A thousand jobs of changing shapes: what stays allocated is bounded, and nothing in the end. */
static void
test_many_jobs (void)
{
  World *world = world_new ();
  gsize most = 0;

  device_reopen ();
  for (int job = 0; job < 1000; job++)
    {
      gsize rows = 1 + (gsize) job * 7 % M;

      if (job % 100 == 50)
        g_assert_cmpint (op_block (world, device.ops, device.handle, NULL), ==, SPQR_OK);
      else if (job % 100 == 75)
        g_assert_cmpint (op_head (world, device.ops, device.handle, NULL), ==, SPQR_OK);
      else if (job % 50 == 0)
        g_assert_cmpint (op_quantize (world, device.ops, device.handle, NULL), ==, SPQR_OK);
      else
        {
          g_autofree float *out = g_new (float, M * N);

          g_assert_cmpint (device.ops->layer_decode (device.handle, &world->layer, 0, rows, NULL, out), ==, SPQR_OK);
        }
      most = MAX (most, device.shim->allocations_now);
    }
  g_test_message ("at most %zu allocations, %zu bytes", most, device.shim->bytes_now);
  g_assert_cmpuint (most, <, 160);
  g_assert_cmpuint (device.shim->events_now, <=, 4);    /* of the pinned pieces, which stay */
  g_assert_cmpuint (device.shim->pinned_now, <=, 2);
  device_reopen ();
  world_free (world);
}

static void
test_reasons (void)
{
  const struct { int driver, devices, major; const char *words; } cases[] = {
    { 0, 1, 9, "no NVIDIA driver" },
    { 12040, 1, 9, "older than the CUDA toolkit" },
    { 13000, 0, 9, "sees no GPU" },
    { 13000, 1, 7, "is too old" },
  };
  SpqrCudaShim good = *device.shim;
  const char *reason = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      device.shim->driver_version = cases[i].driver;
      device.shim->n_devices = cases[i].devices;
      device.shim->device_major = cases[i].major;
      g_assert_cmpint (device.backend->score (&reason), ==, 0);
      g_assert_nonnull (strstr (reason, cases[i].words));
      g_assert_null (strchr (reason, '\n'));
    }
  device.shim->driver_version = good.driver_version;
  device.shim->n_devices = 3;
  device.shim->device_major = good.device_major;
  g_assert_cmpint (device.backend->score (&reason), >, 1);
  g_assert_null (reason);
  g_assert_cmpuint (device.backend->n_devices (), ==, 3);
  device.shim->n_devices = good.n_devices;
  g_assert_cmpint (device.backend->score (&reason), >, 1);
}

static void
take_note (gpointer data, const char *text)
{
  g_ptr_array_add (data, g_strdup (text));
}

/* Through the registry: short of memory the CPU does it, and says so; after a failure the device is
 * off, and the job goes on. The CPU's results, bit for bit. */
static void
test_registry (void)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = g_build_filename (g_getenv ("G_TEST_BUILDDIR"), "cuda", NULL);
  World *world = world_new ();
  SpqrBackendRun run = { .note = take_note, .note_data = notes };
  SpqrLayer layer;

  g_setenv ("SPQR_PLUGIN_DIR", folder, TRUE);
  run.device = spqr_backends_find ("cudashim:0");
  g_assert_nonnull (run.device);
  g_assert_true (spqr_backends_get_best () == run.device);
  g_assert_cmpint (spqr_backend_run_layer_quantize (&run, world->fixture->w, M, N, world->fixture->h, &world->factor,
                                                    &world->params, NULL, &layer), ==, SPQR_OK);
  g_assert_true (run.used == run.device && notes->len == 0);
  spqr_layer_clear (&layer);

  device.shim->memory = 1 << 20;        /* the estimate says no */
  g_assert_cmpint (spqr_backend_run_layer_quantize (&run, world->fixture->w, M, N, world->fixture->h, &world->factor,
                                                    &world->params, NULL, &layer), ==, SPQR_OK);
  g_assert_true (run.used == spqr_backends_get_cpu ());
  g_assert_cmpuint (notes->len, ==, 1);
  g_assert_nonnull (strstr (notes->pdata[0], "the CPU does it instead"));
  assert_layers_equal (&layer, &world->layer);
  spqr_layer_clear (&layer);
  device.shim->memory = 0;

  device.shim->fail_launch_at = 5;
  g_assert_cmpint (spqr_backend_run_layer_quantize (&run, world->fixture->w, M, N, world->fixture->h, &world->factor,
                                                    &world->params, NULL, &layer), ==, SPQR_OK);
  g_assert_false (spqr_device_is_usable (run.device));
  g_assert_true (spqr_backends_get_best () == spqr_backends_get_cpu ());
  g_assert_cmpuint (notes->len, ==, 2);
  assert_layers_equal (&layer, &world->layer);
  spqr_layer_clear (&layer);
  device.shim->failed = 0;
  world_free (world);
}

static void
add_tests (const char *kind, GTestDataFunc func)
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      g_autofree char *path = g_strdup_printf ("/cuda/%s/%s", kind, operations[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), func);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("SPQR_CUDA_TEST_PLUGIN");
  g_assert_true (cuda_device_open (&device));
  add_tests ("allocations", test_allocations);
  add_tests ("launches", test_launches);
  add_tests ("copies", test_copies);
  add_tests ("cancel", test_cancel);
  g_test_add_func ("/cuda/many-jobs", test_many_jobs);
  g_test_add_func ("/cuda/reasons", test_reasons);
  /* Last: what the registry opens stays open. */
  g_test_add_func ("/cuda/registry/fallback", test_registry);
  return g_test_run ();
}
