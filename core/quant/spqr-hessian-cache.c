#include "quant/spqr-hessian-cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".hessian"
#define MAGIC G_GUINT64_CONSTANT (0x3153455252515053)   /* another machine's byte order reads another number */

/* Raise it when the arithmetic before a Hessian changes. */
#define KEY_VERSION "spqr-hessian-1"

typedef struct {
  guint64 magic, n, sequences, checksum;   /* of the key and the numbers behind this head */
  char key[64];                            /* hex of a sha256 */
} Head;

struct _SpqrHessianCache {
  char *folder;
  guint64 limit;
};

SpqrHessianCache *
spqr_hessian_cache_new (const char *folder, guint64 limit)
{
  SpqrHessianCache *self = g_new0 (SpqrHessianCache, 1);

  self->folder = folder != NULL ? g_strdup (folder)
                                : g_build_filename (g_get_user_cache_dir (), "spqr-studio", "hessians", NULL);
  self->limit = limit > 0 ? limit : SPQR_HESSIAN_CACHE_DEFAULT_LIMIT;
  return self;
}

void
spqr_hessian_cache_free (SpqrHessianCache *self)
{
  if (self == NULL)
    return;
  g_free (self->folder);
  g_free (self);
}

const char *
spqr_hessian_cache_get_folder (SpqrHessianCache *self)
{
  return self->folder;
}

char *
spqr_hessian_cache_make_key (const char *model_fingerprint, const gint32 *ids, gsize n_windows, guint seqlen)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *head = g_strdup_printf ("%s %s %" G_GSIZE_FORMAT " %u ", KEY_VERSION, model_fingerprint, n_windows, seqlen);
  const gsize step = 1 << 20;

  g_checksum_update (sum, (const guchar *) head, (gssize) strlen (head));
  for (gsize i = 0, n = n_windows * seqlen; i < n; i += step)
    g_checksum_update (sum, (const guchar *) (ids + i), (gssize) (MIN (step, n - i) * sizeof *ids));
  return g_strdup (g_checksum_get_string (sum));
}

/* The entry's own key, of 64 letters. */
static char *
entry_key (const char *key, guint block, guint input_group)
{
  g_autofree char *text = g_strdup_printf ("%s %u %u", key, block, input_group);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static char *
entry_path (SpqrHessianCache *self, const char *name)
{
  g_autofree char *base = g_strconcat (name, SUFFIX, NULL);

  return g_build_filename (self->folder, base, NULL);
}

gboolean
spqr_hessian_cache_has (SpqrHessianCache *self, const char *key, guint block, guint input_group)
{
  g_autofree char *name = entry_key (key, block, input_group);
  g_autofree char *path = entry_path (self, name);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* Numbers of the upper triangle, row i from column i on. */
static guint64
triangle (guint64 n)
{
  return n % 2 == 0 ? n / 2 * (n + 1) : (n + 1) / 2 * n;
}

/* For accidents, not for attackers: four sums side by side, as fast as memory. */
static guint64
checksum (guint64 sum, const float *values, gsize n)
{
  guint64 lanes[4] = { sum, sum ^ 1, sum ^ 2, sum ^ 3 };
  gsize i = 0;

  for (; i + 8 <= n; i += 8)
    for (int k = 0; k < 4; k++)
      {
        guint64 word;

        memcpy (&word, values + i + 2 * k, sizeof word);
        lanes[k] = (lanes[k] ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
        lanes[k] ^= lanes[k] >> 29;
      }
  for (; i < n; i++)
    {
      guint32 word;

      memcpy (&word, values + i, sizeof word);
      lanes[0] = (lanes[0] ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
      lanes[0] ^= lanes[0] >> 29;
    }
  for (int k = 1; k < 4; k++)
    lanes[0] = (lanes[0] ^ lanes[k]) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9) + (guint64) k;
  return lanes[0];
}

static guint64
checksum_of (const Head *head, const SpqrHessian *hessian)
{
  guint64 sum = head->n * 31 + head->sequences;

  for (guint i = 0; i < sizeof head->key; i++)
    sum = (sum ^ (guint8) head->key[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  for (gsize i = 0; i < hessian->n; i++)
    sum = checksum (sum, hessian->h + i * hessian->n + i, hessian->n - i);
  return sum;
}

/* ---- reading ---- */

static gboolean
read_all (int fd, gpointer to, gsize n)
{
  guint8 *at = to;

  while (n > 0)
    {
      gssize got = read (fd, at, MIN (n, (gsize) 1 << 30));

      if (got <= 0 && !(got < 0 && errno == EINTR))
        return FALSE;
      at += MAX (got, 0);
      n -= (gsize) MAX (got, 0);
    }
  return TRUE;
}

static gboolean
read_entry (int fd, const char *name, SpqrHessian *hessian)
{
  struct stat info;
  Head head;

  if (fstat (fd, &info) != 0 || info.st_size < (off_t) sizeof head || !read_all (fd, &head, sizeof head) ||
      head.magic != MAGIC || memcmp (head.key, name, sizeof head.key) != 0 || head.n == 0 || head.n > G_MAXINT32 ||
      (guint64) info.st_size != sizeof head + triangle (head.n) * sizeof (float) ||
      spqr_hessian_init (hessian, head.n) != SPQR_OK)
    return FALSE;
  hessian->sequences = head.sequences;
  for (gsize i = 0; i < hessian->n; i++)
    if (!read_all (fd, hessian->h + i * hessian->n + i, (hessian->n - i) * sizeof (float)))
      return FALSE;
  if (checksum_of (&head, hessian) != head.checksum)
    return FALSE;
  spqr_hessian_finish (hessian);
  return TRUE;
}

gboolean
spqr_hessian_cache_load (SpqrHessianCache *self, const char *key, guint block, guint input_group, SpqrHessian *hessian)
{
  g_autofree char *name = entry_key (key, block, input_group);
  g_autofree char *path = entry_path (self, name);
  int fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);
  gboolean loaded;

  memset (hessian, 0, sizeof *hessian);
  if (fd < 0)
    return FALSE;
  loaded = read_entry (fd, name, hessian);
  if (loaded)
    futimens (fd, NULL);   /* used just now: the last to go */
  else
    spqr_hessian_clear (hessian);
  close (fd);
  return loaded;
}

/* ---- keeping below the limit ---- */

typedef struct { char *path; guint64 size; gint64 used; } Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->path);
  g_free (entry);
}

static int
compare_used (gconstpointer a, gconstpointer b)
{
  const Entry *x = *(Entry *const *) a, *y = *(Entry *const *) b;

  return (x->used > y->used) - (x->used < y->used);
}

static GPtrArray *
list_entries (SpqrHessianCache *self, guint64 *total)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func (entry_free);
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  *total = 0;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);
      struct stat info;
      Entry *entry;

      if (!g_str_has_suffix (name, SUFFIX) || lstat (path, &info) != 0 || !S_ISREG (info.st_mode))
        continue;
      entry = g_new (Entry, 1);
      *entry = (Entry) { g_steal_pointer (&path), (guint64) info.st_size,
                         (gint64) info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec };
      *total += entry->size;
      g_ptr_array_add (entries, entry);
    }
  g_ptr_array_sort (entries, compare_used);
  return entries;
}

