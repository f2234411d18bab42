#include "many-runs.h"

#include <sqlite3.h>

void
many_runs_write (const char *path, const char *then)
{
  sqlite3 *db = NULL;
  char *message = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_exec (db,
    "BEGIN;"
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
    "INSERT INTO runs (id, state, model_path, model_name, model_fingerprint, nsamples, seqlen, seed, params_json, method, wbits, groupsize, "
    "qq_scale_bits, qq_zero_bits, qq_groupsize, created, finished, bits_formula, n_layers) "
    "SELECT i, 'finished', '/m', 'model-' || (i % 7), 'f', 128, 2048, 0, '{}', iif (i % 2, 'spqr', 'rtn'), 3, 16, 3, 3, 16, 1000000 + i, 0, "
    "2 + (i * 7919 % 10000) / 2500.0, 28 FROM n;"
    "INSERT INTO evaluations (run_id, created, data, data_fingerprint, seqlen, windows, tokens, ppl, ppl_base) "
    "SELECT id, 0, 'wiki', 'w', 2048, 100, 1, 5 + id / 10000.0, 5 FROM runs;"
    "INSERT INTO tags SELECT id, 'hundredth' FROM runs WHERE id % 100 = 0;"
    "COMMIT;", NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  if (then != NULL)
    sqlite3_exec (db, then, NULL, NULL, &message);
  g_assert_cmpstr (message, ==, NULL);
  sqlite3_close (db);
}
