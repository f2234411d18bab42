/* spqr-regex.h: the regular expressions of tokenizer files, through PCRE2.
 *
 * The files are written for Oniguruma and Rust's regex crate. The spellings that PCRE2 reads
 * differently are rewritten first: \s and \w (Unicode properties), \h (a hexadecimal digit), \uXXXX,
 * script names. Nested and intersected character classes are refused by name. */
#pragma once

#include <glib.h>

typedef struct _SpqrRegex SpqrRegex;

SpqrRegex *spqr_regex_new (const char *pattern, GError **error);
void       spqr_regex_free (SpqrRegex *regex);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRegex, spqr_regex_free)

/* One caller's walk through texts with one expression; the expression itself may be shared. */
typedef struct _SpqrRegexScan SpqrRegexScan;
SpqrRegexScan *spqr_regex_scan_new (const SpqrRegex *regex);
void           spqr_regex_scan_free (SpqrRegexScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRegexScan, spqr_regex_scan_free)
/* text must be UTF-8. */
void           spqr_regex_scan_start (SpqrRegexScan *scan, const char *text, gsize len);
/* 1: the next match lies at *start … *end; 0: there is no more; -1: error (the expression takes too
 * much time or memory on this text). */
int            spqr_regex_scan_next (SpqrRegexScan *scan, gsize *start, gsize *end, GError **error);
