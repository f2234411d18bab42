/* test-json.c: what is written as JSON is JSON, and means what it was written for. */
#include <float.h>
#include <glib.h>
#include <math.h>
#include <string.h>

#include "model/spqr-json.h"

static JsonNode *
read_back (JsonNode *node, gboolean pretty)
{
  g_autofree char *text = spqr_json_to_text (node, pretty);
  g_autoptr (GError) error = NULL;
  JsonNode *read = spqr_json_parse (text, -1, text, &error);

  g_assert_no_error (error);
  return read;
}

static void
check_number (double value)
{
  g_autoptr (JsonNode) node = json_node_init_double (json_node_alloc (), value), read = read_back (node, FALSE);
  double got = NAN;

  g_assert_true (spqr_json_node_get_double (read, &got));
  g_assert_true (memcmp (&got, &value, sizeof value) == 0);
}

static void
test_numbers (void)
{
  static const double values[] = { 0, 1, -2.5, 1e15, 1e16, 1e17, 1e22, -1e22, 1e30, 1e300, 5e-324, 1e-5, 1e-300, DBL_MAX, DBL_MIN, 0x1p70, 0x1p-70 };
  GRand *random = g_rand_new_with_seed (7);

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    check_number (values[i]);
  for (int i = 0; i < 20000; i++)
    {
      guint64 bits = (guint64) g_rand_int (random) << 32 | g_rand_int (random);
      double value;

      memcpy (&value, &bits, sizeof value);
      if (isfinite (value))
        check_number (value);
    }
  for (int exponent = -323; exponent <= 308; exponent++)
    check_number (pow (10, exponent));
  g_rand_free (random);
}

/* Every character that a string can hold, and texts that look like what is mended in numbers. */
static void
test_strings (void)
{
  g_autoptr (GString) all = g_string_new ("1e+30.0 \"2e+5.0\" \\\"3e1.0\\ true false ");

  for (gunichar c = 1; c < 0x300; c++)
    g_string_append_unichar (all, c);
  g_string_append_unichar (all, 0x1f600);
  for (int pretty = 0; pretty < 2; pretty++)
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), NULL), read = NULL;
      g_autoptr (JsonObject) object = json_object_new ();
      JsonObject *got;

      json_object_set_string_member (object, all->str, all->str);
      json_object_set_boolean_member (object, "a", TRUE);
      json_object_set_double_member (object, "1e+30.0", 1e30);
      json_node_set_object (node, object);
      read = read_back (node, pretty);
      got = json_node_get_object (read);
      g_assert_cmpuint (json_object_get_size (got), ==, 3);
      g_assert_cmpstr (json_object_get_string_member (got, all->str), ==, all->str);
      g_assert_true (json_object_get_boolean_member (got, "a"));
      g_assert_true (json_object_get_double_member (got, "1e+30.0") == 1e30);
    }
}

static void
check_replaced (const char *text, const char *expected)
{
  g_autofree char *got = spqr_json_replace_member (text, "dtype", "\"f\"");

  g_assert_cmpstr (got, ==, expected);
}

static void
test_replace (void)
{
  check_replaced ("{}", "{\n  \"dtype\": \"f\"}");
  check_replaced (" { \"a\" : 1 } \n", " { \"a\" : 1,\n  \"dtype\": \"f\" } \n");
  check_replaced ("{\"dtype\": null, \"n\": 1000000000000000019884624838656}", "{\"dtype\": \"f\", \"n\": 1000000000000000019884624838656}");
  check_replaced ("{\"in\": {\"dtype\": 1}, \"s\": \"\\\"dtype\\\": 2\", \"d\\u0074ype\": [3, {}]}",
                  "{\"in\": {\"dtype\": 1}, \"s\": \"\\\"dtype\\\": 2\", \"d\\u0074ype\": \"f\"}");
  check_replaced ("[]", NULL);
  check_replaced ("", NULL);
  check_replaced ("{\"a\": ", NULL);
  check_replaced ("{\"a\": 1", NULL);
  check_replaced ("{\"a\": 1 \"b\"", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/numbers", test_numbers);
  g_test_add_func ("/json/strings", test_strings);
  g_test_add_func ("/json/replace", test_replace);
  return g_test_run ();
}
