/* Stored layers that are damaged, hostile or foreign are refused, and a full disk or a crash leaves
 * no half of one behind. */
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "stored-file.h"

static void
assert_write_refused (SpqrLayer *layer, const char *words)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (spqr_pack_write (path, NAME, layer, &error));
  g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_UNSUPPORTED);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
  g_assert_cmpuint (fixture_count_files (folder), ==, 0);
  fixture_remove (folder);
}

static void
test_inconsistent (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (2);
  SpqrParams params = spqr_params_default;

  for (int i = 0; i < 5; i++)
    {
      SpqrLayer layer = random_layer (rand, 20, 40, &params);

      if (i == 0)
        layer.codes[3] = 8, assert_write_refused (&layer, "more bits");
      else if (i == 1)
        layer.scale[7] += 1, assert_write_refused (&layer, "f16");
      else if (i == 2)
        layer.scale[7] = layer.scale[7] == 1 ? 2 : 1, assert_write_refused (&layer, "do not decode");
      else if (i == 3)
        layer.groups++, assert_write_refused (&layer, "shape");
      else
        layer.params.qq_zero_bits = 0, assert_write_refused (&layer, "statistics do not fit");
      spqr_layer_clear (&layer);
    }
}

static void
assert_read_refused (const char *path, SpqrPackError code, const char *words)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;
  static const SpqrLayer empty;
  SpqrLayer layer;

  g_assert_false (spqr_pack_read (path, &name, &layer, &error));
  if (strstr (error->message, words) == NULL || strstr (error->message, path) == NULL)
    g_error ("“%s” does not say “%s” and the file", error->message, words);
  g_assert_error (error, SPQR_PACK_ERROR, (int) code);
  g_assert_null (name);
  g_assert_null (layer.codes);
  g_assert_cmpuint (layer.rows, ==, empty.rows);
}

