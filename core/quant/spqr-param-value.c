/* spqr-param-value.c: one parameter's value, as a number, as text and as JSON. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/spqr-json.h"
#include "quant/spqr-param-private.h"

/* ---- numbers ---- */

static guint
n_choices (const SpqrParamInfo *info)
{
  return g_strv_length ((char **) info->choices);
}

double
spqr_param_get (const SpqrParamInfo *info, const SpqrRunParams *params)
{
  gconstpointer at = (const char *) params + info->offset;
  gint64 wide;
  gint32 narrow;
  double real;

  if (info->kind == SPQR_PARAM_DOUBLE)
    {
      memcpy (&real, at, sizeof real);
      return real;
    }
  if (info->size == sizeof (bool))
    return *(const bool *) at ? 1 : 0;
  if (info->size == sizeof wide)
    {
      memcpy (&wide, at, sizeof wide);
      return (double) wide;
    }
  memcpy (&narrow, at, sizeof narrow);
  return narrow;
}

static void
store (const SpqrParamInfo *info, SpqrRunParams *params, double value)
{
  gpointer at = (char *) params + info->offset;
  gint64 wide;
  gint32 narrow;

  if (info->kind == SPQR_PARAM_DOUBLE)
    memcpy (at, &value, sizeof value);
  else if (info->size == sizeof (bool))
    *(bool *) at = value != 0;
  else if (info->size == sizeof wide)
    {
      wide = (gint64) value;
      memcpy (at, &wide, sizeof wide);
    }
  else
    {
      narrow = (gint32) value;
      memcpy (at, &narrow, sizeof narrow);
    }
}

char *
spqr_param_describe_range (const SpqrParamInfo *info)
{
  g_autofree char *low = NULL, *high = NULL;

  if (info->kind == SPQR_PARAM_CHOICE)
    return g_strjoinv (", ", (char **) info->choices);
  if (info->kind == SPQR_PARAM_BOOL)
    return g_strdup ("true or false");
  low = spqr_param_format (info, info->minimum);
  if (isinf (info->maximum))
    return g_strconcat (low, " or more", NULL);
  high = spqr_param_format (info, info->maximum);
  return g_strconcat (low, " … ", high, NULL);
}

/* "wbits must be 1 … 8, not 12". Always FALSE. */
static gboolean
refuse (const SpqrParamInfo *info, const char *given, GError **error)
{
  g_autofree char *range = spqr_param_describe_range (info);
  g_autofree char *start = g_utf8_substring (given, 0, MIN (g_utf8_strlen (given, -1), 60));
  const char *kind = info->kind == SPQR_PARAM_CHOICE                                  ? "one of "
                     : info->kind == SPQR_PARAM_INT && info->maximum > info->minimum  ? "a whole number, "
                                                                                      : "";

  /* A number that is whole and merely too large needs no lesson in whole numbers. */
  if (info->kind == SPQR_PARAM_INT && *given != '\0' && strspn (given, "+-0123456789") == strlen (given))
    kind = "";
  g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, "%s must be %s%s, not %s%s%s%s", info->key, kind,
               range, start, *info->special != '\0' ? " (" : "", info->special, *info->special != '\0' ? ")" : "");
  return FALSE;
}

static gboolean
refuse_text (const SpqrParamInfo *info, const char *text, GError **error)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *quoted = g_strdup_printf ("“%s”", valid);

  return refuse (info, quoted, error);
}

static gboolean
in_range (const SpqrParamInfo *info, double value)
{
  switch (info->kind)
    {
    case SPQR_PARAM_CHOICE:
      return value == floor (value) && value >= 0 && value < n_choices (info);
    case SPQR_PARAM_BOOL:
      return value == 0 || value == 1;
    case SPQR_PARAM_INT:
      return value == floor (value) && value >= info->minimum && value <= info->maximum;
    case SPQR_PARAM_DOUBLE:
    default:
      return value >= info->minimum && value <= info->maximum; /* NAN is in no range */
    }
}

