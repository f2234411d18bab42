#include "model/spqr-torch-zip.h"

#include <string.h>

#include "model/spqr-model.h"

#define END_BYTES 22       /* end of central directory, without its comment */
#define ENTRY_BYTES 46     /* central directory entry, without its texts */
#define LOCAL_BYTES 30     /* local header, without its texts */

struct _SpqrTorchZip {
  GHashTable *members;     /* name below the folder -> SpqrZipMember */
};

static guint32
word (const guint8 *p)
{
  return p[0] | (guint32) p[1] << 8 | (guint32) p[2] << 16 | (guint32) p[3] << 24;
}

static guint64
long_word (const guint8 *p)
{
  return word (p) | (guint64) word (p + 4) << 32;
}

static guint32
half (const guint8 *p)
{
  return p[0] | (guint32) p[1] << 8;
}

void
spqr_torch_zip_free (SpqrTorchZip *zip)
{
  if (zip == NULL)
    return;
  g_hash_table_unref (zip->members);
  g_free (zip);
}

const SpqrZipMember *
spqr_torch_zip_find (SpqrTorchZip *zip, const char *name)
{
  return g_hash_table_lookup (zip->members, name);
}

static const guint8 *
find_end (const guint8 *bytes, gsize len)
{
  gsize lowest = len > END_BYTES + 65535 ? len - END_BYTES - 65535 : 0;

  for (gsize at = len >= END_BYTES ? len - END_BYTES + 1 : 0; at-- > lowest;)
    {
      if (memcmp (bytes + at, "PK\5\6", 4) == 0)
        return bytes + at;
    }
  return NULL;
}

/* Sizes and places that do not fit in 32 bits stand in the entry's extra field 1, in this order, each only where its own
 * field is full. FALSE: the field is missing. */
static gboolean
read_wide (const guint8 *extra, gsize len, guint64 packed, guint64 *size, guint64 *offset)
{
  if (*size != G_MAXUINT32 && *offset != G_MAXUINT32 && packed != G_MAXUINT32)
    return TRUE;
  for (gsize at = 0; at + 4 <= len; at += 4 + half (extra + at + 2))
    {
      const guint8 *p = extra + at + 4, *end = p + half (extra + at + 2);

      if (half (extra + at) != 1 || end > extra + len)
        continue;
      for (int i = 0; i < 3; i++)
        {
          guint64 *field = i == 0 ? size : i == 1 ? &packed : offset;

          if (*field != G_MAXUINT32)
            continue;
          if (end - p < 8)
            return FALSE;
          *field = long_word (p);
          p += 8;
        }
      return TRUE;
    }
  return FALSE;
}

/* One entry of the central directory; *at moves on. */
static gboolean
read_entry (SpqrTorchZip *zip, const guint8 *bytes, gsize len, gsize *at, const char **why)
{
  const guint8 *e = bytes + *at;
  guint64 size, offset, data;
  guint32 name_len;
  SpqrZipMember *member;
  const char *slash;
  g_autofree char *name = NULL;

  *why = "the directory of the archive is broken";
  if (*at > len || len - *at < ENTRY_BYTES || memcmp (e, "PK\1\2", 4) != 0)
    return FALSE;
  name_len = half (e + 28);
  size = word (e + 24);
  offset = word (e + 42);
  if (len - *at - ENTRY_BYTES < (gsize) name_len + half (e + 30) ||
      !read_wide (e + ENTRY_BYTES + name_len, half (e + 30), word (e + 20), &size, &offset))
    return FALSE;
  name = g_strndup ((const char *) e + ENTRY_BYTES, name_len);
  *at += ENTRY_BYTES + (gsize) name_len + half (e + 30) + half (e + 32);
  *why = "a member is compressed or encrypted";
  if (half (e + 10) != 0 || (half (e + 8) & 1) != 0)
    return FALSE;
  *why = "a member lies outside the file";
  if (offset > len || len - offset < LOCAL_BYTES || memcmp (bytes + offset, "PK\3\4", 4) != 0)
    return FALSE;
  data = offset + LOCAL_BYTES + half (bytes + offset + 26) + half (bytes + offset + 28);
  if (data > len || size > len - data)
    return FALSE;
  slash = strchr (name, '/');
  member = g_new (SpqrZipMember, 1);
  *member = (SpqrZipMember) { bytes + data, (gsize) size };
  g_hash_table_replace (zip->members, g_strdup (slash != NULL ? slash + 1 : name), member);
  return TRUE;
}

/* The wide form of the end, where the narrow one says so: a locator right before it tells where. */
static void
read_wide_end (const guint8 *bytes, gsize len, const guint8 *end, gsize *at, guint64 *count)
{
  const guint8 *locator = end - bytes >= 20 ? end - 20 : NULL;
  guint64 place = locator != NULL && memcmp (locator, "PK\6\7", 4) == 0 ? long_word (locator + 8) : G_MAXUINT64;

  if ((*at != G_MAXUINT32 && *count != G_MAXUINT16) || place > len || len - place < 56 || memcmp (bytes + place, "PK\6\6", 4) != 0)
    return;
  *count = long_word (bytes + place + 32);
  *at = (gsize) long_word (bytes + place + 48);
}

SpqrTorchZip *
spqr_torch_zip_open (const char *bytes, gsize len, const char *path, GError **error)
{
  g_autoptr(SpqrTorchZip) zip = g_new0 (SpqrTorchZip, 1);
  const guint8 *end = find_end ((const guint8 *) bytes, len);
  const char *why = NULL;
  guint64 count;
  gsize at;

  zip->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (end == NULL)
    {
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_UNSUPPORTED,
                   "%s: neither the zip file that torch.save writes since version 1.6 nor what it wrote before", path);
      return NULL;
    }
  at = word (end + 16);
  count = half (end + 10);
  read_wide_end ((const guint8 *) bytes, len, end, &at, &count);
  for (guint64 i = 0; i < count; i++)
    {
      if (read_entry (zip, (const guint8 *) bytes, len, &at, &why))
        continue;
      g_set_error (error, SPQR_MODEL_ERROR, SPQR_MODEL_ERROR_MALFORMED, "%s: %s", path, why);
      return NULL;
    }
  return g_steal_pointer (&zip);
}
