/* test-params.c: the parameter table: complete, sound, and its values in every form. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "quant/spqr-param-table.h"

static const SpqrParamInfo *
lookup (const char *key)
{
  const SpqrParamInfo *info = spqr_param_lookup (key);

  g_assert_nonnull (info);
  return info;
}

static void
assert_text_refused (const char *key, const char *text, const char *message)
{
  SpqrRunParams params = spqr_run_params_default;
  g_autoptr (GError) error = NULL;

  g_assert_false (spqr_param_set_text (lookup (key), &params, text, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
  g_assert_cmpstr (error->message, ==, message);
  g_assert_true (spqr_run_params_equal (&params, &spqr_run_params_default));
}

/* ---- the table ---- */

static void
test_complete (void)
{
  static const char *const keys[] = {
    "method", "wbits", "groupsize", "perchannel", "sym", "round_zero", "qq_scale_bits", "qq_zero_bits", "qq_zero_sym",
    "qq_groupsize", "outlier_threshold", "simplified_outliers", "permutation_order", "percdamp", "compat", "nsamples",
    "seqlen", "seed", "true_sequential", "offload_activations", "f16_activations",
  };
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  g_assert_cmpuint (n, ==, G_N_ELEMENTS (keys));
  for (guint i = 0; i < n; i++)
    {
      const SpqrParamInfo *info = &table[i];

      g_assert_cmpstr (info->key, ==, keys[i]);
      g_assert_true (info->title != NULL && *info->title != '\0');
      g_assert_true (info->help != NULL && *info->help != '\0');
      g_assert_true (info->direction != NULL && *info->direction != '\0');
      g_assert_true (info->unit != NULL && info->formula != NULL && info->special != NULL);
      g_assert_null (strchr (info->help, '\n'));
      g_assert_cmpint (info->kind == SPQR_PARAM_CHOICE, ==, info->choices != NULL);
      if (info->kind != SPQR_PARAM_CHOICE)
        g_assert_true (info->step > 0 && info->minimum < info->maximum);
      g_assert_true (info->offset + info->size <= sizeof (SpqrRunParams));
      g_assert_true (info->size == 1 || info->size == 4 || info->size == 8);
      g_assert_cmpint (info->layer_level, ==, info->offset < sizeof (SpqrParams));
    }
}

/* No two parameters share a byte, and each field of the structs is one of them: setting all of them
 * to other values changes everything a careful reader would list. */
static void
test_offsets (void)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);
  guint8 used[sizeof (SpqrRunParams)] = { 0 };
  gsize total = 0;

  for (guint i = 0; i < n; i++)
    for (gsize byte = 0; byte < table[i].size; byte++)
      {
        g_assert_cmpuint (used[table[i].offset + byte], ==, 0);
        used[table[i].offset + byte] = 1;
        total++;
      }
  /* Of a layer two enums, five ints, six flags, two doubles; of a run two ints, the seed, three flags. */
  g_assert_cmpuint (total, ==, 2 * 4 + 5 * 4 + 6 * 1 + 2 * 8 + 2 * 4 + 8 + 3 * 4);
}

static void
test_defaults (void)
{
  SpqrRunParams expected = { .nsamples = 128 };
  g_autoptr (GError) error = NULL;

  expected.layer = spqr_params_default;
  g_assert_true (spqr_run_params_equal (&expected, &spqr_run_params_default));
  g_assert_true (spqr_run_params_validate (&spqr_run_params_default, &error));
  g_assert_no_error (error);
  g_assert_cmpint (spqr_run_params_default.seed, ==, 0);
  g_assert_cmpint (spqr_run_params_default.seqlen, ==, 0);
}

static void
test_lookup (void)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *hyphens = g_strdelimit (g_strdup (table[i].key), "_", '-');

      g_assert_true (spqr_param_lookup (table[i].key) == &table[i]);
      g_assert_true (spqr_param_lookup (hyphens) == &table[i]);
    }
  g_assert_true (spqr_param_lookup ("true-sequential") == spqr_param_lookup ("true_sequential"));
  g_assert_null (spqr_param_lookup ("bits"));
  g_assert_null (spqr_param_lookup (""));
  g_assert_null (spqr_param_lookup ("wbits "));
}

