/* spqr-recipe.c: parameters per layer. An override is a condition and what it sets; they are gone
 * through in order, each over what came before it. */
#include "quant/spqr-recipe.h"

#include <string.h>

#include "model/spqr-json.h"
#include "quant/spqr-recipe-private.h"

#define FORMAT_VERSION 1
#define MAX_BLOCK 1000000

/* ---- overrides ---- */

void
_spqr_override_free (gpointer data)
{
  Override *override = data;

  g_free (override->tensor);
  g_free (override);
}

static Override *
override_new (void)
{
  Override *override = g_new0 (Override, 1);

  override->role = override->first_block = override->last_block = -1;
  override->values = spqr_run_params_default;
  return override;
}

static gpointer
override_copy (gconstpointer source, gpointer data)
{
  Override *copy = g_memdup2 (source, sizeof (Override));

  copy->tensor = g_strdup (copy->tensor);
  return copy;
}

gboolean
_spqr_override_matches (const Override *override, const char *tensor, int role, int block)
{
  return (override->tensor == NULL || g_strcmp0 (override->tensor, tensor) == 0)
         && (override->role < 0 || override->role == role)
         && (override->first_block < 0 || (block >= override->first_block && block <= override->last_block));
}

gboolean
_spqr_override_covers (const Override *outer, const Override *inner)
{
  return (outer->tensor == NULL || g_strcmp0 (outer->tensor, inner->tensor) == 0)
         && (outer->role < 0 || outer->role == inner->role)
         && (outer->first_block < 0 || (inner->first_block >= outer->first_block && inner->last_block <= outer->last_block));
}

static void
apply (const Override *override, SpqrRunParams *params, gboolean *wanted)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  *wanted = !override->skip;
  for (guint i = 0; i < n; i++)
    if ((override->set & (SpqrParamMask) 1 << i) != 0)
      spqr_param_set (&table[i], params, spqr_param_get (&table[i], &override->values), NULL);
}

/* "override 2: ". */
static void
prefix_override (GError **error, guint index)
{
  g_prefix_error (error, "override %u: ", index + 1);
}

/* Override i must make sense on the layers that it is for and that no narrower one is. */
static gboolean
check_override (SpqrRecipe *self, guint index, GError **error)
{
  const Override *override = self->overrides->pdata[index];
  SpqrRunParams params = self->defaults;
  gboolean wanted = TRUE;

  for (guint i = 0; i < self->overrides->len; i++)
    if (_spqr_override_covers (self->overrides->pdata[i], override))
      apply (self->overrides->pdata[i], &params, &wanted);
  if (!wanted || spqr_run_params_validate (&params, error))
    return TRUE;
  prefix_override (error, index);
  return FALSE;
}

gboolean
_spqr_recipe_check (SpqrRecipe *self, GError **error)
{
  if (!spqr_run_params_validate (&self->defaults, error))
    {
      g_prefix_error (error, "defaults: ");
      return FALSE;
    }
  for (guint i = 0; i < self->overrides->len; i++)
    if (!check_override (self, i, error))
      return FALSE;
  return TRUE;
}

/* ---- making ---- */

SpqrRecipe *
spqr_recipe_new (const SpqrRunParams *defaults)
{
  SpqrRecipe *self = g_new0 (SpqrRecipe, 1);

  self->ref_count = 1;
  self->defaults = *defaults;
  self->overrides = g_ptr_array_new_with_free_func (_spqr_override_free);
  return self;
}

SpqrRecipe *
spqr_recipe_ref (SpqrRecipe *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
spqr_recipe_unref (SpqrRecipe *self)
{
  if (self == NULL || !g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_ptr_array_unref (self->overrides);
  g_free (self->name);
  g_free (self);
}

SpqrRecipe *
_spqr_recipe_copy (SpqrRecipe *self)
{
  SpqrRecipe *copy = g_new0 (SpqrRecipe, 1);

  copy->ref_count = 1;
  copy->name = g_strdup (self->name);
  copy->defaults = self->defaults;
  copy->overrides = g_ptr_array_copy (self->overrides, override_copy, NULL);
  return copy;
}

SpqrRecipe *
spqr_recipe_with_name (SpqrRecipe *self, const char *name)
{
  SpqrRecipe *copy = _spqr_recipe_copy (self);

  g_free (copy->name);
  copy->name = g_strdup (name);
  return copy;
}

/* ---- conditions, checked the same way from JSON and from calls ---- */

static gboolean
set_role (Override *override, int role, GError **error)
{
  if (role < 0 || role >= SPQR_N_ROLES || !spqr_role_is_linear ((SpqrRole) role))
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                   "role must be one of a block's linear layers, such as q_proj or down_proj");
      return FALSE;
    }
  override->role = role;
  return TRUE;
}

