/* spqr-evaluate-tasks.h: zero-shot tasks of a model or of a stored run, from names to recorded figures. */
#pragma once

#include "compute/spqr-backends.h"
#include "compute/spqr-progress.h"
#include "eval/spqr-task-evaluate.h"
#include "model/spqr-model.h"
#include "store/spqr-store.h"

typedef struct {
  SpqrModel *model;          /* the run's source model; its fingerprint is checked */
  const char * const *names; /* of spqr_task_list(), NULL-terminated */
  const char *data;          /* folder or file of the documents; NULL: the user's data folder */
  SpqrScoring scoring;
  gsize limit;               /* documents a task, from the first on; 0: all */
  SpqrDevice *device;        /* where to compute; NULL: the CPU */
  /* Told in a sentence when the CPU does something in the device's place; nullable. */
  void (*note) (gpointer user_data, const char *text);
  SpqrProgressFunc progress; /* nullable */
  gpointer user_data;
} SpqrTasksRequest;

typedef struct {
  SpqrTask *task;
  SpqrTaskResult result;
  GArray *answers;           /* SpqrLogprob: every choice of the documents that were asked, document after document */
} SpqrTaskOutcome;

/* Blocking, from any thread. (element-type SpqrTaskOutcome) in the order of names, with a free function set.
 * Documents are read first, all of them: what is missing or broken shows before hours of work. run NULL:
 * the model itself, and nothing is recorded; store may be NULL then. Each task is recorded with the run as
 * soon as it is done. Answers are kept in the store until all tasks are: the same request, made again after
 * it was cancelled or killed, goes on after the last batch that was answered and records nothing twice. */
GPtrArray *spqr_evaluate_tasks (SpqrStore *store, SpqrRun *run, const SpqrTasksRequest *request, GCancellable *cancellable,
                                GError **error);
