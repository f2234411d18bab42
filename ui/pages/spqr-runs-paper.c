#include "pages/spqr-runs-paper.h"

#define MODEL(name, base, near_bits, near_ppl, below_bits, below_ppl, gptq, rtn) \
  { "LLaMA-" name ", SpQR", near_bits, near_ppl, base }, { "LLaMA-" name ", SpQR < 4", below_bits, below_ppl, base }, \
  { "LLaMA-" name ", GPTQ", 4, gptq, base }, { "LLaMA-" name ", RTN", 4, rtn, base }

static const SpqrPaperRow rows[] = {
  MODEL ("7B", 5.68, 4.63, 5.73, 3.94, 5.87, 6.13, 6.43),
  MODEL ("13B", 5.09, 4.63, 5.13, 3.96, 5.22, 5.40, 5.55),
  MODEL ("30B", 4.10, 4.69, 4.14, 3.89, 4.25, 4.48, 4.57),
  MODEL ("65B", 3.53, 4.71, 3.57, 3.90, 3.68, 3.83, 3.87),
};

const SpqrPaperRow *
spqr_paper_rows (guint *n)
{
  *n = G_N_ELEMENTS (rows);
  return rows;
}
