/* spqr-store-query.c: which runs, in which order: the whole list as ids, its rows page by page, and
 * what is drawn of all of them. */
#include <math.h>
#include <string.h>

#include "store/spqr-store-private.h"

/* ---- what is asked for ---- */

typedef struct { const char *name, *expression; double unit; } Figure;

static const Figure figures[] = {
  { "run", "r.id", 1 }, { "bits", "r.bits_formula", 1 }, { "stored", "r.bits_stored", 1 }, { "outliers", "r.outlier_share", 100 },
  { "before", "e.ppl_base", 1 }, { "ppl", "e.ppl", 1 }, { "rise", "e.ppl / e.ppl_base - 1", 100 }, { "kl", "e.kl", 1 },
  { "seconds", "r.seconds", 1 }, { "wbits", "r.wbits", 1 }, { "groupsize", "r.groupsize", 1 }, { "threshold", "r.outlier_threshold", 1 },
};

static const struct { const char *name, *expression; } texts[] = {
  { "tag", "(SELECT group_concat (tag, char (31)) FROM tags WHERE run_id = r.id)" }, { "model", "r.model_name" },
  { "method", "r.method" }, { "state", "r.state" }, { "note", "r.note" }, { "text", "r.calibration" },
};

#define ALL_TEXTS \
  "r.model_name, r.method, r.state, r.note, r.calibration, (SELECT group_concat (tag, char (31)) FROM tags WHERE run_id = r.id)"

typedef struct { GString *sql; GPtrArray *needles; GArray *numbers; } Conditions;

static const char *const operators[] = { "<=", ">=", "<", ">", "=" };

/* "bits<3.5": a figure, an operator, a number and nothing else. */
static gboolean
add_figure (Conditions *c, const char *word)
{
  gsize length = strcspn (word, "<>=");
  const char *rest = word + length;
  char *end = NULL;
  double number;

  for (guint f = 0; f < G_N_ELEMENTS (figures); f++)
    for (guint o = 0; o < G_N_ELEMENTS (operators); o++)
      {
        if (strlen (figures[f].name) != length || g_ascii_strncasecmp (word, figures[f].name, length) != 0 ||
            !g_str_has_prefix (rest, operators[o]))
          continue;
        rest += strlen (operators[o]);
        number = g_ascii_strtod (rest, &end);
        if (end == rest || (*end != '\0' && !g_str_equal (end, "%")))
          return FALSE;
        number /= figures[f].unit;
        g_array_append_val (c->numbers, number);
        g_string_append_printf (c->sql, " AND (%s) %s ?", figures[f].expression, operators[o]);
        return TRUE;
      }
  return FALSE;
}

static void
add_text (Conditions *c, const char *word)
{
  const char *colon = strchr (word, ':');

  for (guint t = 0; colon != NULL && t < G_N_ELEMENTS (texts); t++)
    if (strlen (texts[t].name) == (gsize) (colon - word) && g_ascii_strncasecmp (word, texts[t].name, (gsize) (colon - word)) == 0)
      {
        g_ptr_array_add (c->needles, g_utf8_casefold (colon + 1, -1));
        g_string_append_printf (c->sql, " AND spqr_holds (?, %s)", texts[t].expression);
        return;
      }
  g_ptr_array_add (c->needles, g_utf8_casefold (word, -1));
  g_string_append (c->sql, " AND spqr_holds (?, " ALL_TEXTS ")");
}

/* Numbers and needles are bound in the order in which their marks stand: numbers first. */
static void
parse_words (Conditions *c, const char *words)
{
  g_autofree char *valid = g_utf8_make_valid (words != NULL ? words : "", -1);
  g_auto (GStrv) list = g_strsplit_set (valid, " \t\n", -1);
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();

  for (guint i = 0; list[i] != NULL; i++)
    if (*list[i] != '\0' && !add_figure (c, list[i]))
      g_ptr_array_add (rest, list[i]);
  for (guint i = 0; i < rest->len; i++)
    add_text (c, rest->pdata[i]);
}

