#include "text/spqr-byte-level.h"

static gboolean
is_visible (guint8 byte)
{
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

gunichar
spqr_byte_level_char (guint8 byte)
{
  if (is_visible (byte))
    return byte;
  if (byte <= ' ')
    return 0x100u + byte;
  if (byte <= 0xa0)
    return 0x121u + (byte - 0x7fu);   /* 33 come before 0x7f */
  return 0x143;                        /* 0xad, the last one */
}

int
spqr_byte_level_byte (gunichar c)
{
  if (c < 0x100)
    return is_visible ((guint8) c) ? (int) c : -1;
  if (c <= 0x120)
    return (int) (c - 0x100);
  if (c <= 0x142)
    return (int) (c - 0x121 + 0x7f);
  return c == 0x143 ? 0xad : -1;
}

void
spqr_byte_level_append (GString *out, const char *bytes, gsize len)
{
  for (gsize i = 0; i < len; i++)
    {
      gunichar c = spqr_byte_level_char ((guint8) bytes[i]);

      if (c < 0x80)
        g_string_append_c (out, (char) c);
      else
        {
          g_string_append_c (out, (char) (0xc0 | (c >> 6)));
          g_string_append_c (out, (char) (0x80 | (c & 0x3f)));
        }
    }
}
