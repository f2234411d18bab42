/* spqr-bench-files.h: models made for measuring. */
#pragma once

#include <gio/gio.h>

typedef struct { int hidden, intermediate, heads, kv_heads, blocks, vocab, context; } SpqrBenchModel;

/* Writes folder/name: a LLaMA of f16 random numbers in one file. Its path; g_free(). */
char *spqr_bench_write_model (const char *folder, const char *name, const SpqrBenchModel *shape, GError **error);
/* The same in shards that are all holes: of full size to look at, of next to none on the disk. */
char *spqr_bench_write_sparse_model (const char *folder, const char *name, const SpqrBenchModel *shape, guint shards, GError **error);