/* ---- numbers ---- */

static void
test_set_ends_of_range (void)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n; i++)
    {
      const SpqrParamInfo *info = &table[i];
      double top = info->kind == SPQR_PARAM_CHOICE ? g_strv_length ((char **) info->choices) - 1 : info->maximum;
      double values[] = { info->minimum, top };

      for (guint v = 0; v < 2; v++)
        {
          SpqrRunParams params = spqr_run_params_default;
          g_autoptr (GPtrArray) differences = NULL;
          g_autofree char *text = NULL;

          g_assert_true (spqr_param_set (info, &params, values[v], NULL));
          g_assert_true (spqr_param_get (info, &params) == values[v]);
          differences = spqr_run_params_list_differences (&spqr_run_params_default, &params);
          g_assert_cmpuint (differences->len, <=, 1); /* nothing else moved */
          if (differences->len == 1)
            g_assert_true (((SpqrParamDifference *) differences->pdata[0])->info == info);

          text = spqr_param_get_text (info, &params); /* and through text */
          params = spqr_run_params_default;
          g_assert_true (spqr_param_set_text (info, &params, text, NULL));
          g_assert_true (spqr_param_get (info, &params) == values[v]);
        }
    }
}

static void
test_set_out_of_range (void)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n; i++)
    {
      const SpqrParamInfo *info = &table[i];
      double bad[] = { info->minimum - 1, NAN, -INFINITY, 1e300, info->kind == SPQR_PARAM_DOUBLE ? -0.5 : 0.5 };

      for (guint v = 0; v < G_N_ELEMENTS (bad); v++)
        {
          SpqrRunParams params = spqr_run_params_default;
          g_autoptr (GError) error = NULL;

          if (isinf (info->maximum) && bad[v] == 1e300)
            continue;
          g_assert_false (spqr_param_set (info, &params, bad[v], &error));
          g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
          g_assert_true (g_str_has_prefix (error->message, info->key));
          g_assert_true (spqr_run_params_equal (&params, &spqr_run_params_default));
        }
    }
}

static void
test_fields (void)
{
  SpqrRunParams params = spqr_run_params_default;

  g_assert_true (spqr_param_set (lookup ("method"), &params, SPQR_METHOD_RTN, NULL));
  g_assert_true (spqr_param_set (lookup ("permutation_order"), &params, SPQR_ORDER_SPEARMAN, NULL));
  g_assert_true (spqr_param_set (lookup ("compat"), &params, 1, NULL));
  g_assert_true (spqr_param_set (lookup ("seed"), &params, G_MAXUINT32, NULL));
  g_assert_true (spqr_param_set (lookup ("sym"), &params, 1, NULL));
  g_assert_true (spqr_param_set (lookup ("perchannel"), &params, 0, NULL));
  g_assert_true (spqr_param_set (lookup ("offload_activations"), &params, 1, NULL));
  g_assert_cmpint (params.layer.method, ==, SPQR_METHOD_RTN);
  g_assert_cmpint (params.layer.permutation_order, ==, SPQR_ORDER_SPEARMAN);
  g_assert_true (params.layer.compat_reference);
  g_assert_cmpint (params.seed, ==, G_MAXUINT32);
  g_assert_true (params.layer.sym);
  g_assert_false (params.layer.perchannel);
  g_assert_true (params.offload_activations);
  g_assert_false (params.true_sequential);
}

/* ---- text ---- */

