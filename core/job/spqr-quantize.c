#include "job/spqr-quantize.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "compute/spqr-cancel.h"
#include "job/spqr-preflight.h"
#include "job/spqr-quantize-private.h"
#include "job/spqr-run-figures.h"
#include "job/spqr-run-manifest.h"
#include "quant/spqr-quant-error.h"
#include "spqr-build.h"

#define RESERVE_BYTES (256 << 10)
#define HIDDEN_FILE_PREFIX ".spqr-hidden-"   /* of spqr_hidden_init() */

void
quantization_report (Quantization *q, double fraction_of_block, const char *what)
{
  if (q->request->progress != NULL)
    q->request->progress ((q->block + fraction_of_block) / MAX (q->n_blocks, 1u), what, q->request->user_data);
}

/* A name that every file system takes; the number keeps two long ones apart. */
static char *
artifact_file_name (guint index, const char *tensor_name)
{
  char *name = g_strdup_printf ("%05u-%.180s.spqr", index, tensor_name);

  return g_strcanon (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');
}

/* Artifact first, row second: a row never points at nothing. */
static gboolean
store_layer (Quantization *q, SpqrTensor *tensor, const SpqrLayer *layer, const char *device, const char *note, double seconds,
             GError **error)
{
  const char *name = spqr_tensor_get_name (tensor), *before = g_hash_table_lookup (q->damaged, name);
  g_autofree char *file = before != NULL ? g_strdup (before) : artifact_file_name (q->n_done, name);
  g_autofree char *path = g_build_filename (q->run->folder, file, NULL);
  SpqrRunLayer row = { .name = (char *) name, .role = (char *) spqr_role_name (spqr_tensor_get_role (tensor)),
                       .file = file, .backend = (char *) device, .note = (char *) (*note != '\0' ? note : NULL), .block = spqr_tensor_get_block (tensor),
                       .seconds = seconds };

  if (!spqr_pack_write (path, name, layer, error))
    return FALSE;
  spqr_run_layer_fill (&row, layer);
  if (!spqr_store_add_layer (q->store, q->run->id, &row, error))
    return FALSE;
  spqr_artifacts_add (q->artifacts, name, path);
  if (before == NULL)
    q->n_done++;
  if (q->request->layer_done != NULL)
    q->request->layer_done (&row, q->request->user_data);
  return TRUE;
}

static void
take_note (gpointer data, const char *text)
{
  g_string_append_printf (data, "%s%s", ((GString *) data)->len > 0 ? "; " : "", text);
}

static void
note_damping (const SpqrLayer *layer, GString *note)
{
  g_autofree char *text = NULL;

  if (layer->params.method == SPQR_METHOD_RTN || layer->percdamp_used == layer->params.percdamp)
    return;
  text = g_strdup_printf ("percdamp raised to %g: the Hessian was not positive definite", layer->percdamp_used);
  take_note (note, text);
}

gboolean
quantization_end_layer (Quantization *q, SpqrTensor *tensor, SpqrStatus status, SpqrLayer *layer, const SpqrBackendRun *run,
                        gint64 began, GError **error)
{
  GString *note = run->note_data;
  gboolean stored;

  if (status != SPQR_OK)
    return spqr_quant_set_status (error, status, spqr_tensor_get_name (tensor));
  if (q->device_notes->len > 0)
    take_note (note, q->device_notes->str);
  g_string_truncate (q->device_notes, 0);
  if (note->len > 0 && q->request->fell_back != NULL)
    q->request->fell_back (spqr_tensor_get_name (tensor), note->str, q->request->user_data);
  note_damping (layer, note);
  stored = store_layer (q, tensor, layer, spqr_device_get_id (run->used), note->str, (g_get_monotonic_time () - began) / 1e6, error);
  spqr_layer_clear (layer);
  return stored;
}

gboolean
quantization_do_layer (Quantization *q, SpqrTensor *tensor, const float *w, const SpqrParams *params, GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (q->cancellable);
  g_autoptr (GString) note = g_string_new (NULL);
  SpqrBackendRun run = { .device = q->request->device, .exec = &exec, .note = take_note, .note_data = note };
  gint64 began = g_get_monotonic_time ();
  SpqrLayer layer = { 0 };
  SpqrStatus status = spqr_backend_run_layer_quantize (&run, w, spqr_tensor_get_rows (tensor), spqr_tensor_get_cols (tensor), NULL,
                                                       NULL, params, NULL, &layer);

  return quantization_end_layer (q, tensor, status, &layer, &run, began, error);
}

gboolean
quantization_do_layer_of_input (Quantization *q, SpqrTensor *tensor, SpqrInput *input, const SpqrWeights *weights,
                                SpqrWeightsFunc host_weights, gpointer user_data, const SpqrParams *params, gboolean *lost,
                                GError **error)
{
  SpqrExec exec = spqr_exec_for_cancellable (q->cancellable);
  g_autoptr (GString) note = g_string_new (NULL);
  SpqrBackendRun run = { .device = q->request->device, .exec = &exec, .note = take_note, .note_data = note };
  gint64 began = g_get_monotonic_time ();
  SpqrLayer layer = { 0 };
  SpqrStatus status = spqr_input_quantize (input, &run, weights, host_weights, user_data, params, NULL, &layer);

  *lost = status == SPQR_DEVICE_FAILED;
  if (*lost)
    {
      take_note (q->device_notes, note->str);
      return FALSE;
    }
  return quantization_end_layer (q, tensor, status, &layer, &run, began, error);
}

/* Without a Hessian there is nothing to calibrate: straight through the catalog. */
static gboolean
quantize_without_calibration (Quantization *q, GError **error)
{
  guint n_tensors = spqr_model_get_n_tensors (q->request->model);

  for (guint i = 0; i < n_tensors; i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (q->request->model, i);
      const char *name = spqr_tensor_get_name (tensor);
      g_autofree float *w = NULL;
      SpqrParams params;

      if (!quantization_wants (q, tensor, &params) || spqr_artifacts_has (q->artifacts, name))
        continue;
      if (g_cancellable_set_error_if_cancelled (q->cancellable, error))
        return FALSE;
      q->block = MAX (spqr_tensor_get_block (tensor), 0);
      quantization_report (q, 0, name);
      w = spqr_tensor_read (tensor, error);
      if (w == NULL || !quantization_do_layer (q, tensor, w, &params, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
quantization_wants (Quantization *q, SpqrTensor *tensor, SpqrParams *params)
{
  return spqr_role_is_linear (spqr_tensor_get_role (tensor)) && !spqr_tensor_is_bias (tensor) &&
         spqr_tensor_get_n_dims (tensor) == 2 && spqr_tensor_get_block (tensor) >= 0 &&
         spqr_recipe_resolve (q->request->recipe, spqr_tensor_get_name (tensor), spqr_tensor_get_role (tensor),
                              spqr_tensor_get_block (tensor), params);
}

gboolean
quantization_count_layers (Quantization *q, GError **error)
{
  guint n = 0;

  for (guint i = 0; i < spqr_model_get_n_tensors (q->request->model); i++)
    {
      SpqrTensor *tensor = spqr_model_get_tensor (q->request->model, i);
      SpqrParams params;

      if (!quantization_wants (q, tensor, &params))
        continue;
      /* Overrides that are sound one by one may contradict each other where they meet. */
      if (!spqr_params_validate (&params, error))
        {
          g_prefix_error (error, "%s: ", spqr_tensor_get_name (tensor));
          return FALSE;
        }
      n++;
      q->needs_calibration |= params.method != SPQR_METHOD_RTN;
    }
  q->run->n_layers = n;
  if (n > 0)
    return TRUE;
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
               "%s: no linear layer in it is to be quantized; look at the recipe, or at the catalog's roles",
               spqr_model_get_path (q->request->model));
  return FALSE;
}

/* Parameters, calibration, memory and disk: all that can be known to be wrong before anything is made. */
static gboolean
check_request (Quantization *q, GError **error)
{
  g_auto (SpqrPreflight) preflight = { 0 };

  if (!spqr_run_params_validate (spqr_recipe_get_defaults (q->request->recipe), error) || !quantization_count_layers (q, error))
    return FALSE;
  if (q->needs_calibration && q->request->calibration == NULL)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                   "%s: SpQR and GPTQ need calibration text; give some, or choose --nearest",
                   spqr_model_get_path (q->request->model));
      return FALSE;
    }
  if (!spqr_preflight_compute (q->store, q->request, &preflight, error))
    return FALSE;
  if (q->request->preflight != NULL)
    q->request->preflight (&preflight, q->request->user_data);
  return spqr_preflight_check (&preflight, error);
}

static void
describe_run (SpqrRun *run, const SpqrQuantizeRequest *request)
{
  run->model_path = g_strdup (spqr_model_get_location (request->model));
  run->model_name = g_strdup (spqr_model_get_name (request->model));
  run->model_fingerprint = g_strdup (spqr_model_get_fingerprint (request->model));
  run->architecture = g_strdup (spqr_model_get_config (request->model)->family);
  if (request->calibration != NULL)
    {
      run->calibration = g_strdup (request->calibration->data);
      run->calibration_fingerprint = g_strdup (request->calibration->fingerprint);
      run->nsamples = request->calibration->n_windows;
      run->seqlen = request->calibration->seqlen;
    }
  spqr_run_set_recipe (run, request->recipe);
  run->backend = g_strdup (spqr_device_get_id (request->device != NULL ? request->device : spqr_backends_get_cpu ()));
  run->version = g_strdup (SPQR_VERSION);
}

static void
fill_manifest (SpqrRunManifest *manifest, Quantization *q)
{
  manifest->run = q->run->id;
  manifest->database = g_strdup (spqr_store_get_path (q->store));
  manifest->model_path = g_strdup (q->run->model_path);
  manifest->model_fingerprint = g_strdup (q->run->model_fingerprint);
  manifest->calibration = g_strdup (q->run->calibration);
  manifest->calibration_fingerprint = g_strdup (q->run->calibration_fingerprint);
  manifest->n_windows = q->run->nsamples;
  manifest->seqlen = q->run->seqlen;
  manifest->recipe = g_strdup (q->run->params_json);
  manifest->n_layers = q->run->n_layers;
  manifest->backend = g_strdup (q->run->backend);
  manifest->version = g_strdup (q->run->version);
}

/* What a killed sitting was writing: its names are of our own making. */
static gboolean
is_unfinished (const char *name)
{
  return g_str_has_prefix (name, HIDDEN_FILE_PREFIX) ||
         (name[0] == '.' && g_ascii_isdigit (name[1]) && strstr (name, ".spqr.") != NULL) ||
         (g_str_has_prefix (name, SPQR_RUN_MANIFEST ".") && strlen (name) == strlen (SPQR_RUN_MANIFEST ".XXXXXX"));
}

static void
sweep_unfinished_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (is_unfinished (name))
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);
        g_unlink (path);
      }
}

