/* A run's folder enters a database it does not come from, or was removed from; what is not sound does not. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "job/spqr-run-import.h"
#include "job/spqr-run-manifest.h"
#include "sitting.h"

#define BLOCKS 1
#define RECIPE "{\"spqr_recipe\": 1, \"name\": \"mine\", \"defaults\": {\"wbits\": 3, \"seed\": 5}, " \
               "\"overrides\": [{\"role\": \"down_proj\", \"set\": {\"wbits\": 4}}]}"

typedef struct {
  char *folder;
  Sitting sitting;
  SpqrRun *run;              /* as it was made */
  SpqrStore *store;          /* another database, empty */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *other = NULL, *database = NULL;
  g_autoptr (GError) error = NULL;

  f->folder = fixture_folder ();
  sitting_init (&f->sitting, f->folder, "made", BLOCKS, 2, RECIPE);
  f->run = sitting_finish (&f->sitting);
  other = g_build_filename (f->folder, "elsewhere", NULL);
  database = g_build_filename (other, "studio.db", NULL);
  g_assert_cmpint (g_mkdir (other, 0755), ==, 0);
  f->store = spqr_store_open (database, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->store);
  g_object_unref (f->run);
  sitting_clear (&f->sitting);
  fixture_remove (f->folder);
  g_free (f->folder);
}

static SpqrRun *
import (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  SpqrRun *run = spqr_run_import (f->store, f->sitting.folder, NULL, &error);

  g_assert_no_error (error);
  return run;
}

static void
assert_refused (Fixture *f, const char *folder, const char *why)
{
  g_autoptr (GPtrArray) before = spqr_store_list_runs (f->store, NULL);
  g_autoptr (GPtrArray) after = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (spqr_run_import (f->store, folder, NULL, &error));
  g_assert_nonnull (error);
  if (strstr (error->message, why) == NULL)
    g_error ("“%s” does not say “%s”", error->message, why);
  after = spqr_store_list_runs (f->store, NULL);
  g_assert_cmpuint (after->len, ==, before->len);
}

static char *
path_of (Fixture *f, const char *name)
{
  return g_build_filename (f->sitting.folder, name, NULL);
}

static void
write_manifest (Fixture *f, const char *text)
{
  g_autofree char *path = path_of (f, SPQR_RUN_MANIFEST);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static char *
first_layer (Fixture *f)
{
  g_auto (GStrv) files = fixture_list (f->sitting.folder);

  for (guint i = 0; files[i] != NULL; i++)
    if (g_str_has_suffix (files[i], ".spqr"))
      return path_of (f, files[i]);
  g_assert_not_reached ();
}

/* ---- whole runs ---- */

static void
assert_same_layers (Fixture *f, gint64 id)
{
  g_autoptr (SpqrStore) old = spqr_store_open (f->sitting.database, NULL);
  g_autoptr (GPtrArray) made = spqr_store_list_layers (old, f->run->id, NULL), got = spqr_store_list_layers (f->store, id, NULL);

  g_assert_cmpuint (made->len, ==, got->len);
  for (guint i = 0; i < made->len; i++)
    {
      const SpqrRunLayer *a = made->pdata[i], *b = got->pdata[i];

      g_assert_cmpstr (a->name, ==, b->name);
      g_assert_cmpstr (a->role, ==, b->role);
      g_assert_cmpstr (a->file, ==, b->file);
      g_assert_cmpint (a->block, ==, b->block);
      g_assert_cmpint (a->rows, ==, b->rows);
      g_assert_cmpint (a->n_outliers, ==, b->n_outliers);
      g_assert_cmpfloat (a->bits, ==, b->bits);
      g_assert_cmpfloat (a->bits_stored, ==, b->bits_stored);
      g_assert_cmpfloat (a->output_error, ==, b->output_error);
      g_assert_cmpfloat (a->mse, ==, b->mse);
      g_assert_true (isnan (b->seconds));
    }
}

static void
test_whole (Fixture *f, gconstpointer data)
{
  g_autoptr (SpqrRun) run = import (f), kept = NULL;
  g_autoptr (SpqrRunManifest) manifest = spqr_run_manifest_read (f->sitting.folder, NULL);

  kept = spqr_store_get_run (f->store, run->id, NULL);
  g_assert_cmpint (kept->state, ==, SPQR_RUN_FINISHED);
  g_assert_cmpstr (kept->model_name, ==, f->run->model_name);
  g_assert_cmpstr (kept->model_fingerprint, ==, f->run->model_fingerprint);
  g_assert_cmpstr (kept->params_json, ==, f->run->params_json);
  g_assert_cmpstr (kept->backend, ==, f->run->backend);
  g_assert_cmpint (kept->seed, ==, 5);
  g_assert_cmpint (kept->wbits, ==, 3);
  g_assert_cmpint (kept->nsamples, ==, f->run->nsamples);
  g_assert_cmpuint (kept->n_layers, ==, f->run->n_layers);
  g_assert_cmpfloat (kept->bits_formula, ==, f->run->bits_formula);
  g_assert_cmpfloat (kept->mean_proxy_loss, ==, f->run->mean_proxy_loss);
  assert_same_layers (f, run->id);
  /* From now on the folder is that run. */
  g_assert_cmpint (manifest->run, ==, run->id);
  g_assert_cmpstr (manifest->database, ==, spqr_store_get_path (f->store));
}

static void
test_without_model (Fixture *f, gconstpointer data)
{
  g_autoptr (SpqrRun) run = NULL;
  g_autoptr (GPtrArray) layers = NULL;
  g_autofree char *away = g_strconcat (f->run->model_path, "-away", NULL);

  g_assert_cmpint (g_rename (f->run->model_path, away), ==, 0);
  run = import (f);
  g_assert_cmpint (run->state, ==, SPQR_RUN_FINISHED);
  assert_same_layers (f, run->id);          /* roles and blocks are read off the names */
}

/* Removed without its files: the folder brings it back. */
static void
test_back (Fixture *f, gconstpointer data)
{
  g_autoptr (SpqrRun) run = import (f), again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (spqr_store_remove_run (f->store, run->id, FALSE, &error));
  g_assert_no_error (error);
  again = import (f);
  g_assert_cmpint (again->id, >, run->id);
  assert_same_layers (f, again->id);
}

/* Some layers are missing: it can be gone on with, in the database it is in now, and ends as the whole one. */
static void
test_unfinished (Fixture *f, gconstpointer data)
{
  g_autofree char *layer = first_layer (f);
  g_autoptr (SpqrRun) run = NULL, ended = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_unlink (layer), ==, 0);
  run = import (f);
  g_assert_cmpint (run->state, ==, SPQR_RUN_INTERRUPTED);
  g_assert_cmpuint (run->n_layers_done, ==, f->run->n_layers - 1);
  g_assert_cmpuint (run->n_layers, ==, f->run->n_layers);
  g_free (f->sitting.database);
  f->sitting.database = g_strdup (spqr_store_get_path (f->store));
  ended = sitting_run (&f->sitting, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ended->id, ==, run->id);
  g_assert_cmpint (ended->state, ==, SPQR_RUN_FINISHED);
}

