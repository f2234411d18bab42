/* spqr-byte-level.h: GPT-2's spelling of bytes as visible characters.
 *
 * The bytes ! … ~, ¡ … ¬ and ® … ÿ stand for the character of the same number; the 68 others, in
 * ascending order, for U+0100, U+0101, … . A byte-level vocabulary is spelled in these characters. */
#pragma once

#include <glib.h>

/* The character of a byte. */
gunichar spqr_byte_level_char (guint8 byte);
/* The byte of a character, -1 when it stands for none. */
int      spqr_byte_level_byte (gunichar c);
/* Appends the spelling of len bytes. */
void     spqr_byte_level_append (GString *out, const char *bytes, gsize len);
