/* GGUF's block formats to f32: the rate at which numbers are written, against a copy of as many bytes. */
#include <stdlib.h>
#include <string.h>

#include "bench/spqr-bench.h"
#include "model/spqr-gguf-private.h"
#include "quant/spqr-quant-error.h"

typedef struct {
  SpqrBench *bench;
  SpqrEncoding encoding;
  gsize rows, cols;
  guint8 *blocks;            /* (rows, cols) as they are stored */
  float *out;
} Blocks;

static void
decode_rows (void *data, size_t begin, size_t end)
{
  Blocks *b = data;
  gsize row_bytes = b->cols / b->encoding.unit_elements * b->encoding.unit_bytes;

  for (size_t row = begin; row < end; row++)
    b->encoding.decode (b->blocks + row * row_bytes, b->out + row * b->cols, b->cols);
}

static gboolean
run_decode (gpointer data, GError **error)
{
  Blocks *b = data;
  SpqrStatus status = spqr_exec_run (spqr_bench_get_exec (b->bench), b->rows, 16, decode_rows, b);

  return status == SPQR_OK || spqr_quant_set_status (error, status, "bench");
}

/* Any bytes are blocks; scales that are no numbers would be slow for a reason that files do not have. */
static void
fill_blocks (Blocks *b, gsize n_bytes)
{
  guint32 state = 7;

  for (gsize i = 0; i < n_bytes; i++)
    {
      state = state * 1664525u + 1013904223u;
      b->blocks[i] = (guint8) (state >> 24) & 0x3f;
    }
}

static gboolean
measure_type (Blocks *b, guint32 type, GError **error)
{
  g_autofree char *name = NULL, *shape = NULL;
  gsize n_bytes;
  SpqrBenchItem item;

  b->encoding = spqr_gguf_encoding (type);
  n_bytes = b->rows * (b->cols / b->encoding.unit_elements) * b->encoding.unit_bytes;
  fill_blocks (b, n_bytes);
  name = g_strdup_printf ("gguf %s", b->encoding.name);
  shape = g_strdup_printf ("%zu × %zu to f32", b->rows, b->cols);
  item = (SpqrBenchItem) { name, shape, SPQR_BENCH_COPY_RATE, .amount = (double) b->rows * b->cols * sizeof (float), .target = 0.3,
                           .run = run_decode, .data = b };
  return spqr_bench_measure (b->bench, &item, error);
}

gboolean
spqr_bench_gguf (SpqrBench *bench, GError **error)
{
  static const guint32 types[] = { 2, 8, 12, 14 };      /* Q4_0, Q8_0, Q4_K, Q6_K */
  gsize size = spqr_bench_is_quick (bench) ? 256 : 4096;
  Blocks b = { .bench = bench, .rows = size, .cols = size };
  gboolean done = (b.blocks = spqr_bench_alloc (size * size * 2, error)) != NULL &&
                  (b.out = spqr_bench_alloc (size * size * sizeof (float), error)) != NULL;

  for (guint i = 0; i < G_N_ELEMENTS (types) && done; i++)
    done = measure_type (&b, types[i], error);
  free (b.blocks);
  free (b.out);
  return done;
}
