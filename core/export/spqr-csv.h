/* spqr-csv.h: tables as comma-separated values, RFC 4180: a header line, lines that end in CR LF,
 * quotes where a field needs them. Numbers are for machines: a point, and digits enough to be
 * read back exactly, whatever the locale. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _SpqrCsv SpqrCsv;

SpqrCsv *spqr_csv_new (void);
void     spqr_csv_free (SpqrCsv *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrCsv, spqr_csv_free)

/* The fields of a line from left to right, then its end. */
void     spqr_csv_add_text (SpqrCsv *self, const char *text);      /* NULL: empty */
void     spqr_csv_add_number (SpqrCsv *self, double number);       /* NAN, what is not known: empty */
void     spqr_csv_add_integer (SpqrCsv *self, gint64 integer);
void     spqr_csv_add_time (SpqrCsv *self, gint64 unix_seconds);   /* ISO 8601, UTC; 0: empty */
void     spqr_csv_end_line (SpqrCsv *self);

const char *spqr_csv_peek (SpqrCsv *self);                         /* what is written so far, UTF-8 */
/* Writes beside and renames: path is either the old file or the whole new one. */
gboolean spqr_csv_save (SpqrCsv *self, const char *path, GError **error);

G_END_DECLS
