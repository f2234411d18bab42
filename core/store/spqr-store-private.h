/* spqr-store-private.h: what the files of core/store share. */
#pragma once

#include <sqlite3.h>

#include "store/spqr-process-private.h"
#include "store/spqr-row-private.h"
#include "store/spqr-store.h"

struct _SpqrStore {
  GObject parent_instance;
  char *path;              /* of the database, absolute and resolved */
  char *dir;               /* its folder */

  GMutex lock;             /* over db, its statements and transactions */
  sqlite3 *db;             /* NULL where it could not be opened again */
  guint64 wal_inode;       /* of the -wal file it writes to; 0: not known yet, or there is none */
  GHashTable *statements;  /* SQL -> sqlite3_stmt, prepared once */

  gint64 data_version;     /* of when somebody last looked for what other programs write; 0: nobody has */

  GMutex changed_lock;     /* over changed_source */
  GMainContext *context;   /* of the thread that opened */
  GSource *changed_source; /* the one pending emission, or NULL */
};

/* ---- errors ---- */

void _spqr_store_set_sqlite_error (GError **error, sqlite3 *db, const char *path, const char *doing);
void _spqr_store_set_errno_error (GError **error, int number, const char *path, const char *doing);

/* ---- statements: lent for one use, reset when they go out of scope ---- */

typedef sqlite3_stmt SpqrStatement;
static inline void
_spqr_statement_release (SpqrStatement *stmt)
{
  sqlite3_reset (stmt);
  sqlite3_clear_bindings (stmt);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrStatement, _spqr_statement_release)

/* The prepared statement of sql. Never two uses of one sql at the same time. */
SpqrStatement *_spqr_store_prepare (SpqrStore *self, const char *sql, GError **error);
/* Steps to the end; doing is for the error ("adding a layer"). */
gboolean       _spqr_store_run (SpqrStore *self, SpqrStatement *stmt, const char *doing, GError **error);
/* SQLITE_ROW or SQLITE_DONE, or 0 with error set. */
int            _spqr_store_step (SpqrStore *self, SpqrStatement *stmt, const char *doing, GError **error);
/* Runs sql with one integer parameter ?1. */
gboolean       _spqr_store_run_with_id (SpqrStore *self, const char *sql, gint64 id, const char *doing, GError **error);

/* ---- transactions: work runs under the lock; FALSE from it rolls back ---- */

typedef gboolean (*SpqrStoreWork) (SpqrStore *self, gpointer data, GError **error);
gboolean _spqr_store_write_quietly (SpqrStore *self, SpqrStoreWork work, gpointer data, GError **error);
/* The same, and signal "changed". */
gboolean _spqr_store_write (SpqrStore *self, SpqrStoreWork work, gpointer data, GError **error);
/* Many reads that must agree with each other, or a single one. */
gboolean _spqr_store_read (SpqrStore *self, SpqrStoreWork work, gpointer data, GError **error);

/* ---- runs ---- */

SpqrRunState _spqr_run_state_from_name (const char *name);

/* The columns of `runs`, then those that come from other tables. */
extern const SpqrColumn _spqr_run_columns[];
guint _spqr_run_n_stored_columns (void);
guint _spqr_run_n_columns (void);

/* The parameters :owner_pid, :owner_start, :owner_boot are this process. */
void _spqr_store_bind_owner (SpqrStatement *stmt);
/* Result columns first … first+2; _spqr_process_clear() it. */
void _spqr_store_read_owner (SpqrStatement *stmt, int first, SpqrProcess *owner);
/* Under the lock, parts of a transaction: what begin_run(), add_layer() and finish_run() do. data: SpqrRun. */
gboolean _spqr_store_begin_work (SpqrStore *self, gpointer data, GError **error);
gboolean _spqr_store_add_layer_work (SpqrStore *self, gint64 run_id, const SpqrRunLayer *layer, GError **error);
gboolean _spqr_store_finish_work (SpqrStore *self, gpointer data, GError **error);
/* Under the lock. TRUE with *alive set: whether the run is RUNNING in a live process. NOT_FOUND. */
gboolean _spqr_store_check_owner (SpqrStore *self, gint64 run_id, gboolean *alive, gboolean *own, GError **error);
void     _spqr_store_set_no_run (GError **error, SpqrStore *self, gint64 run_id);

/* The evaluation of a run r with a perplexity that says most, as e: of the most windows, the newest of equals; a task's
 * perplexity is of its target alone. A look at a few windows does not take the place of a whole evaluation. */
#define SPQR_JOIN_BEST_EVALUATION \
  "LEFT JOIN evaluations e ON e.id = (SELECT id FROM evaluations WHERE run_id = r.id AND ppl IS NOT NULL AND task IS NULL " \
  "ORDER BY windows DESC, id DESC LIMIT 1)"

/* Under the lock. *run stays NULL where there is none; FALSE: the database failed. */
gboolean _spqr_store_read_run_by_id (SpqrStore *self, gint64 run_id, SpqrRun **run, GError **error);
/* What queries call: spqr_holds(). An SQLite code. */
int      _spqr_store_add_functions (sqlite3 *db);

/* Folders as stored: relative to the database's folder where they lie in it. Both g_free(). */
char *_spqr_store_folder_to_column (SpqrStore *self, const char *folder);
char *_spqr_store_folder_from_column (SpqrStore *self, const char *column);
/* What an earlier, killed removal has left behind. */
void  _spqr_store_sweep_removed_folders (SpqrStore *self);
