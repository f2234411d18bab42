/* spqr-pickle.h: the subset of Python's pickle that tensors and lists of numbers need.
 *
 * Nothing is executed: the only globals understood are torch's tensor rebuilding, its integer storage
 * classes, torch.Size and an empty OrderedDict; every other one is refused by name. */
#pragma once

#include <glib.h>

typedef enum {
  SPQR_PICKLE_NONE, SPQR_PICKLE_INT, SPQR_PICKLE_TEXT, SPQR_PICKLE_LIST, SPQR_PICKLE_GLOBAL, SPQR_PICKLE_STORAGE,
  SPQR_PICKLE_TENSOR, SPQR_PICKLE_OTHER,
} SpqrPickleKind;

typedef struct _SpqrPickleValue SpqrPickleValue;
struct _SpqrPickleValue {
  SpqrPickleKind kind;
  gint64 number;           /* int; tensor: the first element's place; storage: bytes an element */
  char *text;              /* text, global "module name", storage's key */
  gboolean is_unsigned;    /* storage */
  gboolean is_tuple;       /* list */
  GPtrArray *items;        /* list: values; borrowed */
  const SpqrPickleValue *storage, *shape, *strides;   /* tensor */
};

/* The unpickled value; everything in it lives until the reader is freed. */
typedef struct _SpqrPickle SpqrPickle;
SpqrPickle            *spqr_pickle_read (const guint8 *bytes, gsize len, const char *path, GError **error);
const SpqrPickleValue *spqr_pickle_get_root (SpqrPickle *pickle);
void                   spqr_pickle_free (SpqrPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrPickle, spqr_pickle_free)
