/* spqr-run-manifest.h: run.json, which says what the artifacts in a folder are. */
#pragma once

#include <gio/gio.h>

#define SPQR_RUN_MANIFEST "run.json"

typedef struct {
  gint64 run;                    /* id in `database` */
  char *database;                /* path of the database that has the run's figures */
  char *model_path, *model_fingerprint;
  char *calibration, *calibration_fingerprint;   /* NULL for RTN */
  gint64 n_windows, seqlen;
  char *recipe;                  /* canonical JSON */
  gint64 n_layers;               /* that it is to have; 0: written before this was kept */
  char *backend, *version;       /* of whom made it; NULL: the same */
} SpqrRunManifest;

void spqr_run_manifest_free (SpqrRunManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrRunManifest, spqr_run_manifest_free)

gboolean         spqr_run_manifest_write (const SpqrRunManifest *manifest, const char *folder, GError **error);
/* Is this the folder of a run? Looks for the file alone. */
gboolean         spqr_run_manifest_is_in (const char *folder);
/* NULL without error when folder has none. */
SpqrRunManifest *spqr_run_manifest_read (const char *folder, GError **error);
/* What stands between b and going on with a, for people; NULL: nothing. g_free(). */
char            *spqr_run_manifest_difference (const SpqrRunManifest *a, const SpqrRunManifest *b);
