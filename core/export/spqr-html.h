/* spqr-html.h: a page of HTML, piece by piece. Whatever comes from outside goes through
 * spqr_html_text(); everything else is the program's own markup. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Text as it stands between tags or in a quoted attribute: & < > " ' escaped; bytes that HTML forbids
 * become U+FFFD. NULL: nothing. */
void  spqr_html_text (GString *page, const char *text);
/* "<tag>text</tag>", the text escaped. */
void  spqr_html_element (GString *page, const char *tag, const char *text);
/* Markup with printf; only the program's own strings and numbers. */
void  spqr_html_markup (GString *page, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Figures for the eye, in the reader's locale; "–" for what is not known. New strings. */
char *spqr_html_fixed (double value, int decimals);
char *spqr_html_percent (double share);            /* 0.0041 -> 0.41 % */
char *spqr_html_seconds (double seconds);          /* 4.2 s, 3 min 20 s, 2 h 05 min */
char *spqr_html_date (gint64 unix_seconds);        /* 2024-05-01 13:37, local; "–" for 0 */
/* A path as one says it: "~" is home. */
char *spqr_html_path (const char *path);
/* A coordinate for SVG: a point and three decimals, whatever the locale. */
void  spqr_html_coordinate (GString *page, double value);

G_END_DECLS