static char *
format_double (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  if (isinf (value))
    return g_strdup (value > 0 ? "inf" : "-inf");
  if (isnan (value))
    return g_strdup ("nan");
  for (int digits = 6; digits <= 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }
  return g_strdup (text);
}

char *
spqr_param_format (const SpqrParamInfo *info, double value)
{
  if (info->kind == SPQR_PARAM_BOOL && (value == 0 || value == 1))
    return g_strdup (value != 0 ? "true" : "false");
  if (info->kind == SPQR_PARAM_CHOICE && in_range (info, value))
    return g_strdup (info->choices[(guint) value]);
  if (info->kind == SPQR_PARAM_INT && value == floor (value) && fabs (value) < 1e15)
    return g_strdup_printf ("%" G_GINT64_FORMAT, (gint64) value);
  return format_double (value);
}

gboolean
spqr_param_set (const SpqrParamInfo *info, SpqrRunParams *params, double value, GError **error)
{
  g_autofree char *given = NULL;

  if (in_range (info, value))
    {
      store (info, params, value);
      return TRUE;
    }
  given = spqr_param_format (info, value);
  return refuse (info, given, error);
}

/* ---- text ---- */

char *
spqr_param_get_text (const SpqrParamInfo *info, const SpqrRunParams *params)
{
  return spqr_param_format (info, spqr_param_get (info, params));
}

/* What "none" stands for. */
static gboolean
get_none (const SpqrParamInfo *info, double *value)
{
  if (*info->special == '\0')
    return FALSE;
  *value = info->kind == SPQR_PARAM_DOUBLE ? info->maximum : info->minimum;
  return TRUE;
}

static gboolean
parse_bool (const char *text, double *value)
{
  static const char *const yes[] = { "true", "1", "yes", "on", NULL };
  static const char *const no[] = { "false", "0", "no", "off", NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  *value = g_strv_contains (yes, lower) ? 1 : 0;
  return *value == 1 || g_strv_contains (no, lower);
}

static gboolean
parse_choice (const SpqrParamInfo *info, const char *text, double *value)
{
  for (guint i = 0; info->choices[i] != NULL; i++)
    if (strcmp (info->choices[i], text) == 0)
      {
        *value = i;
        return TRUE;
      }
  return FALSE;
}

/* Decimal, all of it; not the hexadecimal and "infinity" that strtod takes too. */
static gboolean
parse_number (const char *text, double *value)
{
  char *end;

  if (strcmp (text, "inf") == 0 || strcmp (text, "+inf") == 0)
    {
      *value = INFINITY;
      return TRUE;
    }
  if (*text == '\0' || strspn (text, "+-.0123456789eE") != strlen (text))
    return FALSE;
  errno = 0;
  *value = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && !isnan (*value) && (errno != ERANGE || fabs (*value) < 1);
}

gboolean
spqr_param_set_text (const SpqrParamInfo *info, SpqrRunParams *params, const char *text, GError **error)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  double value = 0;
  gboolean understood;

  if (info->kind == SPQR_PARAM_CHOICE)
    understood = parse_choice (info, trimmed, &value);
  else if (info->kind == SPQR_PARAM_BOOL)
    understood = parse_bool (trimmed, &value);
  else if (g_ascii_strcasecmp (trimmed, "none") == 0 || (g_ascii_strcasecmp (trimmed, "auto") == 0 && strstr (info->special, "auto") != NULL))
    understood = get_none (info, &value);
  else
    understood = parse_number (trimmed, &value);
  return understood ? spqr_param_set (info, params, value, error) : refuse_text (info, trimmed, error);
}

/* ---- JSON ---- */

