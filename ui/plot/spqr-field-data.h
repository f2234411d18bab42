/* spqr-field-data.h: one quantity per weight of a matrix, ready to be looked at: its values, their
 * max-pool pyramid and the profiles along both edges. Immutable and counted: threads and views share
 * it. Make it in a worker thread; for a large matrix it takes a while. */
#pragma once

#include <glib-object.h>

#include "num/spqr-field.h"
#include "plot/spqr-scale.h"

G_BEGIN_DECLS

#define SPQR_TYPE_FIELD_DATA (spqr_field_data_get_type ())

typedef struct {
  size_t rows, cols;
  const float *values;       /* (rows, cols) */
  SpqrPyramid pyramid;
  float *row_profile;        /* (rows) value of largest magnitude of each row; NAN: none */
  float *col_profile;        /* (cols) */
  float *sample;             /* (n_sample) a thinned copy that holds the extremes: for quick ranges */
  size_t n_sample;
  /*< private >*/
  gpointer owner;
  GDestroyNotify owner_free;
} SpqrFieldData;

typedef enum { SPQR_FIELD_DATA_ERROR_EMPTY, SPQR_FIELD_DATA_ERROR_NO_MEMORY, SPQR_FIELD_DATA_ERROR_CANCELLED } SpqrFieldDataError;
#define SPQR_FIELD_DATA_ERROR (spqr_field_data_error_quark ())
GQuark spqr_field_data_error_quark (void);

GType spqr_field_data_get_type (void);

/* values stays where it is and must live until owner_free (owner) is called, which also happens at
 * once on an error. exec may be NULL. NULL on an empty matrix, no memory, or a stop. */
SpqrFieldData *spqr_field_data_new (const float *values, size_t rows, size_t cols, const SpqrExec *exec,
                                    gpointer owner, GDestroyNotify owner_free, GError **error);
/* The same with a pyramid of these values that was built elsewhere, which is taken over. */
SpqrFieldData *spqr_field_data_new_around (const float *values, size_t rows, size_t cols, SpqrPyramid *pyramid, const SpqrExec *exec,
                                           gpointer owner, GDestroyNotify owner_free, GError **error);
/* spqr_scale_fit() of the sample: about 2 ms whatever the size. */
SpqrScale spqr_field_data_fit (const SpqrFieldData *data, SpqrScaleKind kind, double clip, bool symmetrical);

SpqrFieldData *spqr_field_data_ref (SpqrFieldData *data);
void spqr_field_data_unref (SpqrFieldData *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrFieldData, spqr_field_data_unref)

G_END_DECLS
