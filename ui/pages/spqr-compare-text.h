/* spqr-compare-text.h: what stands above and below the maps of a comparison. */
#pragma once

#include "pages/spqr-compare-picture.h"
#include "pages/spqr-compare-rules.h"

G_BEGIN_DECLS

typedef struct {
  char *title;               /* "A · run 3 · Codes" */
  char *name;                /* for screen readers and saved files */
  char *caption;             /* the layer's figures in this run, or what they differ by */
  char *provenance;
} SpqrCompareLabels;

/* What is compared: runs and the letters they have among the selected ones; b NULL: a beside the unquantized weights. */
typedef struct { const SpqrRun *a, *b; const char *letter_a, *letter_b; } SpqrComparePair;

/* map: SPQR_COMPARE_A, _B or _DIFFERENCE. */
void spqr_compare_labels_init (SpqrCompareLabels *labels, const SpqrComparePair *pair, const SpqrCompareLayer *layer,
                               const SpqrComparePicture *picture, guint map);
void spqr_compare_labels_clear (SpqrCompareLabels *labels);

/* One weight in all three maps: "row 66 · column 120 · A 0.012 · B −0.031 · A − B 0.043"; g_free(). */
char *spqr_compare_describe_cell (const SpqrComparePicture *picture, const SpqrComparePair *pair, gsize row, gsize col);

/* The same for the distributions; all g_free(). */
void spqr_compare_describe_counts (const SpqrComparePair *pair, const SpqrCompareLayer *layer,
                                   const SpqrComparePicture *picture, char **title, char **legend, char **provenance);

G_END_DECLS
