/* spqr-tensor-list.h: the model's blocks and tensors, filtered, one of them selected. */
#pragma once

#include <gtk/gtk.h>

#include "session/spqr-session.h"

#define SPQR_TYPE_TENSOR_LIST (spqr_tensor_list_get_type ())
G_DECLARE_FINAL_TYPE (SpqrTensorList, spqr_tensor_list, SPQR, TENSOR_LIST, GtkWidget)

void spqr_tensor_list_set_session (SpqrTensorList *self, SpqrSession *session);
void spqr_tensor_list_focus_search (SpqrTensorList *self);
/* Signal "activated": a tensor was chosen by a person (selection follows the session otherwise). */
