#include "job/spqr-run-manifest.h"

#include <glib/gstdio.h>
#include <string.h>

#include "model/spqr-json.h"
#include "quant/spqr-recipe.h"
#include "store/spqr-store.h"

void
spqr_run_manifest_free (SpqrRunManifest *manifest)
{
  if (manifest == NULL)
    return;
  g_free (manifest->database);
  g_free (manifest->model_path);
  g_free (manifest->model_fingerprint);
  g_free (manifest->calibration);
  g_free (manifest->calibration_fingerprint);
  g_free (manifest->recipe);
  g_free (manifest->backend);
  g_free (manifest->version);
  g_free (manifest);
}

static void
add_text (JsonBuilder *builder, const char *key, const char *value)
{
  json_builder_set_member_name (builder, key);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

/* Paths are bytes, JSON is UTF-8: one that is none is written as a URI. */
static void
add_path (JsonBuilder *builder, const char *key, const char *path)
{
  g_autofree char *uri = path != NULL && !g_utf8_validate (path, -1, NULL) ? g_filename_to_uri (path, NULL, NULL) : NULL;

  add_text (builder, key, uri != NULL ? uri : path);
}

static void
add_number (JsonBuilder *builder, const char *key, gint64 value)
{
  json_builder_set_member_name (builder, key);
  json_builder_add_int_value (builder, value);
}

gboolean
spqr_run_manifest_write (const SpqrRunManifest *manifest, const char *folder, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *path = g_build_filename (folder, SPQR_RUN_MANIFEST, NULL);
  g_autofree char *text = NULL;

  json_builder_begin_object (builder);
  add_number (builder, "spqr_run", 1);
  add_number (builder, "run", manifest->run);
  add_path (builder, "database", manifest->database);
  add_text (builder, "model", manifest->model_path);
  add_text (builder, "model_fingerprint", manifest->model_fingerprint);
  add_text (builder, "calibration", manifest->calibration);
  add_text (builder, "calibration_fingerprint", manifest->calibration_fingerprint);
  add_number (builder, "windows", manifest->n_windows);
  add_number (builder, "seqlen", manifest->seqlen);
  add_text (builder, "recipe", manifest->recipe);
  add_number (builder, "layers", manifest->n_layers);
  add_text (builder, "backend", manifest->backend);
  add_text (builder, "version", manifest->version);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = spqr_json_to_text (root, TRUE);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error);
}

static char *
get_text (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
           ? g_strdup (json_node_get_string (node)) : NULL;
}

static char *
get_path (JsonObject *object, const char *key)
{
  g_autofree char *text = get_text (object, key);
  char *path = text != NULL && g_str_has_prefix (text, "file://") ? g_filename_from_uri (text, NULL, NULL) : NULL;

  return path != NULL ? path : g_steal_pointer (&text);
}

static gint64
get_number (JsonObject *object, const char *key)
{
  JsonNode *node = json_object_get_member (object, key);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
           ? json_node_get_int (node) : 0;
}

gboolean
spqr_run_manifest_is_in (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, SPQR_RUN_MANIFEST, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

SpqrRunManifest *
spqr_run_manifest_read (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, SPQR_RUN_MANIFEST, NULL);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (SpqrRunManifest) manifest = NULL;
  g_autoptr (GError) local_error = NULL;
  JsonNode *root;
  JsonObject *object;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  if (!json_parser_load_from_mapped_file (parser, path, &local_error))
    {
      /* Not all of its messages name the file. */
      if (strstr (local_error->message, path) == NULL)
        g_prefix_error (&local_error, "%s: ", path);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root) || get_number (json_node_get_object (root), "spqr_run") != 1)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT, "%s: is not the description of a run", path);
      return NULL;
    }
  object = json_node_get_object (root);
  manifest = g_new0 (SpqrRunManifest, 1);
  manifest->run = get_number (object, "run");
  manifest->database = get_path (object, "database");
  manifest->model_path = get_text (object, "model");
  manifest->model_fingerprint = get_text (object, "model_fingerprint");
  manifest->calibration = get_text (object, "calibration");
  manifest->calibration_fingerprint = get_text (object, "calibration_fingerprint");
  manifest->n_windows = get_number (object, "windows");
  manifest->seqlen = get_number (object, "seqlen");
  manifest->recipe = get_text (object, "recipe");
  manifest->n_layers = get_number (object, "layers");
  manifest->backend = get_text (object, "backend");
  manifest->version = get_text (object, "version");
  if (manifest->recipe == NULL || manifest->model_fingerprint == NULL)
    {
      g_set_error (error, SPQR_STORE_ERROR, SPQR_STORE_ERROR_CORRUPT, "%s: lacks the model or the recipe", path);
      return NULL;
    }
  return g_steal_pointer (&manifest);
}

/* A recipe's name is not part of the work: only what it makes of the layers is compared. */
static char *
recipe_difference (const char *a, const char *b)
{
  g_autoptr (SpqrRecipe) first = spqr_recipe_parse (a, NULL);
  g_autoptr (SpqrRecipe) second = spqr_recipe_parse (b, NULL);

  if (first == NULL || second == NULL)
    return g_strcmp0 (a, b) != 0 ? g_strdup ("another recipe") : NULL;
  return spqr_recipe_difference (first, second);
}

char *
spqr_run_manifest_difference (const SpqrRunManifest *a, const SpqrRunManifest *b)
{
  g_autofree char *difference = NULL;

  if (g_strcmp0 (a->model_fingerprint, b->model_fingerprint) != 0)
    return g_strdup_printf ("the model: it was %s, whose weights differ from those of %s",
                            a->model_path, b->model_path);
  difference = recipe_difference (a->recipe, b->recipe);
  if (difference != NULL)
    return g_strdup_printf ("the parameters: %s", difference);
  if (a->n_windows != b->n_windows || a->seqlen != b->seqlen)
    return g_strdup_printf ("the calibration: %" G_GINT64_FORMAT " windows of %" G_GINT64_FORMAT
                            " tokens became %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT,
                            a->n_windows, a->seqlen, b->n_windows, b->seqlen);
  if (g_strcmp0 (a->calibration_fingerprint, b->calibration_fingerprint) != 0)
    return g_strdup_printf ("the calibration text: it was %s, now %s",
                            a->calibration != NULL ? a->calibration : "none",
                            b->calibration != NULL ? b->calibration : "none");
  return NULL;
}
