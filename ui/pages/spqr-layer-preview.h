/* spqr-layer-preview.h: keeps what is shown of a layer up to date with its parameters.
 *
 * A change starts a job on the preview lane, where the newest wins: the rows on the screen first,
 * exactly, their figures shown at once; then the whole layer, which replaces them; then the picture of
 * the field. Answers to older questions are dropped. Main thread only; nothing here blocks. */
#pragma once

#include "job/spqr-job-queue.h"
#include "pages/spqr-layer-picture.h"

G_BEGIN_DECLS

#define SPQR_TYPE_LAYER_PREVIEW (spqr_layer_preview_get_type ())
G_DECLARE_FINAL_TYPE (SpqrLayerPreview, spqr_layer_preview, SPQR, LAYER_PREVIEW, GObject)

/* Signals, each without arguments:
 *   "figures-changed": of the rows on the screen, of the whole layer, or gone
 *   "picture-changed": another picture, or none
 *   "busy-changed": work has begun or ended */
SpqrLayerPreview *spqr_layer_preview_new (SpqrJobQueue *jobs);

/* Forgets what was known. lab may be NULL. quantize: whether there is anything to ask but the weights. */
void spqr_layer_preview_set_lab (SpqrLayerPreview *self, SpqrLab *lab, gboolean quantize);
void spqr_layer_preview_set_params (SpqrLayerPreview *self, const SpqrParams *params);
void spqr_layer_preview_set_field (SpqrLayerPreview *self, SpqrField field, SpqrScaleKind scale);
/* The stored layer that SPQR_LAYER_FIELD_DIFFERENCE subtracts; NULL: none, and no picture of that field. */
void spqr_layer_preview_set_reference (SpqrLayerPreview *self, const char *path);
/* Nothing is to be seen until there is another picture. */
void spqr_layer_preview_forget_picture (SpqrLayerPreview *self);
/* What is on the screen. */
void spqr_layer_preview_set_rows (SpqrLayerPreview *self, gsize row0, gsize count);
/* Nothing is computed for a page that nobody sees. */
void spqr_layer_preview_set_active (SpqrLayerPreview *self, gboolean active);

SpqrLab                *spqr_layer_preview_get_lab (SpqrLayerPreview *self);
/* For the present parameters, NULL while unknown. Borrowed. */
const SpqrLayerFigures *spqr_layer_preview_get_figures (SpqrLayerPreview *self);
/* Of the whole layer, at the setting before this one; NULL: there is none. */
const SpqrLayerFigures *spqr_layer_preview_get_previous (SpqrLayerPreview *self);
SpqrLayerAnswer        *spqr_layer_preview_get_answer (SpqrLayerPreview *self);
/* The newest one there is: of the setting before, while the next is being made. */
SpqrLayerPicture       *spqr_layer_preview_get_picture (SpqrLayerPreview *self);
gboolean                spqr_layer_preview_is_busy (SpqrLayerPreview *self);
/* Why the last question has no answer, or NULL. */
const char             *spqr_layer_preview_get_problem (SpqrLayerPreview *self);

G_END_DECLS
