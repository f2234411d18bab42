/* golden.h: reads one golden case: a plain safetensors file (tests/golden). For tests only. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "num/spqr-params.h"

typedef struct {
  char *name;
  GBytes *bytes;
  JsonParser *header, *config, *summary;
  gsize data_at;
} Golden;

/* Names (without folder) of all cases, sorted; NULL-terminated. */
char **golden_names (void);
/* Aborts the test when the file cannot be read. */
Golden *golden_open (const char *name);
void golden_free (Golden *golden);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Golden, golden_free)

/* A tensor of the given dtype ("F32", "U8", …); shape (rows, cols) as far as there are so many
 * dimensions; NULL when it is not there. */
gconstpointer golden_tensor (Golden *golden, const char *tensor, const char *dtype, gsize *rows, gsize *cols);
SpqrParams golden_params (Golden *golden);
gboolean golden_is_rtn (Golden *golden);
double golden_summary (Golden *golden, const char *figure);
