#include "pages/spqr-map-save.h"

#include "pages/spqr-map-figures.h"
#include "pages/spqr-save-table.h"

typedef struct { GPtrArray *tensors; double *values; } Table;

static void
free_table (gpointer data)
{
  Table *table = data;

  g_ptr_array_unref (table->tensors);
  g_free (table->values);
  g_free (table);
}

static SpqrCsv *
make_table (gpointer data, GCancellable *cancellable, GError **error)
{
  const Table *table = data;
  SpqrCsv *csv = spqr_csv_new ();
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);
  static const char *const first[] = { "layer", "block", "role", "rows", "cols" };

  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    spqr_csv_add_text (csv, first[i]);
  for (guint f = 0; f < n; f++)
    spqr_csv_add_text (csv, figures[f].key);
  spqr_csv_end_line (csv);
  for (guint i = 0; i < table->tensors->len; i++)
    {
      SpqrTensor *tensor = table->tensors->pdata[i];

      spqr_csv_add_text (csv, spqr_tensor_get_name (tensor));
      spqr_csv_add_integer (csv, spqr_tensor_get_block (tensor));
      spqr_csv_add_text (csv, spqr_role_name (spqr_tensor_get_role (tensor)));
      spqr_csv_add_integer (csv, (gint64) spqr_tensor_get_rows (tensor));
      spqr_csv_add_integer (csv, (gint64) spqr_tensor_get_cols (tensor));
      for (guint f = 0; f < n; f++)
        spqr_csv_add_number (csv, table->values[i * n + f]);
      spqr_csv_end_line (csv);
    }
  return csv;
}

void
spqr_map_save (GtkWidget *parent, SpqrSession *session, GPtrArray *tensors)
{
  Table *table = g_new (Table, 1);
  guint n;
  const SpqrMapFigure *figures = spqr_map_figures (&n);

  table->tensors = tensors;
  table->values = g_new (double, table->tensors->len * n + 1);
  for (guint i = 0; i < table->tensors->len; i++)
    for (guint f = 0; f < n; f++)
      table->values[i * n + f] = figures[f].get (session, table->tensors->pdata[i]);
  spqr_save_table (parent, session, "spqr-map.csv", make_table, table, free_table);
}
