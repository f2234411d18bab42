/* spqr-patterns.h: what a field shows, in words: automatic labels with a confidence and a place.
 *
 * The kinds are those of the SpQR paper (section 3.2, figure 2, appendix A). Labels are found by tests
 * on profiles of the field, made in one pass over it; a test that is not sure says nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "num/spqr-exec.h"
#include "num/spqr-status.h"

typedef enum {
  SPQR_PATTERN_ROWS,            /* whole outputs stand out */
  SPQR_PATTERN_PARTIAL_ROWS,    /* an output stands out over a stretch of inputs */
  SPQR_PATTERN_COLUMNS,         /* inputs stand out in most outputs */
  SPQR_PATTERN_HEADS,           /* stripes one head wide */
  SPQR_PATTERN_ROTARY,          /* q and k rows repeat with the rotary period */
  SPQR_PATTERN_UNSTRUCTURED,    /* single weights stand out from their row and column */
  SPQR_PATTERN_DEAD_INPUTS,     /* inputs that are always 0, or that no output uses */
  SPQR_N_PATTERNS
} SpqrPatternKind;

typedef enum { SPQR_PATTERN_NO_HEADS, SPQR_PATTERN_ROW_HEADS, SPQR_PATTERN_COLUMN_HEADS } SpqrPatternHeads;

typedef struct {
  const float *field;           /* (rows, cols), signs ignored */
  size_t rows, cols;
  bool squared;                 /* look at the field's squares: of weights and errors, not of sensitivities */
  const float *weights;         /* (rows, cols) or NULL; for inputs that no output uses */
  const float *hessian_diag;    /* (cols) or NULL; for inputs that are always 0 */
  SpqrPatternHeads heads;       /* rows of q, k, v; columns of o */
  size_t head_dim;
  size_t rotary_period;         /* rows after which rotary frequencies repeat: head_dim / 2 where pairs are
                                   halves of a head, head_dim where they are neighbours, 0 without rotary */
} SpqrPatternInput;

/* Rows row0 … row1 - 1 of columns col0 … col1 - 1. strength: how far above its test's threshold, 1 or more. */
typedef struct { size_t row0, row1, col0, col1; double strength; } SpqrPatternPlace;

typedef struct {
  SpqrPatternKind kind;
  double confidence;            /* 0.5 at the threshold … 1 */
  double share;                 /* of the sum of the field (of its squares) that lies here; ROTARY: of the row profile's variance */
  size_t count;                 /* rows, columns, heads or weights found; ROTARY: periods in the matrix */
  size_t n_places;              /* strongest first; all of them, but of UNSTRUCTURED at most 256. DEAD_INPUTS:
                                   runs of columns; ROTARY: the more sensitive rows of every period */
  SpqrPatternPlace *places;
  size_t period;                /* ROTARY, else 0 */
} SpqrPattern;

/* At most one of each kind, in the order of the kinds. */
typedef struct { size_t n; SpqrPattern items[SPQR_N_PATTERNS]; } SpqrPatterns;

/* Fewer than 16 rows or columns, or more than 1 % of NaN and Inf: no label. The same for any number of
 * threads. On any status but OK there is none either. SPQR_INVALID: sizes overflow. */
SpqrStatus spqr_patterns_find (const SpqrPatternInput *input, const SpqrExec *exec, SpqrPatterns *patterns);
void       spqr_patterns_clear (SpqrPatterns *patterns);
/* NULL when there is none of this kind. */
const SpqrPattern *spqr_patterns_get (const SpqrPatterns *patterns, SpqrPatternKind kind);
