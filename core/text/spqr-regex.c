#include "text/spqr-regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "text/spqr-tokenizer.h"

/* What \w means to both original engines. */
#define WORD_CLASS "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"

struct _SpqrRegex {
  pcre2_code *code;
  char *pattern;
};

struct _SpqrRegexScan {
  const SpqrRegex *regex;
  pcre2_match_data *data;
  pcre2_match_context *context;
  pcre2_jit_stack *stack;
  const char *text;
  gsize len, at;
};

/* --- rewriting ------------------------------------------------------------------------------- */

static gboolean
compiles (const char *pattern)
{
  int code;
  PCRE2_SIZE at;
  pcre2_code *regex = pcre2_compile ((PCRE2_SPTR) pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &code, &at,
                                     NULL);

  pcre2_code_free (regex);
  return regex != NULL;
}

static const char *
short_category (const char *name)
{
  static const char * const names[][2] = {
    { "Letter", "L" }, { "Uppercase_Letter", "Lu" }, { "Lowercase_Letter", "Ll" }, { "Titlecase_Letter", "Lt" },
    { "Modifier_Letter", "Lm" }, { "Other_Letter", "Lo" }, { "Mark", "M" }, { "Nonspacing_Mark", "Mn" },
    { "Number", "N" }, { "Decimal_Number", "Nd" }, { "Punctuation", "P" }, { "Symbol", "S" }, { "Separator", "Z" },
    { "Other", "C" }, { "Alpha", "Alphabetic" }, { "Alnum", "Xan" }, { "Digit", "Nd" }, { "Space", "White_Space" },
    { "Upper", "Uppercase" }, { "Lower", "Lowercase" }, { "Punct", "P" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (g_ascii_strcasecmp (names[i][0], name) == 0)
        return names[i][1];
    }
  return NULL;
}

/* \p{Name}: a script's name means the script itself, not its extensions as PCRE2 would read it.
 * at points behind "\p{"; returns behind the "}", or NULL when there is none. */
static const char *
rewrite_property (GString *out, char letter, const char *at)
{
  const char *close = strchr (at, '}');
  g_autofree char *name = NULL;
  g_autofree char *script = NULL;
  gboolean negated;

  if (close == NULL || close - at > 64)
    return NULL;
  negated = *at == '^';
  name = g_strndup (at + negated, (gsize) (close - at - negated));
  script = g_strdup_printf ("\\p{sc:%s}", name);
  g_string_append_printf (out, "\\%c{%s", letter, negated ? "^" : "");
  if (short_category (name) != NULL)
    g_string_append (out, short_category (name));
  else
    g_string_append_printf (out, "%s%s", strlen (name) > 2 && compiles (script) ? "sc:" : "", name);
  g_string_append_c (out, '}');
  return close + 1;
}

/* An escape; at points at the backslash. Returns what follows it. */
static const char *
rewrite_escape (GString *out, const char *at, gboolean in_class)
{
  const char *after;

  switch (at[1])
    {
    case '\0':
      g_string_append_c (out, '\\');
      return at + 1;
    case 's':
      g_string_append (out, "\\p{White_Space}");
      return at + 2;
    case 'S':
      g_string_append (out, "\\P{White_Space}");
      return at + 2;
    case 'w':
      g_string_append (out, in_class ? WORD_CLASS : "[" WORD_CLASS "]");
      return at + 2;
    case 'W':
      g_string_append (out, in_class ? "\\W" : "[^" WORD_CLASS "]");
      return at + 2;
    case 'h':
      g_string_append (out, in_class ? "0-9a-fA-F" : "[0-9a-fA-F]");
      return at + 2;
    case 'u':
      if (g_ascii_isxdigit (at[2]) && g_ascii_isxdigit (at[3]) && g_ascii_isxdigit (at[4]) && g_ascii_isxdigit (at[5]))
        {
          g_string_append_printf (out, "\\x{%.4s}", at + 2);
          return at + 6;
        }
      break;
    case 'p':
    case 'P':
      after = at[2] == '{' ? rewrite_property (out, at[1], at + 3) : NULL;
      if (after != NULL)
        return after;
      break;
    default:
      break;
    }
  after = g_utf8_next_char (at + 1);
  g_string_append_len (out, at, after - at);
  return after;
}

static char *
rewrite (const char *pattern, GError **error)
{
  g_autoptr(GString) out = g_string_new (NULL);
  const char *class_start = NULL;

  for (const char *at = pattern; *at != '\0';)
    {
      if (*at == '\\')
        {
          at = rewrite_escape (out, at, class_start != NULL);
          continue;
        }
      if (class_start == NULL && *at == '[')
        class_start = at[1] == '^' ? at + 2 : at + 1;
      else if (class_start != NULL && *at == ']' && at != class_start)
        class_start = NULL;
      else if (class_start != NULL && ((*at == '[' && at[1] != ':') || (*at == '&' && at[1] == '&')))
        {
          g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED,
                       "the regular expression “%.200s” nests or intersects character classes, which this program "
                       "does not read", pattern);
          return NULL;
        }
      else if (class_start != NULL && *at == '[')   /* [:alpha:] */
        {
          const char *close = strstr (at, ":]");

          if (close != NULL)
            {
              g_string_append_len (out, at, close + 2 - at);
              at = close + 2;
              continue;
            }
        }
      g_string_append_c (out, *at++);
    }
  return g_strdup (out->str);
}

