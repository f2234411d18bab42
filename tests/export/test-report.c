/* A run as a page: well-formed, whole, alone; nothing that comes from outside becomes markup. */
#include <locale.h>
#include <math.h>
#include <string.h>

#include "export/spqr-html.h"
#include "export/spqr-report-chart.h"
#include "export/spqr-report.h"
#include "quant/spqr-recipe.h"

#define EVIL "</td><script>alert(1)</script>&amp;\"'\x01"

static SpqrRunLayer *
new_layer (int block, const char *role, double error)
{
  SpqrRunLayer *layer = g_new0 (SpqrRunLayer, 1);

  *layer = (SpqrRunLayer) { .name = g_strdup_printf ("model.layers.%d.%s.weight", block, role), .role = g_strdup (role), .block = block,
                            .rows = 64, .cols = 128, .bits = 3.5, .bits_stored = 3.75, .outlier_share = 0.01, .output_error = error,
                            .seconds = 75, .backend = g_strdup ("cpu"), .note = g_strdup (EVIL) };
  return layer;
}

static SpqrRunEval *
new_eval (const char *data, int seqlen, double ppl)
{
  SpqrRunEval *eval = spqr_run_eval_new (7);

  eval->data = g_strdup (data);
  eval->protocol = g_strdup (EVIL);
  eval->data_fingerprint = g_strdup ("0123456789abcdef0123");
  eval->seqlen = seqlen;
  eval->windows = 12;
  eval->ppl = ppl;
  eval->ppl_base = 5.68;
  return eval;
}

static void
make_report (SpqrReport *report)
{
  SpqrRunParams params = spqr_run_params_default;
  g_autoptr (SpqrRecipe) recipe = NULL;
  SpqrRun *run = spqr_run_new ();

  params.layer.wbits = 2;
  recipe = spqr_recipe_new (&params);
  run->id = 7;
  run->state = SPQR_RUN_FINISHED;
  run->model_name = g_strdup ("model " EVIL);
  run->model_path = g_strdup ("/models/it's here");
  run->calibration = g_strdup ("text.txt");
  run->method = g_strdup ("spqr");
  run->note = g_strdup (EVIL);
  run->error = g_strdup (EVIL);
  run->params_json = spqr_recipe_to_json (recipe);
  run->bits_formula = 3.625;
  run->ppl = 5.87;
  *report = (SpqrReport) { run, g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_layer_free),
                           g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_eval_free), g_ptr_array_new () };
  for (int block = 0; block < 3; block++)
    {
      g_ptr_array_add (report->layers, new_layer (block, "q_proj", 0.01 * (block + 1)));
      g_ptr_array_add (report->layers, new_layer (block, "down_proj", block == 1 ? NAN : 0.05));
    }
  g_ptr_array_add (report->evals, new_eval ("/texts/wiki.txt", 2048, 5.87));
}

/* ---- the page, taken apart ---- */

typedef struct { GHashTable *elements; GString *text; } Seen;

static void
on_start (GMarkupParseContext *context, const char *name, const char **names, const char **values, gpointer data, GError **error)
{
  Seen *seen = data;

  g_hash_table_insert (seen->elements, g_strdup (name), GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (seen->elements, name)) + 1));
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_assert_cmpstr (names[i], !=, "src");
      g_assert_cmpstr (names[i], !=, "href");
      g_assert_false (g_str_has_prefix (names[i], "on"));
    }
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  g_string_append_len (((Seen *) data)->text, text, (gssize) length);
}

static void
take_apart (const char *html, Seen *seen)
{
  const GMarkupParser parser = { .start_element = on_start, .text = on_text };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, seen, NULL);
  g_autoptr (GError) error = NULL;

  seen->elements = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  seen->text = g_string_new (NULL);
  g_markup_parse_context_parse (context, html, -1, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
}

static guint
count (const Seen *seen, const char *element)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (seen->elements, element));
}

static void
seen_clear (Seen *seen)
{
  g_hash_table_unref (seen->elements);
  g_string_free (seen->text, TRUE);
}

