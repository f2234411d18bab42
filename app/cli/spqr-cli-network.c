#include "cli/spqr-cli-network.h"

#include "job/spqr-evaluate.h"

gboolean
spqr_cli_network_open (SpqrCli *cli, const char *what, SpqrCliNetwork *self, GError **error)
{
  *self = (SpqrCliNetwork) { NULL };
  self->model = spqr_cli_open_model_or_run (cli, what, &self->store, &self->run, error);
  if (self->model != NULL &&
      (self->run == NULL || (self->artifacts = spqr_run_open_artifacts (self->store, self->run, error)) != NULL) &&
      (self->net = spqr_net_new (self->model, self->artifacts != NULL ? spqr_artifacts_get_source (self->artifacts) : NULL,
                                 error)) != NULL &&
      (self->tokenizer = spqr_tokenizer_open (spqr_model_get_location (self->model), error)) != NULL)
    return TRUE;
  spqr_cli_network_clear (self);
  return FALSE;
}

void
spqr_cli_network_clear (SpqrCliNetwork *self)
{
  g_clear_pointer (&self->net, spqr_net_free);
  g_clear_pointer (&self->artifacts, spqr_artifacts_free);
  g_clear_object (&self->tokenizer);
  g_clear_object (&self->model);
  g_clear_object (&self->run);
  g_clear_object (&self->store);
}
