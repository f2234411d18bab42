/* spqr-fingerprint.c: telling models apart without reading all of them.
 *
 * sha256 over, for each tensor in order of its name: name, dtype, shape (and strides, where it has some), then all of its bytes when
 * they are at most 66 KiB, else its first KiB, 64 KiB-sized samples spread evenly, its last KiB; and
 * over the text of config.json. Lengths go first, so that no two lists run into each other. Read
 * with pread(), not through the map: samples all over 13 GB would make as many pages resident. */
#include "model/spqr-fingerprint-private.h"

#include <string.h>

#define KIB ((gsize) 1024)
#define SAMPLES 64

static void
add_number (GChecksum *sum, guint64 number)
{
  guint64 little = GUINT64_TO_LE (number);

  g_checksum_update (sum, (const guchar *) &little, sizeof little);
}

static void
add_text (GChecksum *sum, const char *text)
{
  add_number (sum, strlen (text));
  g_checksum_update (sum, (const guchar *) text, (gssize) strlen (text));
}

static gboolean
add_bytes (GChecksum *sum, SpqrTensor *tensor, gsize offset, gsize n, guchar *buffer)
{
  if (!spqr_tensor_read_bytes (tensor, offset, buffer, n, NULL))
    return FALSE;
  g_checksum_update (sum, buffer, (gssize) n);
  return TRUE;
}

static gboolean
add_tensor (GChecksum *sum, SpqrTensor *tensor, guchar *buffer)
{
  gsize n = spqr_tensor_get_n_bytes (tensor);
  gsize span = n / (SAMPLES + 1);
  const gint64 *strides = spqr_tensor_get_strides (tensor);

  add_text (sum, spqr_tensor_get_name (tensor));
  add_text (sum, spqr_tensor_get_dtype_name (tensor));
  add_number (sum, spqr_tensor_get_n_dims (tensor));
  for (guint d = 0; d < spqr_tensor_get_n_dims (tensor); d++)
    add_number (sum, (guint64) spqr_tensor_get_shape (tensor)[d]);
  for (guint d = 0; strides != NULL && d < spqr_tensor_get_n_dims (tensor); d++)
    add_number (sum, (guint64) strides[d]);
  add_number (sum, n);

  if (n <= (SAMPLES + 2) * KIB)
    return add_bytes (sum, tensor, 0, n, buffer);
  if (!add_bytes (sum, tensor, 0, KIB, buffer))
    return FALSE;
  for (gsize s = 1; s <= SAMPLES; s++)
    if (!add_bytes (sum, tensor, MIN (s * span, n - KIB), KIB, buffer))
      return FALSE;
  return add_bytes (sum, tensor, n - KIB, KIB, buffer);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (spqr_tensor_get_name (*(SpqrTensor *const *) a), spqr_tensor_get_name (*(SpqrTensor *const *) b));
}

char *
spqr_fingerprint_compute (GPtrArray *tensors, const char *config_text, gsize config_len)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr(GPtrArray) sorted = g_ptr_array_copy (tensors, NULL, NULL);
  g_autofree guchar *buffer = g_malloc ((SAMPLES + 2) * KIB);

  g_ptr_array_set_free_func (sorted, NULL);
  g_ptr_array_sort (sorted, compare_names);
  add_number (sum, sorted->len);
  for (guint i = 0; i < sorted->len; i++)
    if (!add_tensor (sum, g_ptr_array_index (sorted, i), buffer))
      return NULL;
  add_number (sum, config_text != NULL ? config_len : G_MAXUINT64);
  if (config_text != NULL)
    g_checksum_update (sum, (const guchar *) config_text, (gssize) config_len);
  return g_strdup (g_checksum_get_string (sum));
}
