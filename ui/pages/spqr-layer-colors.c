#include "pages/spqr-layer-colors.h"

#include <math.h>

#include "session/spqr-settings.h"

/* In the order of the menu: the share of the values at each end that the colours leave out. */
static const double clips[] = { 0, 0.001, 0.01, 0.05 };

static const struct { SpqrScaleKind scale; SpqrColormap colormap; } habits[SPQR_N_LAYER_FIELDS] = {
  [SPQR_FIELD_WEIGHT] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_BALANCE },
  [SPQR_FIELD_ABS_WEIGHT] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_EMBER },
  [SPQR_FIELD_SENSITIVITY] = { SPQR_SCALE_LOG, SPQR_COLORMAP_EMBER },
  [SPQR_FIELD_ERROR] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_BALANCE },
  [SPQR_FIELD_LOO_GAIN] = { SPQR_SCALE_LOG, SPQR_COLORMAP_EMBER },
  [SPQR_FIELD_OUTLIERS] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_EMBER },
  [SPQR_FIELD_CODES] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_EMBER },
  [SPQR_FIELD_SCALES] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_EMBER },
  [SPQR_FIELD_ZEROS] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_EMBER },
  [SPQR_N_FIELDS] = { SPQR_SCALE_LINEAR, SPQR_COLORMAP_BALANCE },
};

void
spqr_layer_colors_init (SpqrLayerColors *self)
{
  SpqrSettings *settings = spqr_settings_get_default ();

  *self = (SpqrLayerColors) { .usual = spqr_settings_get_colormap (settings), .clip = SPQR_LAYER_USUAL_CLIP };
  for (guint f = 0; f < SPQR_N_LAYER_FIELDS; f++)
    self->fields[f] = (SpqrLayerFieldColors) { .scale = habits[f].scale, .colormap = spqr_settings_choose_colormap (settings, habits[f].colormap) };
}

void
spqr_layer_colors_take_usual (SpqrLayerColors *self, SpqrColormap usual)
{
  for (guint f = 0; f < SPQR_N_FIELDS; f++)
    if (self->fields[f].colormap == self->usual)
      self->fields[f].colormap = usual;
  self->usual = usual;
}

SpqrScale
spqr_layer_colors_range (const SpqrLayerColors *self, const SpqrLayerPicture *picture, guint level)
{
  const SpqrLayerFieldColors *field = &self->fields[picture->field];

  if (field->ranged)
    return spqr_scale_make (field->scale, field->lo, field->hi);
  return spqr_layer_picture_fit (picture, level, field->scale, clips[MIN (self->clip, G_N_ELEMENTS (clips) - 1)],
                                 spqr_colormap_is_diverging (field->colormap));
}

guint
spqr_layer_colors_level (const SpqrFieldData *data, double cells, double pixels)
{
  double level = cells > pixels ? round (log2 (cells / pixels) / 2) : 0;

  return (guint) CLAMP (level, 0, (double) data->pyramid.n_levels - 1);
}
