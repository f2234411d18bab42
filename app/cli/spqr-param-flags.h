/* spqr-param-flags.h: the parameter table as command-line flags. */
#pragma once

#include <glib.h>

#include "quant/spqr-param-table.h"

typedef struct _SpqrParamFlags SpqrParamFlags;

SpqrParamFlags *spqr_param_flags_new (void);
void            spqr_param_flags_free (SpqrParamFlags *flags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrParamFlags, spqr_param_flags_free)

/* For g_option_context_add_group(), which takes it over. */
GOptionGroup   *spqr_param_flags_group (SpqrParamFlags *flags);
/* Puts the flags that were given over what params holds. A method without groups or statistics of its
 * own (--nearest, GPTQ) brings its published form: whole rows and 16-bit statistics, unless flags say
 * otherwise. */
gboolean        spqr_param_flags_apply (SpqrParamFlags *flags, SpqrRunParams *params, GError **error);
