/* oracle.h: the small models under tests/net/oracles, with what an independent implementation makes of them. */
#pragma once

#include "net/spqr-net.h"

typedef struct {
  SpqrModel *model;
  SpqrNet *net;
  gint32 *ids;
  gsize n_ids;
  float *logits;      /* (n_ids, vocab) */
  float *hidden;      /* (n_ids, hidden), after the first block */
} Oracle;

/* Fails the test when the case is not there. source: for spqr_net_new(). */
void oracle_open (Oracle *oracle, const char *name, SpqrWeightSource *source);
void oracle_clear (Oracle *oracle);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Oracle, oracle_clear)

/* The names of all cases; g_strfreev(). */
char **oracle_list (void);

/* |got - want| <= tolerance · max |want| for all n. */
void oracle_compare (const char *what, const float *got, const float *want, gsize n, double tolerance);

/* The default pool as an exec that never stops. */
SpqrExec oracle_exec (void);
