#include "plot/spqr-format.h"

#include <glib/gi18n-lib.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#define MINUS "\u2212"
#define NBSP "\u00a0"
#define NARROW "\u202f"

/* Sets the real minus sign, and takes the zeros out of an exponent: 1e-07 -> 1e−7. */
static char *
tidy (const char *text)
{
  GString *out = g_string_new (NULL);
  for (const char *p = text; *p; p++)
    {
      if (*p == '-')
        g_string_append (out, MINUS);
      else
        g_string_append_c (out, *p);
      if (*p == 'e')
        {
          if (p[1] == '-')
            g_string_append (out, MINUS);
          if (p[1] == '-' || p[1] == '+')
            p++;
          while (p[1] == '0' && p[2])
            p++;
        }
    }
  return g_string_free (out, FALSE);
}

static char *
not_finite (double v)
{
  if (isnan (v))
    return g_strdup ("–");
  return g_strdup (v < 0 ? MINUS "∞" : "∞");
}

char *
spqr_format_fixed (double value, int decimals)
{
  if (!isfinite (value))
    return not_finite (value);
  decimals = CLAMP (decimals, 0, 17);
  if (fabs (value) < 0.5 * pow (10, -decimals))
    value = 0; /* no "-0.00" */
  g_autofree char *text = g_strdup_printf ("%.*f", decimals, value);
  return tidy (text);
}

char *
spqr_format_value (double value, int digits)
{
  if (!isfinite (value))
    return not_finite (value);
  if (value == 0)
    return g_strdup ("0");
  g_autofree char *text = g_strdup_printf ("%.*g", CLAMP (digits, 1, 17), value);
  return tidy (text);
}

char *
spqr_format_exponent (double value, int digits)
{
  if (!isfinite (value))
    return not_finite (value);
  g_autofree char *text = g_strdup_printf ("%.*e", CLAMP (digits - 1, 0, 16), value);
  return tidy (text);
}

char *
spqr_format_integer (guint64 n)
{
  if (n < 10000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT, n);
  const char *sep = localeconv ()->thousands_sep;
  if (!sep || !*sep || !g_utf8_validate (sep, -1, NULL))
    sep = NARROW;
  g_autofree char *digits = g_strdup_printf ("%" G_GUINT64_FORMAT, n);
  GString *out = g_string_new (NULL);
  size_t len = strlen (digits);
  for (size_t i = 0; i < len; i++)
    {
      if (i > 0 && (len - i) % 3 == 0)
        g_string_append (out, sep);
      g_string_append_c (out, digits[i]);
    }
  return g_string_free (out, FALSE);
}

char *
spqr_format_count (double n)
{
  static const struct { double unit; const char *name; } units[] = {
    /* Translators: short for thousand, million, billion (10^9), trillion (10^12) */
    { 1e12, NC_ ("count", "T") }, { 1e9, NC_ ("count", "B") }, { 1e6, NC_ ("count", "M") }, { 1e3, NC_ ("count", "K") },
  };
  if (!isfinite (n))
    return not_finite (n);
  for (size_t i = 0; i < G_N_ELEMENTS (units); i++)
    if (fabs (n) >= units[i].unit * 0.9995 && !(units[i].unit == 1e3 && fabs (n) < 9999.5))
      {
        double v = n / units[i].unit;
        g_autofree char *number = spqr_format_fixed (v, v == floor (v) ? 0 : fabs (v) < 9.995 ? 2 : fabs (v) < 999.95 ? 1 : 0);
        return g_strconcat (number, NBSP, g_dpgettext2 (NULL, "count", units[i].name), NULL);
      }
  return spqr_format_fixed (n, n == floor (n) ? 0 : 1);
}

char *
spqr_format_bytes (guint64 bytes)
{
  return g_format_size (bytes);
}

char *
spqr_format_bits (double bits)
{
  g_autofree char *number = spqr_format_fixed (bits, 2);
  /* Translators: a number of bits per weight, such as 3.63 bits */
  return g_strdup_printf (_ ("%s bits"), number);
}