/* A sitting that was killed before it described its folder left a run without layers: it is this one. */
static gboolean
forget_stillborn (Quantization *q, GError **error)
{
  g_autoptr (GPtrArray) runs = spqr_store_list_runs (q->store, error);

  for (guint i = 0; runs != NULL && i < runs->len; i++)
    {
      SpqrRun *earlier = runs->pdata[i];

      if (earlier->state == SPQR_RUN_INTERRUPTED && earlier->n_layers_done == 0 &&
          g_strcmp0 (earlier->folder, q->run->folder) == 0 && !spqr_store_remove_run (q->store, earlier->id, FALSE, error))
        return FALSE;
    }
  return runs != NULL;
}

/* What an earlier sitting stored, unless its file is gone, cut short or another's: then it is made
 * again, from the same inputs and under the same name, as if nothing had happened. */
static void
take_over_layer (Quantization *q, const SpqrRunLayer *row)
{
  g_autofree char *path = g_build_filename (q->run->folder, row->file, NULL);
  g_autoptr (SpqrArtifacts) stored = spqr_artifacts_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  SpqrLayer layer = { 0 };

  spqr_artifacts_add (stored, row->name, path);
  if (spqr_artifacts_read_layer (stored, row->name, &layer, &error))
    {
      spqr_layer_clear (&layer);
      spqr_artifacts_add (q->artifacts, row->name, path);
      if (q->request->layer_done != NULL)
        q->request->layer_done (row, q->request->user_data);
      return;
    }
  g_hash_table_replace (q->damaged, g_strdup (row->name), g_path_get_basename (row->file));
  text = g_strdup_printf (_("%s; this layer is made again"), error->message);
  quantization_report (q, 0, text);
}

