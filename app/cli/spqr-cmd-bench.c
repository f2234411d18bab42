/* spqr bench: how fast this machine does it, against yardsticks measured in the same run. */
#include <glib/gi18n.h>
#include <stdio.h>

#include "bench/spqr-bench-device.h"
#include "bench/spqr-bench.h"
#include "cli/spqr-cli.h"

static const struct { const char *name; gboolean (*run) (SpqrBench *bench, GError **error); } suites[] = {
  { "gemm", spqr_bench_gemm },       { "factor", spqr_bench_factor },   { "hessian", spqr_bench_hessian },
  { "loo", spqr_bench_loo },         { "columns", spqr_bench_columns }, { "layer", spqr_bench_layer },
  { "preview", spqr_bench_preview }, { "forward", spqr_bench_forward }, { "stats", spqr_bench_stats },
  { "pyramid", spqr_bench_pyramid }, { "open", spqr_bench_open },       { "gguf", spqr_bench_gguf },
};

/* Of a device alone: a whole model of 7 B parameters, from two of its blocks. */
#define DEVICE_SUITE "model"

static gboolean
is_known (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (suites); i++)
    if (g_str_equal (suites[i].name, name))
      return TRUE;
  return g_str_equal (name, "all") || g_str_equal (name, DEVICE_SUITE);
}

static gboolean
run_suites (SpqrBench *bench, char **names, int n_names, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (suites); i++)
    for (int k = 0; k < n_names; k++)
      if (g_str_equal (names[k], suites[i].name) || g_str_equal (names[k], "all"))
        {
          if (!suites[i].run (bench, error))
            return FALSE;
          break;
        }
  return TRUE;
}

static gboolean
run (SpqrCli *cli, int argc, char **argv, GError **error)
{
  int repeat = 5;
  gboolean quick = FALSE;
  const GOptionEntry entries[] = {
    { "repeat", 0, 0, G_OPTION_ARG_INT, &repeat, N_("Repetitions of which the median counts (default 5)"), "N" },
    { "quick", 0, 0, G_OPTION_ARG_NONE, &quick, N_("Small shapes: whether it works, not how fast"), NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (SpqrBench) bench = NULL;

  if (!spqr_cli_parse (cli, &spqr_command_bench, entries, NULL, &argc, &argv, 1, G_N_ELEMENTS (suites), error))
    return FALSE;
  for (int i = 1; i < argc; i++)
    if (!is_known (argv[i]))
      {
        g_set_error (error, SPQR_USAGE_ERROR, 0, "there is no suite “%s”; there are gemm, factor, hessian, loo, columns, layer, "
                     "preview, forward, stats, pyramid, open, gguf, model and all", argv[i]);
        return FALSE;
      }
  if (repeat < 1 || repeat > 64)
    {
      g_set_error (error, SPQR_USAGE_ERROR, 0, "--repeat must be 1 … 64, not %d", repeat);
      return FALSE;
    }
  /* A device that was asked for by name measures itself. */
  if ((cli->backend != NULL && !g_str_equal (cli->backend, "auto")) || cli->device != NULL)
    {
      SpqrDevice *device = spqr_cli_get_device (cli, error);

      if (device == NULL)
        return FALSE;
      if (!spqr_device_is_cpu (device))
        return spqr_bench_device (cli, device, argv + 1, argc - 1, (guint) repeat, quick, error);
    }
  for (int i = 1; i < argc; i++)
    if (g_str_equal (argv[i], DEVICE_SUITE))
      {
        g_set_error (error, SPQR_USAGE_ERROR, 0, "the suite model is a GPU's; name one with --backend cuda");
        return FALSE;
      }
  bench = spqr_bench_new (cli, (guint) repeat, quick);
  if (!run_suites (bench, argv + 1, argc - 1, error))
    return FALSE;
  spqr_cli_end_progress (cli);
  if (cli->json)
    spqr_bench_print_json (bench);
  else
    spqr_bench_print_table (bench);
  return TRUE;
}

const SpqrCommand spqr_command_bench = { "bench", "SUITE…", N_("speed against yardsticks of the same run"), run };
