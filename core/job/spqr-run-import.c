#include "job/spqr-run-import.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "job/spqr-run-figures.h"
#include "job/spqr-run-manifest.h"
#include "model/spqr-model.h"
#include "pack/spqr-pack.h"
#include "quant/spqr-recipe-edit.h"

#define LAYER_SUFFIX ".spqr"

typedef struct {
  SpqrStore *store;
  char *folder;              /* absolute */
  SpqrRunManifest *manifest;
  SpqrRecipe *recipe;
  SpqrModel *model;          /* the run's; NULL where it is not here */
  GPtrArray *layers;         /* of SpqrRunLayer, by file name */
  gint64 newest;             /* when the last layer was written, unix seconds */
} Importing;

static void
clear_importing (Importing *in)
{
  g_free (in->folder);
  g_clear_pointer (&in->manifest, spqr_run_manifest_free);
  g_clear_pointer (&in->recipe, spqr_recipe_unref);
  g_clear_object (&in->model);
  g_clear_pointer (&in->layers, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Importing, clear_importing)

static gboolean
refuse (GError **error, SpqrStoreError code, const char *folder, const char *why)
{
  g_set_error (error, SPQR_STORE_ERROR, code, "%s: %s", folder, why);
  return FALSE;
}

/* ---- run.json ---- */

static gboolean
is_count (gint64 value)
{
  return value >= 0 && value <= G_MAXINT;
}

static gboolean
read_manifest (Importing *in, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!g_file_test (in->folder, G_FILE_TEST_IS_DIR))
    return refuse (error, SPQR_STORE_ERROR_NOT_FOUND, in->folder, "there is no such folder");
  in->manifest = spqr_run_manifest_read (in->folder, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (in->manifest == NULL)
    return refuse (error, SPQR_STORE_ERROR_NOT_FOUND, in->folder, "holds no run: there is no " SPQR_RUN_MANIFEST " in it");
  if (!is_count (in->manifest->n_windows) || !is_count (in->manifest->seqlen) || !is_count (in->manifest->n_layers))
    return refuse (error, SPQR_STORE_ERROR_CORRUPT, in->folder, SPQR_RUN_MANIFEST " has an impossible number of windows, tokens or layers");
  in->recipe = spqr_recipe_parse (in->manifest->recipe, error);
  if (in->recipe == NULL)
    {
      g_prefix_error (error, "%s: the recipe in " SPQR_RUN_MANIFEST ": ", in->folder);
      return FALSE;
    }
  return TRUE;
}

/* The model tells blocks and roles; a run is of use without it, too. */
static void
look_for_model (Importing *in)
{
  g_autoptr (SpqrModel) model = in->manifest->model_path != NULL ? spqr_model_open (in->manifest->model_path, NULL) : NULL;

  if (model != NULL && g_strcmp0 (spqr_model_get_fingerprint (model), in->manifest->model_fingerprint) == 0)
    in->model = g_steal_pointer (&model);
}

/* A copy of a run that this database has is no other run. */
static gboolean
check_is_new (Importing *in, GError **error)
{
  gboolean from_here = g_strcmp0 (in->manifest->database, spqr_store_get_path (in->store)) == 0;
  g_autoptr (SpqrRun) known = from_here ? spqr_store_get_run (in->store, in->manifest->run, NULL) : NULL;

  if (known == NULL || g_strcmp0 (known->model_fingerprint, in->manifest->model_fingerprint) != 0 ||
      g_strcmp0 (known->params_json, in->manifest->recipe) != 0)
    return TRUE;
  g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED, "%s: this is run %" G_GINT64_FORMAT " of %s already", in->folder, known->id,
               spqr_store_get_path (in->store));
  return FALSE;
}

/* ---- layers ---- */

/* "…layers.12.mlp.down_proj.weight" where no model tells: the first number between dots, and a role's own name. */
static void
guess_place (SpqrRunLayer *row)
{
  g_auto (GStrv) parts = g_strsplit (row->name, ".", -1);

  row->block = -1;
  for (guint i = 0; parts[i] != NULL; i++)
    {
      guint64 number;

      if (row->block < 0 && g_ascii_string_to_unsigned (parts[i], 10, 0, G_MAXUINT16, &number, NULL))
        row->block = (int) number;
      for (guint r = 0; row->role == NULL && r < SPQR_N_ROLES; r++)
        if (spqr_role_is_linear ((SpqrRole) r) && g_str_equal (parts[i], spqr_role_name ((SpqrRole) r)))
          row->role = g_strdup (parts[i]);
    }
}

static gboolean
find_place (Importing *in, SpqrRunLayer *row, GError **error)
{
  SpqrTensor *tensor = in->model != NULL ? spqr_model_lookup (in->model, row->name) : NULL;

  if (in->model == NULL)
    guess_place (row);
  else if (tensor == NULL || spqr_tensor_get_rows (tensor) != (gsize) row->rows || spqr_tensor_get_cols (tensor) != (gsize) row->cols)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT, "%s: %s: the model %s has no tensor %s of this shape", in->folder,
                   row->file, in->manifest->model_path, row->name);
      return FALSE;
    }
  else
    {
      row->role = g_strdup (spqr_role_name (spqr_tensor_get_role (tensor)));
      row->block = spqr_tensor_get_block (tensor);
    }
  return TRUE;
}