static void
test_page (void)
{
  g_auto (SpqrReport) report = { NULL };
  g_autofree char *html = NULL;
  Seen seen;

  make_report (&report);
  html = spqr_report_to_html (&report);
  take_apart (html, &seen);
  g_assert_cmpuint (count (&seen, "html"), ==, 1);
  g_assert_cmpuint (count (&seen, "script"), ==, 0);
  g_assert_cmpuint (count (&seen, "link"), ==, 0);
  g_assert_cmpuint (count (&seen, "svg"), ==, 4);
  /* Every layer in the grid and in the table, the one whose error is not known too. */
  for (guint i = 0; i < report.layers->len; i++)
    g_assert_nonnull (strstr (seen.text->str, ((SpqrRunLayer *) report.layers->pdata[i])->name));
  g_assert_cmpuint (count (&seen, "circle"), ==, 5 + 6 + 6);
  /* Forbidden characters are replaced, all others are what they were. */
  g_assert_nonnull (strstr (seen.text->str, "</td><script>alert(1)</script>&amp;\"'\357\277\275"));
  g_assert_nonnull (strstr (seen.text->str, "5.8700"));
  g_assert_nonnull (strstr (seen.text->str, "spqr quantize '/models/it'\\''s here' text.txt --wbits=2"));
  g_assert_nonnull (strstr (seen.text->str, "1 min 15 s"));
  g_assert_null (strstr (seen.text->str, "cannot be compared"));
  seen_clear (&seen);
}

static void
test_protocols (void)
{
  g_auto (SpqrReport) report = { NULL };
  g_autofree char *html = NULL;
  SpqrRunEval *task = spqr_run_eval_new (7);

  make_report (&report);
  g_ptr_array_add (report.evals, new_eval ("/texts/wiki.txt", 512, 6.5));
  task->task = g_strdup ("piqa");
  task->windows = 1838;
  task->acc = 0.7731;
  g_ptr_array_add (report.evals, task);
  html = spqr_report_to_html (&report);
  g_assert_nonnull (strstr (html, "cannot be compared"));
  g_assert_nonnull (strstr (html, "<td>piqa</td>"));
  g_assert_nonnull (strstr (html, "77.3 %"));
}

/* A locale with a decimal comma changes what is read, never what is drawn. */
static void
test_locale (void)
{
  g_auto (SpqrReport) report = { NULL };
  g_autofree char *html = NULL;
  g_autoptr (GRegex) commas = g_regex_new ("(cx|cy|x1|y1|width|height)=\"-?[0-9]*,", 0, 0, NULL);

  if (setlocale (LC_NUMERIC, "de_DE.UTF-8") == NULL)
    {
      g_test_skip ("the locale de_DE.UTF-8 is not installed");
      return;
    }
  make_report (&report);
  html = spqr_report_to_html (&report);
  setlocale (LC_NUMERIC, "C");
  g_assert_false (g_regex_match (commas, html, 0, NULL));
  g_assert_nonnull (strstr (html, "5,8700"));
}

static void
test_nothing (void)
{
  g_autoptr (SpqrRun) run = spqr_run_new ();
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  SpqrReport report = { run, none, none, none };
  g_autofree char *html = spqr_report_to_html (&report);
  Seen seen;

  take_apart (html, &seen);
  g_assert_cmpuint (count (&seen, "svg"), ==, 0);
  seen_clear (&seen);
}

/* Equal, negative, one, none: a chart is drawn or left out, never with figures that are no numbers. */
static void
test_charts (void)
{
  const char *const names[] = { "a", "b", "c" };
  const double cases[][3] = { { 1, 1, 1 }, { -5, 0, 5 }, { NAN, 2, NAN }, { 0, 0, 0 }, { 1e-300, 1e300, NAN }, { INFINITY, 1, 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) page = g_string_new (NULL);

      spqr_report_chart_line (page, &(SpqrReportChart) { "t", names, cases[i], 3, spqr_html_percent });
      spqr_report_chart_grid (page, &(SpqrReportGrid) { "t", names, 1, 3, cases[i], "block", spqr_html_percent });
      g_assert_nonnull (strstr (page->str, "<svg"));
      g_assert_null (strstr (page->str, "nan"));
      g_assert_null (strstr (page->str, "inf"));
    }
}

static void
test_text (void)
{
  g_autofree char *none = spqr_html_fixed (NAN, 2), *minus = spqr_html_fixed (-1.5, 1), *percent = spqr_html_percent (0.0041);
  g_autofree char *hours = spqr_html_seconds (7500), *small = spqr_html_percent (0.00002), *infinite = spqr_html_fixed (INFINITY, 1);

  g_assert_cmpstr (none, ==, "–");
  g_assert_cmpstr (minus, ==, "−1.5");
  g_assert_cmpstr (percent, ==, "0.41 %");
  g_assert_cmpstr (hours, ==, "2 h 05 min");
  g_assert_cmpstr (small, ==, "0.0020 %");
  g_assert_cmpstr (infinite, ==, "∞");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report/page", test_page);
  g_test_add_func ("/report/protocols", test_protocols);
  g_test_add_func ("/report/locale", test_locale);
  g_test_add_func ("/report/nothing", test_nothing);
  g_test_add_func ("/report/charts", test_charts);
  g_test_add_func ("/report/text", test_text);
  return g_test_run ();
}