static void
test_text (void)
{
  static const struct { const char *key, *text; double value; const char *back; } cases[] = {
    { "wbits", "4", 4, "4" },
    { "wbits", " 4 ", 4, "4" },
    { "wbits", "4.0", 4, "4" },
    { "groupsize", "none", 0, "0" },
    { "groupsize", "None", 0, "0" },
    { "qq_scale_bits", "none", 0, "0" },
    { "qq_zero_bits", "none", 0, "0" },
    { "seqlen", "none", 0, "0" },
    { "outlier_threshold", "inf", INFINITY, "inf" },
    { "outlier_threshold", "none", INFINITY, "inf" },
    { "outlier_threshold", "0.2", 0.2, "0.2" },
    { "outlier_threshold", ".35", 0.35, "0.35" },
    { "percdamp", "1e0", 1, "1" },
    { "percdamp", "1e-2", 0.01, "0.01" },
    { "percdamp", "0.12345678901234567", 0.12345678901234567, "0.12345678901234566" },
    { "method", "rtn", SPQR_METHOD_RTN, "rtn" },
    { "method", "gptq", SPQR_METHOD_GPTQ, "gptq" },
    { "permutation_order", "act_order", SPQR_ORDER_ACT_ORDER, "act_order" },
    { "compat", "reference", 1, "reference" },
    { "compat", "none", 0, "none" },
    { "sym", "true", 1, "true" },
    { "sym", "Yes", 1, "true" },
    { "sym", "1", 1, "true" },
    { "perchannel", "off", 0, "false" },
    { "seed", "4294967295", 4294967295.0, "4294967295" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SpqrRunParams params = spqr_run_params_default;
      g_autofree char *back = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (spqr_param_set_text (lookup (cases[i].key), &params, cases[i].text, &error));
      g_assert_no_error (error);
      g_assert_true (spqr_param_get (lookup (cases[i].key), &params) == cases[i].value);
      back = spqr_param_get_text (lookup (cases[i].key), &params);
      g_assert_cmpstr (back, ==, cases[i].back);
    }
}

static void
test_text_refused (void)
{
  assert_text_refused ("wbits", "12", "wbits must be 1 … 8, not 12");
  assert_text_refused ("wbits", "0", "wbits must be 1 … 8, not 0");
  assert_text_refused ("wbits", "2.5", "wbits must be a whole number, 1 … 8, not 2.5");
  assert_text_refused ("wbits", "three", "wbits must be a whole number, 1 … 8, not “three”");
  assert_text_refused ("wbits", "", "wbits must be a whole number, 1 … 8, not “”");
  assert_text_refused ("wbits", "none", "wbits must be a whole number, 1 … 8, not “none”");
  assert_text_refused ("wbits", "0x4", "wbits must be a whole number, 1 … 8, not “0x4”");
  assert_text_refused ("wbits", "4 5", "wbits must be a whole number, 1 … 8, not “4 5”");
  assert_text_refused ("wbits", "99999999999999999999", "wbits must be a whole number, 1 … 8, not 1e+20");
  assert_text_refused ("groupsize", "-1", "groupsize must be 0 … 1048576, not -1 (0 or none: the whole row is one group)");
  assert_text_refused ("outlier_threshold", "-0.1", "outlier_threshold must be 0 or more, not -0.1 (inf or none: no outliers)");
  assert_text_refused ("outlier_threshold", "nan", "outlier_threshold must be 0 or more, not “nan” (inf or none: no outliers)");
  assert_text_refused ("outlier_threshold", "1e999", "outlier_threshold must be 0 or more, not “1e999” (inf or none: no outliers)");
  assert_text_refused ("percdamp", "inf", "percdamp must be 0 … 1000, not inf");
  assert_text_refused ("percdamp", "0,01", "percdamp must be 0 … 1000, not “0,01”");
  assert_text_refused ("sym", "maybe", "sym must be true or false, not “maybe”");
  assert_text_refused ("method", "awq", "method must be one of spqr, gptq, rtn, not “awq”");
  assert_text_refused ("permutation_order", "actorder", "permutation_order must be one of identity, act_order, spearman, not “actorder”");
  assert_text_refused ("method", "\xff", "method must be one of spqr, gptq, rtn, not “\xef\xbf\xbd”");
}

/* ---- together ---- */

static void
test_contradictions (void)
{
  SpqrRunParams params = spqr_run_params_default;
  g_autoptr (GError) error = NULL;

  params.layer.sym = true;
  g_assert_false (spqr_run_params_validate (&params, &error));
  g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
  g_assert_nonnull (strstr (error->message, "qq_zero_bits must be 0, not 3"));
  g_clear_error (&error);

  params.layer.compat_reference = true; /* the published code does it */
  g_assert_true (spqr_run_params_validate (&params, &error));
  params.layer.compat_reference = false;
  params.layer.method = SPQR_METHOD_GPTQ; /* which has no quantized zeros at all */
  g_assert_true (spqr_run_params_validate (&params, &error));
  params.layer.method = SPQR_METHOD_RTN;
  g_assert_false (spqr_run_params_validate (&params, NULL));
  params.layer.qq_zero_bits = 0;
  g_assert_true (spqr_run_params_validate (&params, &error));
  g_assert_no_error (error);
}

/* Whatever a caller put into the struct by hand. */
static void
test_validate_ranges (void)
{
  struct { gsize offset; int value; const char *message; } cases[] = {
    { G_STRUCT_OFFSET (SpqrRunParams, layer.wbits), 16, "wbits must be 1 … 8, not 16" },
    { G_STRUCT_OFFSET (SpqrRunParams, layer.qq_groupsize), 0, "qq_groupsize must be 1 … 1048576, not 0" },
    { G_STRUCT_OFFSET (SpqrRunParams, layer.qq_scale_bits), -1,
      "qq_scale_bits must be 0 … 8, not -1 (0 or none: scales stay 16-bit numbers)" },
    { G_STRUCT_OFFSET (SpqrRunParams, layer.method), 7, "method must be one of spqr, gptq, rtn, not 7" },
    { G_STRUCT_OFFSET (SpqrRunParams, nsamples), 0, "nsamples must be 1 … 1048576, not 0" },
  };
  SpqrRunParams params;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      params = spqr_run_params_default;
      memcpy ((char *) &params + cases[i].offset, &cases[i].value, sizeof (int));
      g_assert_false (spqr_run_params_validate (&params, &error));
      g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
  params = spqr_run_params_default;
  params.layer.outlier_threshold = NAN;
  g_assert_false (spqr_run_params_validate (&params, NULL));
  params.layer.outlier_threshold = 0;
  params.layer.percdamp = INFINITY;
  g_assert_false (spqr_run_params_validate (&params, NULL));
}

static void
test_difference (void)
{
  SpqrRunParams a = spqr_run_params_default, b = spqr_run_params_default;
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) differences = NULL;
  const SpqrParamDifference *first;

  g_assert_null (spqr_run_params_difference (&a, &b));
  b.layer.wbits = 4;
  b.layer.outlier_threshold = INFINITY;
  b.layer.percdamp = 0.01;
  b.layer.permutation_order = SPQR_ORDER_IDENTITY;
  b.true_sequential = TRUE;
  text = spqr_run_params_difference (&a, &b);
  g_assert_cmpstr (text, ==, "wbits 3 → 4, outlier_threshold 0.2 → inf, permutation_order act_order → identity, "
                             "percdamp 1 → 0.01, true_sequential false → true");
  differences = spqr_run_params_list_differences (&a, &b);
  g_assert_cmpuint (differences->len, ==, 5);
  first = differences->pdata[0];
  g_assert_cmpstr (first->info->key, ==, "wbits");
  g_assert_cmpstr (first->a, ==, "3");
  g_assert_cmpstr (first->b, ==, "4");
}