/* Sane as far as the checksum goes, hostile behind it. */
static void
test_hostile_data (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  static const struct { const char *part; gsize at; guint8 value; const char *words; } rows[] = {
    { "codes", 111, 0xff, "codes after its end" },              /* 297 codes: 891 bits, 112 bytes */
    { "outlier_offsets", 0, 1, "span" },
    { "outlier_offsets", 36, 255, "span" },
    { "outlier_offsets", 16, 255, "out of order" },
    { "outlier_columns", 0, 33, "out of order" },
    { "outlier_columns", 2, 0, "out of order" },
    { "permutation", 0, 33, "permutation" },
    { "permutation", 1, 1, "permutation" },
    { "constant_rows", 0, 9, "constant" },
    { "constant_rows", 4, 0, NULL },
    { "constant_groups", 0, 5, "constant" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Taken taken;
      gsize n = 0;

      write_sample (path);
      taken = take_apart (path);
      part_bytes (&taken, rows[i].part, &n)[rows[i].at] = rows[i].value;
      g_assert_cmpuint (rows[i].at, <, n);
      put_together (&taken, path, FALSE);
      assert_read_refused (path, SPQR_PACK_ERROR_CHECKSUM, "checksum");

      taken = take_apart (path);
      put_together (&taken, path, TRUE);
      if (rows[i].words != NULL)
        assert_read_refused (path, SPQR_PACK_ERROR_MALFORMED, rows[i].words);
    }
  fixture_remove (folder);
}

/* Parameters that lie about the tensors, each with a checksum that fits. */
static void
test_hostile_params (void)
{
  static const struct { const char *from, *to; SpqrPackError code; const char *words; } rows[] = {
    { "\"wbits\":3", "\"wbits\":4", SPQR_PACK_ERROR_MALFORMED, "“codes”" },
    { "\"wbits\":3", "\"wbits\":0", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"wbits\":3", "\"wbits\":9", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"wbits\":3", "\"wbits\":\"3\"", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"wbits\":3", "\"wbits\":3,\"wbits\":3", SPQR_PACK_ERROR_MALFORMED, "twice" },
    { "\"wbits\":3,", "", SPQR_PACK_ERROR_MALFORMED, "wbits" },
    { "\"rows\":9", "\"rows\":10", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"rows\":9", "\"rows\":0", SPQR_PACK_ERROR_MALFORMED, "rows" },
    { "\"rows\":9", "\"rows\":-9", SPQR_PACK_ERROR_MALFORMED, "rows" },
    { "\"rows\":9,\"cols\":33", "\"rows\":2147483647,\"cols\":2147483647", SPQR_PACK_ERROR_MALFORMED, "absurd" },
    { "\"cols\":33", "\"cols\":32", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"groupsize\":7", "\"groupsize\":-1", SPQR_PACK_ERROR_MALFORMED, "groupsize" },
    { "\"groupsize\":7", "\"groupsize\":8", SPQR_PACK_ERROR_MALFORMED, NULL },
    { "\"groupsize\":7", "\"groupsize\":16", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"qq_groupsize\":4", "\"qq_groupsize\":0", SPQR_PACK_ERROR_MALFORMED, "qq_groupsize" },
    { "\"qq_groupsize\":4", "\"qq_groupsize\":9", SPQR_PACK_ERROR_MALFORMED, "scale_" },
    { "\"qq_scale_bits\":3", "\"qq_scale_bits\":0", SPQR_PACK_ERROR_MALFORMED, "scales" },
    { "\"method\":\"spqr\"", "\"method\":\"magic\"", SPQR_PACK_ERROR_MALFORMED, "method" },
    { "\"perchannel\":true", "\"perchannel\":1", SPQR_PACK_ERROR_MALFORMED, "perchannel" },
    { "\"compat_reference\":false", "\"compat_reference\":true", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"shared_statistics\":false", "\"shared_statistics\":true", SPQR_PACK_ERROR_MALFORMED, "tensor" },
    { "\"fixed_zero\":false", "\"fixed_zero\":true", SPQR_PACK_ERROR_MALFORMED, "belong" },
    { "\"identity\":false", "\"identity\":true", SPQR_PACK_ERROR_MALFORMED, "belong" },
    { "\"constants\":5", "\"constants\":4", SPQR_PACK_ERROR_MALFORMED, "constant" },
    { "\"constants\":5", "\"constants\":46", SPQR_PACK_ERROR_MALFORMED, "constants" },
    { "\"percdamp\":0.0", "\"percdamp\":null", SPQR_PACK_ERROR_MALFORMED, "percdamp" },
    { "{", "[", SPQR_PACK_ERROR_MALFORMED, "JSON" },
  };
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Taken taken;
      g_auto(GStrv) halves = NULL;
      g_autofree char *changed = NULL;

      write_sample (path);
      taken = take_apart (path);
      halves = g_strsplit (json_object_get_string_member (taken.metadata, "params"), rows[i].from, 2);
      if (g_strv_length (halves) != 2)
        g_error ("%s is not in %s", rows[i].from, halves[0]);
      changed = g_strconcat (halves[0], rows[i].to, halves[1], NULL);
      json_object_set_string_member (taken.metadata, "params", changed);
      put_together (&taken, path, TRUE);
      if (rows[i].words != NULL)
        assert_read_refused (path, rows[i].code, rows[i].words);
    }
  fixture_remove (folder);
}

static void
test_foreign (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autofree char *other = fixture_safetensors (folder, "other.safetensors", "{}", 0);
  g_autofree char *absent = g_build_filename (folder, "absent", NULL);
  Taken taken;

  assert_read_refused (other, SPQR_PACK_ERROR_UNSUPPORTED, "not a stored SpQR layer");
  assert_read_refused (absent, SPQR_PACK_ERROR_FAILED, "cannot open");
  write_sample (path);
  taken = take_apart (path);
  json_object_set_string_member (taken.metadata, "version", "2");
  put_together (&taken, path, TRUE);
  assert_read_refused (path, SPQR_PACK_ERROR_UNSUPPORTED, "newer version");
  write_sample (path);
  taken = take_apart (path);
  json_object_remove_member (taken.metadata, "sha256");
  put_together (&taken, path, FALSE);
  assert_read_refused (path, SPQR_PACK_ERROR_MALFORMED, "checksum");
  fixture_remove (folder);
}

