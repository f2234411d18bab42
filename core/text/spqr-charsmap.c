#include "text/spqr-charsmap.h"

#include <string.h>

#include "text/spqr-tokenizer.h"

struct _SpqrCharsmap {
  guint32 *units;
  gsize n_units;
  char *texts;           /* NUL-terminated as a whole too */
  gsize n_texts;
};

SpqrCharsmap *
spqr_charsmap_new (const guint8 *blob, gsize len, const char *name, GError **error)
{
  SpqrCharsmap *map;
  guint32 size;

  if (len >= 4)
    memcpy (&size, blob, 4);
  size = len >= 4 ? GUINT32_FROM_LE (size) : 0;
  if (len < 4 || size == 0 || size % 4 != 0 || size > len - 4)
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "the normalization “%s” has a character map that is cut off or inconsistent", name);
      return NULL;
    }
  map = g_new0 (SpqrCharsmap, 1);
  map->n_units = size / 4;
  map->units = g_new (guint32, map->n_units);
  memcpy (map->units, blob + 4, size);
  for (gsize i = 0; i < map->n_units; i++)
    map->units[i] = GUINT32_FROM_LE (map->units[i]);
  map->n_texts = len - 4 - size;
  map->texts = g_malloc (map->n_texts + 1);
  memcpy (map->texts, blob + 4 + size, map->n_texts);
  map->texts[map->n_texts] = '\0';
  return map;
}

void
spqr_charsmap_free (SpqrCharsmap *map)
{
  if (map == NULL)
    return;
  g_free (map->units);
  g_free (map->texts);
  g_free (map);
}

/* A unit of the double array: bits 0–7 label (bit 31 clear), bit 8 "a value hangs here", bit 9
 * widens the offset in bits 10–30 by 256; a value unit has its number in bits 0–30. */
static guint32
unit_offset (guint32 unit)
{
  return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}

const char *
spqr_charsmap_match (const SpqrCharsmap *map, const char *text, gsize len, gboolean shortest, gsize *used)
{
  const char *found = NULL;
  gsize at = unit_offset (map->units[0]);

  for (gsize i = 0; i < len; i++)
    {
      guint8 byte = (guint8) text[i];
      guint32 unit, value;

      at ^= byte;
      if (at >= map->n_units || byte == 0)
        break;
      unit = map->units[at];
      if ((unit & (0x80000000u | 0xffu)) != byte)
        break;
      at ^= unit_offset (unit);
      if (at >= map->n_units)
        break;
      if (((unit >> 8) & 1) == 0)
        continue;
      value = map->units[at] & 0x7fffffffu;
      if (value >= map->n_texts)
        break;
      found = map->texts + value;
      *used = i + 1;
      if (shortest)
        break;
    }
  return found != NULL && g_utf8_validate (found, -1, NULL) ? found : NULL;
}
