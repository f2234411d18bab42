/* spqr-patterns-profile.c: profiles of a field, in one pass over its memory.
 *
 *   v = |field|   s = v or v^2   q = s^(1/4)   per row, column and (row, segment): sums of q and s, maxima of v
 *
 * A sample says beforehand where about the largest half percent begins; those weights are noted in
 * passing. Pieces of rows depend on the shape alone and are joined in their order. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("O3")     /* loops over lanes are to become vectors */
#endif

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "num/spqr-cpu.h"
#include "num/spqr-patterns-private.h"

#define BLOCK 256
#define LANES 16
#define MOST_SEGMENTS 32
#define LEAST_SEGMENT 32
#define PIECE 262144            /* weights, about */
#define MOST_PIECES 256
#define PIECE_COLUMNS ((size_t) 1 << 22)        /* of all pieces together */
#define MOST_VALUE 1e30f        /* of s; larger ones count as this: sums must not overflow */
#define MOST_ROOT 1e15f
#define SAMPLE_LINES 65536      /* of LINE weights */
#define LINE 16
#define SAMPLE_BINS 65536
#define TOP_SHARE 0.005

typedef struct {
  float *col_q, *col_mass, *col_max;    /* (cols) */
  SpqrTopEntry *top;
  size_t n_top, top_size;
  size_t missing;
  bool overflow;
} Piece;

typedef struct {
  const SpqrPatternInput *input;
  SpqrProfiles *out;
  Piece *pieces;
  size_t n_pieces, piece_rows;
  float threshold;              /* above: among the top */
  atomic_bool no_memory;
} Pass;

typedef struct { float q[LANES], mass[LANES], max[LANES]; } Lanes;

/* ---- where the top begins ---- */

static inline uint32_t
magnitude_of (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof bits);
  return bits & 0x7fffffffu;
}

