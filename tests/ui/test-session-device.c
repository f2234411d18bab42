/* A session whose jobs compute on a GPU (the one of tests/cuda/shim): the job says so, and says when the processor took over. */
#include <string.h>

#include "compute/spqr-backends.h"
#include "fixture.h"
#include "session/spqr-session-private.h"
#include "spqr-cuda-shim-open.h"

#define LONGEST (120 * G_TIME_SPAN_SECOND)

static char *folder, *model;
static SpqrCudaShim *shim;

#define ITERATE_UNTIL(condition) G_STMT_START { \
    gint64 end_ = g_get_monotonic_time () + LONGEST; \
    while (!(condition)) { \
      g_assert_cmpint (g_get_monotonic_time (), <, end_); \
      if (!g_main_context_iteration (NULL, FALSE)) g_usleep (500); } } G_STMT_END

static gboolean
has_ended (SpqrJob *job)
{
  return spqr_job_get_state (job) == SPQR_JOB_FINISHED || spqr_job_get_state (job) == SPQR_JOB_FAILED;
}

/* What the job's row said where it was computed. RTN: nothing to calibrate. */
static char *
quantize (const char *name)
{
  g_autofree char *database = g_build_filename (folder, name, NULL);
  SpqrSession *session = spqr_session_new (database);
  SpqrRunParams params;
  SpqrJob *job;
  char *device;

  spqr_session_open (session, model);
  ITERATE_UNTIL (spqr_session_get_model (session) != NULL);
  params = *spqr_session_get_params (session);
  params.layer.method = SPQR_METHOD_RTN;
  spqr_session_set_params (session, &params);
  job = g_object_ref (spqr_session_quantize (session, NULL));
  ITERATE_UNTIL (has_ended (job));
  g_assert_cmpint (spqr_job_get_state (job), ==, SPQR_JOB_FINISHED);
  device = g_strdup (spqr_job_get_device (job));
  g_object_unref (job);
  spqr_session_shutdown (session);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (session);
  return device;
}

static void
test_told (void)
{
  g_autofree char *well = quantize ("well.db"), *failed = NULL, *after = NULL;

  g_assert_cmpstr (well, ==, "CUDA shim 0");
  shim->fail_launch_at = 12;
  failed = quantize ("failed.db");
  g_assert_cmpint (shim->fail_launch_at, ==, 0);
  g_assert_cmpstr (failed, ==, "CUDA shim 0 → CPU");
  after = quantize ("after.db");        /* it is not asked again */
  g_assert_cmpstr (after, ==, "CPU");
  shim->failed = 0;
}

int
main (int argc, char **argv)
{
  int status;

  folder = fixture_folder ();
  g_setenv ("XDG_STATE_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  model = fixture_model_write (folder, "model", SPQR_DTYPE_F16, 2, 5, 1);
  shim = spqr_cuda_shim_open ();
  g_test_add_func ("/session/device/told", test_told);
  status = g_test_run ();
  fixture_remove (folder);
  g_free (model);
  g_free (folder);
  return status;
}
