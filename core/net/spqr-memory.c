#include "net/spqr-memory.h"

#include <string.h>

#define LARGE ((gsize) 32 << 20)

guint64
spqr_memory_available_or (guint64 unknown)
{
  g_autofree char *text = NULL;
  const char *line;

  if (g_file_get_contents ("/proc/meminfo", &text, NULL, NULL) && (line = strstr (text, "MemAvailable:")) != NULL)
    return g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024;
  return unknown;
}

guint64
spqr_memory_available (void)
{
  return spqr_memory_available_or ((guint64) 1 << 30);
}

static gpointer
free_thread (gpointer buffer)
{
  g_free (buffer);
  return NULL;
}

void
spqr_memory_free_later (gpointer buffer, gsize bytes)
{
  GThread *thread = NULL;

  if (buffer != NULL && bytes >= LARGE)
    thread = g_thread_try_new ("free", free_thread, buffer, NULL);
  if (thread != NULL)
    g_thread_unref (thread);
  else
    g_free (buffer);
}

typedef struct { gpointer buffer; gsize bytes; } Spare;

struct _SpqrSpares {
  GMutex lock;
  Spare kept[SPQR_SPARES_KEPT];
  guint oldest;                 /* the next to go when all places are taken */
};

SpqrSpares *
spqr_spares_new (void)
{
  SpqrSpares *self = g_atomic_rc_box_new0 (SpqrSpares);

  g_mutex_init (&self->lock);
  return self;
}

SpqrSpares *
spqr_spares_ref (SpqrSpares *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
spares_clear (gpointer data)
{
  SpqrSpares *self = data;

  for (guint i = 0; i < SPQR_SPARES_KEPT; i++)
    spqr_memory_free_later (self->kept[i].buffer, self->kept[i].bytes);
  g_mutex_clear (&self->lock);
}

void
spqr_spares_unref (SpqrSpares *self)
{
  g_atomic_rc_box_release_full (self, spares_clear);
}

gpointer
spqr_spares_take (SpqrSpares *self, gsize bytes)
{
  gpointer buffer = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < SPQR_SPARES_KEPT && buffer == NULL; i++)
    if (self->kept[i].bytes == bytes)
      {
        buffer = self->kept[i].buffer;
        self->kept[i] = (Spare) { NULL, 0 };
      }
  g_mutex_unlock (&self->lock);
  return buffer != NULL ? buffer : g_try_malloc (MAX (bytes, 1));
}

void
spqr_spares_give (SpqrSpares *self, gpointer buffer, gsize bytes)
{
  Spare evicted = { NULL, 0 };
  guint place = 0;

  if (buffer == NULL)
    return;
  g_mutex_lock (&self->lock);
  while (place < SPQR_SPARES_KEPT && self->kept[place].buffer != NULL)
    place++;
  if (place == SPQR_SPARES_KEPT)
    {
      place = self->oldest;
      self->oldest = (self->oldest + 1) % SPQR_SPARES_KEPT;
      evicted = self->kept[place];
    }
  self->kept[place] = (Spare) { buffer, bytes };
  g_mutex_unlock (&self->lock);
  spqr_memory_free_later (evicted.buffer, evicted.bytes);
}
