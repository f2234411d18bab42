/* spqr-task-docs.c: the prompts, task by task, as the language model evaluation harness builds them.
 * Each reader takes the original layout, Hugging Face's, and that of {query, choices, gold} files. */
#include "text/spqr-tasks-private.h"

#include <string.h>

#include "text/spqr-text-private.h"

void
spqr_task_doc_clear (SpqrTaskDoc *doc)
{
  for (guint i = 0; i < doc->n_choices; i++)
    {
      g_free (doc->choices[i].context);
      g_free (doc->choices[i].continuation);
    }
  g_clear_pointer (&doc->choices, g_free);
  doc->n_choices = 0;
}

/* choice NULL: nothing is added. */
static void
add_choice (SpqrTaskDoc *doc, const char *context, const char *choice)
{
  SpqrTaskChoice *added;

  if (choice == NULL)
    return;
  doc->choices = g_renew (SpqrTaskChoice, doc->choices, doc->n_choices + 1);
  added = &doc->choices[doc->n_choices++];
  added->context = g_strdup (context);
  added->continuation = g_strconcat (" ", choice, NULL);
  added->n_chars = (gsize) g_utf8_strlen (choice, -1);
  added->n_bytes = strlen (choice);
}

static gboolean
missing (const char **why, const char *what)
{
  *why = what;
  return FALSE;
}

static const char *
get_string (JsonNode *node)
{
  return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
           ? json_node_get_string (node) : NULL;
}

/* A number, or a number in a string. */
static gboolean
get_answer (JsonObject *object, const char *key, const char *label, gint64 *value)
{
  const char *text = label != NULL ? label : spqr_json_member_string (object, key);

  if (text == NULL)
    return spqr_json_member_int (object, key, value);
  return g_ascii_string_to_signed (text, 10, -1, 100, value, NULL);
}

/* The answer must be one of the choices that were read. */
static gboolean
set_gold (SpqrTaskDoc *doc, gint64 gold, const char **why)
{
  if (gold < 0 || gold >= doc->n_choices)
    return missing (why, "the right answer is none of the choices");
  doc->gold = (guint) gold;
  return TRUE;
}

static void
add_strings (SpqrTaskDoc *doc, const char *context, JsonArray *choices)
{
  for (guint i = 0; choices != NULL && i < json_array_get_length (choices); i++)
    add_choice (doc, context, get_string (json_array_get_element (choices, i)));
}

/* --- piqa ------------------------------------------------------------------------------------- */

static gboolean
read_piqa (JsonObject *object, const char *label, SpqrTaskDoc *doc, const char **why)
{
  const char *goal = spqr_json_member_string (object, "goal");
  g_autofree char *context = g_strdup_printf ("Question: %s\nAnswer:", goal != NULL ? goal : "");
  gint64 gold;

  add_choice (doc, context, spqr_json_member_string (object, "sol1"));
  add_choice (doc, context, spqr_json_member_string (object, "sol2"));
  if (goal == NULL || doc->n_choices != 2)
    return missing (why, "no goal, sol1 or sol2");
  if (!get_answer (object, "label", label, &gold))
    return missing (why, "no label");
  return set_gold (doc, gold, why);
}

/* --- winogrande ------------------------------------------------------------------------------- */

/* Both choices say the rest of the sentence; it is the context that differs. */
static void
add_option (SpqrTaskDoc *doc, const char *sentence, const char *gap, const char *option)
{
  g_autofree char *context = NULL;
  g_autofree char *rest = g_strstrip (g_strdup (gap + 1));

  if (option == NULL)
    return;
  context = g_strdup_printf ("%.*s%s", (int) (gap - sentence), sentence, option);
  add_choice (doc, context, rest);
}

static gboolean
read_winogrande (JsonObject *object, const char *label, SpqrTaskDoc *doc, const char **why)
{
  const char *sentence = spqr_json_member_string (object, "sentence");
  const char *gap = sentence != NULL ? strchr (sentence, '_') : NULL;
  JsonArray *contexts = spqr_json_member_array (object, "context_options");
  const char *rest = spqr_json_member_string (object, "continuation");
  gint64 gold;

  for (guint i = 0; rest != NULL && contexts != NULL && i < json_array_get_length (contexts); i++)
    {
      const char *context = get_string (json_array_get_element (contexts, i));

      if (context != NULL)
        add_choice (doc, context, rest);
    }
  if (gap != NULL)
    {
      add_option (doc, sentence, gap, spqr_json_member_string (object, "option1"));
      add_option (doc, sentence, gap, spqr_json_member_string (object, "option2"));
    }
  if (doc->n_choices != 2)
    return missing (why, "no sentence with a gap (_), option1 and option2");
  if (contexts != NULL)
    return get_answer (object, "gold", NULL, &gold) ? set_gold (doc, gold, why) : missing (why, "no gold");
  if (!get_answer (object, "answer", label, &gold))
    return missing (why, "no answer");
  return set_gold (doc, gold - 1, why);
}

/* --- hellaswag -------------------------------------------------------------------------------- */