static gboolean
is_known (Importing *in, const char *name)
{
  for (guint i = 0; i < in->layers->len; i++)
    if (g_str_equal (((SpqrRunLayer *) in->layers->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

static gboolean
read_layer (Importing *in, const char *file, GError **error)
{
  g_autofree char *path = g_build_filename (in->folder, file, NULL);
  g_autoptr (SpqrRunLayer) row = g_new0 (SpqrRunLayer, 1);
  SpqrLayer layer = { 0 };
  GStatBuf info;

  if (!spqr_pack_read (path, &row->name, &layer, error))
    return FALSE;
  row->file = g_strdup (file);
  row->seconds = NAN;
  spqr_run_layer_fill (row, &layer);
  spqr_layer_clear (&layer);
  if (is_known (in, row->name))
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT, "%s: two files hold the layer %s; %s is one of them", in->folder,
                   row->name, file);
      return FALSE;
    }
  if (!find_place (in, row, error))
    return FALSE;
  if (g_stat (path, &info) == 0)
    in->newest = MAX (in->newest, (gint64) info.st_mtime);
  g_ptr_array_add (in->layers, g_steal_pointer (&row));
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* In the order in which they were made: their file names begin with it. */
static GPtrArray *
list_files (Importing *in, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (in->folder, 0, error);
  GPtrArray *files;
  const char *name;

  if (dir == NULL)
    return NULL;
  files = g_ptr_array_new_with_free_func (g_free);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, LAYER_SUFFIX) && name[0] != '.' && g_utf8_validate (name, -1, NULL))
      g_ptr_array_add (files, g_strdup (name));
  g_ptr_array_sort (files, compare_names);
  return files;
}

static gboolean
read_layers (Importing *in, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) files = list_files (in, error);

  if (files == NULL)
    return FALSE;
  in->layers = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_layer_free);
  for (guint i = 0; i < files->len; i++)
    if (g_cancellable_set_error_if_cancelled (cancellable, error) || !read_layer (in, files->pdata[i], error))
      return FALSE;
  return in->layers->len > 0 || refuse (error, SPQR_STORE_ERROR_NOT_FOUND, in->folder, "holds no layer: there is no " LAYER_SUFFIX " file in it");
}

/* ---- the run ---- */

static guint
count_wanted (Importing *in)
{
  SpqrRecipeBudget budget;

  if (in->manifest->n_layers > 0)
    return (guint) in->manifest->n_layers;
  if (in->model == NULL)
    return in->layers->len;                    /* as far as anybody can tell */
  spqr_recipe_sum_up (in->recipe, in->model, &budget);
  return budget.n_layers;
}

static SpqrRun *
make_run (Importing *in)
{
  const SpqrRunManifest *m = in->manifest;
  SpqrRun *run = spqr_run_new ();
  g_autofree char *path = g_build_filename (in->folder, SPQR_RUN_MANIFEST, NULL);
  GStatBuf info;

  run->model_path = g_strdup (m->model_path);
  run->model_name = in->model != NULL ? g_strdup (spqr_model_get_name (in->model)) : m->model_path != NULL ? g_path_get_basename (m->model_path) : NULL;
  run->architecture = in->model != NULL ? g_strdup (spqr_model_get_config (in->model)->family) : NULL;
  run->model_fingerprint = g_strdup (m->model_fingerprint);
  run->calibration = g_strdup (m->calibration);
  run->calibration_fingerprint = g_strdup (m->calibration_fingerprint);
  run->nsamples = (int) m->n_windows;
  run->seqlen = (int) m->seqlen;
  run->backend = g_strdup (m->backend);
  run->version = g_strdup (m->version);
  run->folder = g_strdup (in->folder);
  spqr_run_set_recipe (run, in->recipe);
  run->created = g_stat (path, &info) == 0 ? (gint64) info.st_mtime : in->newest;
  run->finished = in->newest;
  spqr_run_sum_up (run, in->layers);
  run->n_layers = MAX (count_wanted (in), in->layers->len);
  run->state = run->n_layers == in->layers->len ? SPQR_RUN_FINISHED : SPQR_RUN_INTERRUPTED;
  return run;
}

/* From now on the folder is that run of this database: by its path it is found there, and gone on with there. One that
 * cannot be written to (an archive) stays as it is. */
static void
take_over_manifest (Importing *in, const SpqrRun *run)
{
  in->manifest->run = run->id;
  g_free (in->manifest->database);
  in->manifest->database = g_strdup (spqr_store_get_path (in->store));
  in->manifest->n_layers = run->n_layers;
  spqr_run_manifest_write (in->manifest, in->folder, NULL);
}

SpqrRun *
spqr_run_import (SpqrStore *store, const char *folder, GCancellable *cancellable, GError **error)
{
  g_auto (Importing) in = { .store = store, .folder = g_canonicalize_filename (folder, NULL) };
  g_autoptr (SpqrRun) run = NULL;

  g_return_val_if_fail (SPQR_IS_STORE (store), NULL);

  if (!read_manifest (&in, error) || !check_is_new (&in, error))
    return NULL;
  look_for_model (&in);
  if (!read_layers (&in, cancellable, error))
    return NULL;
  run = make_run (&in);
  if (!spqr_store_import_run (store, run, in.layers, error))
    return NULL;
  take_over_manifest (&in, run);
  return g_steal_pointer (&run);
}
