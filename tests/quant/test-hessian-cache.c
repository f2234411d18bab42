/* Kept Hessians: the same bits come back; damage, limits and foreign files do no harm. */
#include "quant/spqr-hessian-cache.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

typedef struct { char *folder; SpqrHessianCache *cache; } Fixture;

static void
set_up (Fixture *f, gconstpointer limit)
{
  g_autofree char *parent = g_dir_make_tmp ("spqr-hessians-XXXXXX", NULL);

  g_assert_nonnull (parent);
  f->folder = g_build_filename (parent, "deeper", "still", NULL);
  f->cache = spqr_hessian_cache_new (f->folder, GPOINTER_TO_SIZE (limit));
}

static guint
count_files (const char *folder, char **any)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      n++;
      if (any != NULL)
        {
          g_free (*any);
          *any = g_build_filename (folder, name, NULL);
        }
    }
  return n;
}

static void
tear_down (Fixture *f, gconstpointer unused)
{
  g_autofree char *any = NULL;
  char *at = g_strdup (f->folder);

  while (count_files (f->folder, &any) > 0)
    g_assert_cmpint (g_remove (any), ==, 0);
  for (int i = 0; i < 3; i++)
    {
      char *parent = g_path_get_dirname (at);
      g_rmdir (at);
      g_free (at);
      at = parent;
    }
  g_free (at);
  g_free (f->folder);
  spqr_hessian_cache_free (f->cache);
}

static void
make (SpqrHessian *hessian, gsize n, guint32 seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_assert_cmpint (spqr_hessian_init (hessian, n), ==, SPQR_OK);
  hessian->sequences = seed + 7;
  for (gsize i = 0; i < n * n; i++)
    hessian->h[i] = (float) g_rand_double_range (random, -1, 1);
  spqr_hessian_finish (hessian);
}

static void
check (Fixture *f, const char *key, guint block, guint group, gsize n, guint32 seed, gboolean there)
{
  SpqrHessian want, got;

  g_assert_cmpint (spqr_hessian_cache_load (f->cache, key, block, group, &got), ==, there);
  if (!there)
    {
      g_assert_null (got.h);
      return;
    }
  make (&want, n, seed);
  g_assert_cmpuint (got.n, ==, n);
  g_assert_cmpuint (got.sequences, ==, want.sequences);
  g_assert_cmpmem (got.h, n * n * sizeof (float), want.h, n * n * sizeof (float));
  spqr_hessian_clear (&want);
  spqr_hessian_clear (&got);
}

static gboolean
store (Fixture *f, const char *key, guint block, guint group, gsize n, guint32 seed)
{
  SpqrHessian hessian;
  gboolean stored;

  make (&hessian, n, seed);
  stored = spqr_hessian_cache_store (f->cache, key, block, group, &hessian);
  spqr_hessian_clear (&hessian);
  return stored;
}

static void
test_round_trip (Fixture *f, gconstpointer unused)
{
  const gsize sizes[] = { 1, 2, 7, 48, 129 };

  g_assert_false (spqr_hessian_cache_has (f->cache, "a", 0, 0));
  check (f, "a", 0, 0, 1, 0, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    g_assert_true (store (f, "a", i, 3 - i % 4, sizes[i], i));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_assert_true (spqr_hessian_cache_has (f->cache, "a", i, 3 - i % 4));
      check (f, "a", i, 3 - i % 4, sizes[i], i, TRUE);
    }
  check (f, "b", 0, 3, 1, 0, FALSE);
  check (f, "a", 1, 3, 1, 0, FALSE);
  /* What is stored again takes the place of what was. */
  g_assert_true (store (f, "a", 2, 1, 9, 40));
  check (f, "a", 2, 1, 9, 40, TRUE);
  g_assert_cmpuint (count_files (f->folder, NULL), ==, G_N_ELEMENTS (sizes));
}

static void
test_key (void)
{
  const gint32 ids[] = { 1, 2, 3, 4, 5, 6 }, others[] = { 1, 2, 3, 4, 5, 7 };
  g_autofree char *a = spqr_hessian_cache_make_key ("model", ids, 2, 3), *same = spqr_hessian_cache_make_key ("model", ids, 2, 3);
  g_autofree char *b = spqr_hessian_cache_make_key ("other", ids, 2, 3), *c = spqr_hessian_cache_make_key ("model", others, 2, 3);
  g_autofree char *d = spqr_hessian_cache_make_key ("model", ids, 3, 2), *e = spqr_hessian_cache_make_key ("model", ids, 1, 3);

  g_assert_cmpstr (a, ==, same);
  g_assert_cmpstr (a, !=, b);
  g_assert_cmpstr (a, !=, c);
  g_assert_cmpstr (a, !=, d);
  g_assert_cmpstr (a, !=, e);
}