static void
replace_all (GString *text, const char *what, const char *by)
{
  g_auto(GStrv) parts = g_strsplit (text->str, what, -1);
  g_autofree char *joined = g_strjoinv (by, parts);

  g_string_assign (text, joined);
}

/* Strip; " [title]" becomes ". "; "[…]" goes; double blanks become single ones, once. */
static char *
clean (const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autoptr(GString) out = g_string_new (stripped);
  const char *open, *close;
  gsize from = 0;

  replace_all (out, " [title]", ". ");
  while ((open = strchr (out->str + from, '[')) != NULL)
    {
      close = strchr (open, ']');
      if (close == NULL)
        break;
      if (memchr (open, '\n', (gsize) (close - open)) != NULL)
        {
          from = (gsize) (open - out->str) + 1;
          continue;
        }
      from = (gsize) (open - out->str);
      g_string_erase (out, (gssize) from, close + 1 - open);
    }
  replace_all (out, "  ", " ");
  return g_strdup (out->str);
}

/* Python's str.capitalize(): the first character large, all others small. */
static char *
capitalize (const char *text)
{
  g_autofree char *rest = *text != '\0' ? g_utf8_strdown (g_utf8_next_char (text), -1) : g_strdup ("");
  g_autoptr(GString) out = g_string_new (NULL);

  if (*text != '\0')
    g_string_append_unichar (out, g_unichar_totitle (g_utf8_get_char (text)));
  g_string_append (out, rest);
  return g_strdup (out->str);
}

static void
add_endings (SpqrTaskDoc *doc, const char *activity, const char *ctx_a, const char *ctx_b, const char * const *endings,
             guint n)
{
  g_autofree char *capital = capitalize (ctx_b);
  g_autofree char *joined = g_strdup_printf ("%s: %s %s", activity, ctx_a, capital);
  g_autofree char *context = clean (joined);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *ending = clean (endings[i]);
      add_choice (doc, context, ending);
    }
}

static gboolean
read_hellaswag (JsonObject *object, const char *label, SpqrTaskDoc *doc, const char **why)
{
  const char *activity = spqr_json_member_string (object, "activity_label");
  const char *ctx_a = spqr_json_member_string (object, "ctx_a");
  const char *ctx_b = spqr_json_member_string (object, "ctx_b");
  JsonArray *list = spqr_json_member_array (object, "endings");
  g_autoptr(GPtrArray) endings = g_ptr_array_new ();
  gint64 gold;

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      const char *ending = get_string (json_array_get_element (list, i));

      if (ending != NULL)
        g_ptr_array_add (endings, (gpointer) ending);
    }
  if (activity == NULL || ctx_a == NULL || ctx_b == NULL || endings->len < 2)
    return missing (why, "no activity_label, ctx_a, ctx_b or endings");
  add_endings (doc, activity, ctx_a, ctx_b, (const char * const *) endings->pdata, endings->len);
  if (!get_answer (object, "label", label, &gold))
    return missing (why, "no label");
  return set_gold (doc, gold, why);
}

/* The plain text has ctx_a and ctx_b in one: ctx_b is what follows the last finished sentence. */
static const char *
last_fragment (const char *context)
{
  const char *start = NULL;

  for (const char *p = context; *p != '\0'; p++)
    {
      if (strchr (".!?\"", *p) != NULL && p[1] == ' ')
        start = p + 2;
    }
  if (start == NULL || *start == '\0' || strchr (".!?\"", context[strlen (context) - 1]) != NULL)
    return context + strlen (context);
  return start;
}

gboolean
spqr_task_read_hellaswag_lines (char **lines, SpqrTaskDoc *doc, const char **why)
{
  const char *colon = strstr (lines[0], ": ");
  g_autofree char *activity = colon != NULL ? g_strndup (lines[0], (gsize) (colon - lines[0])) : NULL;
  const char *context = colon != NULL ? colon + 2 : "";
  const char *fragment = last_fragment (context);
  g_autofree char *ctx_a = g_strchomp (g_strndup (context, (gsize) (fragment - context)));
  gint64 gold;

  if (activity == NULL)
    return missing (why, "no “activity: context”");
  if (!g_ascii_string_to_signed (lines[1], 10, 0, 3, &gold, NULL))
    return missing (why, "the second line of the task is not 0 to 3");
  add_endings (doc, activity, ctx_a, fragment, (const char * const *) lines + 2, 4);
  return set_gold (doc, gold, why);
}

/* --- arc and openbookqa ----------------------------------------------------------------------- */

/* [{"text", "label"}] as in the original, or {"text": [], "label": []}; the answer's place by its label. */
static gint64
add_labelled (SpqrTaskDoc *doc, const char *context, JsonObject *owner, const char *answer)
{
  JsonArray *list = spqr_json_member_array (owner, "choices");
  JsonObject *columns = spqr_json_member_object (owner, "choices");
  JsonArray *texts = columns != NULL ? spqr_json_member_array (columns, "text") : list;
  const char *letter = answer;
  static const char letters[][2] = { "A", "B", "C", "D", "E" };

  for (guint i = 0; texts != NULL && i < json_array_get_length (texts); i++)
    {
      JsonNode *node = json_array_get_element (texts, i);

      add_choice (doc, context, JSON_NODE_HOLDS_OBJECT (node)
                                  ? spqr_json_member_string (json_node_get_object (node), "text") : get_string (node));
    }
  if (letter != NULL && letter[0] >= '1' && letter[0] <= '5' && letter[1] == '\0')
    letter = letters[letter[0] - '1'];
  return letter != NULL && letter[0] >= 'A' && letter[0] <= 'E' && letter[1] == '\0' ? letter[0] - 'A' : -1;
}

