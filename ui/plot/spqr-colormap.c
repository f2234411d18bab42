/* How a map is made: a few stops in Oklch are joined in Oklab (lightness linear, the colour plane by
 * a cubic through the stops), brought into the screen's gamut by chroma, and the curve is walked at
 * constant speed in Oklab, so that equal steps of t are equal steps to the eye. */
#include "plot/spqr-colormap.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

enum { MAX_STOPS = 7, CURVE = 2048 };

typedef struct { double at, lightness, chroma, hue; } Stop;

static const struct {
  const char *id, *name;
  bool diverging;
  size_t n_stops;
  Stop stops[MAX_STOPS];
} maps[SPQR_N_COLORMAPS] = {
  [SPQR_COLORMAP_EMBER] = { "ember", N_("Ember"), false, 6, {
    { 0.00, 0.17, 0.060, 292 }, { 0.25, 0.36, 0.145, 312 }, { 0.50, 0.54, 0.195, 5 },
    { 0.70, 0.68, 0.175, 42 }, { 0.86, 0.82, 0.145, 72 }, { 1.00, 0.96, 0.075, 98 } } },
  [SPQR_COLORMAP_TIDE] = { "tide", N_("Tide (colour-blind safe)"), false, 5, {
    { 0.00, 0.23, 0.085, 262 }, { 0.28, 0.41, 0.070, 260 }, { 0.52, 0.58, 0.012, 180 },
    { 0.76, 0.75, 0.085, 98 }, { 1.00, 0.93, 0.145, 102 } } },
  [SPQR_COLORMAP_PAPER] = { "paper", N_("Paper"), false, 4, {
    { 0.00, 0.985, 0.002, 60 }, { 0.35, 0.76, 0.020, 40 }, { 0.70, 0.50, 0.120, 29 }, { 1.00, 0.27, 0.108, 27 } } },
  [SPQR_COLORMAP_BALANCE] = { "balance", N_("Balance"), true, 7, {
    { 0.00, 0.34, 0.110, 262 }, { 0.20, 0.53, 0.130, 255 }, { 0.37, 0.78, 0.070, 240 }, { 0.50, 0.97, 0.000, 150 },
    { 0.63, 0.78, 0.105, 66 }, { 0.80, 0.53, 0.130, 48 }, { 1.00, 0.34, 0.085, 38 } } },
};

static SpqrOklab
stop_lab (const Stop *s)
{
  double h = s->hue * G_PI / 180;
  return (SpqrOklab) { s->lightness, s->chroma * cos (h), s->chroma * sin (h) };
}

/* Cubic Hermite with finite-difference slopes on unequal knots. */
static double
cubic (const double *x, const double *y, size_t n, size_t k, double t)
{
  double h = x[k + 1] - x[k], u = (t - x[k]) / h;
  double before = k > 0 ? (y[k + 1] - y[k - 1]) / (x[k + 1] - x[k - 1]) : (y[1] - y[0]) / (x[1] - x[0]);
  double after = k + 2 < n ? (y[k + 2] - y[k]) / (x[k + 2] - x[k]) : (y[k + 1] - y[k]) / h;
  double u2 = u * u, u3 = u2 * u;
  return (2 * u3 - 3 * u2 + 1) * y[k] + (u3 - 2 * u2 + u) * h * before
         + (-2 * u3 + 3 * u2) * y[k + 1] + (u3 - u2) * h * after;
}

/* A point of the curve before its speed is evened out. */
static SpqrColor
curve_color (SpqrColormap map, double t)
{
  size_t n = maps[map].n_stops, k = 0;
  double x[MAX_STOPS] = { 0 }, a[MAX_STOPS] = { 0 }, b[MAX_STOPS] = { 0 };
  for (size_t i = 0; i < n; i++)
    {
      SpqrOklab lab = stop_lab (&maps[map].stops[i]);
      x[i] = maps[map].stops[i].at;
      a[i] = lab.a;
      b[i] = lab.b;
    }
  while (k + 2 < n && t > x[k + 1])
    k++;
  const Stop *s = maps[map].stops;
  double u = (t - x[k]) / (x[k + 1] - x[k]);
  double l = s[k].lightness + (s[k + 1].lightness - s[k].lightness) * u;
  double ca, cb;
  if (maps[map].diverging) /* straight towards the neutral middle, no cubic across it */
    {
      ca = a[k] + (a[k + 1] - a[k]) * u;
      cb = b[k] + (b[k + 1] - b[k]) * u;
    }
  else
    {
      ca = cubic (x, a, n, k, t);
      cb = cubic (x, b, n, k, t);
    }
  return spqr_color_from_oklch (l, hypot (ca, cb), atan2 (cb, ca) * 180 / G_PI);
}

