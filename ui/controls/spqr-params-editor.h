/* spqr-params-editor.h: every SpQR parameter as a control, made from the one table, with presets. */
#pragma once

#include <adwaita.h>

#include "quant/spqr-param-table.h"

#define SPQR_TYPE_PARAMS_EDITOR (spqr_params_editor_get_type ())
G_DECLARE_FINAL_TYPE (SpqrParamsEditor, spqr_params_editor, SPQR, PARAMS_EDITOR, GtkWidget)

GtkWidget *spqr_params_editor_new (void);
/* Without one group of parameters, or with just one and no presets. */
void       spqr_params_editor_hide_group (SpqrParamsEditor *self, SpqrParamGroup group);
void       spqr_params_editor_show_only (SpqrParamsEditor *self, SpqrParamGroup group);
void       spqr_params_editor_set_params (SpqrParamsEditor *self, const SpqrRunParams *params);
const SpqrRunParams *spqr_params_editor_get_params (SpqrParamsEditor *self);

/* Signal "changed": a person changed a value; the parameters contradict each other neither before nor
 * after. What would contradict is shown in the editor and not taken over. */
