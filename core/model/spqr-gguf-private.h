/* spqr-gguf-private.h: reading GGUF files (versions 2 and 3).
 *
 *   "GGUF" | u32 version | u64 tensors | u64 pairs | pairs: key, type, value
 *   | tensors: name, u32 dims, u64 sizes (fastest first), u32 type, u64 offset | padding | data
 *
 * Everything is little endian; every length is compared with what is left of the file first. */
#pragma once

#include "model/spqr-gguf.h"
#include "model/spqr-tensor-private.h"

typedef enum {
  SPQR_GGUF_U8, SPQR_GGUF_I8, SPQR_GGUF_U16, SPQR_GGUF_I16, SPQR_GGUF_U32, SPQR_GGUF_I32, SPQR_GGUF_F32,
  SPQR_GGUF_BOOL, SPQR_GGUF_STRING, SPQR_GGUF_ARRAY, SPQR_GGUF_U64, SPQR_GGUF_I64, SPQR_GGUF_F64,
  SPQR_GGUF_N_TYPES
} SpqrGgufType;

/* One value, where it lies in the map. Strings are not NUL-terminated. */
typedef struct {
  SpqrGgufType type;
  const guint8 *data;            /* a scalar's bytes, a string's bytes, an array's first element */
  guint64 length;                /* bytes of a string, elements of an array */
  SpqrGgufType element_type;     /* of an array */
} SpqrGgufValue;

typedef struct {
  char *name;
  SpqrEncoding encoding;
  guint n_dims;
  gint64 shape[8];               /* slowest first, as everywhere in this program */
  guint64 offset;                /* in the file */
  gsize n_bytes;
} SpqrGgufTensor;

struct _SpqrGguf {
  SpqrFile *file;
  GHashTable *values;            /* key -> SpqrGgufValue */
  GArray *tensors;               /* SpqrGgufTensor */
};

/* A scalar of any number type as a double (exact up to 2^53); FALSE for others. */
gboolean spqr_gguf_scalar (SpqrGgufType type, const guint8 *data, double *value);
/* Bytes of a scalar of the type; 0 for strings and arrays. */
guint    spqr_gguf_scalar_size (SpqrGgufType type);
const SpqrGgufTensor *spqr_gguf_lookup (const SpqrGguf *self, const char *name);

/* The text of the config.json that the metadata amounts to. g_free(). */
char *spqr_gguf_make_config (const SpqrGguf *self);
/* The Hugging Face name of a tensor of the architecture, or a copy of its own. g_free(). */
char *spqr_gguf_rename (const SpqrGguf *self, const char *name);
/* Heads whose rotary pairs were interleaved by the converter in this tensor; 0: none. */
guint spqr_gguf_interleaved_heads (const SpqrGguf *self, const SpqrGgufTensor *tensor);

/* By ggml's type number; unit_bytes 0 for a type that is not known. */
SpqrEncoding spqr_gguf_encoding (guint32 type);
/* The name of a type that is not read, for messages; NULL: nobody knows it. */
const char  *spqr_gguf_foreign_type (guint32 type);