/* ---- JSON ---- */

static void
randomise (SpqrRunParams *params)
{
  guint n;
  const SpqrParamInfo *table = spqr_param_table (&n);

  for (guint i = 0; i < n; i++)
    {
      const SpqrParamInfo *info = &table[i];
      double top = info->kind == SPQR_PARAM_CHOICE ? g_strv_length ((char **) info->choices) - 1 : info->maximum;
      double value = info->minimum + g_test_rand_double () * ((isinf (top) ? 5 : top) - info->minimum);

      if (info->kind != SPQR_PARAM_DOUBLE)
        value = round (value);
      else if (isinf (top) && g_test_rand_bit ())
        value = top;
      g_assert_true (spqr_param_set (info, params, value, NULL));
    }
  if (params->layer.sym && !params->layer.compat_reference)
    params->layer.qq_zero_bits = 0;
}

static void
test_json_round_trip (void)
{
  for (int i = 0; i < 500; i++)
    {
      SpqrRunParams params = spqr_run_params_default, back;
      g_autofree char *json = NULL, *again = NULL;
      g_autoptr (GError) error = NULL;

      randomise (&params);
      json = spqr_run_params_to_json (&params);
      g_assert_true (spqr_run_params_from_json (json, &back, &error));
      g_assert_no_error (error);
      g_assert_true (spqr_run_params_equal (&params, &back));
      again = spqr_run_params_to_json (&back);
      g_assert_cmpstr (json, ==, again);
    }
}

