/* spqr-safetensors-writer.c: the writer.
 *
 * Bytes go to a hidden file in the target's own folder, which takes the target's name only when
 * everything is on the disk: a reader sees the old file or the whole new one, at any moment of a
 * crash. Room is reserved in begin(), so that a full disk is noticed before an hour of writing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/spqr-file-private.h"
#include "model/spqr-json.h"
#include "model/spqr-model.h"
#include "model/spqr-safetensors.h"
#include "model/spqr-tensor-private.h"

typedef struct {
  char *name, *dtype_name;
  guint n_dims;
  gint64 shape[8];
  gsize n_bytes;
} Declared;

struct _SpqrSafetensorsWriter {
  char *path, *temp_path;      /* temp_path NULL: nothing of ours lies on the disk */
  int fd;
  JsonObject *metadata;
  GPtrArray *declared;
  guint64 total, written;      /* bytes of data */
  gboolean bad_shape, broken;
};

static void
declared_free (gpointer data)
{
  Declared *declared = data;

  g_free (declared->name);
  g_free (declared->dtype_name);
  g_free (declared);
}

SpqrSafetensorsWriter *
spqr_safetensors_writer_new (const char *path)
{
  SpqrSafetensorsWriter *self;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_new0 (SpqrSafetensorsWriter, 1);
  self->path = g_strdup (path);
  self->fd = -1;
  self->metadata = json_object_new ();
  self->declared = g_ptr_array_new_with_free_func (declared_free);
  return self;
}

void
spqr_safetensors_writer_set_metadata (SpqrSafetensorsWriter *self, const char *key, const char *value)
{
  g_return_if_fail (self != NULL && key != NULL && value != NULL && self->fd < 0);
  json_object_set_string_member (self->metadata, key, value);
}

void
spqr_safetensors_writer_declare (SpqrSafetensorsWriter *self, const char *name, const char *dtype_name,
                                 const gint64 *shape, guint n_dims, gsize n_bytes)
{
  Declared *declared;

  g_return_if_fail (self != NULL && name != NULL && dtype_name != NULL && self->fd < 0);

  declared = g_new0 (Declared, 1);
  declared->name = g_strdup (name);
  declared->dtype_name = g_strdup (dtype_name);
  declared->n_dims = n_dims;
  declared->n_bytes = n_bytes;
  if (n_dims > G_N_ELEMENTS (declared->shape))
    self->bad_shape = TRUE;
  else if (n_dims > 0)
    memcpy (declared->shape, shape, n_dims * sizeof *shape);
  g_ptr_array_add (self->declared, declared);
}

/* What the reader would refuse must not be written. */
static gboolean
check_declared (SpqrSafetensorsWriter *self, GError **error)
{
  g_autoptr(GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->declared->len; i++)
    {
      const Declared *declared = g_ptr_array_index (self->declared, i);
      SpqrEncoding encoding = spqr_encoding_from_name (declared->dtype_name);
      guint64 elements = 1;
      gboolean fine = !self->bad_shape && g_utf8_validate (declared->name, -1, NULL)
                      && !g_str_equal (declared->name, "__metadata__") && g_hash_table_add (names, declared->name);

      for (guint d = 0; fine && d < declared->n_dims; d++)
        fine = declared->shape[d] >= 0 && g_uint64_checked_mul (&elements, elements, (guint64) declared->shape[d]);
      if (!fine || (encoding.unit_bytes > 0 && elements * encoding.unit_bytes != declared->n_bytes))
        {
          g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED,
                       "%s: tensor “%s” was declared twice, or its shape and size do not agree",
                       self->path, declared->name);
          return FALSE;
        }
    }
  return TRUE;
}

static JsonObject *
describe (const Declared *declared, guint64 begin)
{
  JsonObject *object = json_object_new ();
  JsonArray *shape = json_array_new ();
  JsonArray *offsets = json_array_new ();

  for (guint d = 0; d < declared->n_dims; d++)
    json_array_add_int_element (shape, declared->shape[d]);
  json_array_add_int_element (offsets, (gint64) begin);
  json_array_add_int_element (offsets, (gint64) (begin + declared->n_bytes));
  json_object_set_string_member (object, "dtype", declared->dtype_name);
  json_object_set_array_member (object, "shape", shape);
  json_object_set_array_member (object, "data_offsets", offsets);
  return object;
}

