/* spqr-patterns-private.h: the profiles that labels are found on, and the tests. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "num/spqr-patterns.h"

/* ---- profiles: spqr-patterns-profile.c ---- */

typedef struct { float value /* |field| */; uint32_t row, col; } SpqrTopEntry;

/* With s the field's magnitudes (or squares) and q = s^(1/4): tame enough for one giant weight, defined
 * at 0. */
typedef struct {
  bool squared;
  size_t rows, cols;
  size_t segment, n_segments;   /* rows are also summed over runs of `segment` columns */
  double *row_mass, *row_q;     /* sums of s, of q */
  double *col_mass, *col_q;
  float *row_max, *col_max;     /* of |field| */
  float *segment_q, *segment_mass, *segment_max;        /* (rows, n_segments) */
  uint32_t *row_missing;        /* NaN and Inf */
  atomic_uint *col_missing;
  size_t missing;
  double mass;
  double zero_share;            /* of a sample */
  SpqrTopEntry *top;            /* the largest half percent or so, by row, then by column */
  size_t n_top;
  bool top_overflow;            /* too many equally large ones: top is not complete */
} SpqrProfiles;

SpqrStatus spqr_profiles_make (const SpqrPatternInput *input, const SpqrExec *exec, SpqrProfiles *profiles);
void       spqr_profiles_clear (SpqrProfiles *profiles);


/* ---- robust statistics: spqr-patterns-robust.c; NaN is left out everywhere ---- */

typedef struct { double centre, scale /* MAD, as a standard deviation */; size_t n; } SpqrRobust;

/* The k-th smallest. Reorders. */
double     spqr_select (double *values, size_t n, size_t k);
/* The lower median; NaN of nothing. Reorders. */
double     spqr_median (double *values, size_t n);
/* values[0], values[stride] …; scratch (n). */
SpqrRobust spqr_robust (const double *values, size_t n, size_t stride, double *scratch);
/* log of the mean of q without its largest value; NaN when that is 0 or of less than half of n values. */
double     spqr_level (const SpqrProfiles *profiles, double sum_q, float max, size_t n, size_t missing);
/* How many standard deviations a z-score needs when centre and scale come from n values. */
double     spqr_z_needed (double z, size_t n);
/* As an F statistic, a normal z-score of about the same probability (Wilson and Hilferty). */
double     spqr_z_of_f (double f, double df1, double df2);
/* -log of P(Gamma(shape, 1) > x). */
double     spqr_gamma_tail (unsigned shape, double x);

/* ---- heads and rotary: spqr-patterns-heads.c ---- */

typedef struct {
  bool found;                   /* period and places of `pattern` are set */
  size_t period;
  double *wave;                 /* (the lines' number): the median residual of each place in the period */
  double explained, strength;
} SpqrRotaryTest;

typedef struct {
  bool differ;                  /* heads differ, and where heads begin and end: their medians are structure */
  size_t n_found;
  double *medians;              /* (heads, set where they differ) */
  double *strength;             /* (heads): at least 1 where found, else 0 */
} SpqrHeadTest;

/* levels (n): log levels of the lines along which the heads lie. scratch (n). The tests' arrays are
 * theirs to fill, zeroed by the caller. */
void spqr_rotary_test (const double *levels, size_t n, size_t head_dim, double *scratch, double *scratch2, SpqrRotaryTest *test);
void spqr_head_test (const double *levels, size_t n, size_t head_dim, double *scratch, double *scratch2, SpqrHeadTest *test);

/* ---- one search: spqr-patterns.c ---- */

typedef struct {
  const SpqrPatternInput *in;
  SpqrProfiles profiles;
  SpqrPatterns *out;
  double *row_level, *col_level;        /* logs; NaN: nothing there */
  double *row_structure, *col_structure;        /* what heads and the rotary period make of them */
  unsigned char *row_labelled, *col_labelled;
  unsigned char *segment_labelled;      /* (rows, n_segments) */
  double *scratch, *scratch2;   /* (the larger of rows and cols) */
} SpqrSearch;

/* The label of this kind, made when there is none; NULL: out of memory or no place to add. */
SpqrPattern *spqr_search_label (SpqrSearch *search, SpqrPatternKind kind, size_t n_places);
void         spqr_search_place (SpqrPattern *pattern, size_t row0, size_t row1, size_t col0, size_t col1, double strength);
/* Sorts the places and takes the confidence from the strongest. */
void         spqr_search_finish (SpqrPattern *pattern, double share);

/* Each: SPQR_OK or SPQR_NO_MEMORY. */
SpqrStatus spqr_search_structure (SpqrSearch *search);  /* heads, rotary: spqr-patterns-structure.c */
SpqrStatus spqr_search_columns (SpqrSearch *search);    /* spqr-patterns-lines.c */
SpqrStatus spqr_search_rows (SpqrSearch *search);
SpqrStatus spqr_search_dead (SpqrSearch *search);       /* spqr-patterns-weights.c */
SpqrStatus spqr_search_unstructured (SpqrSearch *search);
