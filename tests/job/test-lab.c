/* SpqrLab: what it says of some rows, of all of them, after another parameter, and after another Hessian. */
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "num/spqr-layer.h"
#include "quant/spqr-lab.h"

#define TENSOR "model.layers.0.mlp.gate_proj.weight"

typedef struct { char *folder; SpqrModel *model; SpqrLab *lab; float *h; gsize n; } Fixture;

static void
fixture_set_up (Fixture *f, gconstpointer unused)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  f->folder = fixture_folder ();
  path = fixture_model_write (f->folder, "model", SPQR_DTYPE_F16, 1, 11, 1);
  f->model = spqr_model_open (path, &error);
  g_assert_no_error (error);
  f->lab = spqr_lab_new (spqr_model_lookup (f->model, TENSOR), &error);
  g_assert_no_error (error);
  f->n = spqr_lab_get_cols (f->lab);
  f->h = fixture_hessian (f->n, 1);
  g_assert_true (spqr_lab_set_hessian (f->lab, f->h, NULL));
}

static void
fixture_tear_down (Fixture *f, gconstpointer unused)
{
  spqr_lab_unref (f->lab);
  g_object_unref (f->model);
  fixture_remove (f->folder);
  g_free (f->folder);
  g_free (f->h);
}

/* What the lab says of its answer's proxy loss, worked out from the answer itself. */
static void
check_loss (Fixture *f, const SpqrLabAnswer *answer)
{
  g_autofree float *decoded = g_new (float, answer->count * f->n);
  double expected;

  spqr_layer_decode (&answer->layer, 0, answer->count, decoded);
  expected = spqr_proxy_loss (spqr_lab_get_weights (f->lab) + answer->row0 * f->n, decoded, f->h, answer->count, f->n, NULL);
  g_assert_cmpfloat (expected, >, 0);
  g_assert_cmpfloat_with_epsilon (answer->proxy_loss, expected, 1e-9 * expected);
}

static void
quantize (Fixture *f, const SpqrParams *params, gsize row0, gsize count, SpqrLabAnswer *answer)
{
  g_autoptr (GError) error = NULL;

  spqr_lab_quantize (f->lab, params, row0, count, NULL, NULL, answer, &error);
  g_assert_no_error (error);
  g_assert_true (answer->calibrated);
}

/* Rows, other rows, the whole, and rows again, at several settings: figures are always those of the answer. */
static void
test_losses (Fixture *f, gconstpointer unused)
{
  static const gsize parts[][2] = { { 0, 16 }, { 32, 16 }, { 0, 0 }, { 32, 32 }, { 0, 16 } };

  for (int bits = 2; bits <= 4; bits++)
    for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
      {
        SpqrParams params = spqr_params_default;
        SpqrLabAnswer answer;

        params.wbits = bits;
        quantize (f, &params, parts[i][0], parts[i][1], &answer);
        g_assert_cmpint (answer.whole, ==, parts[i][1] == 0);
        check_loss (f, &answer);
        spqr_lab_answer_clear (&answer);
      }
}

static void
test_other_hessian (Fixture *f, gconstpointer unused)
{
  SpqrParams params = spqr_params_default;
  SpqrLabAnswer first, second;

  quantize (f, &params, 0, 32, &first);
  g_free (f->h);
  f->h = fixture_hessian (f->n, 2);
  for (gsize i = 0; i < f->n * f->n; i++)
    f->h[i] *= 3;
  g_assert_true (spqr_lab_set_hessian (f->lab, f->h, NULL));
  quantize (f, &params, 0, 32, &second);
  check_loss (f, &second);
  g_assert_cmpfloat (first.proxy_loss, !=, second.proxy_loss);
  spqr_lab_answer_clear (&first);
  spqr_lab_answer_clear (&second);
}

/* Rows alone are those of the whole. */
static void
test_rows (Fixture *f, gconstpointer unused)
{
  SpqrParams params = spqr_params_default;
  SpqrLabAnswer all, part;

  quantize (f, &params, 0, 0, &all);
  for (gsize row0 = 0; row0 + 16 <= spqr_lab_get_rows (f->lab); row0 += 16)
    {
      quantize (f, &params, row0, 16, &part);
      g_assert_cmpuint (part.row0, ==, row0);
      g_assert_cmpmem (part.layer.codes, part.count * f->n, all.layer.codes + row0 * f->n, part.count * f->n);
      spqr_lab_answer_clear (&part);
    }
  spqr_lab_answer_clear (&all);
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, fixture_set_up, test, fixture_tear_down)

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/lab/losses", test_losses);
  ADD ("/lab/other-hessian", test_other_hessian);
  ADD ("/lab/rows", test_rows);
  return g_test_run ();
}
