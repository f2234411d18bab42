/* spqr-runs-paper.h: what the SpQR paper printed for other models, to be drawn beside one's own runs and never
 * ranked with them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *label;         /* "LLaMA-7B, SpQR"; not translated */
  double bits, ppl, ppl_base;
} SpqrPaperRow;

/* SpQR (arXiv:2306.03078), Table 1: LLaMA, WikiText2, windows of 2048 tokens. Static. */
const SpqrPaperRow *spqr_paper_rows (guint *n);

G_END_DECLS