/* Decimals that tell apart what is a step apart. */
static int
decimals_for (double step)
{
  return step > 0 && isfinite (step) ? (int) CLAMP (ceil (-log10 (step) - 1e-9), 0, 12) : 0;
}

/* The number before a percent sign. */
static char *
format_hundredths (double share, double step)
{
  double p = share * 100, a = fabs (p);
  int decimals = a >= 99.95 && a != floor (a) ? 2 : a == 0 ? 0 : a >= 10 ? 1 : a >= 0.095 ? 2 : 3;
  return a > 0 && a < 0.0005 ? spqr_format_value (p, 2) : spqr_format_fixed (p, MAX (decimals, MIN (decimals_for (100 * step), 4)));
}

char *
spqr_format_percent_finely (double share, double step)
{
  g_autofree char *number = format_hundredths (share, step);
  return g_strconcat (number, NBSP "%", NULL);
}

char *
spqr_format_percent (double share)
{
  return spqr_format_percent_finely (share, 0);
}

char *
spqr_format_value_finely (double value, int digits, double step)
{
  if (value == 0 || !isfinite (value))
    return spqr_format_value (value, digits);
  int wanted = (int) floor (log10 (fabs (value))) + 1 + decimals_for (step);
  /* 3.00 beside 3.05: zeros at the end stay. */
  g_autofree char *text = g_strdup_printf ("%#.*g", CLAMP (wanted, digits, digits + 3), value);
  if (!g_ascii_isdigit (text[strlen (text) - 1]))      /* a decimal sign with nothing behind it */
    text[strlen (text) - 1] = '\0';
  return tidy (text);
}

char *
spqr_format_points (double difference)
{
  g_autofree char *number = format_hundredths (difference, 0);
  /* Translators: a difference of two percentages, in percentage points */
  return g_strdup_printf (_ ("%s pp"), number);
}

char *
spqr_format_power (int exponent)
{
  static const char *const superscripts[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
  GString *out = g_string_new ("10");
  g_autofree char *digits = g_strdup_printf ("%d", exponent);
  for (const char *p = digits; *p; p++)
    g_string_append (out, *p == '-' ? "⁻" : superscripts[*p - '0']);
  return g_string_free (out, FALSE);
}

char *
spqr_format_sci (double value)
{
  if (!isfinite (value))
    return not_finite (value);
  if (value == 0)
    return g_strdup ("0");
  int exponent = (int) floor (log10 (fabs (value)));
  double mantissa = value / pow (10, exponent);
  if (fabs (mantissa) >= 9.95)
    {
      mantissa /= 10;
      exponent++;
    }
  g_autofree char *number = spqr_format_fixed (mantissa, 1);
  g_autofree char *power = spqr_format_power (exponent);
  return g_strconcat (number, "×", power, NULL);
}

char *
spqr_format_duration (double seconds)
{
  if (!isfinite (seconds) || seconds < 0)
    return g_strdup ("–");
  if (seconds > 0 && seconds < 0.0995)
    {
      g_autofree char *number = spqr_format_fixed (1000 * seconds, seconds < 0.00995 ? 1 : 0);
      /* Translators: milliseconds */
      return g_strdup_printf (_ ("%s ms"), number);
    }
  if (seconds < 9.95)
    {
      g_autofree char *number = spqr_format_fixed (seconds, 1);
      return g_strdup_printf (_ ("%s s"), number);
    }
  /* A century is long enough to say "long". */
  guint64 s = (guint64) MIN (seconds + 0.5, 3.2e9);
  if (s < 60)
    return g_strdup_printf (_ ("%u s"), (guint) s);
  if (s < 3600)
    return g_strdup_printf (_ ("%u min %02u s"), (guint) (s / 60), (guint) (s % 60));
  return g_strdup_printf (_ ("%u h %02u min"), (guint) (s / 3600), (guint) (s / 60 % 60));
}
