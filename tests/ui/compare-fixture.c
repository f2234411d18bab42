#include "compare-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static void
write_model (CompareFixture *f)
{
  g_autofree char *header = g_strdup_printf ("{\"" COMPARE_TENSOR "\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%zu]}}  ",
                                             COMPARE_ROWS, COMPARE_COLS, sizeof f->w);
  guint64 size = GUINT64_TO_LE (strlen (header) & ~(gsize) 1);
  g_autoptr (GString) file = g_string_new_len ((const char *) &size, sizeof size);
  g_autoptr (GError) error = NULL;
  g_autoptr (SpqrModel) model = NULL;

  g_string_append_len (file, header, (gssize) GUINT64_FROM_LE (size));
  g_string_append_len (file, (const char *) f->w, sizeof f->w);
  f->model = g_build_filename (f->folder, "model.safetensors", NULL);
  g_assert_true (g_file_set_contents (f->model, file->str, (gssize) file->len, NULL));
  model = spqr_model_open (f->model, &error);
  g_assert_no_error (error);
  f->fingerprint = g_strdup (spqr_model_get_fingerprint (model));
}

static void
write_layer (CompareFixture *f, guint i, int bits)
{
  g_autofree float *h = g_new0 (float, COMPARE_COLS * COMPARE_COLS);
  SpqrParams params = spqr_params_default;
  SpqrFactor factor = { 0 };
  g_autoptr (GError) error = NULL;

  params.wbits = bits;
  for (guint j = 0; j < COMPARE_COLS; j++)
    h[j * COMPARE_COLS + j] = 1 + (float) (j % 7);
  g_assert_cmpint (spqr_factor_compute (h, f->w, COMPARE_ROWS, COMPARE_COLS, &params, NULL, NULL, &factor), ==, SPQR_OK);
  g_assert_cmpint (spqr_layer_quantize (f->w, COMPARE_ROWS, COMPARE_COLS, h, &factor, &params, NULL, NULL, &f->layers[i]), ==, SPQR_OK);
  spqr_factor_clear (&factor);
  g_assert_true (spqr_pack_write (f->paths[i], COMPARE_TENSOR, &f->layers[i], &error));
  g_assert_no_error (error);
}

void
compare_fixture_set_up (CompareFixture *f, gconstpointer user_data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  f->folder = g_dir_make_tmp ("spqr-compare-XXXXXX", NULL);
  for (guint i = 0; i < 3; i++)
    f->paths[i] = g_strdup_printf ("%s/layer-%u.safetensors", f->folder, i);
  for (guint i = 0; i < COMPARE_ROWS * COMPARE_COLS; i++)
    f->w[i] = (float) g_rand_double_range (rand, -0.1, 0.1);
  f->w[17 * COMPARE_COLS + 5] = 2;   /* an outlier if ever there was one */
  write_model (f);
  write_layer (f, 0, 4);
  write_layer (f, 1, 2);
}

void
compare_fixture_tear_down (CompareFixture *f, gconstpointer user_data)
{
  for (guint i = 0; i < 2; i++)
    spqr_layer_clear (&f->layers[i]);
  for (guint i = 0; i < 3; i++)
    {
      g_unlink (f->paths[i]);
      g_free (f->paths[i]);
    }
  g_unlink (f->model);
  g_rmdir (f->folder);
  g_free (f->model);
  g_free (f->folder);
  g_free (f->fingerprint);
}