static gboolean
set_blocks (Override *override, gint64 first, gint64 last, GError **error)
{
  if (first < 0 || last < first || last > MAX_BLOCK)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                   "blocks must be [first, last], both counted from 0, the first not above the last");
      return FALSE;
    }
  override->first_block = (int) first;
  override->last_block = (int) last;
  return TRUE;
}

static gboolean
set_tensor (Override *override, const char *tensor, GError **error)
{
  if (tensor == NULL || *tensor == '\0' || !g_utf8_validate (tensor, -1, NULL))
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, "tensor must be a tensor's name");
      return FALSE;
    }
  override->tensor = g_strdup (tensor);
  return TRUE;
}

static gboolean
set_values (Override *override, const char *const *keys, const char *const *values, GError **error)
{
  for (guint i = 0; keys[i] != NULL; i++)
    {
      const SpqrParamInfo *info = spqr_param_lookup (keys[i]);

      if (info == NULL || !info->layer_level)
        {
          g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                       info == NULL ? "“%s” is no parameter"
                                    : "%s belongs to the whole run and cannot be set for some layers", keys[i]);
          return FALSE;
        }
      if (!spqr_param_set_text (info, &override->values, values[i], error))
        return FALSE;
      override->set |= (SpqrParamMask) 1 << _spqr_param_index (info);
    }
  return TRUE;
}

static gboolean
same_condition (const Override *a, const Override *b)
{
  return _spqr_override_covers (a, b) && _spqr_override_covers (b, a);
}

/* What `added` makes of `last`, where both are for the same layers. */
static void
join (Override *last, const Override *added)
{
  gboolean wanted;

  if (last->skip || added->skip)
    {
      last->skip = added->skip;
      last->set = added->set;
      last->values = added->values;
      return;
    }
  apply (added, &last->values, &wanted);
  last->set |= added->set;
}

SpqrRecipe *
spqr_recipe_with_override (SpqrRecipe *self, int role, int first_block, int last_block, const char *tensor,
                           const char *const *keys, const char *const *values, GError **error)
{
  g_autoptr (SpqrRecipe) copy = _spqr_recipe_copy (self);
  Override *override = override_new ();
  Override *last = copy->overrides->len > 0 ? copy->overrides->pdata[copy->overrides->len - 1] : NULL;

  override->skip = keys == NULL;
  if ((role != -1 && !set_role (override, role, error))
      || ((first_block != -1 || last_block != -1) && !set_blocks (override, first_block, last_block, error))
      || (tensor != NULL && !set_tensor (override, tensor, error))
      || (keys != NULL && !set_values (override, keys, values, error)))
    {
      _spqr_override_free (override);
      return NULL;
    }
  if (last != NULL && same_condition (last, override))
    {
      join (last, override);
      _spqr_override_free (override);
    }
  else
    g_ptr_array_add (copy->overrides, override);
  return _spqr_recipe_check (copy, error) ? g_steal_pointer (&copy) : NULL;
}

/* ---- from JSON ---- */

static gboolean
refuse_member (GError **error, const char *key, const char *expected)
{
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, "“%s” must be %s", key, expected);
  return FALSE;
}

static const char *
get_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
         ? json_node_get_string (node) : NULL;
}

static gboolean
parse_role (Override *override, JsonNode *node, GError **error)
{
  const char *name = get_string (node);
  int role = -1;

  for (int i = 0; name != NULL && i < SPQR_N_ROLES; i++)
    if (strcmp (spqr_role_name ((SpqrRole) i), name) == 0)
      role = i;
  return set_role (override, role, error);
}

