/* Zero-shot tasks: every layout's prompts, answers and ids, and files that are broken. */
#include <glib/gstdio.h>
#include <string.h>

#include "text/spqr-tasks.h"

static char *folder;

typedef struct {
  const char *task, *file, *text;
  guint gold;
  const char *contexts[2], *continuations[2];
} LayoutCase;

static const LayoutCase layouts[] = {
  { "piqa", "piqa.jsonl", "{\"goal\": \"Open a jar\", \"sol1\": \"pull\", \"sol2\": \"turn \", \"label\": 1}\n", 1,
    { "Question: Open a jar\nAnswer:", "Question: Open a jar\nAnswer:" }, { " pull", " turn " } },
  { "winogrande", "winogrande.jsonl",
    "{\"sentence\": \"The cup beat the jug since the _ was  new. \", \"option1\": \"cup\", \"option2\": \"jug\", "
    "\"answer\": \"2\"}\n", 1,
    { "The cup beat the jug since the cup", "The cup beat the jug since the jug" }, { " was  new.", " was  new." } },
  { "winogrande", "icl_winogrande.jsonl",
    "{\"context_options\": [\"so Ann\", \"so Eve\"], \"continuation\": \"ran.\", \"gold\": 0}\n", 0,
    { "so Ann", "so Eve" }, { " ran.", " ran." } },
  { "hellaswag", "hellaswag.jsonl",
    "{\"activity_label\": \"Baking\", \"ctx_a\": \"[header] How [title]  Mix it.\", \"ctx_b\": \"the Man\", "
    "\"endings\": [\" a  b [sub] c\", \"d\"], \"label\": \"1\"}\n", 1,
    { "Baking: How.  Mix it. The man", "Baking: How.  Mix it. The man" }, { " a b c", " d" } },
  { "arc_easy", "arc_easy.jsonl",
    "{\"question\": {\"stem\": \"Why?\", \"choices\": [{\"text\": \"x\", \"label\": \"A\"}, {\"text\": \"y\", \"label\": "
    "\"B\"}]}, \"answerKey\": \"B\"}\n", 1, { "Question: Why?\nAnswer:", "Question: Why?\nAnswer:" }, { " x", " y" } },
  { "arc_challenge", "arc_challenge.jsonl",
    "{\"question\": \"Why?\", \"choices\": {\"text\": [\"x\", \"y\"], \"label\": [\"1\", \"2\"]}, \"answerKey\": \"1\"}\n",
    0, { "Question: Why?\nAnswer:", "Question: Why?\nAnswer:" }, { " x", " y" } },
  { "arc_easy", "icl_arc_easy.jsonl",
    "{\"query\": \"Question: Why?\", \"choices\": [\"x\", \"y\"], \"gold\": 1}\n", 1,
    { "Question: Why?\nAnswer:", "Question: Why?\nAnswer:" }, { " x", " y" } },
  { "openbookqa", "openbookqa.jsonl",
    "{\"question\": {\"stem\": \"The sun is\", \"choices\": [{\"text\": \"hot\"}, {\"text\": \"cold\"}]}, "
    "\"answerKey\": \"A\"}\n", 0, { "The sun is", "The sun is" }, { " hot", " cold" } },
  { "copa", "copa.jsonl",
    "{\"premise\": \"The man ran. \", \"choice1\": \"He was late.\", \"choice2\": \"It rained.\", \"question\": "
    "\"cause\", \"label\": 1}\n", 1, { "The man ran because", "The man ran because" }, { " he was late.", " it rained." } },
  { "copa", "copa.val.jsonl",
    "{\"premise\": \"It rained.\", \"choice1\": \"A\", \"choice2\": \"\303\211tait\", \"question\": \"effect\", "
    "\"label\": 0}\n", 0, { "It rained therefore", "It rained therefore" }, { " a", " \303\251tait" } },
};

static char *
write_file (const char *name, const char *text)
{
  char *path = g_build_filename (folder, name, NULL);

  g_remove (path);
  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  return path;
}

static void
test_layouts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      const LayoutCase *c = &layouts[i];
      g_autofree char *path = write_file (c->file, c->text);
      GError *error = NULL;
      g_autoptr(SpqrTask) task = spqr_task_load (c->task, folder, &error);

      g_test_message ("%s", c->file);
      g_assert_no_error (error);
      g_assert_cmpstr (task->path, ==, path);
      g_assert_cmpuint (task->n_docs, ==, 1);
      g_assert_cmpuint (task->docs[0].n_choices, ==, 2);
      g_assert_cmpuint (task->docs[0].gold, ==, c->gold);
      for (guint j = 0; j < 2; j++)
        {
          const SpqrTaskChoice *choice = &task->docs[0].choices[j];

          g_assert_cmpstr (choice->context, ==, c->contexts[j]);
          g_assert_cmpstr (choice->continuation, ==, c->continuations[j]);
          g_assert_cmpuint (choice->n_bytes, ==, strlen (c->continuations[j]) - 1);
          g_assert_cmpuint (choice->n_chars, ==, g_utf8_strlen (c->continuations[j], -1) - 1);
        }
      g_remove (path);
    }
}