gboolean
_spqr_param_set_node (const SpqrParamInfo *info, SpqrRunParams *params, JsonNode *node, GError **error)
{
  gboolean is_value = JSON_NODE_HOLDS_VALUE (node);
  GType type = is_value ? json_node_get_value_type (node) : G_TYPE_INVALID;
  gboolean wants_number = info->kind == SPQR_PARAM_INT || info->kind == SPQR_PARAM_DOUBLE;
  g_autofree char *shown = NULL;
  double value;

  if (JSON_NODE_HOLDS_NULL (node) && wants_number && get_none (info, &value))
    return spqr_param_set (info, params, value, error);
  if (type == G_TYPE_BOOLEAN && info->kind == SPQR_PARAM_BOOL)
    return spqr_param_set (info, params, json_node_get_boolean (node), error);
  if (type == G_TYPE_STRING && info->kind != SPQR_PARAM_BOOL && info->kind != SPQR_PARAM_INT)
    return spqr_param_set_text (info, params, json_node_get_string (node), error);
  if (wants_number && spqr_json_node_get_double (node, &value))
    return spqr_param_set (info, params, value, error);
  shown = spqr_json_to_text (node, FALSE);
  return refuse (info, shown, error);
}

static gboolean
set_member (SpqrRunParams *params, const char *key, JsonNode *node, gboolean layer_only, SpqrParamMask *mask,
            GError **error)
{
  const SpqrParamInfo *info = spqr_param_lookup (key);

  if (info == NULL)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, "“%s” is no parameter", key);
      return FALSE;
    }
  if (layer_only && !info->layer_level)
    {
      g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER,
                   "%s belongs to the whole run and cannot be set for some layers; put it among the defaults", info->key);
      return FALSE;
    }
  if (!_spqr_param_set_node (info, params, node, error))
    return FALSE;
  *mask |= (SpqrParamMask) 1 << _spqr_param_index (info);
  return TRUE;
}

gboolean
_spqr_params_set_object (SpqrRunParams *params, JsonObject *object, gboolean layer_only, SpqrParamMask *mask,
                         GError **error)
{
  SpqrParamMask seen = 0;
  JsonObjectIter iter;
  const char *key;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &key, &node))
    {
      const SpqrParamInfo *info = spqr_param_lookup (key);

      if (info != NULL && (seen & (SpqrParamMask) 1 << _spqr_param_index (info)) != 0)
        {
          g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, "%s stands twice", info->key);
          return FALSE;
        }
      if (!set_member (params, key, node, layer_only, &seen, error))
        return FALSE;
    }
  if (mask != NULL)
    *mask = seen;
  return TRUE;
}

void
_spqr_append_json_string (GString *text, const char *string)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_VALUE);
  g_autofree char *quoted = NULL;

  json_node_set_string (node, string);
  quoted = spqr_json_to_text (node, FALSE);
  g_string_append (text, quoted);
}

void
_spqr_params_append_object (GString *text, const SpqrRunParams *params, SpqrParamMask mask)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);
  const char *separator = "{";

  if (mask == 0)
    g_string_append (text, "{");
  for (guint i = 0; i < n; i++)
    if ((mask & (SpqrParamMask) 1 << i) != 0)
      {
        g_autofree char *value = spqr_param_get_text (&table[i], params);
        gboolean quote = table[i].kind == SPQR_PARAM_CHOICE || strcmp (value, "inf") == 0;

        g_string_append_printf (text, "%s\"%s\": %s%s%s", separator, table[i].key, quote ? "\"" : "", value,
                                quote ? "\"" : "");
        separator = ", ";
      }
  g_string_append (text, "}");
}

JsonNode *
_spqr_parse_object (const char *json, const char *what, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (JsonNode) root = spqr_json_parse (json, -1, what, &local_error);

  if (root == NULL)
    g_set_error_literal (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, local_error->message);
  else if (!JSON_NODE_HOLDS_OBJECT (root))
    g_set_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER, "%s must be a JSON object, { … }", what);
  else
    return g_steal_pointer (&root);
  return NULL;
}
