/* spqr-bits-private.h: small codes in a stream of bits.
 *
 * Code i of width b takes bits i b … i b + b - 1 of the stream; bit k of the stream is bit k % 8 of
 * byte k / 8. The bits after the last code are 0. */
#pragma once

#include <glib.h>

/* Bytes that n codes of `bits` bits (1 … 8) take. n < 2^60. */
static inline guint64
spqr_bits_size (guint64 n, int bits)
{
  return (n * (guint64) bits + 7) / 8;
}

/* codes (n), each below 2^bits -> out (spqr_bits_size()). */
void spqr_bits_pack (const guint8 *codes, gsize n, int bits, guint8 *out);
/* The reverse. FALSE when the bits after the last code are not 0. */
gboolean spqr_bits_unpack (const guint8 *in, gsize n, int bits, guint8 *codes);