static void
test_json_text (void)
{
  g_autofree char *json = spqr_run_params_to_json (&spqr_run_params_default);
  SpqrRunParams params = { .nsamples = 7 };
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (json, ==,
    "{\"method\": \"spqr\", \"wbits\": 3, \"groupsize\": 16, \"perchannel\": true, \"sym\": false, "
    "\"round_zero\": false, \"qq_scale_bits\": 3, \"qq_zero_bits\": 3, \"qq_zero_sym\": false, \"qq_groupsize\": 16, "
    "\"outlier_threshold\": 0.2, \"simplified_outliers\": false, \"permutation_order\": \"act_order\", "
    "\"percdamp\": 1, \"compat\": \"none\", \"nsamples\": 128, \"seqlen\": 0, \"seed\": 0, "
    "\"true_sequential\": false, \"offload_activations\": false, \"f16_activations\": false}");

  /* By hand: what is left out keeps its default, null is none, hyphens are fine. */
  g_assert_true (spqr_run_params_from_json ("{\"groupsize\": null, \"outlier-threshold\": \"inf\", \"wbits\": 2.0}",
                                            &params, &error));
  g_assert_no_error (error);
  g_assert_cmpint (params.layer.groupsize, ==, 0);
  g_assert_cmpint (params.layer.wbits, ==, 2);
  g_assert_true (isinf (params.layer.outlier_threshold));
  g_assert_cmpint (params.nsamples, ==, 128);
}

static void
test_json_refused (void)
{
  static const struct { const char *json, *words; } cases[] = {
    { "", "parameters" },
    { "[]", "must be a JSON object" },
    { "{\"wbits\": 3", "parameters" },
    { "{\"bits\": 3}", "“bits” is no parameter" },
    { "{\"wbits\": 9}", "wbits must be 1 … 8, not 9" },
    { "{\"wbits\": \"3\"}", "wbits must be a whole number, 1 … 8, not \"3\"" },
    { "{\"wbits\": true}", "wbits must be a whole number, 1 … 8, not true" },
    { "{\"wbits\": null}", "wbits must be" },
    { "{\"wbits\": [3]}", "wbits must be a whole number, 1 … 8, not [3]" },
    { "{\"wbits\": {}}", "wbits must be" },
    { "{\"wbits\": 3.5}", "wbits must be a whole number" },
    { "{\"sym\": 1}", "sym must be true or false, not 1" },
    { "{\"sym\": \"true\"}", "sym must be true or false" },
    { "{\"sym\": null}", "sym must be true or false" },
    { "{\"method\": 0}", "method must be one of" },
    { "{\"method\": \"SPQR\"}", "method must be one of" },
    { "{\"outlier_threshold\": \"high\"}", "outlier_threshold must be" },
    { "{\"outlier_threshold\": Infinity}", "parameters" },
    { "{\"outlier_threshold\": 1e999}", "" },
    { "{\"wbits\": 3, \"wbits\": 4}", "wbits" },
    { "{\"qq_zero_bits\": 3, \"qq-zero-bits\": 4}", "qq_zero_bits stands twice" },
    { "{\"sym\": true}", "qq_zero_bits must be 0" },
    { "{\"seed\": -1}", "seed must be" },
    { "{\"wbits\": 3} trailing", "parameters" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SpqrRunParams params = { .nsamples = 7 };
      g_autoptr (GError) error = NULL;

      g_assert_false (spqr_run_params_from_json (cases[i].json, &params, &error));
      g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
      if (strstr (error->message, cases[i].words) == NULL)
        g_error ("%s: %s", cases[i].json, error->message);
      g_assert_cmpint (params.nsamples, ==, 7); /* untouched */
    }
}

static void
test_json_hostile (void)
{
  g_autofree char *deep = g_strnfill (1000000, '[');
  g_autofree char *nested = g_strconcat ("{\"wbits\": ", deep, NULL);
  g_autofree char *invalid = g_strdup ("{\"wbits\xff\": 3}");
  g_autofree char *long_text = g_strnfill (100000, 'x');
  g_autofree char *long_value = g_strconcat ("{\"wbits\": \"", long_text, "\"}", NULL);
  const char *cases[] = { deep, nested, invalid, long_value };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SpqrRunParams params;
      g_autoptr (GError) error = NULL;

      g_assert_false (spqr_run_params_from_json (cases[i], &params, &error));
      g_assert_error (error, SPQR_QUANT_ERROR, SPQR_QUANT_ERROR_PARAMETER);
      g_assert_cmpuint (strlen (error->message), <, 500);
    }
}

