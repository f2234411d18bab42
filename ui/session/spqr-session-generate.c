#include "session/spqr-session-generate.h"

#include <glib/gi18n.h>
#include <string.h>

#include "job/spqr-evaluate.h"
#include "net/spqr-generate.h"
#include "net/spqr-net-device.h"
#include "session/spqr-session-private.h"
#include "session/spqr-settings.h"
#include "text/spqr-tokenizer.h"

struct _SpqrGeneration {
  gatomicrefcount count;
  GMutex lock;               /* over texts */
  SpqrGeneratedText *texts;  /* (n) */
  guint n;
};

/* ---- what both sides share ---- */

SpqrGeneration *
spqr_generation_ref (SpqrGeneration *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
spqr_generation_unref (SpqrGeneration *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  for (guint i = 0; i < self->n; i++)
    g_free (self->texts[i].text);
  g_free (self->texts);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static SpqrGeneration *
new_generation (guint n)
{
  SpqrGeneration *self = g_new0 (SpqrGeneration, 1);

  g_atomic_ref_count_init (&self->count);
  g_mutex_init (&self->lock);
  self->texts = g_new0 (SpqrGeneratedText, n + 1);
  self->n = n;
  return self;
}

guint
spqr_generation_get_n_texts (SpqrGeneration *self)
{
  return self->n;
}

SpqrGeneratedText
spqr_generation_read (SpqrGeneration *self, guint index)
{
  SpqrGeneratedText copy;

  g_mutex_lock (&self->lock);
  copy = self->texts[index];
  copy.text = g_strdup (copy.text != NULL ? copy.text : "");
  g_mutex_unlock (&self->lock);
  return copy;
}

static void
set_state (SpqrGeneration *self, guint index, SpqrTextState state)
{
  g_mutex_lock (&self->lock);
  self->texts[index].state = state;
  g_mutex_unlock (&self->lock);
}

/* ---- the worker ---- */

typedef struct {
  SpqrGeneration *generation;
  SpqrStore *store;
  SpqrModel *model;          /* the opened one, where it is the runs'; else NULL until it is opened */
  GArray *ids;               /* gint64: of the runs; 0: the unquantized model */
  char *model_path, *prompt, *device;
  SpqrGenerateOptions options;
} Asking;

static void
free_asking (gpointer data)
{
  Asking *q = data;

  spqr_generation_unref (q->generation);
  g_clear_object (&q->store);
  g_clear_object (&q->model);
  g_array_unref (q->ids);
  g_free (q->model_path);
  g_free (q->prompt);
  g_free (q->device);
  g_free (q);
}

/* One text as it grows. */
typedef struct {
  SpqrGeneration *generation;
  guint index;
  SpqrTokenizer *tokenizer;
  GArray *ids;               /* gint32: the prompt's, then the new ones */
  guint n_prompt;
  char *before;              /* the prompt as it decodes */
  gint64 begun;
} Growing;

/* What the new ids added. A vocabulary's blanks belong to the whole: decoded alone, the first word would lose its
 * own. */
static char *
decode_new (const Growing *g)
{
  const gint32 *ids = (const gint32 *) (gpointer) g->ids->data;
  g_autofree char *all = spqr_tokenizer_decode (g->tokenizer, ids, g->ids->len, TRUE);

  if (g_str_has_prefix (all, g->before))
    return g_strdup (all + strlen (g->before));
  return spqr_tokenizer_decode (g->tokenizer, ids + g->n_prompt, g->ids->len - g->n_prompt, TRUE);
}

static gboolean
on_id (gint32 id, gpointer user_data)
{
  Growing *g = user_data;
  SpqrGeneratedText *text = &g->generation->texts[g->index];
  g_autofree char *decoded = NULL;

  g_array_append_val (g->ids, id);
  decoded = decode_new (g);
  if (g->begun == 0)
    g->begun = g_get_monotonic_time ();
  g_mutex_lock (&g->generation->lock);
  g_free (text->text);
  text->text = g_steal_pointer (&decoded);
  text->n_tokens = g->ids->len - g->n_prompt;
  text->seconds = (double) (g_get_monotonic_time () - g->begun) / G_USEC_PER_SEC;
  text->state = SPQR_TEXT_GROWING;
  g_mutex_unlock (&g->generation->lock);
  return TRUE;
}

static gboolean
grow (Asking *q, guint index, SpqrNet *net, SpqrTokenizer *tokenizer, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autofree gint32 *prompt = NULL, *made = NULL;
  g_autofree char *before = NULL;
  SpqrGenerateOptions options = q->options;
  Growing growing = { q->generation, index, tokenizer, ids };
  gsize n;

  if (!spqr_tokenizer_encode (tokenizer, q->prompt, -1, TRUE, ids, error))
    return FALSE;
  if (ids->len == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _("This model puts nothing before a text: write something for it to go on with."));
      return FALSE;
    }
  growing.n_prompt = ids->len;
  prompt = g_memdup2 (ids->data, ids->len * sizeof (gint32));       /* ids moves as it grows */
  growing.before = before = spqr_tokenizer_decode (tokenizer, prompt, ids->len, TRUE);
  options.stop_id = spqr_tokenizer_get_eos (tokenizer);
  made = spqr_generate (net, prompt, growing.n_prompt, &options, on_id, &growing, cancellable, &n, error);
  return made != NULL;
}

static gboolean
generate_one (SpqrJob *job, Asking *q, guint index, SpqrTokenizer *tokenizer, GCancellable *cancellable, GError **error)
{
  gint64 id = g_array_index (q->ids, gint64, index);
  g_autoptr (SpqrRun) run = id != 0 ? spqr_store_get_run (q->store, id, error) : NULL;
  g_autoptr (SpqrArtifacts) artifacts = NULL;
  g_autoptr (SpqrNet) net = NULL;

  if (id != 0 && (run == NULL || !spqr_run_check_model (run, q->model, error) ||
                  (artifacts = spqr_run_open_artifacts (q->store, run, error)) == NULL))
    return FALSE;
  set_state (q->generation, index, SPQR_TEXT_LOADING);
  net = spqr_net_new (q->model, artifacts != NULL ? spqr_artifacts_get_source (artifacts) : NULL, error);
  if (net == NULL)
    return FALSE;
  spqr_net_set_device (net, spqr_settings_resolve_device (q->device), spqr_session_job_take_note, job);
  if (!grow (q, index, net, tokenizer, cancellable, error))
    return FALSE;
  set_state (q->generation, index, SPQR_TEXT_DONE);
  return TRUE;
}

static gboolean
generate_in_worker (SpqrJob *job, gpointer data, GCancellable *cancellable, GError **error)
{
  Asking *q = data;
  g_autoptr (SpqrTokenizer) tokenizer = NULL;

  spqr_session_job_runs_on (job, spqr_settings_resolve_device (q->device));
  if (q->model == NULL && (q->model = spqr_model_open (q->model_path, error)) == NULL)
    return FALSE;
  tokenizer = spqr_tokenizer_open (spqr_model_get_location (q->model), error);
  if (tokenizer == NULL)
    return FALSE;
  for (guint i = 0; i < q->ids->len; i++)
    if (!generate_one (job, q, i, tokenizer, cancellable, error))
      return FALSE;
  return TRUE;
}

SpqrGeneration *
spqr_session_generate (SpqrSession *self, gconstpointer owner, GPtrArray *runs, gboolean with_model,
                       const SpqrGenerateChoices *choices, SpqrJob **job)
{
  const SpqrRun *first = runs->len > 0 ? runs->pdata[0] : NULL;
  SpqrModel *opened = spqr_session_get_model (self);
  const gint64 unquantized = 0;
  SpqrGeneration *generation;
  Asking *q;

  g_return_val_if_fail (SPQR_IS_SESSION (self) && first != NULL, NULL);

  generation = new_generation (runs->len + (with_model ? 1 : 0));
  q = g_new0 (Asking, 1);
  q->generation = spqr_generation_ref (generation);
  q->store = g_object_ref (spqr_session_get_store (self));
  if (opened != NULL && g_strcmp0 (spqr_model_get_location (opened), first->model_path) == 0)
    q->model = g_object_ref (opened);
  q->model_path = g_strdup (first->model_path);
  q->prompt = g_strdup (choices->prompt);
  q->device = g_strdup (spqr_settings_get_string (spqr_settings_get_default (), "device"));
  q->options = (SpqrGenerateOptions) { .max_tokens = choices->max_tokens, .temperature = choices->temperature, .seed = choices->seed, .stop_id = -1 };
  q->ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  if (with_model)
    g_array_append_val (q->ids, unquantized);
  for (guint i = 0; i < runs->len; i++)
    g_array_append_val (q->ids, ((SpqrRun *) runs->pdata[i])->id);
  *job = spqr_job_new (_("Generating text"), generate_in_worker, q, free_asking);
  spqr_job_queue_submit_for (spqr_session_get_jobs (self), SPQR_LANE_PREVIEW, owner, *job);
  return generation;
}
