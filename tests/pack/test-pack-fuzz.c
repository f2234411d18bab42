/* A bounded fuzz of stored layers, with fixed seeds: whatever is in a file, reading it ends with a
 * layer that can be decoded or with an error. Half of the changed files get a checksum that fits. */
#include "../model/mutate.h"
#include "stored-file.h"

#define ROUNDS 1500

/* A layer that was accepted must be whole: decoding it touches every array. */
static gboolean
try_file (const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree float *out = NULL;
  SpqrLayer layer;

  if (!spqr_pack_read (path, &name, &layer, &error))
    {
      g_assert_nonnull (error);
      g_assert_cmpuint (error->domain, ==, SPQR_PACK_ERROR);
      return FALSE;
    }
  g_assert_no_error (error);
  out = g_new (float, layer.rows * layer.cols);
  spqr_layer_decode (&layer, 0, layer.rows, out);
  spqr_layer_clear (&layer);
  return TRUE;
}

static void
test_bytes (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (101);
  g_autofree char *text = NULL;
  gsize len = 0;
  guint accepted = 0;

  write_sample (path);
  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr(GString) changed = g_string_new_len (text, (gssize) len);

      mutate (rand, changed);
      fixture_overwrite (path, changed->str, changed->len);
      accepted += try_file (path);
    }
  g_test_message ("%u of %u accepted", accepted, ROUNDS);
  g_assert_cmpuint (accepted, <, ROUNDS / 10);
  fixture_remove (folder);
}

static void
test_behind_the_checksum (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (102);
  g_autofree char *text = NULL;
  gsize len = 0;
  guint accepted = 0;

  write_sample (path);
  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  for (guint i = 0; i < ROUNDS; i++)
    {
      Taken taken;

      fixture_overwrite (path, text, len);
      taken = take_apart (path);
      if (i % 2 == 0)
        {
          g_autoptr(GString) params = g_string_new (json_object_get_string_member (taken.metadata, "params"));
          const char *bad = NULL;

          mutate (rand, params);
          if (g_utf8_validate_len (params->str, params->len, &bad))
            json_object_set_string_member (taken.metadata, "params", params->str);
        }
      else
        for (int k = g_rand_int_range (rand, 1, 4); k > 0; k--)
          taken.data->data[g_rand_int_range (rand, 0, (gint32) taken.data->len)] = (guint8) g_rand_int (rand);
      put_together (&taken, path, TRUE);
      accepted += try_file (path);
    }
  g_test_message ("%u of %u accepted", accepted, ROUNDS);
  g_assert_cmpuint (accepted, >, ROUNDS / 20);      /* the checksum is right: some changes are harmless */
  fixture_remove (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pack/fuzz/bytes", test_bytes);
  g_test_add_func ("/pack/fuzz/behind-the-checksum", test_behind_the_checksum);
  return g_test_run ();
}