/* Any byte that is changed, and any length but the right one, make it absent; it can be replaced. */
static void
test_damaged (Fixture *f, gconstpointer unused)
{
  g_autofree char *path = NULL, *bytes = NULL;
  gsize length;

  g_assert_true (store (f, "a", 0, 0, 21, 1));
  g_assert_cmpuint (count_files (f->folder, &path), ==, 1);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (gsize at = 0; at < length; at++)
    {
      bytes[at] ^= 0x04;
      g_assert_true (g_file_set_contents_full (path, bytes, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
      check (f, "a", 0, 0, 21, 1, FALSE);
      bytes[at] ^= 0x04;
    }
  for (gsize keep = 0; keep < length; keep += 13)
    {
      g_assert_true (g_file_set_contents_full (path, bytes, (gssize) keep, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
      check (f, "a", 0, 0, 21, 1, FALSE);
    }
  g_assert_true (store (f, "a", 0, 0, 21, 1));
  check (f, "a", 0, 0, 21, 1, TRUE);
}

static void
make_older (Fixture *f, int by)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);
      struct stat info;
      struct utimbuf times;

      g_assert_cmpint (stat (path, &info), ==, 0);
      times.actime = times.modtime = info.st_mtime - by;
      g_assert_cmpint (utime (path, &times), ==, 0);
    }
}

static guint64
folder_bytes (Fixture *f)
{
  g_autoptr (GDir) dir = g_dir_open (f->folder, 0, NULL);
  const char *name;
  guint64 total = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (f->folder, name, NULL);
      struct stat info;

      g_assert_cmpint (stat (path, &info), ==, 0);
      total += info.st_size;
    }
  return total;
}

/* Three of 40 × 40 fit below 11000 bytes; the one that was not used for longest goes. */
static void
test_limit (Fixture *f, gconstpointer limit)
{
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (store (f, "a", i, 0, 40, i));
      make_older (f, 100);
    }
  check (f, "a", 0, 0, 40, 0, TRUE);   /* used: 1 is the oldest now */
  make_older (f, 100);
  for (guint i = 3; i < 5; i++)
    {
      g_assert_true (store (f, "a", i, 0, 40, i));
      g_assert_cmpuint (folder_bytes (f), <=, GPOINTER_TO_SIZE (limit));
      make_older (f, 100);
    }
  check (f, "a", 1, 0, 40, 1, FALSE);
  check (f, "a", 2, 0, 40, 2, FALSE);
  check (f, "a", 0, 0, 40, 0, TRUE);
  check (f, "a", 3, 0, 40, 3, TRUE);
  check (f, "a", 4, 0, 40, 4, TRUE);
  /* Larger than the limit: not kept, and nothing goes for it. */
  g_assert_false (store (f, "a", 9, 0, 100, 9));
  check (f, "a", 4, 0, 40, 4, TRUE);
}

/* Files of others are neither counted nor removed. */
static void
test_foreign_files (Fixture *f, gconstpointer limit)
{
  g_autofree char *path = g_build_filename (f->folder, "letter.txt", NULL);
  g_autofree char *text = g_strnfill (100000, 'x');

  g_assert_true (store (f, "a", 0, 0, 40, 1));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (store (f, "a", 1, 0, 40, 1));
  check (f, "a", 0, 0, 40, 1, TRUE);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_trim (Fixture *f, gconstpointer limit)
{
  guint64 one, all;

  g_assert_cmpuint (spqr_hessian_cache_trim (f->cache, G_MAXUINT64), ==, 0);
  g_assert_true (store (f, "a", 0, 0, 40, 1));
  one = spqr_hessian_cache_trim (f->cache, G_MAXUINT64);
  g_assert_cmpuint (one, >, 40 * 41 / 2 * sizeof (float));
  g_usleep (20000);      /* used later */
  g_assert_true (store (f, "a", 1, 0, 40, 1));
  all = spqr_hessian_cache_trim (f->cache, G_MAXUINT64);
  g_assert_cmpuint (all, ==, 2 * one);
  g_assert_cmpuint (spqr_hessian_cache_trim (f->cache, one), ==, one);
  check (f, "a", 0, 0, 40, 1, FALSE);
  check (f, "a", 1, 0, 40, 1, TRUE);
  g_assert_cmpuint (spqr_hessian_cache_trim (f->cache, 0), ==, 0);
}

static void
test_no_folder (void)
{
  g_autofree char *file = NULL, *inside = NULL;
  int fd = g_file_open_tmp ("spqr-XXXXXX", &file, NULL);
  g_autoptr (SpqrHessianCache) cache = NULL, usual = spqr_hessian_cache_new (NULL, 0);
  SpqrHessian hessian;

  close (fd);
  inside = g_build_filename (file, "cache", NULL);
  cache = spqr_hessian_cache_new (inside, 0);
  make (&hessian, 4, 1);
  g_assert_false (spqr_hessian_cache_store (cache, "a", 0, 0, &hessian));
  spqr_hessian_clear (&hessian);
  g_assert_false (spqr_hessian_cache_load (cache, "a", 0, 0, &hessian));
  g_assert_true (g_str_has_suffix (spqr_hessian_cache_get_folder (usual), "spqr-studio/hessians"));
  g_unlink (file);
}

#define ADD(name, limit, test) g_test_add (name, Fixture, GSIZE_TO_POINTER (limit), set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/hessian-cache/round-trip", 0, test_round_trip);
  g_test_add_func ("/hessian-cache/key", test_key);
  ADD ("/hessian-cache/damaged", 0, test_damaged);
  ADD ("/hessian-cache/limit", 11000, test_limit);
  ADD ("/hessian-cache/foreign-files", 11000, test_foreign_files);
  ADD ("/hessian-cache/trim", 0, test_trim);
  g_test_add_func ("/hessian-cache/no-folder", test_no_folder);
  return g_test_run ();
}
