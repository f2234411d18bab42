/* The product after a block of columns: what it computes, and that the numbers of a row depend neither on
 * the rows and columns beside it nor on the instruction set's width. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "num/spqr-cpu.h"
#include "num/spqr-kernels-private.h"

#define MOST_ROWS 112
#define COLUMNS 311
#define LDU 333

typedef struct { float w[COLUMNS * MOST_ROWS], error[SPQR_BLOCK * MOST_ROWS], u[SPQR_BLOCK * LDU]; } Case;

static Case *
make_case (void)
{
  Case *c = g_new (Case, 1);
  GRand *rand = g_rand_new_with_seed (17);

  for (gsize i = 0; i < G_N_ELEMENTS (c->w); i++)
    c->w[i] = (float) g_rand_double_range (rand, -1, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (c->error); i++)
    c->error[i] = (float) g_rand_double_range (rand, -1, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (c->u); i++)
    c->u[i] = (float) g_rand_double_range (rand, -1, 1);
  g_rand_free (rand);
  return c;
}

/* rows lanes from lane `from` on, as a tile of their own. */
static float *
run (const Case *c, gsize from, gsize rows, gsize n_columns, gsize n_errors)
{
  float *w = g_new (float, n_columns * rows);
  g_autofree float *error = g_new (float, n_errors * rows), *room = g_new (float, SPQR_TRAILING_ROOM);

  for (gsize j = 0; j < n_columns; j++)
    memcpy (w + j * rows, c->w + j * MOST_ROWS + from, rows * sizeof *w);
  for (gsize t = 0; t < n_errors; t++)
    memcpy (error + t * rows, c->error + t * MOST_ROWS + from, rows * sizeof *error);
  spqr_kernels ()->trailing (w, rows, n_columns, error, n_errors, c->u, LDU, room);
  return w;
}

static void
test_definition (void)
{
  static const gsize columns[] = { 1, 5, 12, 96, 97, 200, COLUMNS }, errors[] = { 1, 16, 77, SPQR_BLOCK };
  g_autofree Case *c = make_case ();

  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    for (gsize i = 0; i < G_N_ELEMENTS (columns); i++)
      for (gsize k = 0; k < G_N_ELEMENTS (errors); k++)
        {
          g_autofree float *w = NULL;

          spqr_cpu_limit ((SpqrCpu) cpu);
          w = run (c, 0, MOST_ROWS, columns[i], errors[k]);
          for (gsize j = 0; j < columns[i]; j++)
            for (gsize r = 0; r < MOST_ROWS; r++)
              {
                double expected = (double) c->w[j * MOST_ROWS + r];

                for (gsize t = 0; t < errors[k]; t++)
                  expected -= (double) c->error[t * MOST_ROWS + r] * (double) c->u[t * LDU + j];
                g_assert_cmpfloat_with_epsilon ((double) w[j * MOST_ROWS + r], expected, 2e-5);
              }
        }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

static void
test_rows_alone (void)
{
  g_autofree Case *c = make_case ();

  for (int cpu = SPQR_CPU_PLAIN; cpu <= SPQR_CPU_AVX512; cpu++)
    {
      g_autofree float *all = NULL;

      spqr_cpu_limit ((SpqrCpu) cpu);
      all = run (c, 0, MOST_ROWS, COLUMNS, SPQR_BLOCK);
      for (gsize from = 0; from < MOST_ROWS; from += 16)
        for (gsize rows = 16; from + rows <= MOST_ROWS; rows += 16)
          {
            gsize n_columns = 1 + (from * 7 + rows * 3) % COLUMNS;
            g_autofree float *part = run (c, from, rows, n_columns, SPQR_BLOCK);

            for (gsize j = 0; j < n_columns; j++)
              g_assert_cmpmem (part + j * rows, rows * sizeof *part, all + j * MOST_ROWS + from, rows * sizeof *all);
          }
    }
  spqr_cpu_limit (SPQR_CPU_AVX512);
}

static void
test_instructions (void)
{
  g_autofree Case *c = make_case ();
  g_autofree float *wide = run (c, 0, MOST_ROWS, COLUMNS, SPQR_BLOCK), *narrow = NULL;

  if (spqr_cpu () < SPQR_CPU_AVX512)
    {
      g_test_skip ("this processor has no AVX-512 to compare AVX2 with");
      return;
    }
  spqr_cpu_limit (SPQR_CPU_AVX2);
  narrow = run (c, 0, MOST_ROWS, COLUMNS, SPQR_BLOCK);
  spqr_cpu_limit (SPQR_CPU_AVX512);
  g_assert_cmpmem (wide, sizeof c->w, narrow, sizeof c->w);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trailing/definition", test_definition);
  g_test_add_func ("/trailing/rows-alone", test_rows_alone);
  g_test_add_func ("/trailing/instructions", test_instructions);
  return g_test_run ();
}
