/* spqr-run-protocol.h: how evaluations were made. Two may be ranked only where both were made in the same way:
 * of the same model's weights, on the same token ids (so with the same text and tokenizer), cut into the same
 * windows. No widgets. */
#pragma once

#include "export/spqr-report.h"

G_BEGIN_DECLS

gboolean spqr_protocol_equal (const SpqrRunEval *a, const SpqrRunEval *b);
/* Whether one of the evaluations behind this one (oldest first) was made in the same way on the same device, found the
 * same and tells all that it does: nothing is lost when this one is not shown. */
gboolean spqr_protocol_is_repeated (GPtrArray *evals, guint index);
/* "evaluation.txt, 62 windows of 512 tokens"; g_free(). */
char    *spqr_protocol_describe (const SpqrRunEval *eval);
/* "other text", "windows of 512 and of 64 tokens", …; NULL where they are equal. g_free(). */
char    *spqr_protocol_difference (const SpqrRunEval *a, const SpqrRunEval *b);

/* The ways in which all of these (SpqrReport) were measured, newest first: each an array of as many
 * SpqrRunEval as there are reports, borrowed from them. Empty where the runs are of different models. */
GPtrArray *spqr_protocols_shared (GPtrArray *reports);
/* Why there is none, for people; g_free(). */
char      *spqr_protocols_explain (GPtrArray *reports);

G_END_DECLS
