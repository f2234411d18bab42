/* spqr-cuda-check.c: the plugin against core/num on a server that has nothing but a GPU and nvcc.
 *
 *     spqr-cuda-check PLUGIN.so [--bench | --quick-bench]
 *
 * Exit status: 0 all right, 1 something differs, 77 no usable GPU (and why). --bench times whole
 * operations, copies over the bus included, and each kernel by itself, against a copy and cuBLAS's
 * products of the same run; --quick-bench does so on small shapes, to see whether it works. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/spqr-backend.h"

static const SpqrDeviceOps *ops;
static void *device;
static int failures;
static uint64_t seed = 1;

static double
random_number (void)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (double) (seed >> 11) * 0x1p-53;
}

static float
random_normal (void)
{
  double sum = -6;

  for (int i = 0; i < 12; i++)
    sum += random_number ();
  return (float) sum;
}

static void *
must_alloc (size_t count, size_t size)
{
  void *memory = calloc (count != 0 ? count : 1, size);

  if (memory == NULL)
    {
      fputs ("out of memory\n", stderr);
      _Exit (1);
    }
  return memory;
}

static void
report (const char *what, bool good, double figure)
{
  printf ("%-7s %-44s %.3g\n", good ? "ok" : "DIFFERS", what, figure);
  failures += !good;
}

#define COMMON 6

/* W (m, n) with some large weights; H (n, n) of inputs that share a few strong directions. */
static void
make_layer (size_t m, size_t n, float *w, float *h)
{
  float *common = must_alloc (COMMON * n, sizeof *common);

  for (size_t i = 0; i < m * n; i++)
    w[i] = random_normal () * (random_number () < 0.01 ? 0.16f : 0.02f);
  for (size_t i = 0; i < COMMON * n; i++)
    common[i] = random_normal ();
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++)
      {
        float sum = i == j ? (float) (1 + random_number () * (i % 11 == 3 ? 40 : 4)) : 0.0f;

        for (size_t c = 0; c < COMMON; c++)
          sum += common[c * n + i] * common[c * n + j];
        h[i * n + j] = h[j * n + i] = sum;
      }
  free (common);
}

static double
worst_relative (const float *a, const float *b, size_t n)
{
  double worst = 0, largest = 0;

  for (size_t i = 0; i < n; i++)
    {
      largest = fmax (largest, fabs (b[i]));
      worst = fmax (worst, fabs ((double) a[i] - b[i]));
    }
  return largest > 0 ? worst / largest : worst;
}

/* ---- parity ---- */

static void
check_layer (const char *name, size_t m, size_t n, SpqrParams params)
{
  float *w = must_alloc (m * n, sizeof *w), *h = must_alloc (n * n, sizeof *h);
  float *ours_decoded = must_alloc (m * n, sizeof *w), *decoded = must_alloc (m * n, sizeof *w);
  SpqrFactor ours_factor, factor;
  SpqrLayer ours, cpu;
  size_t same = 0;
  char what[128];

  make_layer (m, n, w, h);
  if (spqr_factor_compute (h, w, m, n, &params, NULL, NULL, &factor) != SPQR_OK ||
      ops->factor_compute (device, h, w, m, n, &params, NULL, NULL, &ours_factor) != SPQR_OK)
    {
      report (name, false, NAN);
      return;
    }
  snprintf (what, sizeof what, "%s: factor", name);
  report (what, worst_relative (ours_factor.u, factor.u, n * n) < 5e-5, worst_relative (ours_factor.u, factor.u, n * n));
  if (spqr_layer_quantize (w, m, n, h, &factor, &params, NULL, NULL, &cpu) != SPQR_OK ||
      ops->layer_quantize (device, w, m, n, h, &factor, &params, NULL, NULL, &ours) != SPQR_OK)
    {
      report (name, false, NAN);
      return;
    }
  for (size_t i = 0; i < m * n; i++)
    same += ours.codes[i] == cpu.codes[i];
  snprintf (what, sizeof what, "%s: share of other codes", name);
  report (what, n <= 128 ? same == m * n : (double) same >= 0.999 * (double) (m * n), 1 - (double) same / (double) (m * n));
  snprintf (what, sizeof what, "%s: loss", name);
  report (what, fabs (ours.proxy_loss / cpu.proxy_loss - 1) < 1e-3, ours.proxy_loss / cpu.proxy_loss - 1);
  spqr_layer_decode (&ours, 0, m, decoded);
  snprintf (what, sizeof what, "%s: decoded", name);
  if (ops->layer_decode (device, &ours, 0, m, NULL, ours_decoded) != SPQR_OK)
    report (what, false, NAN);
  else
    report (what, memcmp (ours_decoded, decoded, m * n * sizeof *w) == 0, 0);
  spqr_layer_clear (&ours);
  spqr_layer_clear (&cpu);
  spqr_factor_clear (&factor);
  spqr_factor_clear (&ours_factor);
  free (w);
  free (h);
  free (decoded);
  free (ours_decoded);
}

static void
check_hessian (size_t n, size_t tokens)
{
  float *x = must_alloc (tokens * n, sizeof *x);
  SpqrHessian ours, cpu;

  for (size_t i = 0; i < tokens * n; i++)
    x[i] = random_normal ();
  if (spqr_hessian_init (&ours, n) != SPQR_OK || spqr_hessian_init (&cpu, n) != SPQR_OK)
    _Exit (1);
  for (int call = 0; call < 2; call++)
    if (spqr_hessian_add (&cpu, x, n, tokens, 1, NULL) != SPQR_OK || ops->hessian_add (device, &ours, x, n, tokens, 1, NULL) != SPQR_OK)
      report ("Hessian", false, NAN);
  spqr_hessian_finish (&ours);
  spqr_hessian_finish (&cpu);
  report ("Hessian", worst_relative (ours.h, cpu.h, n * n) < 2e-5, worst_relative (ours.h, cpu.h, n * n));
  spqr_hessian_clear (&ours);
  spqr_hessian_clear (&cpu);
  free (x);
}

