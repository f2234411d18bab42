/* spqr-exec and spqr-status. */
#include <glib.h>

#include "num/spqr-exec.h"

typedef struct {
  int done[64];
  size_t longest;
} Seen;

static void
count_pieces (void *data, size_t begin, size_t end)
{
  Seen *seen = data;

  seen->longest = MAX (seen->longest, end - begin);
  for (size_t i = begin; i < end; i++)
    seen->done[i]++;
}

static void
test_every_piece_once (void)
{
  for (size_t n = 0; n <= 64; n++)
    for (size_t grain = 0; grain <= 70; grain += 7)
      {
        Seen seen = { 0 };

        spqr_exec_for (NULL, n, grain, count_pieces, &seen);
        for (size_t i = 0; i < 64; i++)
          g_assert_cmpint (seen.done[i], ==, i < n);
        g_assert_cmpuint (seen.longest, <=, MAX (grain, 1));
      }
}

typedef struct { int polls, stop_at; } Stop;

/* True once only: the run has to remember it. */
static bool
stop_once (void *data)
{
  Stop *stop = data;

  return ++stop->polls == stop->stop_at;
}

static void
test_stop_is_remembered (void)
{
  for (int stop_at = 1; stop_at <= 11; stop_at++)
    {
      Stop stop = { 0, stop_at };
      SpqrExec exec = { .should_stop = stop_once, .stop_data = &stop };
      Seen seen = { 0 };
      SpqrStatus status = spqr_exec_run (&exec, 10, 1, count_pieces, &seen);

      g_assert_cmpint (status, ==, stop_at <= 10 ? SPQR_CANCELLED : SPQR_OK);
      for (int i = 0; i < 10; i++)
        g_assert_cmpint (seen.done[i], ==, i < stop_at - 1);
    }
  g_assert_cmpint (spqr_exec_run (NULL, 0, 1, count_pieces, NULL), ==, SPQR_OK);
  g_assert_false (spqr_exec_should_stop (NULL));
}

static void
test_status_texts (void)
{
  for (int status = SPQR_OK; status <= SPQR_DEVICE_FAILED; status++)
    {
      g_assert_cmpstr (spqr_status_text (status), !=, NULL);
      g_assert_cmpstr (spqr_status_text (status), !=, spqr_status_text (12345));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exec/every-piece-once", test_every_piece_once);
  g_test_add_func ("/exec/stop-is-remembered", test_stop_is_remembered);
  g_test_add_func ("/status/texts", test_status_texts);
  return g_test_run ();
}