/* Length and JSON, padded with blanks so that the data begins at a multiple of 8. */
static GByteArray *
make_header (SpqrSafetensorsWriter *self)
{
  g_autoptr(JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  JsonObject *object = json_object_new ();
  GByteArray *header = g_byte_array_new ();
  guint64 begin = 0, length, padding;

  if (json_object_get_size (self->metadata) > 0)
    json_object_set_object_member (object, "__metadata__", json_object_ref (self->metadata));
  for (guint i = 0; i < self->declared->len; i++)
    {
      const Declared *declared = g_ptr_array_index (self->declared, i);

      json_object_set_object_member (object, declared->name, describe (declared, begin));
      begin += declared->n_bytes;
    }
  json_node_take_object (root, object);
  text = spqr_json_to_text (root, FALSE);
  length = (strlen (text) + 7) / 8 * 8;
  padding = length - strlen (text);
  length = GUINT64_TO_LE (length);
  g_byte_array_append (header, (const guint8 *) &length, sizeof length);
  g_byte_array_append (header, (const guint8 *) text, (guint) strlen (text));
  g_byte_array_append (header, (const guint8 *) "       ", (guint) padding);
  return header;
}

gsize
spqr_safetensors_writer_get_header_size (SpqrSafetensorsWriter *self)
{
  g_autoptr(GByteArray) header = NULL;

  g_return_val_if_fail (self != NULL, 0);
  header = make_header (self);
  return header->len;
}

static void
drop_temp (SpqrSafetensorsWriter *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  if (self->temp_path != NULL)
    unlink (self->temp_path);
  g_clear_pointer (&self->temp_path, g_free);
}

static gboolean
fail_errno (SpqrSafetensorsWriter *self, int saved_errno, const char *what, GError **error)
{
  self->broken = TRUE;
  drop_temp (self);
  spqr_set_errno_error (error, saved_errno, self->path, what);
  return FALSE;
}

static gboolean
write_all (SpqrSafetensorsWriter *self, gconstpointer data, gsize n, GError **error)
{
  const guint8 *at = data;

  while (n > 0)
    {
      gssize put = write (self->fd, at, MIN (n, (gsize) 1 << 30));

      if (put < 0 && errno == EINTR)
        continue;
      if (put <= 0)
        return fail_errno (self, put < 0 ? errno : ENOSPC, "cannot write", error);
      at += put;
      n -= (gsize) put;
    }
  return TRUE;
}

gboolean
spqr_safetensors_writer_begin (SpqrSafetensorsWriter *self, GError **error)
{
  g_autoptr(GByteArray) header = NULL;
  g_autofree char *folder = NULL, *base = NULL;

  g_return_val_if_fail (self != NULL && self->fd < 0 && !self->broken, FALSE);

  if (!check_declared (self, error))
    return FALSE;
  for (guint i = 0; i < self->declared->len; i++)
    self->total += ((const Declared *) g_ptr_array_index (self->declared, i))->n_bytes;

  header = make_header (self);
  folder = g_path_get_dirname (self->path);
  base = g_path_get_basename (self->path);
  self->temp_path = g_strdup_printf ("%s/.%.200s.XXXXXX", folder, base);
  self->fd = g_mkstemp_full (self->temp_path, O_WRONLY | O_CLOEXEC, 0666);
  if (self->fd < 0)
    {
      int saved_errno = errno;

      g_clear_pointer (&self->temp_path, g_free);
      return fail_errno (self, saved_errno, "cannot create a file in that folder", error);
    }
  if (fallocate (self->fd, 0, 0, (off_t) (header->len + self->total)) != 0
      && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    return fail_errno (self, errno, "there is no room to write it", error);
  return write_all (self, header->data, header->len, error);
}

gboolean
spqr_safetensors_writer_append (SpqrSafetensorsWriter *self, gconstpointer data, gsize n_bytes, GError **error)
{
  g_return_val_if_fail (self != NULL && (self->fd >= 0 || self->broken), FALSE);

  if (self->broken || n_bytes > self->total - self->written)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED,
                   self->broken ? "%s: an earlier write failed" : "%s: more data than was declared", self->path);
      return FALSE;
    }
  self->written += n_bytes;
  return write_all (self, data, n_bytes, error);
}

/* The rename itself must survive a crash. */
static void
sync_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
}

gboolean
spqr_safetensors_writer_close (SpqrSafetensorsWriter *self, GError **error)
{
  int status;

  g_return_val_if_fail (self != NULL && (self->fd >= 0 || self->broken), FALSE);

  if (self->broken || self->written != self->total)
    {
      drop_temp (self);
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_FAILED,
                   self->broken ? "%s: an earlier write failed" : "%s: less data than was declared", self->path);
      self->broken = TRUE;
      return FALSE;
    }
  if (fsync (self->fd) != 0)
    return fail_errno (self, errno, "cannot write to the disk", error);
  status = close (self->fd);
  self->fd = -1;
  if (status != 0 && errno != EINTR)
    return fail_errno (self, errno, "cannot write to the disk", error);
  if (rename (self->temp_path, self->path) != 0)
    return fail_errno (self, errno, "cannot put the file in its place", error);
  g_clear_pointer (&self->temp_path, g_free);
  sync_folder (self->path);
  return TRUE;
}

void
spqr_safetensors_writer_free (SpqrSafetensorsWriter *self)
{
  if (self == NULL)
    return;
  drop_temp (self);
  json_object_unref (self->metadata);
  g_ptr_array_unref (self->declared);
  g_free (self->path);
  g_free (self);
}
