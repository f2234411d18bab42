/* spqr-param-private.h: parameters as members of a JSON object. */
#pragma once

#include <json-glib/json-glib.h>

#include "quant/spqr-param-table.h"

/* One bit a parameter, by its place in the table. */
typedef guint32 SpqrParamMask;

guint    _spqr_param_index (const SpqrParamInfo *info);

/* A number, true or false, "inf", a choice's name, or null for "none". The error names the key. */
gboolean _spqr_param_set_node (const SpqrParamInfo *info, SpqrRunParams *params, JsonNode *node, GError **error);
/* Every member of object; *mask (optional) says which. layer_only refuses those of a whole run. */
gboolean _spqr_params_set_object (SpqrRunParams *params, JsonObject *object, gboolean layer_only, SpqrParamMask *mask,
                                  GError **error);
/* {"wbits": 3, …} of those in mask. */
void     _spqr_params_append_object (GString *text, const SpqrRunParams *params, SpqrParamMask mask);
/* text as a JSON string, quoted. */
void     _spqr_append_json_string (GString *text, const char *string);

/* spqr_json_parse(), in this module's error domain, the root an object. */
JsonNode *_spqr_parse_object (const char *json, const char *what, GError **error);
