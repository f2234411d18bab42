#include "model/spqr-torch-archive.h"

#include <string.h>

#include "model/spqr-model.h"
#include "model/spqr-torch-old.h"
#include "model/spqr-torch-zip.h"

struct _SpqrTorchArchive {
  SpqrTorchZip *zip;       /* either this and the pickle in it … */
  SpqrPickle *pickle;
  SpqrTorchOld *old;       /* … or this */
};

void
spqr_torch_archive_free (SpqrTorchArchive *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pickle, spqr_pickle_free);
  g_clear_pointer (&self->zip, spqr_torch_zip_free);
  g_clear_pointer (&self->old, spqr_torch_old_free);
  g_free (self);
}

const SpqrPickleValue *
spqr_torch_archive_get_root (SpqrTorchArchive *self)
{
  return self->old != NULL ? spqr_torch_old_get_root (self->old) : spqr_pickle_get_root (self->pickle);
}

gboolean
spqr_torch_archive_find (SpqrTorchArchive *self, const SpqrPickleValue *storage, const guint8 **bytes, gsize *len)
{
  g_autofree char *name = NULL;
  const SpqrZipMember *member;

  if (self->old != NULL)
    return spqr_torch_old_find (self->old, storage, bytes, len);
  name = g_strconcat ("data/", storage->text, NULL);
  member = spqr_torch_zip_find (self->zip, name);
  if (member == NULL)
    return FALSE;
  *bytes = member->bytes;
  *len = member->len;
  return TRUE;
}

static gboolean
read_zip (SpqrTorchArchive *self, SpqrPickleContent content, const char *path, GError **error)
{
  const SpqrZipMember *data = spqr_torch_zip_find (self->zip, "data.pkl");
  const SpqrZipMember *order = spqr_torch_zip_find (self->zip, "byteorder");

  if (data == NULL || (order != NULL && (order->len < 6 || memcmp (order->bytes, "little", 6) != 0)))
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   data == NULL ? "%s: a zip file without a data.pkl: not one of torch.save" : "%s: its numbers are big-endian", path);
      return FALSE;
    }
  self->pickle = spqr_pickle_read (data->bytes, data->len, content, NULL, path, error);
  return self->pickle != NULL;
}

SpqrTorchArchive *
spqr_torch_archive_open (const guint8 *bytes, gsize len, SpqrPickleContent content, const char *path, GError **error)
{
  g_autoptr(SpqrTorchArchive) self = g_new0 (SpqrTorchArchive, 1);

  if (spqr_torch_old_is_one (bytes, len))
    {
      self->old = spqr_torch_old_open (bytes, len, content, path, error);
      return self->old != NULL ? g_steal_pointer (&self) : NULL;
    }
  self->zip = spqr_torch_zip_open ((const char *) bytes, len, path, error);
  return self->zip != NULL && read_zip (self, content, path, error) ? g_steal_pointer (&self) : NULL;
}
