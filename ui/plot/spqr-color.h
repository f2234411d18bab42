/* spqr-color.h: colours, and the perceptual space they are chosen in.
 *
 * Oklab (L lightness 0…1, a green-red, b blue-yellow) and its polar form Oklch (chroma, hue in
 * degrees): equal distances look about equally different. */
#pragma once

#include <cairo.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct { double red, green, blue, alpha; } SpqrColor; /* sRGB, 0…1, not premultiplied */
typedef struct { double l, a, b; } SpqrOklab;

SpqrOklab spqr_oklab_from_color (const SpqrColor *color);

/* The channels may leave 0…1 where the screen cannot show the colour. */
SpqrColor spqr_color_from_oklab (SpqrOklab lab);

/* Reduces the chroma until the screen can show it; lightness and hue stay. */
SpqrColor spqr_color_from_oklch (double lightness, double chroma, double hue_degrees);

double spqr_oklab_distance (SpqrOklab a, SpqrOklab b);

/* t = 0: a, t = 1: b. Linear in sRGB, alpha too. */
SpqrColor spqr_color_mix (const SpqrColor *a, const SpqrColor *b, double t);
SpqrColor spqr_color_with_alpha (const SpqrColor *color, double alpha);

/* WCAG contrast ratio of two opaque colours, 1…21. */
double spqr_color_contrast (const SpqrColor *a, const SpqrColor *b);

/* Opaque CAIRO_FORMAT_ARGB32/RGB24 pixel. */
uint32_t spqr_color_to_pixel (const SpqrColor *color);

void spqr_color_set_source (const SpqrColor *color, cairo_t *cr);