static gboolean
parse_blocks (Override *override, JsonNode *node, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  gint64 first = -1, last = -1;

  if (array == NULL || json_array_get_length (array) != 2
      || !spqr_json_node_get_int (json_array_get_element (array, 0), &first)
      || !spqr_json_node_get_int (json_array_get_element (array, 1), &last))
    first = -1;
  return set_blocks (override, first, last, error);
}

static gboolean
parse_set (Override *override, JsonNode *node, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse_member (error, "set", "an object of parameters");
  return _spqr_params_set_object (&override->values, json_node_get_object (node), TRUE, &override->set, error);
}

static gboolean
parse_skip (Override *override, JsonNode *node, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN || !json_node_get_boolean (node))
    return refuse_member (error, "skip", "true");
  override->skip = TRUE;
  return TRUE;
}

static gboolean
parse_override_member (Override *override, const char *key, JsonNode *node, GError **error)
{
  if (strcmp (key, "role") == 0)
    return parse_role (override, node, error);
  if (strcmp (key, "blocks") == 0)
    return parse_blocks (override, node, error);
  if (strcmp (key, "tensor") == 0)
    return set_tensor (override, get_string (node), error);
  if (strcmp (key, "set") == 0)
    return parse_set (override, node, error);
  if (strcmp (key, "skip") == 0)
    return parse_skip (override, node, error);
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
               "“%s” is not part of an override; there are role, blocks, tensor, set and skip", key);
  return FALSE;
}

static gboolean
parse_override (Override *override, JsonNode *node, GError **error)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonObjectIter iter;
  const char *key;
  JsonNode *member;

  if (object == NULL || json_object_has_member (object, "set") == json_object_has_member (object, "skip"))
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                   "must be an object with either “set” or “skip”");
      return FALSE;
    }
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &key, &member))
    if (!parse_override_member (override, key, member, error))
      return FALSE;
  return TRUE;
}

static gboolean
parse_overrides (SpqrRecipe *self, JsonNode *node, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (array == NULL)
    return refuse_member (error, "overrides", "an array");
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      Override *override = override_new ();

      g_ptr_array_add (self->overrides, override);
      if (!parse_override (override, json_array_get_element (array, i), error))
        {
          prefix_override (error, i);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
parse_defaults (SpqrRecipe *self, JsonNode *node, GError **error)
{
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return refuse_member (error, "defaults", "an object of parameters");
  if (_spqr_params_set_object (&self->defaults, json_node_get_object (node), FALSE, NULL, error))
    return TRUE;
  g_prefix_error (error, "defaults: ");
  return FALSE;
}

static gboolean
check_version (JsonNode *node, GError **error)
{
  gint64 version = 0;

  if (node != NULL && spqr_json_node_get_int (node, &version) && version == FORMAT_VERSION)
    return TRUE;
  if (version > FORMAT_VERSION)
    g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                 "this recipe is of version %" G_GINT64_FORMAT ", and this program reads version %d; update the program",
                 version, FORMAT_VERSION);
  else
    g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                 "this is no recipe: it must hold \"spqr_recipe\": %d", FORMAT_VERSION);
  return FALSE;
}

static gboolean
parse_member (SpqrRecipe *self, const char *key, JsonNode *node, GError **error)
{
  if (strcmp (key, "spqr_recipe") == 0)
    return TRUE; /* checked already */
  if (strcmp (key, "defaults") == 0)
    return parse_defaults (self, node, error);
  if (strcmp (key, "overrides") == 0)
    return parse_overrides (self, node, error);
  if (strcmp (key, "name") == 0)
    {
      self->name = g_strdup (get_string (node));
      return self->name != NULL || refuse_member (error, key, "text");
    }
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
               "“%s” is not part of a recipe; there are name, defaults and overrides", key);
  return FALSE;
}

SpqrRecipe *
spqr_recipe_parse (const char *json, GError **error)
{
  g_autoptr (JsonNode) root = _spqr_parse_object (json, "recipe", error);
  g_autoptr (SpqrRecipe) self = NULL;
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  if (root == NULL || !check_version (json_object_get_member (json_node_get_object (root), "spqr_recipe"), error))
    return NULL;
  self = spqr_recipe_new (&spqr_run_params_default);
  json_object_iter_init_ordered (&iter, json_node_get_object (root));
  while (json_object_iter_next_ordered (&iter, &key, &node))
    if (!parse_member (self, key, node, error))
      return NULL;
  return _spqr_recipe_check (self, error) ? g_steal_pointer (&self) : NULL;
}