/* ---- presets ---- */

static void
test_presets (void)
{
  static const struct { const char *id; double bits; } expected[] = {
    { "near-lossless", 4.625 }, { "readme", 4.625 }, { "transformers", 3.625 }, { "below-4", 3.875 },
    { "gptq-4", 4 + 32.0 / 4096 }, { "rtn-4", 4 + 32.0 / 4096 }, { "rtn-2", 2 + 32.0 / 4096 },
  };
  guint n;
  const SpqrPreset *presets = spqr_presets (&n);

  g_assert_cmpuint (n, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      SpqrRunParams moved = presets[i].params;

      g_assert_cmpstr (presets[i].id, ==, expected[i].id);
      g_assert_true (*presets[i].name != '\0' && *presets[i].description != '\0' && presets[i].figure != NULL);
      g_assert_true (spqr_run_params_validate (&presets[i].params, &error));
      g_assert_no_error (error);
      /* Without outliers, on a 4096 × 4096 layer. */
      g_assert_cmpfloat_with_epsilon (spqr_params_formula_bits (&presets[i].params.layer, 4096, 4096, 0),
                                      expected[i].bits, 1e-9);
      g_assert_true (spqr_preset_lookup (presets[i].id) == &presets[i]);
      moved.seed = 5;
      moved.nsamples = 3;
      g_assert_true (spqr_preset_find (&moved) == &presets[i]);
      moved.layer.percdamp = 0.5;
      g_assert_null (spqr_preset_find (&moved));
    }
  g_assert_null (spqr_preset_lookup ("no-such"));
  g_assert_true (spqr_preset_find (&spqr_run_params_default) == spqr_preset_lookup ("transformers"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quant/params/complete", test_complete);
  g_test_add_func ("/quant/params/offsets", test_offsets);
  g_test_add_func ("/quant/params/defaults", test_defaults);
  g_test_add_func ("/quant/params/lookup", test_lookup);
  g_test_add_func ("/quant/params/ends-of-range", test_set_ends_of_range);
  g_test_add_func ("/quant/params/out-of-range", test_set_out_of_range);
  g_test_add_func ("/quant/params/fields", test_fields);
  g_test_add_func ("/quant/params/text", test_text);
  g_test_add_func ("/quant/params/text-refused", test_text_refused);
  g_test_add_func ("/quant/params/contradictions", test_contradictions);
  g_test_add_func ("/quant/params/validate-ranges", test_validate_ranges);
  g_test_add_func ("/quant/params/difference", test_difference);
  g_test_add_func ("/quant/params/json-round-trip", test_json_round_trip);
  g_test_add_func ("/quant/params/json-text", test_json_text);
  g_test_add_func ("/quant/params/json-refused", test_json_refused);
  g_test_add_func ("/quant/params/json-hostile", test_json_hostile);
  g_test_add_func ("/quant/params/presets", test_presets);
  return g_test_run ();
}
