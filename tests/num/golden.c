#include "golden.h"

#include <math.h>
#include <string.h>

static char *
golden_folder (void)
{
  return g_build_filename (g_getenv ("G_TEST_SRCDIR"), "golden", NULL);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *) a, *(char *const *) b);
}

char **
golden_names (void)
{
  g_autofree char *folder = golden_folder ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GDir *dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".safetensors"))
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (dir);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static JsonParser *
parse (const char *text, gssize length)
{
  JsonParser *parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, text, length, &error);
  g_assert_no_error (error);
  return parser;
}

static JsonObject *
object (JsonParser *parser)
{
  return json_node_get_object (json_parser_get_root (parser));
}

Golden *
golden_open (const char *name)
{
  g_autofree char *folder = golden_folder ();
  g_autofree char *path = g_build_filename (folder, name, NULL);
  Golden *golden = g_new0 (Golden, 1);
  g_autoptr (GError) error = NULL;
  char *contents;
  gsize length;
  guint64 header_size;
  JsonObject *metadata;

  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);
  golden->name = g_strdup (name);
  golden->bytes = g_bytes_new_take (contents, length);
  g_assert_cmpuint (length, >, 8);
  memcpy (&header_size, contents, 8);
  header_size = GUINT64_FROM_LE (header_size);
  g_assert_cmpuint (header_size, <=, length - 8);
  golden->data_at = 8 + header_size;
  golden->header = parse (contents + 8, (gssize) header_size);
  metadata = json_object_get_object_member (object (golden->header), "__metadata__");
  golden->config = parse (json_object_get_string_member (metadata, "config"), -1);
  golden->summary = parse (json_object_get_string_member (metadata, "summary"), -1);
  return golden;
}

void
golden_free (Golden *golden)
{
  g_free (golden->name);
  g_bytes_unref (golden->bytes);
  g_object_unref (golden->header);
  g_object_unref (golden->config);
  g_object_unref (golden->summary);
  g_free (golden);
}

gconstpointer
golden_tensor (Golden *golden, const char *tensor, const char *dtype, gsize *rows, gsize *cols)
{
  JsonObject *entry;
  JsonArray *shape, *offsets;
  gint64 begin, end;
  gsize length;
  const guint8 *data = g_bytes_get_data (golden->bytes, &length);

  if (!json_object_has_member (object (golden->header), tensor))
    return NULL;
  entry = json_object_get_object_member (object (golden->header), tensor);
  g_assert_cmpstr (json_object_get_string_member (entry, "dtype"), ==, dtype);
  shape = json_object_get_array_member (entry, "shape");
  offsets = json_object_get_array_member (entry, "data_offsets");
  begin = json_array_get_int_element (offsets, 0);
  end = json_array_get_int_element (offsets, 1);
  g_assert_true (begin >= 0 && begin <= end && (gsize) end <= length - golden->data_at);
  if (rows != NULL)
    *rows = (gsize) json_array_get_int_element (shape, 0);
  if (cols != NULL && json_array_get_length (shape) > 1)
    *cols = (gsize) json_array_get_int_element (shape, 1);
  return data + golden->data_at + begin;
}

static gboolean
is_null (JsonObject *config, const char *member)
{
  return json_object_get_null_member (config, member);
}

static int
int_or_zero (JsonObject *config, const char *member)
{
  return is_null (config, member) ? 0 : (int) json_object_get_int_member (config, member);
}

static double
number (JsonObject *o, const char *member)
{
  JsonNode *node = json_object_get_member (o, member);

  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return g_ascii_strtod (json_node_get_string (node), NULL);
  return json_node_get_double (node);
}

SpqrParams
golden_params (Golden *golden)
{
  JsonObject *config = object (golden->config);
  const char *order = json_object_get_string_member (config, "permutation_order");

  return (SpqrParams) {
    .method = golden_is_rtn (golden) ? SPQR_METHOD_RTN : SPQR_METHOD_SPQR,
    .wbits = int_or_zero (config, "wbits"),
    .groupsize = int_or_zero (config, "groupsize"),
    .perchannel = json_object_get_boolean_member (config, "perchannel"),
    .sym = json_object_get_boolean_member (config, "sym"),
    .round_zero = json_object_get_boolean_member (config, "round_zero"),
    .qq_scale_bits = int_or_zero (config, "qq_scale_bits"),
    .qq_zero_bits = int_or_zero (config, "qq_zero_bits"),
    .qq_zero_sym = json_object_get_boolean_member (config, "qq_zero_sym"),
    .qq_groupsize = int_or_zero (config, "qq_groupsize"),
    .outlier_threshold = number (config, "outlier_threshold"),
    .simplified_outliers = json_object_get_boolean_member (config, "simplified_outliers"),
    .permutation_order = g_str_equal (order, "act_order")   ? SPQR_ORDER_ACT_ORDER
                         : g_str_equal (order, "spearman") ? SPQR_ORDER_SPEARMAN
                                                           : SPQR_ORDER_IDENTITY,
    .percdamp = json_object_get_double_member (config, "percdamp"),
    .compat_reference = true,
  };
}

gboolean
golden_is_rtn (Golden *golden)
{
  JsonObject *metadata = json_object_get_object_member (object (golden->header), "__metadata__");

  return g_str_equal (json_object_get_string_member (metadata, "kind"), "rtn");
}

double
golden_summary (Golden *golden, const char *figure)
{
  return number (object (golden->summary), figure);
}