static const char *const orders[] = {
  [SPQR_RUN_ORDER_ID] = "r.id",
  [SPQR_RUN_ORDER_MODEL] = "r.model_name COLLATE NOCASE",
  [SPQR_RUN_ORDER_METHOD] = "r.method COLLATE NOCASE",
  [SPQR_RUN_ORDER_BITS] = "r.bits_formula",
  [SPQR_RUN_ORDER_STORED] = "r.bits_stored",
  [SPQR_RUN_ORDER_OUTLIERS] = "r.outlier_share",
  [SPQR_RUN_ORDER_BASE] = "e.ppl_base",
  [SPQR_RUN_ORDER_PPL] = "e.ppl",
  [SPQR_RUN_ORDER_RISE] = "e.ppl / e.ppl_base",
  [SPQR_RUN_ORDER_SECONDS] = "r.seconds",
  [SPQR_RUN_ORDER_CREATED] = "r.created",
  [SPQR_RUN_ORDER_STATE] = "r.state",
  [SPQR_RUN_ORDER_NOTE] = "nullif (coalesce ((SELECT group_concat (tag, ', ') FROM (SELECT tag FROM tags WHERE run_id = r.id ORDER BY tag)), '') "
                          "|| coalesce (r.note, ''), '') COLLATE NOCASE",
};
G_STATIC_ASSERT (G_N_ELEMENTS (orders) == SPQR_N_RUN_ORDERS);

/* What was measured in different ways, or of different models, is never ranked: each way is a block of its own. */
static const char *
blocks_of (SpqrRunOrder order)
{
  gboolean measured = order == SPQR_RUN_ORDER_BASE || order == SPQR_RUN_ORDER_PPL || order == SPQR_RUN_ORDER_RISE;

  return measured ? "r.model_name, r.model_fingerprint, e.data, e.data_fingerprint, e.seqlen, e.windows, " : "";
}

typedef struct { const SpqrRunQuery *query; GArray *ids; } Listing;

static gboolean
query_work (SpqrStore *self, gpointer data, GError **error)
{
  Listing *listing = data;
  const SpqrRunQuery *query = listing->query;
  const char *order = orders[MIN ((guint) query->order, SPQR_N_RUN_ORDERS - 1)];
  g_autoptr (GString) sql = g_string_new ("SELECT r.id FROM runs r " SPQR_JOIN_BEST_EVALUATION " WHERE 1");
  g_autoptr (GPtrArray) needles = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (double));
  Conditions conditions = { sql, needles, numbers };
  sqlite3_stmt *stmt = NULL;
  int result, mark = 1;

  parse_words (&conditions, query->words);
  /* What is not known stands last, either way. */
  g_string_append_printf (sql, " ORDER BY (%s) IS NULL, %s%s %s, r.id DESC", order, blocks_of (query->order), order,
                          query->descending ? "DESC" : "ASC");
  /* Not kept: there are as many of them as things that can be typed. */
  if (sqlite3_prepare_v2 (self->db, sql->str, -1, &stmt, NULL) != SQLITE_OK)
    {
      _spqr_store_set_sqlite_error (error, self->db, self->path, "cannot list the runs");
      return FALSE;
    }
  for (guint i = 0; i < numbers->len; i++)
    sqlite3_bind_double (stmt, mark++, g_array_index (numbers, double, i));
  for (guint i = 0; i < needles->len; i++)
    sqlite3_bind_text (stmt, mark++, needles->pdata[i], -1, SQLITE_STATIC);
  while ((result = _spqr_store_step (self, stmt, "cannot list the runs", error)) == SQLITE_ROW)
    {
      gint64 id = sqlite3_column_int64 (stmt, 0);
      g_array_append_val (listing->ids, id);
    }
  sqlite3_finalize (stmt);
  return result == SQLITE_DONE;
}

GArray *
spqr_store_query_runs (SpqrStore *self, const SpqrRunQuery *query, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  Listing listing = { query, ids };

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return _spqr_store_read (self, query_work, &listing, error) ? g_steal_pointer (&ids) : NULL;
}

/* ---- spqr_holds (needle, text, …): whether one of the texts has the folded needle in it ---- */

static void
holds (sqlite3_context *context, int n, sqlite3_value **values)
{
  const char *needle = (const char *) sqlite3_value_text (values[0]);
  gboolean found = FALSE;

  for (int i = 1; needle != NULL && i < n && !found; i++)
    {
      const char *text = (const char *) sqlite3_value_text (values[i]);
      g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;
      g_autofree char *folded = valid != NULL ? g_utf8_casefold (valid, -1) : NULL;

      found = folded != NULL && strstr (folded, needle) != NULL;
    }
  sqlite3_result_int (context, found);
}

int
_spqr_store_add_functions (sqlite3 *db)
{
  return sqlite3_create_function_v2 (db, "spqr_holds", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, holds, NULL, NULL, NULL);
}

/* ---- rows by their ids ---- */

typedef struct { const gint64 *ids; gsize n; GPtrArray *runs; } Page;

