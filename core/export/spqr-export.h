/* spqr-export.h: what every writer of whole models shares. */
#pragma once

#include <gio/gio.h>

#define SPQR_EXPORT_ERROR (spqr_export_error_quark ())
GQuark spqr_export_error_quark (void);
typedef enum {
  SPQR_EXPORT_ERROR_EXISTS,        /* the target is there already */
  SPQR_EXPORT_ERROR_NO_SPACE,
  SPQR_EXPORT_ERROR_VERIFY,        /* what was read back is not what was written */
  SPQR_EXPORT_ERROR_UNSUPPORTED,
  SPQR_EXPORT_ERROR_FAILED,
} SpqrExportError;

typedef struct {
  GPtrArray *files;                /* base names of what was written, owned strings */
  gboolean verified;               /* every tensor was read back and is what it should be */
  double max_abs_diff;             /* largest |decoded weight - weight in the exported file|; 0: lossless */
  guint64 n_bytes;
  char *note;                      /* what is missing, for people; NULL */
} SpqrExportResult;

void spqr_export_result_clear (SpqrExportResult *result);

/* A folder beside `target` to write into, so that target appears only when all is done. Refuses a
 * target that exists and is not an empty folder. g_free(). */
char    *spqr_export_make_staging (const char *target, GError **error);
/* Syncs and renames staging to target. */
gboolean spqr_export_commit_staging (const char *staging, const char *target, GError **error);
/* Removes staging and what is in it (files only, no subfolders). */
void     spqr_export_drop_staging (const char *staging);
/* Copies one file, synced; refuses to follow a source that is no regular file. */
gboolean spqr_export_copy_file (const char *from_folder, const char *name, const char *to_folder, GError **error);
