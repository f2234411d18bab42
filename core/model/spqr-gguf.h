/* spqr-gguf.h: what a GGUF file says about itself, for readers that want its metadata rather than its
 * tensors (spqr_model_open() is for those). Immutable; any thread. */
#pragma once

#include <glib.h>

typedef struct _SpqrGguf SpqrGguf;

/* Maps the file and checks header, metadata and tensor table. Errors are SPQR_MODEL_ERROR's. */
SpqrGguf *spqr_gguf_open (const char *path, GError **error);
void      spqr_gguf_free (SpqrGguf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrGguf, spqr_gguf_free)
/* Whether a file begins as a GGUF file does, whatever its name. */
gboolean  spqr_gguf_is_one (const char *path);

/* The values of scalar keys; FALSE when absent or of another kind. Arrays of one repeated number
 * count as that number. */
gboolean spqr_gguf_get_int (const SpqrGguf *self, const char *key, gint64 *value);
gboolean spqr_gguf_get_double (const SpqrGguf *self, const char *key, double *value);
char    *spqr_gguf_get_string (const SpqrGguf *self, const char *key);     /* g_free(); NULL */
/* Elements of an array; 0 when there is none. */
guint64  spqr_gguf_get_array_length (const SpqrGguf *self, const char *key);

/* Whole arrays. NULL with *n 0 and no error when the key is absent; MALFORMED when it is something
 * else, longer than most, a string is not UTF-8 or holds a NUL, or a number is no 32-bit integer. */
char  **spqr_gguf_dup_strings (const SpqrGguf *self, const char *key, gsize most, gsize *n, GError **error);   /* g_strfreev() */
float  *spqr_gguf_dup_floats (const SpqrGguf *self, const char *key, gsize most, gsize *n, GError **error);    /* g_free() */
gint32 *spqr_gguf_dup_ints (const SpqrGguf *self, const char *key, gsize most, gsize *n, GError **error);      /* g_free() */
