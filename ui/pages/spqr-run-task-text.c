#include "pages/spqr-run-task-text.h"

#include <glib/gi18n.h>
#include <math.h>

#include "plot/spqr-format.h"
#include "text/spqr-tasks.h"

static char *
describe_share (double share, double error)
{
  g_autofree char *value = spqr_format_fixed (100 * share, 2);
  g_autofree char *around = isfinite (error) ? spqr_format_fixed (100 * error, 2) : NULL;

  return around != NULL ? g_strdup_printf ("%s %% ± %s", value, around) : g_strdup_printf ("%s %%", value);
}

char *
spqr_run_task_describe (const SpqrRunEval *eval)
{
  GString *out = g_string_new (NULL);
  g_autofree char *acc = describe_share (eval->acc, eval->acc_stderr);

  g_string_append (out, acc);
  if (isfinite (eval->acc_norm))
    {
      g_autofree char *norm = describe_share (eval->acc_norm, eval->acc_norm_stderr);

      g_string_append (out, " · ");
      /* Translators: accuracy where every choice's score is divided by its length */
      g_string_append_printf (out, _("normalized %s"), norm);
    }
  if (isfinite (eval->ppl))
    {
      g_autofree char *ppl = spqr_format_fixed (eval->ppl, 2);

      g_string_append (out, " · ");
      g_string_append_printf (out, _("perplexity %s"), ppl);
    }
  g_string_append (out, " · ");
  g_string_append_printf (out, ngettext ("%d document", "%d documents", (gulong) eval->windows), (int) eval->windows);
  return g_string_free (out, FALSE);
}

static const SpqrRunEval *
find_latest (GPtrArray *evals, const char *task)
{
  for (guint i = evals != NULL ? evals->len : 0; i > 0; i--)
    {
      const SpqrRunEval *eval = evals->pdata[i - 1];

      if (g_strcmp0 (eval->task, task) == 0)
        return eval;
    }
  return NULL;
}

static gboolean
comparable (const SpqrRunEval *a, const SpqrRunEval *b)
{
  return g_strcmp0 (a->data_fingerprint, b->data_fingerprint) == 0 && g_strcmp0 (a->scoring, b->scoring) == 0 &&
         g_strcmp0 (a->tokenizer_fingerprint, b->tokenizer_fingerprint) == 0;
}

static SpqrTaskLine *
compare_task (GPtrArray *const *evals, guint n, const char *task)
{
  g_auto (GStrv) values = g_new0 (char *, n + 1);
  const SpqrRunEval *first = NULL;
  gboolean same = TRUE;
  SpqrTaskLine *line;

  for (guint i = 0; i < n; i++)
    {
      const SpqrRunEval *eval = find_latest (evals[i], task);

      values[i] = eval != NULL ? describe_share (eval->acc, eval->acc_stderr) : g_strdup ("–");
      if (first == NULL)
        first = eval;
      same = same && (eval == NULL || comparable (first, eval));
    }
  if (first == NULL)
    return NULL;
  line = g_new (SpqrTaskLine, 1);
  *line = (SpqrTaskLine) { g_strdup (task), same ? g_steal_pointer (&values) : NULL };
  return line;
}

static void
free_line (gpointer data)
{
  SpqrTaskLine *line = data;

  g_free (line->name);
  g_strfreev (line->values);
  g_free (line);
}

GPtrArray *
spqr_run_tasks_compare (GPtrArray *const *evals, guint n)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (free_line);

  for (guint i = 0; spqr_task_list ()[i] != NULL; i++)
    {
      SpqrTaskLine *line = compare_task (evals, n, spqr_task_list ()[i]);

      if (line != NULL)
        g_ptr_array_add (lines, line);
    }
  return lines;
}
