/* spqr-layer-colors.h: how a layer's values become colours: for each field its scale, its colour map and,
 * where a person set one, its range. Plain data of the page that shows them. */
#pragma once

#include "pages/spqr-layer-picture.h"
#include "plot/spqr-colormap.h"

typedef struct {
  SpqrScaleKind scale;
  SpqrColormap colormap;
  gboolean ranged;           /* from lo to hi, as a person set them; else by the values */
  double lo, hi;
} SpqrLayerFieldColors;

typedef struct {
  SpqrLayerFieldColors fields[SPQR_N_LAYER_FIELDS];   /* as last chosen for each */
  SpqrColormap usual;        /* the preference, in force where nobody chose otherwise */
  guint clip;                /* place in the clips */
} SpqrLayerColors;

enum { SPQR_LAYER_USUAL_CLIP = 1 };

/* By the habits of each field, and the preference. */
void      spqr_layer_colors_init (SpqrLayerColors *self);
/* Another preference: for the fields whose colours nobody has chosen otherwise since. */
void      spqr_layer_colors_take_usual (SpqrLayerColors *self, SpqrColormap usual);
/* What the colours of a picture go over, seen at a level of its pyramid. */
SpqrScale spqr_layer_colors_range (const SpqrLayerColors *self, const SpqrLayerPicture *picture, guint level);
/* How coarsely a matrix is seen, `cells` of it on `pixels`: the level of its pyramid with about a cell a pixel. */
guint     spqr_layer_colors_level (const SpqrFieldData *data, double cells, double pixels);