/* Takes over the run that `found` describes: its finished layers count as done. */
static gboolean
resume_run (Quantization *q, const SpqrRunManifest *found, GError **error)
{
  g_autoptr (GPtrArray) layers = NULL;
  g_autoptr (SpqrRun) earlier = spqr_store_get_run (q->store, found->run, error);

  if (earlier == NULL)
    {
      g_prefix_error (error, "%s: its run is not in this database (it was made with %s): ", q->request->folder, found->database);
      return FALSE;
    }
  if (earlier->state == SPQR_RUN_FINISHED || g_strcmp0 (earlier->folder, q->run->folder) != 0)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED,
                   "%s: already holds the finished run %" G_GINT64_FORMAT "; choose another --out folder",
                   q->request->folder, found->run);
      return FALSE;
    }
  if (earlier->state == SPQR_RUN_RUNNING)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_BUSY,
                   "%s: run %" G_GINT64_FORMAT " is being made there right now; wait for it, or choose another --out folder",
                   q->request->folder, found->run);
      return FALSE;
    }
  layers = spqr_store_list_layers (q->store, found->run, error);
  if (layers == NULL || !spqr_store_reopen_run (q->store, found->run, error))
    return FALSE;
  q->run->id = found->run;
  q->seconds_before = isfinite (earlier->seconds) ? earlier->seconds : 0;
  sweep_unfinished_files (q->run->folder);
  for (guint i = 0; i < layers->len; i++)
    take_over_layer (q, layers->pdata[i]);
  q->n_done = layers->len;
  return TRUE;
}