/* ---- what is refused ---- */

static void
test_twice (Fixture *f, gconstpointer data)
{
  g_autoptr (SpqrRun) run = import (f);
  g_autofree char *copy = g_build_filename (f->folder, "copy", NULL);
  g_autofree char *command = g_strdup_printf ("cp -r '%s' '%s'", f->sitting.folder, copy), *says = g_strdup_printf ("run %" G_GINT64_FORMAT " of", run->id);

  assert_refused (f, f->sitting.folder, says);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  assert_refused (f, copy, says);
}

static void
test_malformed (Fixture *f, gconstpointer data)
{
  static const struct { const char *text, *says; } cases[] = {
    { "", "run.json" }, { "{", "run.json" }, { "[]", "not the description of a run" }, { "{\"spqr_run\": 2}", "not the description of a run" },
    { "{\"spqr_run\": 1}", "lacks the model or the recipe" },
    { "{\"spqr_run\": 1, \"model_fingerprint\": \"x\", \"recipe\": \"{\"}", "recipe" },
    { "{\"spqr_run\": 1, \"model_fingerprint\": \"x\", \"recipe\": \"{}\", \"windows\": -1}", "impossible" },
    { "{\"spqr_run\": 1, \"model_fingerprint\": \"x\", \"recipe\": \"{}\", \"layers\": 99999999999}", "impossible" },
  };
  g_autofree char *missing = g_build_filename (f->folder, "missing", NULL);

  assert_refused (f, missing, "no such folder");
  assert_refused (f, f->folder, "there is no run.json");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      write_manifest (f, cases[i].text);
      assert_refused (f, f->sitting.folder, cases[i].says);
    }
}

static void
test_damaged (Fixture *f, gconstpointer data)
{
  g_autofree char *layer = first_layer (f), *text = NULL, *twin = path_of (f, "99999-twin.spqr");
  gsize length;

  g_assert_true (g_file_get_contents (layer, &text, &length, NULL));
  g_assert_true (g_file_set_contents (twin, text, length, NULL));
  assert_refused (f, f->sitting.folder, "two files hold the layer");
  g_unlink (twin);
  g_assert_true (g_file_set_contents (layer, text, length / 2, NULL));
  assert_refused (f, f->sitting.folder, layer);
  text[length - 1] ^= 1;
  g_assert_true (g_file_set_contents (layer, text, length, NULL));
  assert_refused (f, f->sitting.folder, layer);
}

static void
test_no_layers (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) files = fixture_list (f->sitting.folder);

  for (guint i = 0; files[i] != NULL; i++)
    if (g_str_has_suffix (files[i], ".spqr"))
      {
        g_autofree char *path = path_of (f, files[i]);
        g_unlink (path);
      }
  assert_refused (f, f->sitting.folder, "holds no layer");
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (spqr_run_import (f->store, f->sitting.folder, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

#define import_test(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  import_test ("/import/whole", test_whole);
  import_test ("/import/without-model", test_without_model);
  import_test ("/import/back", test_back);
  import_test ("/import/unfinished", test_unfinished);
  import_test ("/import/twice", test_twice);
  import_test ("/import/malformed", test_malformed);
  import_test ("/import/damaged", test_damaged);
  import_test ("/import/no-layers", test_no_layers);
  import_test ("/import/cancelled", test_cancelled);
  return g_test_run ();
}
