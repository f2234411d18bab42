/* spqr-compare-picture.h: one layer of one or two runs, ready to be shown side by side: a field of A,
 * the same of B, what they differ in, and how both are distributed over the same bins.
 *
 * Everything is read from the stored layers, never from memory. Made in a worker, immutable, counted. */
#pragma once

#include "model/spqr-model.h"
#include "plot/spqr-colormap.h"
#include "plot/spqr-field-data.h"
#include "plot/spqr-marks.h"

G_BEGIN_DECLS

typedef enum {
  SPQR_COMPARE_FIELD_DECODED,    /* ŵ, as decoded */
  SPQR_COMPARE_FIELD_ERROR,      /* w − ŵ */
  SPQR_COMPARE_FIELD_OUTLIERS,   /* 1 at an outlier, else 0 */
  SPQR_COMPARE_FIELD_CODES,
  SPQR_COMPARE_FIELD_SCALES,     /* scale of the weight's group */
  SPQR_N_COMPARE_FIELDS
} SpqrCompareField;

const char *spqr_compare_field_name (SpqrCompareField field);     /* translated, static */

typedef struct {
  const char *tensor;            /* name of the layer */
  const char *path_a;            /* its stored form in run A */
  const char *path_b;            /* in run B; NULL: beside the unquantized weight */
  const char *model_path, *model_fingerprint;
  SpqrModel *model;              /* opened earlier for the same model_path; may be NULL */
  SpqrCompareField field;
} SpqrCompareQuestion;

enum { SPQR_COMPARE_A, SPQR_COMPARE_B, SPQR_COMPARE_DIFFERENCE, SPQR_N_COMPARE_MAPS, SPQR_COMPARE_MAX_BINS = 256 };

/* With two runs: the field of A, of B, and A − B. With one: its field, the unquantized weight w, and
 * ŵ − w. */
typedef struct {
  SpqrFieldData *data;
  SpqrScale scale;               /* A's and B's are one and the same where they are one quantity */
  SpqrColormap colormap;
  SpqrMarks *marks;              /* outliers; NULL where there are none to point out */
} SpqrCompareMap;

typedef struct {
  SpqrCompareField field;
  gboolean alone, whole_numbers;
  SpqrCompareMap maps[SPQR_N_COMPARE_MAPS];
  SpqrScale bins_scale;
  guint n_bins;
  guint64 counts[2][SPQR_COMPARE_MAX_BINS];   /* of A and B */
  gboolean has_second;           /* B is counted too: two runs, or a weight beside a weight */
  SpqrModel *model;              /* as opened for this; NULL when it was not needed */
} SpqrComparePicture;

/* Blocking, any thread. The error names the file or the tensor and what to do. */
SpqrComparePicture *spqr_compare_picture_new (const SpqrCompareQuestion *question, GCancellable *cancellable, GError **error);
SpqrComparePicture *spqr_compare_picture_ref (SpqrComparePicture *self);
void                spqr_compare_picture_unref (SpqrComparePicture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrComparePicture, spqr_compare_picture_unref)

G_END_DECLS
