#include "quant/spqr-hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compute/spqr-device-block.h"
#include "num/spqr-fp16.h"
#include "quant/spqr-quant-error.h"

#define LARGEST_F16 65504.0f

static gpointer
map_file (SpqrHidden *hidden, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".spqr-hidden-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  int failed = fd < 0 ? errno : 0;
  void *map = MAP_FAILED;

  if (fd >= 0)
    {
      unlink (path);
      do   /* a signal may cut it short: Ctrl+C is noticed a little later, by those who know what it means */
        failed = posix_fallocate (fd, 0, (off_t) hidden->n_bytes);
      while (failed == EINTR);
      if (failed == 0)
        {
          map = mmap (NULL, hidden->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
          if (map == MAP_FAILED)
            failed = errno;
        }
      close (fd);
    }
  if (failed == 0)
    return map;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_SPACE,
               "%s: cannot keep %.2f GiB of hidden states there: %s; free space, choose another folder, or use fewer windows",
               folder, hidden->n_bytes / 1073741824.0, g_strerror (failed));
  return NULL;
}

static gpointer
allocate (SpqrHidden *hidden, gsize value_bytes, const char *folder, GError **error)
{
  gsize bytes = value_bytes;
  gpointer memory;

  if (!g_size_checked_mul (&bytes, bytes, hidden->windows) || !g_size_checked_mul (&bytes, bytes, hidden->seqlen) ||
      !g_size_checked_mul (&bytes, bytes, hidden->width) || bytes == 0)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
                   "%" G_GSIZE_FORMAT " windows of %" G_GSIZE_FORMAT " tokens cannot be held", hidden->windows, hidden->seqlen);
      return NULL;
    }
  hidden->n_bytes = bytes;
  hidden->in_file = folder != NULL;
  if (folder != NULL)
    return map_file (hidden, folder, error);
  memory = g_try_malloc (bytes);
  if (memory == NULL)
    g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_NO_MEMORY,
                 "no memory for %.2f GiB of hidden states; use fewer windows or --offload_activations",
                 bytes / 1073741824.0);
  return memory;
}

gboolean
spqr_hidden_init (SpqrHidden *hidden, gsize windows, gsize seqlen, gsize width, const char *folder, GError **error)
{
  *hidden = (SpqrHidden) { .windows = windows, .seqlen = seqlen, .width = width };
  hidden->data = allocate (hidden, sizeof *hidden->data, folder, error);
  return hidden->data != NULL;
}

gboolean
spqr_hidden_init_f16 (SpqrHidden *hidden, gsize windows, gsize seqlen, gsize width, const char *folder, GError **error)
{
  *hidden = (SpqrHidden) { .windows = windows, .seqlen = seqlen, .width = width };
  hidden->halves = allocate (hidden, sizeof *hidden->halves, folder, error);
  return hidden->halves != NULL;
}

static gsize
window_values (const SpqrHidden *hidden)
{
  return hidden->seqlen * hidden->width;
}

void
spqr_hidden_load (const SpqrHidden *hidden, gsize window, float *values)
{
  gsize n = window_values (hidden);

  if (hidden->halves != NULL)
    spqr_f16_to_f32_row (hidden->halves + window * n, values, n);
  else
    memcpy (values, hidden->data + window * n, n * sizeof *values);
}

gboolean
spqr_hidden_store (SpqrHidden *hidden, gsize window, const float *values, GError **error)
{
  gsize n = window_values (hidden);
  float most = 0;

  if (hidden->halves == NULL)
    {
      memcpy (hidden->data + window * n, values, n * sizeof *values);
      return TRUE;
    }
  for (gsize i = 0; i < n; i++)
    most = fabsf (values[i]) > most ? fabsf (values[i]) : most;
  spqr_f32_to_f16_row (values, hidden->halves + window * n, n);
  if (most <= LARGEST_F16)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_FAILED,
               "a hidden state of %g does not fit 16 bits (most: 65504); leave out --f16_activations", (double) most);
  return FALSE;
}

void
spqr_hidden_keep_on (SpqrHidden *hidden, SpqrDevice *device, gsize reserve)
{
  gsize free_bytes = 0, total = 0;

  if (hidden->states != NULL || hidden->data == NULL || !spqr_device_has_blocks (device) || !spqr_device_get_memory (device, &free_bytes, &total) ||
      free_bytes < reserve || free_bytes - reserve < hidden->n_bytes)
    return;
  if (spqr_device_states_open (device, hidden->windows * hidden->seqlen, hidden->width, &hidden->states) == SPQR_OK)
    hidden->device = device;
}

void
spqr_hidden_drop_states (SpqrHidden *hidden)
{
  if (hidden->states != NULL)
    spqr_device_states_close (hidden->device, hidden->states);
  hidden->states = NULL;
}

void
spqr_hidden_clear (SpqrHidden *hidden)
{
  gpointer memory = hidden->halves != NULL ? (gpointer) hidden->halves : hidden->data;

  spqr_hidden_drop_states (hidden);
  if (memory != NULL && hidden->in_file)
    munmap (memory, hidden->n_bytes);
  else
    g_free (memory);
  *hidden = (SpqrHidden) { 0 };
}