/* Makes room for `bytes` more. */
static void
make_room (SpqrHessianCache *self, guint64 bytes)
{
  guint64 total;
  g_autoptr (GPtrArray) entries = list_entries (self, &total);

  for (guint i = 0; i < entries->len && total + bytes > self->limit; i++)
    {
      const Entry *entry = entries->pdata[i];

      if (g_unlink (entry->path) == 0 || errno == ENOENT)
        total -= entry->size;
    }
}

guint64
spqr_hessian_cache_trim (SpqrHessianCache *self, guint64 bytes)
{
  guint64 total;

  make_room (self, self->limit - MIN (bytes, self->limit));
  g_ptr_array_unref (list_entries (self, &total));
  return total;
}

/* ---- writing ---- */

static gboolean
write_all (int fd, gconstpointer from, gsize n)
{
  const guint8 *at = from;

  while (n > 0)
    {
      gssize put = write (fd, at, MIN (n, (gsize) 1 << 30));

      if (put < 0 && errno != EINTR)
        return FALSE;
      at += MAX (put, 0);
      n -= (gsize) MAX (put, 0);
    }
  return TRUE;
}

static gboolean
write_entry (int fd, const char *name, const SpqrHessian *hessian)
{
  Head head = { .magic = MAGIC, .n = hessian->n, .sequences = hessian->sequences };

  memcpy (head.key, name, sizeof head.key);
  head.checksum = checksum_of (&head, hessian);
  if (!write_all (fd, &head, sizeof head))
    return FALSE;
  for (gsize i = 0; i < hessian->n; i++)
    if (!write_all (fd, hessian->h + i * hessian->n + i, (hessian->n - i) * sizeof (float)))
      return FALSE;
  return TRUE;
}

gboolean
spqr_hessian_cache_store (SpqrHessianCache *self, const char *key, guint block, guint input_group, const SpqrHessian *hessian)
{
  guint64 bytes = sizeof (Head) + triangle (hessian->n) * sizeof (float);
  g_autofree char *name = entry_key (key, block, input_group);
  g_autofree char *path = entry_path (self, name);
  g_autofree char *temporary = g_build_filename (self->folder, ".hessian-XXXXXX", NULL);
  gboolean stored;
  int fd;

  if (bytes > self->limit || g_mkdir_with_parents (self->folder, 0700) != 0)
    return FALSE;
  make_room (self, bytes);
  fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0)
    return FALSE;
  stored = write_entry (fd, name, hessian);
  stored = close (fd) == 0 && stored && g_rename (temporary, path) == 0;
  if (!stored)
    g_unlink (temporary);
  return stored;
}
