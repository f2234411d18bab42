/* Controls that more than one page has: rows that wrap, parameters as they are typed. */
#include <adwaita.h>
#include <locale.h>
#include <math.h>

#include "controls/spqr-param-text.h"
#include "controls/spqr-wrap.h"

/* ---- rows that wrap ---- */

static GtkWidget *
add_box (GtkWidget *wrap, int width, int height)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  gtk_widget_set_size_request (box, width, height);
  spqr_wrap_append (SPQR_WRAP (wrap), box);
  return box;
}

static int
height_at (GtkWidget *wrap, int width)
{
  int least, wanted;

  gtk_widget_measure (wrap, GTK_ORIENTATION_VERTICAL, width, &least, &wanted, NULL, NULL);
  g_assert_cmpint (least, ==, wanted);
  return wanted;
}

static void
check_place (GtkWidget *wrap, GtkWidget *child, int x, int y, int width)
{
  graphene_rect_t there;

  g_assert_true (gtk_widget_compute_bounds (child, wrap, &there));
  g_assert_cmpfloat (there.origin.x, ==, x);
  g_assert_cmpfloat (there.origin.y, ==, y);
  g_assert_cmpfloat (there.size.width, ==, width);
}

static void
test_wrap (void)
{
  GtkWidget *wrap = g_object_ref_sink (spqr_wrap_new (10)), *a = add_box (wrap, 100, 20), *b = add_box (wrap, 50, 30), *c = add_box (wrap, 80, 20);
  int least, wanted;

  gtk_widget_measure (wrap, GTK_ORIENTATION_HORIZONTAL, -1, &least, &wanted, NULL, NULL);
  g_assert_cmpint (least, ==, 100);
  g_assert_cmpint (wanted, ==, 250);
  g_assert_cmpint (height_at (wrap, 250), ==, 30);
  g_assert_cmpint (height_at (wrap, 249), ==, 30 + 10 + 20);
  g_assert_cmpint (height_at (wrap, 100), ==, 20 + 10 + 30 + 10 + 20);
  gtk_widget_allocate (wrap, 200, 60, -1, NULL);
  check_place (wrap, a, 0, 0, 100);
  check_place (wrap, b, 110, 0, 50);
  check_place (wrap, c, 0, 40, 80);
  gtk_widget_set_hexpand (b, TRUE);            /* takes what its row has left */
  gtk_widget_measure (wrap, GTK_ORIENTATION_HORIZONTAL, -1, NULL, NULL, NULL, NULL);
  gtk_widget_allocate (wrap, 300, 60, -1, NULL);
  check_place (wrap, b, 110, 0, 100);
  check_place (wrap, c, 220, 0, 80);
  gtk_widget_set_visible (a, FALSE);
  g_assert_cmpint (height_at (wrap, 140), ==, 30);
  g_object_unref (wrap);
}

/* ---- parameters as they are typed ---- */

static void
check_typed (const char *key, const char *typed, double value, const char *shown)
{
  const SpqrParamInfo *info = spqr_param_lookup (key);
  SpqrRunParams params = spqr_run_params_default;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_true (spqr_param_set_typed (info, &params, typed, &error));
  g_assert_no_error (error);
  g_assert_cmpfloat (spqr_param_get (info, &params), ==, value);
  text = spqr_param_get_typed (info, &params);
  g_assert_cmpstr (text, ==, shown);
}

static void
test_typed (void)
{
  const SpqrParamInfo *threshold = spqr_param_lookup ("outlier_threshold");
  SpqrRunParams params = spqr_run_params_default;

  check_typed ("seqlen", "auto", 0, "auto");
  check_typed ("seqlen", "0", 0, "auto");
  check_typed ("groupsize", "none", 0, "none");
  check_typed ("outlier_threshold", " inf", INFINITY, "none");
  check_typed ("outlier_threshold", "0.25", 0.25, "0.25");
  g_assert_false (spqr_param_set_typed (threshold, &params, "0,25", NULL));
  g_assert_false (spqr_param_set_typed (spqr_param_lookup ("wbits"), &params, "auto", NULL));
}

static void
test_typed_with_comma (void)
{
  if (setlocale (LC_NUMERIC, "de_DE.UTF-8") == NULL)
    {
      g_test_skip ("the locale de_DE.UTF-8 is not installed");
      return;
    }
  check_typed ("outlier_threshold", "0,25", 0.25, "0,25");
  check_typed ("outlier_threshold", "0.25", 0.25, "0,25");
  setlocale (LC_NUMERIC, "C");
}

static void
test_words (void)
{
  SpqrRunParams params = spqr_run_params_default;
  g_autofree char *method = spqr_param_describe (spqr_param_lookup ("method"), &params);
  g_autofree char *order = spqr_param_describe (spqr_param_lookup ("permutation_order"), &params);

  g_assert_cmpstr (method, ==, "SpQR");
  g_assert_cmpstr (order, ==, "act_order");
  g_assert_cmpstr (spqr_param_choice_title ("method", "awq"), ==, "awq");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  gtk_disable_setlocale ();
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/controls/wrap", test_wrap);
  g_test_add_func ("/controls/typed", test_typed);
  g_test_add_func ("/controls/typed-with-comma", test_typed_with_comma);
  g_test_add_func ("/controls/words", test_words);
  return g_test_run ();
}