typedef struct {
  SpqrColor curve[CURVE + 1];
  double length[CURVE + 1]; /* 0…1 along the curve */
  uint32_t lut[SPQR_COLORMAP_SIZE];
  SpqrColor mark;
} Table;

/* Each half of a diverging map is walked by itself, so that its middle stays in the middle. */
static void
measure_curve (Table *t, bool diverging)
{
  double total[2] = { 0, 0 };
  t->length[0] = 0;
  for (size_t i = 1; i <= CURVE; i++)
    {
      double step = spqr_oklab_distance (spqr_oklab_from_color (&t->curve[i - 1]), spqr_oklab_from_color (&t->curve[i]));
      t->length[i] = t->length[i - 1] + step;
      total[i > CURVE / 2] += step;
    }
  for (size_t i = 0; i <= CURVE; i++)
    if (!diverging)
      t->length[i] /= total[0] + total[1];
    else if (i <= CURVE / 2)
      t->length[i] /= 2 * total[0];
    else
      t->length[i] = 0.5 + (t->length[i] - total[0]) / (2 * total[1]);
}

static SpqrColor
table_color (const Table *table, double t)
{
  size_t lo = 0, hi = CURVE;
  while (hi - lo > 1)
    {
      size_t mid = (lo + hi) / 2;
      if (table->length[mid] <= t)
        lo = mid;
      else
        hi = mid;
    }
  double span = table->length[hi] - table->length[lo];
  return spqr_color_mix (&table->curve[lo], &table->curve[hi], span > 0 ? (t - table->length[lo]) / span : 0);
}

/* The strong hue that keeps the largest distance from all of the map; light, for its edge is dark. */
static SpqrColor
find_mark_color (const Table *table)
{
  SpqrColor best = { 0, 0, 0, 1 };
  double best_distance = -1;
  for (int hue = 0; hue < 360; hue += 12)
    for (int l = 0; l < 3; l++)
      {
        SpqrColor c = spqr_color_from_oklch (0.78 + 0.04 * l, 0.17, hue);
        SpqrOklab lab = spqr_oklab_from_color (&c);
        double nearest = 10;
        for (size_t i = 0; i <= CURVE; i += 16)
          nearest = MIN (nearest, spqr_oklab_distance (lab, spqr_oklab_from_color (&table->curve[i])));
        if (nearest > best_distance)
          {
            best_distance = nearest;
            best = c;
          }
      }
  return best;
}

static const Table *
get_table (SpqrColormap map)
{
  static gsize once = 0;
  static Table *tables;
  if (g_once_init_enter (&once))
    {
      tables = g_new0 (Table, SPQR_N_COLORMAPS);
      for (size_t m = 0; m < SPQR_N_COLORMAPS; m++)
        {
          Table *t = &tables[m];
          for (size_t i = 0; i <= CURVE; i++)
            t->curve[i] = curve_color (m, (double) i / CURVE);
          measure_curve (t, maps[m].diverging);
          for (size_t i = 0; i < SPQR_COLORMAP_SIZE; i++)
            {
              SpqrColor c = table_color (t, (double) i / (SPQR_COLORMAP_SIZE - 1));
              t->lut[i] = spqr_color_to_pixel (&c);
            }
          t->mark = find_mark_color (t);
        }
      g_once_init_leave (&once, 1);
    }
  return &tables[(size_t) map < SPQR_N_COLORMAPS ? map : 0];
}

const char *
spqr_colormap_id (SpqrColormap map)
{
  return (size_t) map < SPQR_N_COLORMAPS ? maps[map].id : NULL;
}

const char *
spqr_colormap_name (SpqrColormap map)
{
  return (size_t) map < SPQR_N_COLORMAPS ? _ (maps[map].name) : NULL;
}

bool
spqr_colormap_from_id (const char *id, SpqrColormap *map)
{
  for (size_t m = 0; m < SPQR_N_COLORMAPS; m++)
    if (strcmp (id, maps[m].id) == 0)
      {
        *map = m;
        return true;
      }
  return false;
}

bool
spqr_colormap_is_diverging (SpqrColormap map)
{
  return (size_t) map < SPQR_N_COLORMAPS && maps[map].diverging;
}

SpqrColor
spqr_colormap_color (SpqrColormap map, double t)
{
  return table_color (get_table (map), isnan (t) ? 0 : CLAMP (t, 0, 1));
}

const uint32_t *
spqr_colormap_lut (SpqrColormap map)
{
  return get_table (map)->lut;
}

SpqrColor
spqr_colormap_mark_edge (void)
{
  return (SpqrColor) { 0.04, 0.04, 0.05, 1 };
}

SpqrColor
spqr_colormap_mark_color (SpqrColormap map)
{
  return get_table (map)->mark;
}