/* --- compiling and matching ------------------------------------------------------------------- */

SpqrRegex *
spqr_regex_new (const char *pattern, GError **error)
{
  g_autofree char *rewritten = NULL;
  pcre2_compile_context *context;
  SpqrRegex *regex;
  pcre2_code *code;
  int number;
  PCRE2_SIZE at;

  if (strlen (pattern) > 65536 || !g_utf8_validate (pattern, -1, NULL))
    {
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED,
                   "a regular expression is longer than 65536 bytes or not UTF-8");
      return NULL;
    }
  rewritten = rewrite (pattern, error);
  if (rewritten == NULL)
    return NULL;
  context = pcre2_compile_context_create (NULL);
  pcre2_set_newline (context, PCRE2_NEWLINE_LF);
  code = pcre2_compile ((PCRE2_SPTR) rewritten, PCRE2_ZERO_TERMINATED,
                        PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &number, &at, context);
  pcre2_compile_context_free (context);
  if (code == NULL)
    {
      PCRE2_UCHAR message[256];

      pcre2_get_error_message (number, message, sizeof message);
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED, "the regular expression “%.200s”: %s", pattern,
                   (const char *) message);
      return NULL;
    }
  pcre2_jit_compile (code, PCRE2_JIT_COMPLETE);   /* without it the interpreter runs */
  regex = g_new0 (SpqrRegex, 1);
  regex->code = code;
  regex->pattern = g_strdup (pattern);
  return regex;
}

void
spqr_regex_free (SpqrRegex *regex)
{
  if (regex == NULL)
    return;
  pcre2_code_free (regex->code);
  g_free (regex->pattern);
  g_free (regex);
}

SpqrRegexScan *
spqr_regex_scan_new (const SpqrRegex *regex)
{
  SpqrRegexScan *scan = g_new0 (SpqrRegexScan, 1);

  scan->regex = regex;
  scan->data = pcre2_match_data_create_from_pattern (regex->code, NULL);
  scan->context = pcre2_match_context_create (NULL);
  scan->stack = pcre2_jit_stack_create (32 * 1024, 8 * 1024 * 1024, NULL);
  pcre2_set_heap_limit (scan->context, 256 * 1024);   /* KiB */
  if (scan->stack != NULL)
    pcre2_jit_stack_assign (scan->context, NULL, scan->stack);
  return scan;
}

void
spqr_regex_scan_free (SpqrRegexScan *scan)
{
  if (scan == NULL)
    return;
  pcre2_jit_stack_free (scan->stack);
  pcre2_match_context_free (scan->context);
  pcre2_match_data_free (scan->data);
  g_free (scan);
}

void
spqr_regex_scan_start (SpqrRegexScan *scan, const char *text, gsize len)
{
  scan->text = text;
  scan->len = len;
  scan->at = 0;
}

int
spqr_regex_scan_next (SpqrRegexScan *scan, gsize *start, gsize *end, GError **error)
{
  PCRE2_SIZE *ovector;
  int result;

  if (scan->at > scan->len)
    return 0;
  result = pcre2_match (scan->regex->code, (PCRE2_SPTR) scan->text, scan->len, scan->at, PCRE2_NO_UTF_CHECK,
                        scan->data, scan->context);
  if (result == PCRE2_ERROR_NOMATCH)
    return 0;
  ovector = pcre2_get_ovector_pointer (scan->data);
  if (result < 0 || ovector[0] > ovector[1] || ovector[0] < scan->at)
    {
      PCRE2_UCHAR message[256] = "it matches behind itself";

      if (result < 0)
        pcre2_get_error_message (result, message, sizeof message);
      g_set_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_FAILED,
                   "the tokenizer's regular expression “%.200s” fails on this text: %s", scan->regex->pattern,
                   (const char *) message);
      return -1;
    }
  *start = ovector[0];
  *end = ovector[1];
  scan->at = *end;
  if (*end == *start)
    scan->at = *end < scan->len ? (gsize) (g_utf8_next_char (scan->text + *end) - scan->text) : scan->len + 1;
  return 1;
}