static inline uint64_t
mix (uint64_t x)
{
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* Counts finite magnitudes by their leading bits: under 1 % apart. Up to a million weights are all
 * counted, else lines in places that look random. */
static void
sample (const SpqrPatternInput *in, uint32_t *bins, size_t *n_values, size_t *n_zeros)
{
  size_t n = in->rows * in->cols, stretch = n / SAMPLE_LINES, n_lines;

  *n_values = *n_zeros = 0;
  n_lines = stretch <= LINE ? (n + LINE - 1) / LINE : SAMPLE_LINES;
  for (size_t l = 0; l < n_lines; l++)
    {
      size_t begin = stretch <= LINE ? l * LINE : l * stretch + mix (l) % (stretch - LINE + 1);
      size_t end = begin + LINE < n ? begin + LINE : n;

      for (size_t i = begin; i < end; i++)
        {
          uint32_t bits = magnitude_of (in->field[i]);

          if (bits >= 0x7f800000u)
            continue;
          bins[bits >> 15]++;
          *n_values += 1;
          *n_zeros += bits == 0;
        }
    }
}

static bool
choose_threshold (Pass *pass)
{
  uint32_t *bins = calloc (SAMPLE_BINS, sizeof *bins);
  size_t n_values, n_zeros, above = 0;
  uint32_t b = SAMPLE_BINS - 1, bits;

  if (bins == NULL)
    return false;
  sample (pass->input, bins, &n_values, &n_zeros);
  pass->out->zero_share = n_values > 0 ? (double) n_zeros / (double) n_values : 0;
  while (b > 0 && (double) (above + bins[b]) <= TOP_SHARE * (double) n_values)
    above += bins[b--];
  bits = (b << 15) | 0x7fff;    /* the last value of the first bin that is too much */
  memcpy (&pass->threshold, &bits, sizeof bits);
  free (bins);
  return true;
}

/* ---- a run of up to BLOCK weights of a row ---- */

static inline __attribute__ ((always_inline)) void
add_lanes (const float *restrict s, size_t k, float *restrict col_q, float *restrict col_mass, float *restrict col_max,
           Lanes *restrict lanes, const bool squared)
{
  for (size_t l = 0; l < k; l++)
    {
      float v = fabsf (s[l]), root = sqrtf (v), q = squared ? root : sqrtf (root), mass = squared ? v * v : v;

      col_q[l] += q;
      col_mass[l] += mass;
      col_max[l] = v > col_max[l] ? v : col_max[l];
      lanes->q[l] += q;
      lanes->mass[l] += mass;
      lanes->max[l] = v > lanes->max[l] ? v : lanes->max[l];
    }
}

static inline __attribute__ ((always_inline)) void
add_runs (const float *s, size_t n, float *col_q, float *col_mass, float *col_max, Lanes *lanes, const bool squared)
{
  Lanes sums = *lanes;
  size_t i = 0;

  for (; i + LANES <= n; i += LANES)
    add_lanes (s + i, LANES, col_q + i, col_mass + i, col_max + i, &sums, squared);
  if (i < n)
    add_lanes (s + i, n - i, col_q + i, col_mass + i, col_max + i, &sums, squared);
  *lanes = sums;
}

static void
add_block_plain (const float *s, size_t n, float *col_q, float *col_mass, float *col_max, Lanes *lanes, bool squared)
{
  if (squared)
    add_runs (s, n, col_q, col_mass, col_max, lanes, true);
  else
    add_runs (s, n, col_q, col_mass, col_max, lanes, false);
}

#if SPQR_CPU_X86

/* The same code for wider vectors; lanes fix the order of every sum, so the bits are the same too. */
SPQR_TARGET_AVX2 static void
add_block_avx2 (const float *s, size_t n, float *col_q, float *col_mass, float *col_max, Lanes *lanes, bool squared)
{
  if (squared)
    add_runs (s, n, col_q, col_mass, col_max, lanes, true);
  else
    add_runs (s, n, col_q, col_mass, col_max, lanes, false);
}

SPQR_TARGET_AVX512 static void
add_block_avx512 (const float *s, size_t n, float *col_q, float *col_mass, float *col_max, Lanes *lanes, bool squared)
{
  if (squared)
    add_runs (s, n, col_q, col_mass, col_max, lanes, true);
  else
    add_runs (s, n, col_q, col_mass, col_max, lanes, false);
}

#endif

static void
add_block (const float *s, size_t n, float *col_q, float *col_mass, float *col_max, Lanes *lanes, bool squared)
{
#if SPQR_CPU_X86
  SpqrCpu cpu = spqr_cpu ();

  if (cpu >= SPQR_CPU_AVX512)
    add_block_avx512 (s, n, col_q, col_mass, col_max, lanes, squared);
  else if (cpu >= SPQR_CPU_AVX2)
    add_block_avx2 (s, n, col_q, col_mass, col_max, lanes, squared);
  else
#endif
    add_block_plain (s, n, col_q, col_mass, col_max, lanes, squared);
}

static bool
is_tame (const float *s, size_t n, float most)
{
  uint32_t wild[LANES] = { 0 };
  uint32_t any = 0;
  size_t i = 0;

  /* Comparing is false for NaN, and a loop of integers becomes vectors. */
  for (; i + LANES <= n; i += LANES)
    for (size_t l = 0; l < LANES; l++)
      wild[l] |= !(fabsf (s[i + l]) <= most);
  for (; i < n; i++)
    any |= !(fabsf (s[i]) <= most);
  for (size_t l = 0; l < LANES; l++)
    any |= wild[l];
  return any == 0;
}

/* NaN and Inf are left out, what is too large is cut. */
static void
tame (const Pass *pass, Piece *piece, size_t row, size_t col, size_t n, float most, const float *s,
      float *out)
{
  for (size_t i = 0; i < n; i++)
    {
      bool missing = !isfinite (s[i]);

      out[i] = missing ? 0 : fminf (fabsf (s[i]), most);
      if (!missing)
        continue;
      atomic_fetch_add_explicit (&pass->out->col_missing[col + i], 1, memory_order_relaxed);
      pass->out->row_missing[row]++;
      piece->missing++;
    }
}

static bool
note (Piece *piece, size_t size_limit, float value, size_t row, size_t col)
{
  if (piece->n_top == piece->top_size)
    {
      size_t size = piece->top_size > 0 ? 2 * piece->top_size : 1024;
      SpqrTopEntry *top = size <= size_limit ? realloc (piece->top, size * sizeof *top) : NULL;

      if (size > size_limit)
        piece->overflow = true;
      if (top == NULL)
        return piece->overflow;
      piece->top = top;
      piece->top_size = size;
    }
  piece->top[piece->n_top++] = (SpqrTopEntry) { value, (uint32_t) row, (uint32_t) col };
  return true;
}

static bool
note_block (const Pass *pass, Piece *piece, size_t row, size_t col, size_t n, const float *s)
{
  size_t limit = 4096 + pass->piece_rows * pass->input->cols / 8;

  for (size_t i = 0; i < n && !piece->overflow; i++)
    if (fabsf (s[i]) > pass->threshold && !note (piece, limit, fabsf (s[i]), row, col + i))
      return false;
  return true;
}

/* ---- rows ---- */

/* One segment of a row; false: out of memory. */
static bool
add_segment (const Pass *pass, Piece *piece, size_t row, size_t k)
{
  SpqrProfiles *out = pass->out;
  size_t begin = k * out->segment, end = begin + out->segment < out->cols ? begin + out->segment : out->cols;
  double q = 0, mass = 0;
  float max = 0, most = out->squared ? MOST_ROOT : MOST_VALUE;

  for (size_t col = begin; col < end; col += BLOCK)
    {
      size_t n = end - col < BLOCK ? end - col : BLOCK;
      const float *s = pass->input->field + row * out->cols + col;
      Lanes lanes = { 0 };
      float tamed[BLOCK], top = 0;

      if (!is_tame (s, n, most))
        {
          tame (pass, piece, row, col, n, most, s, tamed);
          s = tamed;
        }
      add_block (s, n, piece->col_q + col, piece->col_mass + col, piece->col_max + col, &lanes, out->squared);
      for (size_t l = 0; l < LANES; l++)
        {
          q += (double) lanes.q[l];
          mass += (double) lanes.mass[l];
          top = lanes.max[l] > top ? lanes.max[l] : top;
        }
      if (top > pass->threshold && !note_block (pass, piece, row, col, n, s))
        return false;
      max = top > max ? top : max;
    }
  out->segment_q[row * out->n_segments + k] = (float) q;
  out->segment_mass[row * out->n_segments + k] = (float) mass;
  out->segment_max[row * out->n_segments + k] = max;
  out->row_q[row] += q;
  out->row_mass[row] += mass;
  out->row_max[row] = fmaxf (out->row_max[row], max);
  return true;
}

static void
add_pieces (void *data, size_t begin, size_t end)
{
  Pass *pass = data;

  for (size_t p = begin; p < end; p++)
    for (size_t row = p * pass->piece_rows; row < pass->out->rows && row < (p + 1) * pass->piece_rows; row++)
      for (size_t k = 0; k < pass->out->n_segments; k++)
        if (!add_segment (pass, &pass->pieces[p], row, k))
          {
            atomic_store (&pass->no_memory, true);
            return;
          }
}

/* ---- putting together ---- */

static bool
profiles_alloc (SpqrProfiles *out)
{
  out->row_mass = calloc (out->rows, sizeof *out->row_mass);
  out->row_q = calloc (out->rows, sizeof *out->row_q);
  out->row_max = calloc (out->rows, sizeof *out->row_max);
  out->row_missing = calloc (out->rows, sizeof *out->row_missing);
  out->col_mass = calloc (out->cols, sizeof *out->col_mass);
  out->col_q = calloc (out->cols, sizeof *out->col_q);
  out->col_max = calloc (out->cols, sizeof *out->col_max);
  out->col_missing = calloc (out->cols, sizeof *out->col_missing);
  out->segment_q = calloc (out->rows * out->n_segments, sizeof *out->segment_q);
  out->segment_mass = calloc (out->rows * out->n_segments, sizeof *out->segment_mass);
  out->segment_max = calloc (out->rows * out->n_segments, sizeof *out->segment_max);
  return out->row_mass && out->row_q && out->row_max && out->row_missing && out->col_mass && out->col_q && out->col_max &&
         out->col_missing && out->segment_q &&
         out->segment_mass && out->segment_max;
}

static bool
pieces_alloc (Pass *pass)
{
  size_t cols = pass->out->cols;

  pass->pieces = calloc (pass->n_pieces, sizeof *pass->pieces);
  for (size_t p = 0; pass->pieces != NULL && p < pass->n_pieces; p++)
    {
      pass->pieces[p].col_q = calloc (3 * cols, sizeof (float));
      if (pass->pieces[p].col_q == NULL)
        return false;
      pass->pieces[p].col_mass = pass->pieces[p].col_q + cols;
      pass->pieces[p].col_max = pass->pieces[p].col_mass + cols;
    }
  return pass->pieces != NULL;
}

static void
pieces_free (Pass *pass)
{
  for (size_t p = 0; pass->pieces != NULL && p < pass->n_pieces; p++)
    {
      free (pass->pieces[p].col_q);
      free (pass->pieces[p].top);
    }
  free (pass->pieces);
}

static bool
join (const Pass *pass)
{
  SpqrProfiles *out = pass->out;
  size_t n_top = 0;

  for (size_t p = 0; p < pass->n_pieces; p++)
    {
      const Piece *piece = &pass->pieces[p];

      for (size_t col = 0; col < out->cols; col++)
        {
          out->col_q[col] += (double) piece->col_q[col];
          out->col_mass[col] += (double) piece->col_mass[col];
          out->col_max[col] = fmaxf (out->col_max[col], piece->col_max[col]);
        }
      out->missing += piece->missing;
      out->top_overflow |= piece->overflow;
      n_top += piece->n_top;
    }
  for (size_t row = 0; row < out->rows; row++)
    out->mass += out->row_mass[row];
  if (n_top == 0)
    return true;
  out->top = malloc (n_top * sizeof *out->top);
  for (size_t p = 0; out->top != NULL && p < pass->n_pieces; p++)
    {
      if (pass->pieces[p].n_top > 0)
        memcpy (out->top + out->n_top, pass->pieces[p].top, pass->pieces[p].n_top * sizeof *out->top);
      out->n_top += pass->pieces[p].n_top;
    }
  return out->top != NULL;
}

static void
choose_sizes (const SpqrPatternInput *in, Pass *pass, SpqrProfiles *out)
{
  size_t most = PIECE_COLUMNS / in->cols;

  out->squared = in->squared;
  out->rows = in->rows;
  out->cols = in->cols;
  if (in->heads == SPQR_PATTERN_COLUMN_HEADS && in->head_dim >= LEAST_SEGMENT && in->cols / in->head_dim <= 8 * MOST_SEGMENTS)
    out->segment = in->head_dim;
  else
    out->segment = ((in->cols + MOST_SEGMENTS - 1) / MOST_SEGMENTS + LANES - 1) / LANES * LANES;
  if (out->segment < LEAST_SEGMENT)
    out->segment = LEAST_SEGMENT;
  out->n_segments = (in->cols + out->segment - 1) / out->segment;

  most = most < 1 ? 1 : most > MOST_PIECES ? MOST_PIECES : most;
  pass->piece_rows = (in->rows + most - 1) / most;
  if (pass->piece_rows < PIECE / in->cols)
    pass->piece_rows = PIECE / in->cols;
  pass->n_pieces = (in->rows + pass->piece_rows - 1) / pass->piece_rows;
}

SpqrStatus
spqr_profiles_make (const SpqrPatternInput *input, const SpqrExec *exec, SpqrProfiles *profiles)
{
  Pass pass = { .input = input, .out = profiles };
  SpqrStatus status = SPQR_NO_MEMORY;

  memset (profiles, 0, sizeof *profiles);
  choose_sizes (input, &pass, profiles);
  if (profiles_alloc (profiles) && choose_threshold (&pass) && pieces_alloc (&pass))
    status = spqr_exec_run (exec, pass.n_pieces, 1, add_pieces, &pass);
  if (status == SPQR_OK && (atomic_load (&pass.no_memory) || !join (&pass)))
    status = SPQR_NO_MEMORY;
  pieces_free (&pass);
  if (status != SPQR_OK)
    spqr_profiles_clear (profiles);
  return status;
}

void
spqr_profiles_clear (SpqrProfiles *profiles)
{
  free (profiles->row_mass);
  free (profiles->row_q);
  free (profiles->row_max);
  free (profiles->row_missing);
  free (profiles->col_mass);
  free (profiles->col_q);
  free (profiles->col_max);
  free (profiles->col_missing);
  free (profiles->segment_q);
  free (profiles->segment_mass);
  free (profiles->segment_max);
  free (profiles->top);
  memset (profiles, 0, sizeof *profiles);
}
