/* PyTorch checkpoints as torch itself wrote them (make-torch.py), whole and spoilt. tests/cli/torch_files.py has the models. */
#include "fixtures.h"
#include "model/spqr-model.h"
#include "mutate.h"

#define ROUNDS 2500

static const char *const layouts[] = { "weights.pth", "weights-old.pth" };

static char *
golden (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "model", "golden", name, NULL);
}

/* Rows by rows0 … and all at once, and as bytes in their order. */
static void
check_values (SpqrModel *model, const char *name, gsize rows, gsize cols, gboolean plain)
{
  SpqrTensor *tensor = spqr_model_lookup (model, name);
  g_autofree float *all = NULL, *some = g_new (float, rows * cols);

  g_assert_nonnull (tensor);
  g_assert_cmpuint (spqr_tensor_get_rows (tensor), ==, rows);
  g_assert_cmpuint (spqr_tensor_get_cols (tensor), ==, cols);
  g_assert_cmpint (spqr_tensor_is_plain (tensor), ==, plain);
  all = spqr_tensor_read (tensor, NULL);
  g_assert_nonnull (all);
  for (gsize i = 0; i < rows; i++)
    for (gsize j = 0; j < cols; j++)
      g_assert_cmpfloat (all[i * cols + j], ==, rows == 1 ? (float) j : (float) i + (float) j / 16);
  for (gsize first = 0; first < rows; first++)
    {
      g_assert_true (spqr_tensor_read_rows (tensor, first, rows - first, some, NULL));
      g_assert_cmpmem (some, (rows - first) * cols * sizeof *some, all + first * cols, (rows - first) * cols * sizeof *all);
    }
  if (spqr_tensor_get_dtype (tensor) == SPQR_DTYPE_F32)
    g_assert_cmpmem (spqr_tensor_peek (tensor), spqr_tensor_get_n_bytes (tensor), all, rows * cols * sizeof *all);
}

static void
test_golden (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      g_autofree char *path = golden (layouts[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrModel) model = spqr_model_open (path, &error);

      g_assert_no_error (error);
      check_values (model, "dense", 4, 6, TRUE);
      check_values (model, "turned", 5, 40, FALSE);
      check_values (model, "part", 5, 7, FALSE);
      check_values (model, "cube", 6, 20, FALSE);
      check_values (model, "vector", 1, 8, FALSE);
      g_assert_false (spqr_tensor_is_numeric (spqr_model_lookup (model, "ids")));
    }
}

/* Whatever was accepted can be read to its end. */
static void
touch (SpqrModel *model)
{
  for (guint t = 0; t < spqr_model_get_n_tensors (model); t++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (model, t);
      const guint8 *bytes = spqr_tensor_peek (tensor);
      guint sum = 0;

      g_free (spqr_tensor_read (tensor, NULL));
      for (gsize k = 0; k < spqr_tensor_get_n_bytes (tensor); k++)
        sum += bytes[k];
      g_assert_cmpuint (sum, <=, 255 * spqr_tensor_get_n_bytes (tensor));
    }
}

/* Single bytes change lengths, places, shapes and strides; mutate() also cuts, doubles and shifts. */
static void
test_fuzz (gconstpointer layout)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "a.pth", NULL);
  g_autofree char *source = golden (layout);
  g_autofree char *text = NULL;
  g_autoptr(GRand) rand = g_rand_new_with_seed (401);
  gsize len = 0;
  guint accepted = 0;

  g_assert_true (g_file_get_contents (source, &text, &len, NULL));
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr(GString) changed = g_string_new_len (text, (gssize) len);
      g_autoptr(GError) error = NULL;
      g_autoptr(SpqrModel) model = NULL;

      if (i % 4 == 0)
        mutate (rand, changed);
      for (int k = g_rand_int_range (rand, 1, 4); k > 0 && i % 4 != 0; k--)
        changed->str[g_rand_int_range (rand, 0, (gint32) (i % 4 == 1 ? len : MIN (len, 1100)))] = (char) g_rand_int (rand);
      fixture_overwrite (path, changed->str, changed->len);
      model = spqr_model_open (path, &error);
      g_assert_true ((model == NULL) == (error != NULL));
      accepted += model != NULL;
      if (model != NULL)
        touch (model);
    }
  g_test_message ("%u of %u accepted", accepted, ROUNDS);
  g_assert_cmpuint (accepted, >, 50);
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/torch/golden", test_golden);
  g_test_add_data_func ("/model/torch/fuzz", layouts[0], test_fuzz);
  g_test_add_data_func ("/model/torch/fuzz-old-layout", layouts[1], test_fuzz);
  return g_test_run ();
}
