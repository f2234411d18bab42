/* spqr-safetensors.h: reading and writing safetensors files. */
#pragma once

#include <gio/gio.h>

#include "model/spqr-tensor.h"

/* A mapped, fully checked file: header length, JSON, every dtype, shape product, offset, overlap and
 * the total size were verified before open returned. */
typedef struct _SpqrSafetensors SpqrSafetensors;

typedef struct {
  const char *name;
  SpqrDtype dtype;
  const char *dtype_name;
  guint n_dims;
  gint64 shape[8];
  const guint8 *data;      /* into the map */
  gsize n_bytes;
  guint64 offset;          /* of data in the file */
} SpqrSafetensorsEntry;

SpqrSafetensors *spqr_safetensors_open (const char *path, GError **error);
void             spqr_safetensors_free (SpqrSafetensors *self);
guint            spqr_safetensors_get_n_entries (SpqrSafetensors *self);
const SpqrSafetensorsEntry *spqr_safetensors_get_entry (SpqrSafetensors *self, guint index);   /* file order */
const SpqrSafetensorsEntry *spqr_safetensors_lookup (SpqrSafetensors *self, const char *name);
const char      *spqr_safetensors_get_metadata (SpqrSafetensors *self, const char *key);        /* NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrSafetensors, spqr_safetensors_free)

/* A writer: declare every tensor, then begin, then supply bytes in the declared order, then close.
 * It writes beside the final name, fsyncs and renames in _close(); freeing it before _close()
 * succeeded removes what it wrote. Tensor data is aligned to 8 bytes or more. */
typedef struct _SpqrSafetensorsWriter SpqrSafetensorsWriter;
SpqrSafetensorsWriter *spqr_safetensors_writer_new (const char *path);
void     spqr_safetensors_writer_set_metadata (SpqrSafetensorsWriter *self, const char *key, const char *value);
void     spqr_safetensors_writer_declare (SpqrSafetensorsWriter *self, const char *name, const char *dtype_name,
                                          const gint64 *shape, guint n_dims, gsize n_bytes);
/* Bytes before the tensor data, as declared so far. */
gsize    spqr_safetensors_writer_get_header_size (SpqrSafetensorsWriter *self);
gboolean spqr_safetensors_writer_begin (SpqrSafetensorsWriter *self, GError **error);
gboolean spqr_safetensors_writer_append (SpqrSafetensorsWriter *self, gconstpointer data, gsize n_bytes, GError **error);
gboolean spqr_safetensors_writer_close (SpqrSafetensorsWriter *self, GError **error);
void     spqr_safetensors_writer_free (SpqrSafetensorsWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrSafetensorsWriter, spqr_safetensors_writer_free)
