/* spqr-colormap.h: colours for 0…1, made here in Oklab: lightness runs one way (both ways from the
 * middle in a diverging map) and every step looks equally large. */
#pragma once

#include "plot/spqr-color.h"

typedef enum {
  SPQR_COLORMAP_EMBER,   /* night violet, red, amber, cream: the default for magnitudes */
  SPQR_COLORMAP_TIDE,    /* deep blue to straw, no red against green: for colour-blind readers */
  SPQR_COLORMAP_PAPER,   /* white, grey, dark red: darker is more sensitive, as the paper draws it */
  SPQR_COLORMAP_BALANCE, /* blue, white, orange: signed values around 0 */
  SPQR_N_COLORMAPS
} SpqrColormap;

enum { SPQR_COLORMAP_SIZE = 256 };

const char *spqr_colormap_id (SpqrColormap map);   /* for settings and flags: "ember" */
const char *spqr_colormap_name (SpqrColormap map); /* translated, for menus */
bool spqr_colormap_from_id (const char *id, SpqrColormap *map);
bool spqr_colormap_is_diverging (SpqrColormap map);

/* Exact colour at t, clamped to 0…1. */
SpqrColor spqr_colormap_color (SpqrColormap map, double t);

/* SPQR_COLORMAP_SIZE opaque pixels, static, from any thread. */
const uint32_t *spqr_colormap_lut (SpqrColormap map);

/* A colour that stands out from every colour of the map: for marks upon it. */
SpqrColor spqr_colormap_mark_color (SpqrColormap map);
/* The dark colour around it: one of the two differs in lightness from whatever lies below, so that a mark is seen
 * without seeing colours. */
SpqrColor spqr_colormap_mark_edge (void);
