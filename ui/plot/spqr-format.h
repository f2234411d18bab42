/* spqr-format.h: numbers as people read them: in their locale's decimal sign, with a real minus, a
 * non-breaking space before the unit. For the eye only, never for a file. New strings, to free. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *spqr_format_integer (guint64 n);      /* 4096, 11 008 */
char *spqr_format_count (double n);         /* 576, 134.5 M, 6.74 B */
char *spqr_format_bytes (guint64 bytes);    /* 269.1 MB */
char *spqr_format_bits (double bits);       /* 3.63 bits */
char *spqr_format_percent (double share);   /* 0.0041 -> 0.41 % */
char *spqr_format_points (double difference);  /* of two shares: 0.0041 -> 0.41 pp */
/* The same with so many decimals more that values a step apart look different (step 0: no more); as in a column,
 * zeros at the end stay. */
char *spqr_format_percent_finely (double share, double step);
char *spqr_format_value_finely (double value, int digits, double step);
char *spqr_format_sci (double value);       /* 3.1×10⁻⁴ */
char *spqr_format_value (double value, int digits); /* 0.000312, 3.1e−7: the shorter of both */
char *spqr_format_exponent (double value, int digits); /* 2.4e−4, also where plain digits would do */
char *spqr_format_fixed (double value, int decimals); /* −0.250 */
char *spqr_format_duration (double seconds); /* 4.2 s, 3 min 20 s, 2 h 05 min */
/* 10 to a whole power, as a label: 10⁻⁹. */
char *spqr_format_power (int exponent);

G_END_DECLS
