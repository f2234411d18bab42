/* spqr-cli-network.h: a model, or a run's decoded layers over its model, ready to compute with. */
#pragma once

#include "cli/spqr-cli.h"
#include "net/spqr-net.h"
#include "quant/spqr-artifacts.h"
#include "text/spqr-tokenizer.h"

typedef struct {
  SpqrStore *store;            /* of the run */
  SpqrRun *run;                /* NULL for a model */
  SpqrModel *model;
  SpqrArtifacts *artifacts;    /* of the run */
  SpqrNet *net;
  SpqrTokenizer *tokenizer;    /* the model's own */
} SpqrCliNetwork;

/* what: as for spqr_cli_open_model_or_run(). The error says why there is no tokenizer, too. */
gboolean spqr_cli_network_open (SpqrCli *cli, const char *what, SpqrCliNetwork *self, GError **error);
void     spqr_cli_network_clear (SpqrCliNetwork *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SpqrCliNetwork, spqr_cli_network_clear)