static void
test_hellaswag_text (void)
{
  g_autofree char *path = write_file ("hellaswag_val.txt",
                                      "Roofs: A man sits. he\n3\nruns.\nsits.\nis.\nwas.\n"
                                      "Tea: Boil water. Pour it.\n0\na\nb\nc\nd\n");
  g_autoptr(SpqrTask) task = spqr_task_load ("hellaswag", path, NULL);

  g_assert_cmpuint (task->n_docs, ==, 2);
  g_assert_cmpstr (task->docs[0].choices[3].context, ==, "Roofs: A man sits. He");
  g_assert_cmpstr (task->docs[0].choices[3].continuation, ==, " was.");
  g_assert_cmpuint (task->docs[0].gold, ==, 3);
  g_assert_cmpstr (task->docs[1].choices[0].context, ==, "Tea: Boil water. Pour it.");
  g_assert_true (task->has_acc_norm);
  g_remove (path);
}

static void
test_lambada (void)
{
  g_autofree char *path = write_file ("lambada.jsonl", "{\"text\": \"so she said no\"}\n\n{\"text\": \"a b\"}");
  g_autoptr(SpqrTask) task = spqr_task_load ("lambada", folder, NULL);

  g_assert_true (task->single);
  g_assert_cmpuint (task->n_docs, ==, 2);
  g_assert_cmpstr (task->docs[0].choices[0].context, ==, "so she said");
  g_assert_cmpstr (task->docs[0].choices[0].continuation, ==, " no");
  g_remove (path);
}

static void
test_labels (void)
{
  const char *rows = "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\"}\n{\"goal\": \"h\", \"sol1\": \"a\", \"sol2\": "
                     "\"b\"}\n";
  g_autofree char *path = write_file ("piqa.valid.jsonl", rows);
  g_autofree char *labels = write_file ("piqa.valid-labels.lst", "1\n0\n");
  g_autoptr(SpqrTask) task = spqr_task_load ("piqa", folder, NULL);
  GError *error = NULL;

  g_assert_cmpuint (task->docs[0].gold, ==, 1);
  g_assert_cmpuint (task->docs[1].gold, ==, 0);
  g_free (write_file ("piqa.valid-labels.lst", "1\n"));
  g_assert_null (spqr_task_load ("piqa", folder, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED);
  g_assert_nonnull (strstr (error->message, "line 2: there are fewer labels"));
  g_clear_error (&error);
  g_free (write_file ("piqa.valid-labels.lst", "1\n0\n1\n"));
  g_assert_null (spqr_task_load ("piqa", folder, &error));
  g_assert_nonnull (strstr (error->message, "more labels"));
  g_clear_error (&error);
  g_remove (path);
  g_remove (labels);
}

static void
test_broken (void)
{
  static const struct { const char *task, *text, *says; } cases[] = {
    { "piqa", "", "no document" },
    { "piqa", "[1]\n", "not an object" },
    { "piqa", "{\"goal\": \"g\", \"sol1\": \"a\"}\n", "line 1: no goal, sol1 or sol2" },
    { "piqa", "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\"}\n", "no label" },
    { "piqa", "{\"goal\": \"g\", \"sol1\": \"a\", \"sol2\": \"b\", \"label\": 2}\n", "none of the choices" },
    { "piqa", "{\"goal\": \n", "line 1" },
    { "piqa", "\xff\n", "not UTF-8" },
    { "winogrande", "{\"sentence\": \"no gap\", \"option1\": \"a\", \"option2\": \"b\", \"answer\": 1}\n", "gap" },
    { "hellaswag", "{\"activity_label\": \"x\"}\n", "endings" },
    { "hellaswag", "a: b\n0\nx\ny\nz\n", "six lines" },
    { "hellaswag", "a: b\n4\nx\ny\nz\nw\n", "0 to 3" },
    { "arc_easy", "{\"question\": \"q\", \"choices\": {\"text\": [\"a\", \"b\"]}, \"answerKey\": \"F\"}\n", "none of the" },
    { "arc_easy", "{\"answerKey\": \"A\"}\n", "no question" },
    { "openbookqa", "{\"question_stem\": \"q\", \"answerKey\": \"A\"}\n", "no choices" },
    { "copa", "{\"premise\": \"x.\", \"question\": \"why\"}\n", "cause and effect" },
    { "lambada", "{\"text\": \"one\"}\n", "two words" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = write_file ("broken.jsonl", cases[i].text);
      g_autoptr(GError) error = NULL;

      g_assert_null (spqr_task_load (cases[i].task, path, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_MALFORMED);
      g_assert_nonnull (strstr (error->message, cases[i].says));
      g_remove (path);
    }
}

static void
test_not_found (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (spqr_task_load ("copa", folder, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "copa.val.jsonl"));
  g_clear_error (&error);
  g_assert_null (spqr_task_load ("sudoku", folder, &error));
  g_assert_error (error, SPQR_TEXT_ERROR, SPQR_TEXT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "hellaswag"));
}

static void
expect (SpqrTokenizer *tokenizer, SpqrScoring scoring, const char *context, const char *continuation,
        const char *expected)
{
  const SpqrTaskChoice choice = { (char *) context, (char *) continuation, 1, 1 };
  g_autoptr(GArray) a = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GArray) b = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GString) out = g_string_new (NULL);

  g_assert_true (spqr_task_choice_tokenize (&choice, tokenizer, scoring, a, b, NULL));
  for (guint i = 0; i < a->len; i++)
    g_string_append_printf (out, "%d ", g_array_index (a, gint32, i));
  g_string_append_c (out, '|');
  for (guint i = 0; i < b->len; i++)
    g_string_append_printf (out, " %d", g_array_index (b, gint32, i));
  g_assert_cmpstr (out->str, ==, expected);
}

