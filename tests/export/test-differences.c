/* In what runs differ: parameters, and the rules of their recipes; as lines and as a table for other programs. */
#include <string.h>

#include "export/spqr-comparison-table.h"
#include "export/spqr-run-differences.h"

#define RULE_DOWN "{\"role\": \"down_proj\", \"set\": {\"wbits\": 4, \"groupsize\": 32}}"
#define RULE_SKIP "{\"role\": \"q_proj\", \"blocks\": [0, 1], \"skip\": true}"
#define RULE_NAME "{\"tensor\": \"model.layers.0.x\", \"set\": {\"wbits\": 8}}"

static SpqrRun *
new_run (gint64 id, int wbits, const char *rules)
{
  SpqrRun *run = spqr_run_new ();

  run->id = id;
  run->state = SPQR_RUN_FINISHED;
  run->model_name = g_strdup ("model, with a comma");
  run->model_fingerprint = g_strdup ("m");
  run->bits_formula = wbits + 0.5;
  run->params_json = g_strdup_printf ("{\"spqr_recipe\": 1, \"defaults\": {\"wbits\": %d}, \"overrides\": [%s]}", wbits, rules);
  return run;
}

static GPtrArray *
new_runs (void)
{
  return g_ptr_array_new_with_free_func (g_object_unref);
}

static const SpqrRunLine *
find (GPtrArray *lines, const char *name)
{
  for (guint i = 0; i < lines->len; i++)
    {
      const SpqrRunLine *line = lines->pdata[i];
      const char *own = line->param != NULL ? line->param->key : line->where != NULL ? line->where : "order";

      if (g_str_equal (own, name))
        return line;
    }
  return NULL;
}

static void
test_params_and_rules (void)
{
  g_autoptr (GPtrArray) runs = new_runs ();
  g_autoptr (GPtrArray) lines = NULL;
  const SpqrRunLine *line;

  g_ptr_array_add (runs, new_run (1, 3, ""));
  g_ptr_array_add (runs, new_run (2, 3, RULE_DOWN ", " RULE_SKIP));
  g_ptr_array_add (runs, new_run (3, 2, RULE_DOWN));
  ((SpqrRun *) runs->pdata[2])->calibration_fingerprint = g_strdup ("c");
  lines = spqr_run_lines (runs, NULL);
  line = find (lines, "wbits");
  g_assert_true (line->differ);
  g_assert_cmpstr (line->values[0], ==, "3");
  g_assert_cmpstr (line->values[2], ==, "2");
  g_assert_false (find (lines, "percdamp")->differ);
  g_assert_null (find (lines, "nsamples")->values[0]);     /* not calibrated */
  g_assert_cmpstr (find (lines, "nsamples")->values[2], ==, "128");
  g_assert_false (find (lines, "nsamples")->differ);
  line = find (lines, "role down_proj");
  g_assert_true (line->differ);
  g_assert_null (line->values[0]);
  g_assert_cmpstr (line->values[1], ==, "wbits 4, groupsize 32");
  g_assert_cmpstr (line->values[2], ==, line->values[1]);
  line = find (lines, "role q_proj, blocks 0-1");
  g_assert_cmpstr (line->values[1], ==, "skip");
  g_assert_null (find (lines, "order"));
}

/* The same rules the other way round are another recipe. */
static void
test_order (void)
{
  g_autoptr (GPtrArray) runs = new_runs (), same = new_runs ();
  g_autoptr (GPtrArray) lines = NULL, alike = NULL;
  const SpqrRunLine *line;

  g_ptr_array_add (runs, new_run (1, 3, RULE_DOWN ", " RULE_NAME));
  g_ptr_array_add (runs, new_run (2, 3, RULE_NAME ", " RULE_DOWN));
  lines = spqr_run_lines (runs, NULL);
  g_assert_false (find (lines, "role down_proj")->differ);
  line = find (lines, "order");
  g_assert_nonnull (line);
  g_assert_cmpstr (line->values[0], ==, "role down_proj → tensor model.layers.0.x");
  g_assert_cmpstr (line->values[1], ==, "tensor model.layers.0.x → role down_proj");
  g_ptr_array_add (same, g_object_ref (runs->pdata[0]));
  g_ptr_array_add (same, g_object_ref (runs->pdata[0]));
  alike = spqr_run_lines (same, NULL);
  for (guint i = 0; i < alike->len; i++)
    g_assert_false (((SpqrRunLine *) alike->pdata[i])->differ);
}

/* A run whose parameters nobody knows stands beside one whose are known. */
static void
test_unknown (void)
{
  g_autoptr (GPtrArray) runs = new_runs ();
  g_autoptr (GPtrArray) lines = NULL;

  g_ptr_array_add (runs, new_run (1, 3, ""));
  g_ptr_array_add (runs, spqr_run_new ());
  ((SpqrRun *) runs->pdata[1])->params_json = g_strdup ("{ not json");
  lines = spqr_run_lines (runs, NULL);
  g_assert_null (find (lines, "wbits")->values[1]);
  g_assert_true (find (lines, "wbits")->differ);
}

static void
add_report (GPtrArray *reports, SpqrRun *run, double ppl)
{
  SpqrReport *report = g_new0 (SpqrReport, 1);
  SpqrRunEval *eval = spqr_run_eval_new (run->id);

  *report = (SpqrReport) { run, g_ptr_array_new (), g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_eval_free), g_ptr_array_new () };
  eval->data = g_strdup ("/texts/eval.txt");
  eval->data_fingerprint = g_strdup ("f");
  eval->seqlen = 64;
  eval->windows = 1;
  eval->ppl = ppl;
  g_ptr_array_add (report->evals, eval);
  g_ptr_array_add (reports, report);
}

static void
free_report (gpointer report)
{
  spqr_report_clear (report);
  g_free (report);
}

static void
test_table (void)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (free_report);
  g_autoptr (SpqrCsv) csv = NULL;
  const char *text;

  add_report (reports, new_run (4, 3, RULE_DOWN), 5.5);
  add_report (reports, new_run (9, 2, ""), 6.25);
  csv = spqr_comparison_to_csv (reports);
  text = spqr_csv_peek (csv);
  g_assert_true (g_str_has_prefix (text, "kind,name,measured_on,differs,run 4,run 9\r\norigin,model,,false,\"model, with a comma\","));
  g_assert_nonnull (strstr (text, "\r\nfigure,bits_formula,,true,3.5,2.5\r\n"));
  g_assert_nonnull (strstr (text, "\r\nfigure,bits_stored,,false,,\r\n"));        /* known of neither */
  g_assert_nonnull (strstr (text, "\r\nevaluation,ppl,\"eval.txt, 1 x 64\",true,5.5,6.25\r\n"));
  g_assert_nonnull (strstr (text, "\r\nparameter,wbits,,true,3,2\r\n"));
  g_assert_nonnull (strstr (text, "\r\nrule,role down_proj,,true,\"wbits 4, groupsize 32\",\r\n"));
  g_assert_nonnull (strstr (text, "parameter,percdamp,,false,"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/differences/params-and-rules", test_params_and_rules);
  g_test_add_func ("/differences/order", test_order);
  g_test_add_func ("/differences/unknown", test_unknown);
  g_test_add_func ("/differences/table", test_table);
  return g_test_run ();
}