/* ---- to JSON ---- */

static void
append_override (GString *text, const Override *override)
{
  g_string_append (text, "{ ");
  if (override->tensor != NULL)
    {
      g_string_append (text, "\"tensor\": ");
      _spqr_append_json_string (text, override->tensor);
      g_string_append (text, ", ");
    }
  if (override->role >= 0)
    g_string_append_printf (text, "\"role\": \"%s\", ", spqr_role_name ((SpqrRole) override->role));
  if (override->first_block >= 0)
    g_string_append_printf (text, "\"blocks\": [%d, %d], ", override->first_block, override->last_block);
  if (override->skip)
    g_string_append (text, "\"skip\": true");
  else
    {
      g_string_append (text, "\"set\": ");
      _spqr_params_append_object (text, &override->values, override->set);
    }
  g_string_append (text, " }");
}

char *
spqr_recipe_to_json (SpqrRecipe *self)
{
  g_autofree char *defaults = spqr_run_params_to_json (&self->defaults);
  GString *text = g_string_new ("{\n  \"spqr_recipe\": " G_STRINGIFY (FORMAT_VERSION));

  if (self->name != NULL)
    {
      g_string_append (text, ",\n  \"name\": ");
      _spqr_append_json_string (text, self->name);
    }
  g_string_append_printf (text, ",\n  \"defaults\": %s,\n  \"overrides\": [", defaults);
  for (guint i = 0; i < self->overrides->len; i++)
    {
      g_string_append (text, i > 0 ? ",\n    " : "\n    ");
      append_override (text, self->overrides->pdata[i]);
    }
  g_string_append (text, self->overrides->len > 0 ? "\n  ]\n}\n" : "]\n}\n");
  return g_string_free (text, FALSE);
}

/* ---- reading ---- */

const char *
spqr_recipe_get_name (SpqrRecipe *self)
{
  return self->name;
}

guint
spqr_recipe_get_n_overrides (SpqrRecipe *self)
{
  return self->overrides->len;
}

const SpqrRecipeOverride *
spqr_recipe_get_override (SpqrRecipe *self, guint index)
{
  g_return_val_if_fail (index < self->overrides->len, NULL);

  return self->overrides->pdata[index];
}

const SpqrRunParams *
spqr_recipe_get_defaults (SpqrRecipe *self)
{
  return &self->defaults;
}

gboolean
spqr_recipe_resolve (SpqrRecipe *self, const char *tensor_name, SpqrRole role, int block, SpqrParams *params)
{
  SpqrRunParams resolved = self->defaults;
  gboolean wanted = TRUE;

  for (guint i = 0; i < self->overrides->len; i++)
    if (_spqr_override_matches (self->overrides->pdata[i], tensor_name, (int) role, block))
      apply (self->overrides->pdata[i], &resolved, &wanted);
  *params = resolved.layer;
  return wanted;
}

/* ---- compared ---- */

static char *
describe_override (SpqrRecipe *self, guint index)
{
  GString *text;

  if (index >= self->overrides->len)
    return g_strdup ("none");
  text = g_string_new (NULL);
  append_override (text, self->overrides->pdata[index]);
  return g_string_free (text, FALSE);
}

char *
spqr_recipe_difference (SpqrRecipe *a, SpqrRecipe *b)
{
  g_autofree char *defaults = spqr_run_params_difference (&a->defaults, &b->defaults);
  g_autoptr (GString) text = g_string_new (defaults);

  for (guint i = 0; i < MAX (a->overrides->len, b->overrides->len); i++)
    {
      g_autofree char *before = describe_override (a, i);
      g_autofree char *after = describe_override (b, i);

      if (strcmp (before, after) != 0)
        g_string_append_printf (text, "%soverride %u %s → %s", text->len > 0 ? ", " : "", i + 1, before, after);
    }
  return text->len > 0 ? g_strdup (text->str) : NULL;
}