static void
check_fields (size_t m, size_t n)
{
  float *w = must_alloc (m * n, sizeof *w), *ours = must_alloc (m * n, sizeof *w), *cpu = must_alloc (m * n, sizeof *w);
  SpqrPyramid a, b;

  for (size_t i = 0; i < m * n; i++)
    w[i] = random_normal ();
  if (spqr_field_sensitivity (w, m, n, NULL, &spqr_params_default, NULL, cpu) != SPQR_OK ||
      ops->field_sensitivity (device, w, m, n, NULL, &spqr_params_default, NULL, ours) != SPQR_OK)
    report ("sensitivity", false, NAN);
  else
    report ("sensitivity", memcmp (ours, cpu, m * n * sizeof *w) == 0, worst_relative (ours, cpu, m * n));
  if (spqr_pyramid_build (w, m, n, NULL, &a) != SPQR_OK || ops->pyramid_build (device, w, m, n, NULL, &b) != SPQR_OK)
    report ("pyramid", false, NAN);
  else
    report ("pyramid", memcmp (a.levels[1].data, b.levels[1].data, a.levels[1].rows * a.levels[1].cols * sizeof (float)) == 0, 0);
  spqr_pyramid_clear (&a);
  spqr_pyramid_clear (&b);
  free (w);
  free (ours);
  free (cpu);
}

static void
check_all (void)
{
  SpqrParams params = spqr_params_default;

  params.percdamp = 0.01;       /* little damping: errors wander far */
  check_hessian (300, 500);
  check_fields (133, 517);
  check_layer ("default", 96, 128, params);
  check_layer ("wide", 256, 1024, params);
  params.qq_groupsize = 64;
  check_layer ("long runs", 200, 300, params);
  params.qq_groupsize = 16;
  params.groupsize = 48;
  params.compat_reference = true;
  check_layer ("compat, ragged", 77, 333, params);
  params.perchannel = false;
  check_layer ("compat, shared range", 77, 333, params);
}

/* ---- timing ---- */

static void
print_share (double share)
{
  if (isfinite (share))
    printf (" %8.1f%%", 100 * share);
  else
    printf (" %9s", "");
}

static void
print_line (const SpqrBenchLine *line, void *data)
{
  printf ("%s%-*s %-20s %7zu %10.3f %9.3f", line->kernel ? "    " : "", line->kernel ? 30 : 34, line->name, line->kernel ? "" : line->shape,
          line->calls, line->seconds * 1e3, line->products);
  print_share (line->copy_share);
  print_share (line->product_share);
  print_share (line->half_share);
  if (line->target != 0)
    printf (line->target_is_share ? "  target >= %g of f16" : line->target_is_seconds ? "  target <= %g s" : "  target <= %g products", line->target);
  putchar ('\n');
}

/* What `spqr bench --backend cuda` prints, without spqr. */
static void
bench (int quick)
{
  SpqrStatus status;

  printf ("%-34s %-20s %7s %10s %9s %9s %9s %9s\n", "what", "shape", "calls", "ms", "products", "of copy", "of f32", "of f16");
  status = ops->bench (device, NULL, quick, 5, NULL, print_line, NULL);
  if (status != SPQR_OK)
    report ("bench", false, (double) status);
}

int
main (int argc, char *argv[])
{
  void *module = argc > 1 ? dlopen (argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  const char *reason = NULL;
  SpqrBackendPluginFunc plugin;
  const SpqrBackend *backend;
  size_t free_before = 0, free_after = 0, total = 0;

  if (module == NULL)
    {
      fprintf (stderr, "%s\n", argc > 1 ? dlerror () : "usage: spqr-cuda-check PLUGIN.so [--bench | --quick-bench]");
      return 1;
    }
  *(void **) &plugin = dlsym (module, SPQR_BACKEND_PLUGIN_SYMBOL);
  backend = plugin != NULL ? plugin () : NULL;
  if (backend == NULL || backend->api_version != SPQR_BACKEND_API_VERSION)
    {
      fputs ("not a plugin of this version\n", stderr);
      return 1;
    }
  if (backend->score (&reason) <= 0)
    {
      printf ("%s cannot be used: %s\n", backend->name, reason);
      return 77;
    }
  if (backend->open (0, &device) != SPQR_OK)
    {
      puts ("the device could not be opened");
      return 1;
    }
  ops = backend->ops;
  ops->memory (device, &free_before, &total);
  printf ("%s, %zu of %zu MiB free\n", ops->name (device), free_before >> 20, total >> 20);
  check_all ();
  if (argc > 2 && (strcmp (argv[2], "--bench") == 0 || strcmp (argv[2], "--quick-bench") == 0))
    bench (strcmp (argv[2], "--quick-bench") == 0);
  ops->memory (device, &free_after, &total);
  printf ("%zd MiB less than before\n", ((ssize_t) free_before - (ssize_t) free_after) >> 20);
  backend->close (device);
  printf (failures == 0 ? "all right\n" : "%d differ\n", failures);
  return failures != 0;
}