/* Every truncation and every flipped bit outside of the padding is noticed. */
static void
test_damaged (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autofree char *text = NULL;
  gsize len = 0, noticed = 0;

  write_sample (path);
  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  for (gsize i = 0; i < len; i += i < 64 ? 1 : 7)
    {
      g_autoptr(GError) error = NULL;
      SpqrLayer layer;

      fixture_overwrite (path, text, i);
      g_assert_false (spqr_pack_read (path, NULL, &layer, &error));
      g_assert_nonnull (error);
    }
  for (gsize i = 0; i < len; i++)
    {
      g_autoptr(GError) error = NULL;
      SpqrLayer layer;

      text[i] ^= (char) (1 << (i % 8));
      fixture_overwrite (path, text, len);
      text[i] ^= (char) (1 << (i % 8));
      if (spqr_pack_read (path, NULL, &layer, &error))
        spqr_layer_clear (&layer);
      else
        noticed++;
    }
  /* Unnoticed may stay what means nothing: blanks between tokens, and the name of the filling. */
  g_test_message ("%" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT " flipped bits noticed", noticed, len);
  g_assert_cmpuint (len - noticed, <=, 64 + 16);
  fixture_remove (folder);
}

/* ---- crashes and full disks ---- */

static void
test_atomic (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autofree char *old = NULL;
  g_autofree char *now = NULL;
  gsize len = 0;
  g_autoptr(GRand) rand = g_rand_new_with_seed (4);
  SpqrParams params = { .wbits = 8, .groupsize = 16, .perchannel = true };
  SpqrLayer layer = random_layer (rand, 100, 200, &params);
  struct rlimit before, small = { 8192, 8192 };
  g_autoptr(GError) error = NULL;

  write_sample (path);
  g_assert_true (g_file_get_contents (path, &old, &len, NULL));
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (spqr_pack_write (path, NAME, &layer, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_NO_SPACE);
  g_assert_cmpuint (fixture_count_files (folder), ==, 1);
  g_assert_true (g_file_get_contents (path, &now, NULL, NULL));
  g_assert_cmpmem (old, len, now, len);
  spqr_layer_clear (&layer);
  fixture_remove (folder);
}

/* A real full disk, where one may be mounted. */
static void
test_full_disk (void)
{
  char *folder = fixture_folder ();
  g_autofree char *path = g_build_filename (folder, "layer.safetensors", NULL);
  g_autoptr(GRand) rand = g_rand_new_with_seed (4);
  SpqrParams params = { .wbits = 8, .groupsize = 16, .perchannel = true };
  SpqrLayer layer = random_layer (rand, 100, 2000, &params);
  g_autoptr(GError) error = NULL;

  if (mount ("none", folder, "tmpfs", 0, "size=64k") != 0)
    g_test_skip ("no file system can be mounted here");
  else
    {
      g_assert_false (spqr_pack_write (path, NAME, &layer, &error));
      g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, path));
      g_assert_cmpuint (fixture_count_files (folder), ==, 0);
      g_assert_cmpint (umount (folder), ==, 0);
    }
  spqr_layer_clear (&layer);
  fixture_remove (folder);
}

static void
test_no_permission (void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (4);
  SpqrParams params = { .wbits = 8, .groupsize = 16, .perchannel = true };
  SpqrLayer layer = random_layer (rand, 3, 5, &params);
  g_autoptr(GError) error = NULL;

  g_assert_false (spqr_pack_write ("/proc/layer.safetensors", NAME, &layer, &error));
  g_assert_error (error, SPQR_PACK_ERROR, SPQR_PACK_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "/proc/layer.safetensors"));
  spqr_layer_clear (&layer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pack/inconsistent", test_inconsistent);
  g_test_add_func ("/pack/hostile-data", test_hostile_data);
  g_test_add_func ("/pack/hostile-params", test_hostile_params);
  g_test_add_func ("/pack/foreign", test_foreign);
  g_test_add_func ("/pack/damaged", test_damaged);
  g_test_add_func ("/pack/atomic", test_atomic);
  g_test_add_func ("/pack/full-disk", test_full_disk);
  g_test_add_func ("/pack/no-permission", test_no_permission);
  return g_test_run ();
}
