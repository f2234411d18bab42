#include "bench/spqr-bench-device.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>

#include "compute/spqr-cancel.h"
#include "compute/spqr-device-block.h"
#include "quant/spqr-quant-error.h"

typedef struct {
  char *suite, *name, *shape;
  SpqrBenchLine line;
} Row;

static void
row_free (gpointer data)
{
  Row *row = data;

  g_free (row->suite);
  g_free (row->name);
  g_free (row->shape);
  g_free (row);
}

static void
take_line (const SpqrBenchLine *line, void *data)
{
  Row *row = g_new0 (Row, 1);

  row->suite = g_strdup (line->suite);
  row->name = g_strdup (line->name);
  row->shape = g_strdup (line->shape);
  row->line = *line;
  g_ptr_array_add (data, row);
}

static void
print_share (double share)
{
  if (isfinite (share))
    printf (" %8.1f%%", 100 * share);
  else
    printf (" %9s", "");
}

static const char *
verdict (const SpqrBenchLine *line)
{
  double value = line->target_is_share ? line->half_share : line->target_is_seconds ? line->seconds : line->products;

  if (line->target == 0)
    return "";
  return (line->target_is_share ? value >= line->target : value <= line->target) ? _("reached") : _("missed");
}

static void
print_table (GPtrArray *rows)
{
  printf ("%-36s %-20s %7s %10s %9s %9s %9s %9s %9s\n", _("what"), _("shape"), _("calls"), _("ms"), _("products"), _("of copy"),
          _("of f32"), _("of f16"), _("target"));
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];
      g_autofree char *name = g_strdup_printf ("%s%s", row->line.kernel && !g_str_equal (row->suite, "yardstick") ? "    " : "", row->name);

      printf ("%-36s %-20s %7zu %10.3f %9.3f", name, row->line.kernel ? "" : row->shape, row->line.calls, row->line.seconds * 1e3,
              row->line.products);
      print_share (row->line.copy_share);
      print_share (row->line.product_share);
      print_share (row->line.half_share);
      if (row->line.target != 0)
        printf (" %g%s %s", row->line.target, row->line.target_is_seconds ? " s" : "", verdict (&row->line));
      putchar ('\n');
    }
}

static void
print_json (SpqrDevice *device, GPtrArray *rows)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  spqr_json_text (builder, "device", spqr_device_get_id (device));
  spqr_json_text (builder, "name", spqr_device_get_name (device));
  json_builder_set_member_name (builder, "rows");
  json_builder_begin_array (builder);
  for (guint i = 0; i < rows->len; i++)
    {
      const Row *row = rows->pdata[i];

      json_builder_begin_object (builder);
      spqr_json_text (builder, "suite", row->suite);
      spqr_json_text (builder, "name", row->name);
      spqr_json_text (builder, "shape", row->shape);
      spqr_json_flag (builder, "kernel", row->line.kernel);
      spqr_json_integer (builder, "calls", (gint64) row->line.calls);
      spqr_json_number (builder, "seconds", row->line.seconds);
      spqr_json_number (builder, "bytes", row->line.bytes);
      spqr_json_number (builder, "flops", row->line.flops);
      spqr_json_number (builder, "products", row->line.products);
      spqr_json_number (builder, "share_of_copy", row->line.copy_share);
      spqr_json_number (builder, "share_of_f32", row->line.product_share);
      spqr_json_number (builder, "share_of_f16", row->line.half_share);
      if (row->line.target != 0)
        spqr_json_number (builder, "target", row->line.target);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  spqr_json_print (builder);
}

gboolean
spqr_bench_device (SpqrCli *cli, SpqrDevice *device, char **suites, int n_suites, guint repeat, gboolean quick, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  SpqrExec exec = spqr_exec_for_cancellable (cli->cancellable);

  for (int i = 0; i < n_suites; i++)
    {
      SpqrStatus status;

      spqr_cli_progress ((double) i / n_suites, suites[i], cli);
      status = spqr_device_bench (device, suites[i], quick, repeat, &exec, take_line, rows);
      if (status == SPQR_UNSUPPORTED)
        {
          g_autofree char *text = g_strdup_printf (_("%s: there is nothing of it to measure on %s"), suites[i], spqr_device_get_name (device));

          spqr_cli_note (cli, text);
        }
      else if (status != SPQR_OK)
        return spqr_quant_set_status (error, status, suites[i]);
    }
  spqr_cli_end_progress (cli);
  if (cli->json)
    print_json (device, rows);
  else
    {
      printf ("%s (%s)\n", spqr_device_get_name (device), spqr_device_get_id (device));
      print_table (rows);
    }
  return TRUE;
}
