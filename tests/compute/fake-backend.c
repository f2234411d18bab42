/* fake-backend.c: a device that does, or fails to do, what the test tells it to. */
#include "fake-backend.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef FAKE_API_VERSION
#define FAKE_API_VERSION SPQR_BACKEND_API_VERSION
#endif
#ifndef FAKE_SCORE
#define FAKE_SCORE 50
#endif

#define EXPORT __attribute__ ((visibility ("default")))

EXPORT const SpqrBackend *spqr_backend_plugin (void);
EXPORT extern FakeControl fake_control;

FakeControl fake_control = { .status = SPQR_OK, .supports = true };
static atomic_int inside;

/* For a program that is watched from outside: everything fails for lack of memory. */
static void __attribute__ ((constructor))
take_environment (void)
{
  if (getenv ("SPQR_FAKE_IS_FULL") != NULL)
    fake_control.status = SPQR_DEVICE_OUT_OF_MEMORY;
}

static SpqrStatus
fake_slot (void)
{
  int now = atomic_fetch_add (&inside, 1) + 1;

  fake_control.calls++;
  if (now > fake_control.most_at_once)
    fake_control.most_at_once = now;
  usleep (100);
  atomic_fetch_sub (&inside, 1);
  return fake_control.status;
}

static const char *
fake_name (void *device)
{
  return "Fake device";
}

static SpqrStatus
fake_memory (void *device, size_t *free_bytes, size_t *total_bytes)
{
  *free_bytes = FAKE_MEMORY;
  *total_bytes = 2 * FAKE_MEMORY;
  return fake_control.memory_status;
}

static bool
fake_supports (void *device, const SpqrOpDesc *desc)
{
  return fake_control.supports;
}

static size_t
fake_estimate (void *device, const SpqrOpDesc *desc)
{
  return fake_control.estimate;
}

static SpqrStatus
fake_hessian_add (void *device, SpqrHessian *hessian, const float *x, size_t ldx, size_t tokens,
                  size_t sequences, const SpqrExec *exec)
{
  SpqrStatus status = fake_slot ();

  if (status == SPQR_OK)
    hessian->h[0] = FAKE_VALUE;
  return status;
}

static SpqrStatus
fake_gemm_nt (void *device, const float *x, size_t ldx, size_t tokens, const void *w, SpqrElem elem,
              size_t m, size_t n, const float *bias, float *y, size_t ldy, const SpqrExec *exec)
{
  SpqrStatus status = fake_slot ();

  for (size_t t = 0; t < tokens && status == SPQR_OK; t++)
    for (size_t i = 0; i < m; i++)
      y[t * ldy + i] = FAKE_VALUE;
  return status;
}

static const SpqrDeviceOps fake_ops = {
  .name = fake_name,
  .memory = fake_memory,
  .supports = fake_supports,
  .estimate = fake_estimate,
  .hessian_add = fake_hessian_add,
  .gemm_nt = fake_gemm_nt,
};

static int
fake_score (const char **reason)
{
  *reason = FAKE_SCORE > 0 ? NULL : "there is no such device in this computer";
  return FAKE_SCORE;
}

static size_t
fake_n_devices (void)
{
  return 3;
}

static SpqrStatus
fake_open (size_t index, void **device)
{
  *device = &fake_control;
  return index < 2 ? SPQR_OK : SPQR_DEVICE_FAILED;
}

static void
fake_close (void *device)
{
}

const SpqrBackend *
spqr_backend_plugin (void)
{
  static const SpqrBackend backend = {
    .api_version = FAKE_API_VERSION,
    .struct_size = sizeof (SpqrBackend),
    .ops_size = sizeof (SpqrDeviceOps),
    .name = "fake",
    .score = fake_score,
    .n_devices = fake_n_devices,
    .open = fake_open,
    .close = fake_close,
    .ops = &fake_ops,
  };

  return &backend;
}