static gboolean
page_work (SpqrStore *self, gpointer data, GError **error)
{
  Page *page = data;

  g_ptr_array_set_size (page->runs, 0);
  for (gsize i = 0; i < page->n; i++)
    {
      SpqrRun *run = NULL;

      if (!_spqr_store_read_run_by_id (self, page->ids[i], &run, error))
        return FALSE;
      if (run != NULL)
        g_ptr_array_add (page->runs, run);
    }
  return TRUE;
}

GPtrArray *
spqr_store_get_runs (SpqrStore *self, const gint64 *ids, gsize n, GError **error)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func (g_object_unref);
  Page page = { ids, n, runs };

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return _spqr_store_read (self, page_work, &page, error) ? g_steal_pointer (&runs) : NULL;
}

/* ---- every run as a point ---- */

static const SpqrColumn point_columns[] = {
  { "id", SPQR_COLUMN_INT64, G_STRUCT_OFFSET (SpqrRunPoint, run_id) },
  { "model_name", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, model_name) },
  { "model_fingerprint", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, model_fingerprint) },
  { "method", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, method) },
  { "bits_formula", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, bits_formula) },
  { "bits_stored", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, bits_stored) },
  { "outlier_share", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, outlier_share) },
  { "mean_proxy_loss", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, mean_proxy_loss) },
  { "seconds", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, seconds) },
  { "bytes", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, bytes) },
  { "data", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, data) },
  { "data_fingerprint", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, data_fingerprint) },
  { "tokenizer_fingerprint", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, tokenizer_fingerprint) },
  { "protocol", SPQR_COLUMN_TEXT, G_STRUCT_OFFSET (SpqrRunPoint, protocol) },
  { "seqlen", SPQR_COLUMN_INT, G_STRUCT_OFFSET (SpqrRunPoint, seqlen) },
  { "windows", SPQR_COLUMN_INT64, G_STRUCT_OFFSET (SpqrRunPoint, windows) },
  { "ppl", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, ppl) },
  { "ppl_base", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, ppl_base) },
  { "kl", SPQR_COLUMN_DOUBLE, G_STRUCT_OFFSET (SpqrRunPoint, kl) },
};

void
spqr_run_point_free (SpqrRunPoint *point)
{
  _spqr_row_clear (point_columns, G_N_ELEMENTS (point_columns), point);
  g_free (point);
}

#define SELECT_POINTS(bytes) \
    "SELECT r.id, r.model_name, r.model_fingerprint, r.method, r.bits_formula, r.bits_stored, r.outlier_share, r.mean_proxy_loss, r.seconds, " \
    bytes ", " \
    "e.data, e.data_fingerprint, e.tokenizer_fingerprint, e.protocol, coalesce (e.seqlen, 0), coalesce (e.windows, 0), e.ppl, e.ppl_base, e.kl " \
    "FROM runs r LEFT JOIN evaluations e ON e.run_id = r.id AND e.ppl IS NOT NULL AND e.task IS NULL " \
    "AND NOT EXISTS (SELECT 1 FROM evaluations l WHERE l.run_id = r.id AND l.id > e.id AND l.ppl IS NOT NULL AND l.task IS NULL " \
    "AND l.data_fingerprint IS e.data_fingerprint AND l.seqlen = e.seqlen AND l.windows = e.windows) " \
    "WHERE r.state = 'finished' ORDER BY r.id, e.id"

typedef struct { gboolean with_bytes; GPtrArray *points; } Points;

static gboolean
points_work (SpqrStore *self, gpointer data, GError **error)
{
  const Points *asked = data;
  GPtrArray *points = asked->points;
  g_autoptr (SpqrStatement) stmt = _spqr_store_prepare (self,
    asked->with_bytes ? SELECT_POINTS ("(SELECT sum (\"rows\" * cols * bits_stored) / 8 FROM layers WHERE run_id = r.id)")
                      : SELECT_POINTS ("NULL"), error);
  int result;

  if (stmt == NULL)
    return FALSE;
  g_ptr_array_set_size (points, 0);
  while ((result = _spqr_store_step (self, stmt, "cannot read the runs", error)) == SQLITE_ROW)
    {
      SpqrRunPoint *point = g_new0 (SpqrRunPoint, 1);

      _spqr_row_read (stmt, 0, point_columns, G_N_ELEMENTS (point_columns), point);
      g_ptr_array_add (points, point);
    }
  return result == SQLITE_DONE;
}

GPtrArray *
spqr_store_list_points (SpqrStore *self, gboolean with_bytes, GError **error)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func ((GDestroyNotify) spqr_run_point_free);
  Points asked = { with_bytes, points };

  g_return_val_if_fail (SPQR_IS_STORE (self), NULL);

  return _spqr_store_read (self, points_work, &asked, error) ? g_steal_pointer (&points) : NULL;
}
