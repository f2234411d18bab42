/* fixture.h: a small random model of the LLaMA family in a folder, and calibration for it. */
#pragma once

#include "job/spqr-data.h"

#define FIXTURE_VOCAB 96
#define FIXTURE_CONTEXT 64

/* A new temporary folder; fixture_remove() it. */
char *fixture_folder (void);
void  fixture_remove (const char *folder);       /* and all that is in it */

/* Writes folder/NAME: 48 wide, 86 inputs of down_proj, `blocks` blocks, elements of one type (F32,
 * F16, BF16), random numbers of seed, in `shards` files. Its path; g_free(). */
char *fixture_model_write (const char *folder, const char *name, SpqrDtype dtype, guint blocks, guint32 seed, guint shards);
/* The same, opened. */
SpqrModel *fixture_model (const char *folder, const char *name, SpqrDtype dtype, guint blocks, guint32 seed);

/* Windows of random ids, with a fingerprint. */
SpqrCalibration *fixture_calibration (gsize windows, guint seqlen, guint32 seed);

/* All file names in folder, sorted; g_strfreev(). */
char **fixture_list (const char *folder);
/* Fails the test unless the stored layers in both folders are the same, names and bytes. */
void   fixture_compare_artifacts (const char *one, const char *other);

/* A Hessian, n × n, of 200 tokens whose inputs differ in size; g_free(). */
float *fixture_hessian (gsize n, guint32 seed);
