/* spqr-bits.c */
#include "pack/spqr-bits-private.h"

void
spqr_bits_pack (const guint8 *codes, gsize n, int bits, guint8 *out)
{
  guint32 window = 0;
  int filled = 0;

  for (gsize i = 0; i < n; i++)
    {
      window |= (guint32) codes[i] << filled;
      filled += bits;
      if (filled >= 8)
        {
          *out++ = (guint8) window;
          window >>= 8;
          filled -= 8;
        }
    }
  if (filled > 0)
    *out = (guint8) window;
}

gboolean
spqr_bits_unpack (const guint8 *in, gsize n, int bits, guint8 *codes)
{
  guint32 window = 0, mask = (1u << bits) - 1;
  int filled = 0;

  for (gsize i = 0; i < n; i++)
    {
      if (filled < bits)
        {
          window |= (guint32) *in++ << filled;
          filled += 8;
        }
      codes[i] = (guint8) (window & mask);
      window >>= bits;
      filled -= bits;
    }
  return window == 0;
}