/* With a vocabulary that puts a blank in front of every text, as Llama's does. */
static void
test_tokenize (void)
{
  g_autofree char *path = write_file ("tokenizer.json",
    "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"<s>\": 0, \"a\": 1, \"b\": 2, \"_\": 3, \"_a\": 4, \"_b\": 5}, "
    "\"merges\": [\"_ a\", \"_ b\"]}, \"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": "
    "\"Prepend\", \"prepend\": \"_\"}, {\"type\": \"Replace\", \"pattern\": {\"String\": \" \"}, \"content\": \"_\"}]}, "
    "\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"SpecialToken\": {\"id\": \"<s>\"}}, "
    "{\"Sequence\": {\"id\": \"A\"}}], \"special_tokens\": {\"<s>\": {\"ids\": [0]}}}}");
  g_autoptr(SpqrTokenizer) tokenizer = spqr_tokenizer_open (path, NULL);
  SpqrScoring scoring;

  g_assert_true (spqr_scoring_from_name ("harness-2023", &scoring));
  expect (tokenizer, scoring, "a", " b", "4 | 3 5");
  expect (tokenizer, scoring, "", " b", "0 | 3 5");
  g_assert_true (spqr_scoring_from_name ("harness", &scoring));
  expect (tokenizer, scoring, "a", " b", "4 | 5");
  expect (tokenizer, scoring, "a ", " b", "4 | 3 5");
  expect (tokenizer, scoring, "", " b", "0 | 3 5");
  expect (tokenizer, scoring, " ", "b", "0 | 3 5");
  g_assert_false (spqr_scoring_from_name ("else", &scoring));
  g_remove (path);
}

static void
test_shared (void)
{
  static const struct { const char *name; gsize n; guint gold_sum; } tasks[] = {
    { "piqa", 1838, 928 }, { "winogrande", 1267, 639 }, { "hellaswag", 1000, 1495 }, { "arc_easy", 2376, 3615 },
    { "arc_challenge", 294, 474 },
  };
  const char *shared = g_getenv ("SPQR_SHARED");
  g_autofree char *dir = g_build_filename (shared != NULL ? shared : "/nonexistent", "data", NULL);

  if (!g_file_test (dir, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("the shared data folder is not there");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++)
    {
      GError *error = NULL;
      g_autoptr(SpqrTask) task = spqr_task_load (tasks[i].name, dir, &error);
      guint sum = 0;

      g_assert_no_error (error);
      g_assert_cmpuint (task->n_docs, ==, tasks[i].n);
      for (gsize j = 0; j < task->n_docs; j++)
        sum += task->docs[j].gold;
      g_test_message ("%s: %u", tasks[i].name, sum);
      g_assert_cmpuint (sum, ==, tasks[i].gold_sum);
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("spqr-tasks-XXXXXX", NULL);
  g_test_add_func ("/text/tasks/layouts", test_layouts);
  g_test_add_func ("/text/tasks/hellaswag-text", test_hellaswag_text);
  g_test_add_func ("/text/tasks/lambada", test_lambada);
  g_test_add_func ("/text/tasks/labels", test_labels);
  g_test_add_func ("/text/tasks/broken", test_broken);
  g_test_add_func ("/text/tasks/not-found", test_not_found);
  g_test_add_func ("/text/tasks/tokenize", test_tokenize);
  g_test_add_func ("/text/tasks/shared", test_shared);
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
