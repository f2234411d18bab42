/* spqr-layer-picture.h: a field of a layer, ready to be shown: its pyramid, its distribution, and
 * where the outlier threshold cuts it. Made in a worker, immutable and counted. */
#pragma once

#include "pages/spqr-layer-answer.h"
#include "pages/spqr-layer-share.h"
#include "plot/spqr-field-data.h"
#include "plot/spqr-marks.h"

G_BEGIN_DECLS

enum { SPQR_LAYER_MAX_BINS = 256 };

/* A field of the page's own beside core's: dequantized weight of these parameters minus that of a stored
 * run. */
#define SPQR_LAYER_FIELD_DIFFERENCE ((SpqrField) SPQR_N_FIELDS)
enum { SPQR_N_LAYER_FIELDS = SPQR_N_FIELDS + 1 };

typedef struct {
  SpqrScale scale;
  guint bins;
  guint64 counts[SPQR_LAYER_MAX_BINS];
} SpqrLayerHistogram;

typedef struct {
  SpqrField field;
  SpqrFieldData *data;
  GPtrArray *samples;        /* of GArray of float: a thinned copy of each level of the pyramid */
  SpqrLayerHistogram histogram;
  SpqrMarks *marks;          /* the outliers; NULL without an answer */
  guint32 *column_outliers;  /* (cols) how many of them each column has; NULL without an answer */
  SpqrLayerShare *share;     /* NULL without an answer, and where the field adds up to nothing */
  double outlier_sum;        /* what the outliers carry of it */
  gboolean in_order;         /* groups are runs of columns in this picture */
} SpqrLayerPicture;

/* Fields that a quantized layer is needed for. */
gboolean spqr_layer_field_needs_answer (SpqrField field);
/* Fields that no parameter changes. */
gboolean spqr_layer_field_is_of_weights (SpqrField field);
/* Whole numbers, few enough for a bin each: codes, outliers or not. */
gboolean          spqr_layer_field_is_whole (SpqrField field);

/* answer: needed for the fields that need one, else may be NULL. reference: the stored layer to subtract,
 * for DIFFERENCE. Blocking, any thread. */
SpqrLayerPicture *spqr_layer_picture_new (SpqrLab *lab, const SpqrParams *params, SpqrField field, SpqrScaleKind scale,
                                          SpqrLayerAnswer *answer, const char *reference, GCancellable *cancellable, GError **error);
/* Without its histogram (bins 0), for a first look at a field that needs no answer; recount() then has it. */
SpqrLayerPicture *spqr_layer_picture_new_uncounted (SpqrLab *lab, const SpqrParams *params, SpqrField field, SpqrScaleKind scale,
                                                    GCancellable *cancellable, GError **error);
/* The same field, counted on another scale or with the outliers of another answer. */
SpqrLayerPicture *spqr_layer_picture_recount (SpqrLayerPicture *self, SpqrScaleKind scale, SpqrLayerAnswer *answer,
                                              GCancellable *cancellable, GError **error);
/* A range of colours for the picture seen at a level of its pyramid, without the share `clip` of the
 * values at each end; a millisecond. */
SpqrScale         spqr_layer_picture_fit (const SpqrLayerPicture *self, guint level, SpqrScaleKind scale, double clip, gboolean symmetrical);
SpqrLayerPicture *spqr_layer_picture_ref (SpqrLayerPicture *self);
void              spqr_layer_picture_unref (SpqrLayerPicture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrLayerPicture, spqr_layer_picture_unref)

/* Where tau stands among the values of a field, NAN where no single value says it.
 *
 * The rule is ((w - w^) / U_jj)^2 > T, T = tau mean_j (var / U_jj^2), tested as a leave-one-out gain:
 * T itself on that field. Sensitivity is (w - w^)^2 / (2 [H^-1]_jj): T / 2, where [H^-1]_jj stands in
 * for U_jj^2. Without calibration U_jj^2 = 1 / (1 + percdamp) everywhere, and |w - w^| has one too. */
double spqr_layer_threshold_value (SpqrField field, SpqrScaleKind scale, const SpqrLayerAnswer *answer);
/* The tau that moves the threshold from where tau_now has put it to value. */
double spqr_layer_threshold_tau (SpqrField field, double tau_now, double value_now, double value);

G_END_DECLS
