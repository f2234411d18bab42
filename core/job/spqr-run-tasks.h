/* spqr-run-tasks.h: a zero-shot task's figures as a record of the run that they belong to. */
#pragma once

#include "eval/spqr-task-evaluate.h"
#include "store/spqr-store.h"

/* Not yet stored; spqr_run_eval_free(). An evaluation has no columns for accuracies: the protocol says
 * them, one line for people and programs ("piqa zero-shot (harness-2023): acc 0.7812 ± 0.0096, …"),
 * and its perplexities are NAN. */
SpqrRunEval *spqr_run_eval_describe_task (SpqrRun *run, const SpqrTask *task, SpqrScoring scoring,
                                          SpqrTokenizer *tokenizer, const SpqrTaskResult *result);
