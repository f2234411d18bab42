/* spqr-layer-readout.h: one weight in words: where it stands, what it is, how it is stored. */
#pragma once

#include "model/spqr-config.h"
#include "pages/spqr-layer-picture.h"

G_BEGIN_DECLS

/* Name of a field as a person reads it, what it shows and its formula. Static, translated. */
const char *spqr_layer_field_name (SpqrField field);
const char *spqr_layer_field_help (SpqrField field, gboolean calibrated);

/* Two lines: "row 211 · column 1040 · head 3, dimension 19 (turns with 51) · weight 0.031", "sensitivity
 * 3.1e−4 · group 65 · code 5 · scale 0.0042 · zero 3 · decoded 0.0297 · outlier". picture and answer
 * may be NULL. g_free(). */
char *spqr_layer_readout (SpqrLab *lab, const SpqrConfig *config, const SpqrLayerPicture *picture,
                          const SpqrLayerAnswer *answer, gsize row, gsize col);

G_END_DECLS