static gboolean
read_query (JsonObject *object, const char *suffix, SpqrTaskDoc *doc, const char **why)
{
  g_autofree char *context = g_strconcat (spqr_json_member_string (object, "query"), suffix, NULL);
  gint64 gold;

  add_strings (doc, context, spqr_json_member_array (object, "choices"));
  if (doc->n_choices < 2)
    return missing (why, "no choices");
  return get_answer (object, "gold", NULL, &gold) ? set_gold (doc, gold, why) : missing (why, "no gold");
}

static gboolean
read_question (JsonObject *object, const char *stem_key, const char *format_prefix, const char *format_suffix,
               SpqrTaskDoc *doc, const char **why)
{
  JsonObject *question = spqr_json_member_object (object, "question");
  const char *stem = question != NULL ? spqr_json_member_string (question, "stem")
                                      : spqr_json_member_string (object, stem_key);
  g_autofree char *context = g_strconcat (format_prefix, stem != NULL ? stem : "", format_suffix, NULL);
  gint64 gold;

  if (spqr_json_member_string (object, "query") != NULL)
    return read_query (object, format_suffix, doc, why);
  if (stem == NULL)
    return missing (why, "no question");
  gold = add_labelled (doc, context, question != NULL ? question : object,
                       spqr_json_member_string (object, "answerKey"));
  return doc->n_choices >= 2 ? set_gold (doc, gold, why) : missing (why, "no choices");
}

/* --- copa ------------------------------------------------------------------------------------- */

static void
add_lowered (SpqrTaskDoc *doc, const char *context, const char *choice)
{
  g_autoptr(GString) lowered = NULL;

  if (choice == NULL || *choice == '\0')
    return;
  lowered = g_string_new (NULL);
  g_string_append_unichar (lowered, g_unichar_tolower (g_utf8_get_char (choice)));
  g_string_append (lowered, g_utf8_next_char (choice));
  add_choice (doc, context, lowered->str);
}

static gboolean
read_copa (JsonObject *object, const char *label, SpqrTaskDoc *doc, const char **why)
{
  const char *premise = spqr_json_member_string (object, "premise");
  const char *question = spqr_json_member_string (object, "question");
  g_autofree char *stripped = g_strstrip (g_strdup (premise != NULL ? premise : ""));
  g_autofree char *context = NULL;
  gint64 gold;

  if (*stripped == '\0' || (g_strcmp0 (question, "cause") != 0 && g_strcmp0 (question, "effect") != 0))
    return missing (why, "no premise, or a question other than cause and effect");
  *g_utf8_find_prev_char (stripped, stripped + strlen (stripped)) = '\0';   /* the full stop */
  context = g_strconcat (stripped, strcmp (question, "cause") == 0 ? " because" : " therefore", NULL);
  add_lowered (doc, context, spqr_json_member_string (object, "choice1"));
  add_lowered (doc, context, spqr_json_member_string (object, "choice2"));
  if (doc->n_choices != 2)
    return missing (why, "no choice1 or choice2");
  return get_answer (object, "label", label, &gold) ? set_gold (doc, gold, why) : missing (why, "no label");
}

/* --- lambada ---------------------------------------------------------------------------------- */

static gboolean
read_lambada (JsonObject *object, SpqrTaskDoc *doc, const char **why)
{
  const char *text = spqr_json_member_string (object, "text");
  const char *space = text != NULL ? strrchr (text, ' ') : NULL;
  g_autofree char *context = space != NULL ? g_strndup (text, (gsize) (space - text)) : NULL;

  if (context == NULL)
    return missing (why, "no text of two words or more");
  add_choice (doc, context, space + 1);
  return set_gold (doc, 0, why);
}

gboolean
spqr_task_read_doc (SpqrTaskKind kind, JsonObject *object, const char *label, SpqrTaskDoc *doc, const char **why)
{
  switch (kind)
    {
    case SPQR_TASK_PIQA:
      return read_piqa (object, label, doc, why);
    case SPQR_TASK_WINOGRANDE:
      return read_winogrande (object, label, doc, why);
    case SPQR_TASK_HELLASWAG:
      return read_hellaswag (object, label, doc, why);
    case SPQR_TASK_ARC:
      return read_question (object, "question", "Question: ", "\nAnswer:", doc, why);
    case SPQR_TASK_OPENBOOKQA:
      return read_question (object, "question_stem", "", "", doc, why);
    case SPQR_TASK_COPA:
      return read_copa (object, label, doc, why);
    case SPQR_TASK_LAMBADA:
      return read_lambada (object, doc, why);
    default:
      return missing (why, "no such task");
    }
}
