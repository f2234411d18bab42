#include "model/spqr-torch-old.h"

#include <string.h>

#include "model/spqr-model.h"

#define PROTOCOL_VERSION 1001
#define COUNT_BYTES 8      /* before a storage's elements */

typedef struct {
  const SpqrPickleValue *said;   /* as the object says; its key, type and number of elements */
  const guint8 *bytes;           /* NULL until the walk comes by */
  gsize len;
} Storage;

struct _SpqrTorchOld {
  const guint8 *at, *end;
  const char *path;
  SpqrPickle *object;
  GHashTable *storages;    /* key -> Storage */
};

void
spqr_torch_old_free (SpqrTorchOld *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->storages);
  g_clear_pointer (&self->object, spqr_pickle_free);
  g_free (self);
}

const SpqrPickleValue *
spqr_torch_old_get_root (SpqrTorchOld *self)
{
  return spqr_pickle_get_root (self->object);
}

/* Bytes of the first pickle: protocol, a frame's length since protocol 4, and a number of ten bytes, which is beyond those
 * that the reader knows. 0: something else. */
static gsize
magic_bytes (const guint8 *bytes, gsize len)
{
  static const guint8 magic[] = "\x8a\x0al\xfc\x9c" "F\xf9 j\xa8P\x19.";
  gsize before = len > 2 && bytes[2] == 0x95 ? 11 : 2, n = sizeof magic - 1;

  return len >= before + n && bytes[0] == 0x80 && memcmp (bytes + before, magic, n) == 0 ? before + n : 0;
}

gboolean
spqr_torch_old_is_one (const guint8 *bytes, gsize len)
{
  return magic_bytes (bytes, len) > 0;
}

static gboolean
fail (SpqrTorchOld *self, int code, const char *what, GError **error)
{
  g_set_error (error, SPQR_MODEL_ERROR, code, "%s: %s", self->path, what);
  return FALSE;
}

static SpqrPickle *
next_pickle (SpqrTorchOld *self, SpqrPickleContent content, GError **error)
{
  gsize used;
  SpqrPickle *pickle = spqr_pickle_read (self->at, (gsize) (self->end - self->at), content, &used, self->path, error);

  if (pickle != NULL)
    self->at += used;
  return pickle;
}

static gboolean
is_big_endian (const SpqrPickleValue *machine)
{
  for (guint i = 0; machine->kind == SPQR_PICKLE_DICT && i + 1 < machine->items->len; i += 2)
    {
      const SpqrPickleValue *key = machine->items->pdata[i], *value = machine->items->pdata[i + 1];

      if (key->kind == SPQR_PICKLE_TEXT && strcmp (key->text, "little_endian") == 0)
        return value->kind != SPQR_PICKLE_INT || value->number == 0;
    }
  return FALSE;
}

/* What stands before the object. */
static gboolean
read_prelude (SpqrTorchOld *self, SpqrPickleContent content, GError **error)
{
  g_autoptr(SpqrPickle) version = next_pickle (self, content, error);
  g_autoptr(SpqrPickle) machine = version != NULL ? next_pickle (self, content, error) : NULL;
  const SpqrPickleValue *number;

  if (machine == NULL)
    return FALSE;
  number = spqr_pickle_get_root (version);
  if (number->kind != SPQR_PICKLE_INT || number->number != PROTOCOL_VERSION)
    return fail (self, SPQR_MODEL_ERROR_UNSUPPORTED, "a version of torch.save's old layout that is not known", error);
  if (is_big_endian (spqr_pickle_get_root (machine)))
    return fail (self, SPQR_MODEL_ERROR_UNSUPPORTED, "its numbers are big-endian", error);
  return TRUE;
}

/* The storages that the object names; many tensors may lie in one. */
static gboolean
collect_storages (SpqrTorchOld *self, GError **error)
{
  const GPtrArray *all = spqr_pickle_get_storages (self->object);

  for (guint i = 0; i < all->len; i++)
    {
      const SpqrPickleValue *said = all->pdata[i];
      Storage *storage = g_hash_table_lookup (self->storages, said->text);

      if (said->n_elements < 0)
        return fail (self, SPQR_MODEL_ERROR_MALFORMED, "a storage has an impossible number of elements", error);
      if (storage != NULL && (storage->said->number != said->number || storage->said->n_elements != said->n_elements))
        return fail (self, SPQR_MODEL_ERROR_MALFORMED, "one storage has two types or sizes", error);
      if (storage != NULL)
        continue;
      storage = g_new0 (Storage, 1);
      storage->said = said;
      g_hash_table_insert (self->storages, said->text, storage);
    }
  return TRUE;
}