static gboolean
begin_in_folder (Quantization *q, GError **error)
{
  g_autoptr (SpqrRunManifest) found = NULL;
  g_autoptr (SpqrRunManifest) wanted = g_new0 (SpqrRunManifest, 1);
  g_autoptr (GError) local_error = NULL;

  found = spqr_run_manifest_read (q->run->folder, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (found != NULL)
    {
      g_autofree char *difference = NULL;

      fill_manifest (wanted, q);
      difference = spqr_run_manifest_difference (found, wanted);
      if (difference == NULL)
        return resume_run (q, found, error);
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_FAILED,
                   "%s: holds another run, which differs in %s; choose another --out folder", q->run->folder, difference);
      return FALSE;
    }
  if (!forget_stillborn (q, error) || !spqr_store_begin_run (q->store, q->run, error))
    return FALSE;
  sweep_unfinished_files (q->run->folder);
  fill_manifest (wanted, q);
  return spqr_run_manifest_write (wanted, q->run->folder, error);
}

static gboolean
begin_run (Quantization *q, GError **error)
{
  if (q->request->folder == NULL)
    q->run->folder = spqr_store_make_run_folder (q->store, error);
  else if (g_mkdir_with_parents (q->request->folder, 0755) == 0)
    q->run->folder = g_canonicalize_filename (q->request->folder, NULL);
  else
    {
      int failed = errno;
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (failed), "%s: cannot make this folder: %s",
                   q->request->folder, g_strerror (failed));
    }
  if (q->run->folder == NULL)
    return FALSE;
  if (begin_in_folder (q, error))
    return TRUE;
  if (q->request->folder == NULL)
    g_rmdir (q->run->folder);   /* made just now, for nothing */
  return FALSE;
}

/* Totals weighted by the layers' sizes, from what is in the database. */
static gboolean
sum_up (Quantization *q, GError **error)
{
  g_autoptr (GPtrArray) layers = spqr_store_list_layers (q->store, q->run->id, error);

  if (layers == NULL)
    return FALSE;
  spqr_run_sum_up (q->run, layers);
  return TRUE;
}

static gboolean
finish_run (Quantization *q, gint64 began, gboolean done, const GError *failure, GError **error)
{
  q->run->seconds = q->seconds_before + (g_get_monotonic_time () - began) / 1e6;
  if (q->request->waited != NULL)
    q->run->seconds -= q->request->waited (q->request->user_data);
  q->run->finished = g_get_real_time () / G_USEC_PER_SEC;
  if (done)
    q->run->state = SPQR_RUN_FINISHED;
  else if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    q->run->state = SPQR_RUN_CANCELLED;
  else
    q->run->state = SPQR_RUN_FAILED;
  if (q->run->state == SPQR_RUN_FAILED)
    q->run->error = g_strdup (failure != NULL ? failure->message : "");
  if (!sum_up (q, error))
    return FALSE;
  /* A run that nobody can end stays "running" as long as this process lives. */
  return spqr_store_finish_run (q->store, q->run, NULL) ||
         (spqr_reserve_release (&q->reserve) && spqr_store_finish_run (q->store, q->run, NULL)) ||
         spqr_store_finish_run (q->store, q->run, error);
}

/* Enough for the few pages that the end of a run takes in the database. */
static void
hold_reserve (Quantization *q)
{
  g_autofree char *folder = g_path_get_dirname (spqr_store_get_path (q->store));

  spqr_reserve_hold (&q->reserve, folder, RESERVE_BYTES);
}

SpqrRun *
spqr_quantize (SpqrStore *store, const SpqrQuantizeRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autoptr (SpqrArtifacts) artifacts = spqr_artifacts_new ();
  g_autoptr (GHashTable) damaged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GString) device_notes = g_string_new (NULL);
  GPtrArray *workers;
  g_autoptr (GError) failure = NULL;
  gint64 began = g_get_monotonic_time ();
  Quantization q = { .device_notes = device_notes, .store = store, .request = request, .cancellable = cancellable, .run = run, .artifacts = artifacts,
                     .reserve = SPQR_RESERVE_NONE, .damaged = damaged, .n_blocks = spqr_model_get_config (request->model)->n_blocks };
  gboolean done;

  if (!check_request (&q, error))
    return NULL;
  describe_run (run, request);
  if (!begin_run (&q, error))
    return NULL;
  hold_reserve (&q);

  q.workers = workers = quantization_make_workers (request);
  done = q.needs_calibration ? quantization_do_blocks (&q, &failure) : quantize_without_calibration (&q, &failure);
  quantization_free_workers (workers, request);
  if (!finish_run (&q, began, done, failure, done ? error : NULL))
    done = FALSE;
  spqr_reserve_release (&q.reserve);
  if (!done)
    {
      if (failure != NULL)
        g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  if (request->progress != NULL)
    request->progress (1, _("finished"), request->user_data);
  return g_steal_pointer (&run);
}
