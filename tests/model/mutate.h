/* mutate.h: one to four random changes to a text or a file: bytes flipped, cut out, doubled, swapped
 * for something a reader may stumble over. */
#pragma once

#include <glib.h>
#include <string.h>

static inline const char *
mutate_token (GRand *rand)
{
  static const char *const tokens[] = {
    "0", "-1", "1", "1e999", "1e5", "-0", "0.5", "2147483648", "4294967296", "9223372036854775807",
    "18446744073709551616", "99999999999999999999999999", "null", "true", "\"\"", "\"x\"", "{", "}", "[", "]", "[]",
    "{}", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "\xff", " ", "\n", "../", "F32", "F16", "OTHER",
  };

  return tokens[g_rand_int_range (rand, 0, G_N_ELEMENTS (tokens))];
}

/* A run of digits in text, or FALSE. */
static inline gboolean
mutate_find_number (GRand *rand, const GString *text, gsize *begin, gsize *end)
{
  for (int tries = 0; tries < 40; tries++)
    {
      gsize at = (gsize) g_rand_int_range (rand, 0, (gint32) text->len);

      if (!g_ascii_isdigit (text->str[at]))
        continue;
      for (*begin = at; *begin > 0 && g_ascii_isdigit (text->str[*begin - 1]);)
        (*begin)--;
      for (*end = at; *end < text->len && g_ascii_isdigit (text->str[*end]);)
        (*end)++;
      return TRUE;
    }
  return FALSE;
}

static inline void
mutate_once (GRand *rand, GString *text)
{
  gsize at, n, begin, end;

  if (text->len == 0)
    {
      g_string_append (text, mutate_token (rand));
      return;
    }
  at = (gsize) g_rand_int_range (rand, 0, (gint32) text->len);
  n = (gsize) g_rand_int_range (rand, 1, 30);
  n = MIN (n, text->len - at);
  switch (g_rand_int_range (rand, 0, 8))
    {
    case 0:
      text->str[at] = (char) (text->str[at] ^ (1 << g_rand_int_range (rand, 0, 8)));
      break;
    case 1:
      text->str[at] = (char) g_rand_int (rand);
      break;
    case 2:
      g_string_erase (text, (gssize) at, (gssize) n);
      break;
    case 3:
      {
        g_autofree char *piece = g_strndup (text->str + at, n);
        g_string_insert_len (text, (gssize) g_rand_int_range (rand, 0, (gint32) text->len), piece, (gssize) n);
        break;
      }
    case 4:
      g_string_insert (text, (gssize) at, mutate_token (rand));
      break;
    case 5:
      g_string_truncate (text, at);
      break;
    default:
      if (mutate_find_number (rand, text, &begin, &end))
        {
          g_string_erase (text, (gssize) begin, (gssize) (end - begin));
          g_string_insert (text, (gssize) begin, mutate_token (rand));
        }
    }
}

static inline void
mutate (GRand *rand, GString *text)
{
  for (int n = g_rand_int_range (rand, 1, 5); n > 0; n--)
    mutate_once (rand, text);
}