/* The raw part at self->at is this key's. */
static gboolean
walk_storage (SpqrTorchOld *self, const SpqrPickleValue *key, GError **error)
{
  Storage *storage = key->kind == SPQR_PICKLE_TEXT ? g_hash_table_lookup (self->storages, key->text) : NULL;
  guint64 count = 0, n_bytes;

  if (storage == NULL || storage->bytes != NULL)
    return fail (self, SPQR_MODEL_ERROR_MALFORMED, "its list of storages names one that no tensor has, or one twice", error);
  if (self->end - self->at < COUNT_BYTES)
    return fail (self, SPQR_MODEL_ERROR_MALFORMED, "is cut off; download it again", error);
  for (guint i = 0; i < COUNT_BYTES; i++)
    count |= (guint64) self->at[i] << (8 * i);
  self->at += COUNT_BYTES;
  if (count != (guint64) storage->said->n_elements)
    return fail (self, SPQR_MODEL_ERROR_MALFORMED, "a storage has another number of elements than its tensors say", error);
  if (!g_uint64_checked_mul (&n_bytes, count, (guint64) storage->said->number) || n_bytes > (guint64) (self->end - self->at))
    return fail (self, SPQR_MODEL_ERROR_MALFORMED, "is cut off; download it again", error);
  storage->bytes = self->at;
  storage->len = (gsize) n_bytes;
  self->at += n_bytes;
  return TRUE;
}

static gboolean
walk_storages (SpqrTorchOld *self, SpqrPickleContent content, GError **error)
{
  g_autoptr(SpqrPickle) keys = next_pickle (self, content, error);
  const SpqrPickleValue *list = keys != NULL ? spqr_pickle_get_root (keys) : NULL;

  if (list == NULL)
    return FALSE;
  if (list->kind != SPQR_PICKLE_LIST)
    return fail (self, SPQR_MODEL_ERROR_MALFORMED, "has no list of storages", error);
  for (guint i = 0; i < list->items->len; i++)
    {
      if (!walk_storage (self, list->items->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}

/* A view, as torch wrote before 0.4: (its own key, first element, elements) of the whole. */
static gboolean
narrow (const SpqrPickleValue *storage, const guint8 **bytes, gsize *len)
{
  const SpqrPickleValue *first = storage->view->items->len == 3 ? storage->view->items->pdata[1] : NULL;
  const SpqrPickleValue *count = first != NULL ? storage->view->items->pdata[2] : NULL;
  guint64 size = (guint64) storage->number, begin, n_bytes;

  if (count == NULL || first->kind != SPQR_PICKLE_INT || count->kind != SPQR_PICKLE_INT || first->number < 0 ||
      count->number < 0 || !g_uint64_checked_mul (&begin, (guint64) first->number, size) ||
      !g_uint64_checked_mul (&n_bytes, (guint64) count->number, size) || begin > *len || n_bytes > *len - begin)
    return FALSE;
  *bytes += begin;
  *len = (gsize) n_bytes;
  return TRUE;
}

gboolean
spqr_torch_old_find (SpqrTorchOld *self, const SpqrPickleValue *storage, const guint8 **bytes, gsize *len)
{
  const Storage *found = g_hash_table_lookup (self->storages, storage->text);

  if (found == NULL || found->bytes == NULL)
    return FALSE;
  *bytes = found->bytes;
  *len = found->len;
  return storage->view == NULL || narrow (storage, bytes, len);
}

SpqrTorchOld *
spqr_torch_old_open (const guint8 *bytes, gsize len, SpqrPickleContent content, const char *path, GError **error)
{
  g_autoptr(SpqrTorchOld) self = g_new0 (SpqrTorchOld, 1);

  self->at = bytes + magic_bytes (bytes, len);
  self->end = bytes + len;
  self->path = path;
  self->storages = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  if (!read_prelude (self, content, error) || (self->object = next_pickle (self, content, error)) == NULL ||
      !collect_storages (self, error) || !walk_storages (self, content, error))
    return NULL;
  return g_steal_pointer (&self);
}
