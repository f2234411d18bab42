/* spqr-pickle.h: the subset of Python's pickle that tensors, lists of numbers and tables of tensors need.
 *
 * Nothing is executed: the only globals understood are torch's tensor rebuilding, its storage classes (those of
 * integers alone where ids are read), torch.Size and OrderedDict; every other one is refused by name. */
#pragma once

#include <glib.h>

typedef enum {
  SPQR_PICKLE_NONE, SPQR_PICKLE_INT, SPQR_PICKLE_TEXT, SPQR_PICKLE_LIST, SPQR_PICKLE_GLOBAL, SPQR_PICKLE_STORAGE,
  SPQR_PICKLE_TENSOR, SPQR_PICKLE_DICT,
} SpqrPickleKind;

typedef struct _SpqrPickleValue SpqrPickleValue;
struct _SpqrPickleValue {
  SpqrPickleKind kind;
  gint64 number;           /* int; tensor: the first element's place; storage: bytes an element */
  char *text;              /* text, global "module name", storage's key */
  gboolean is_unsigned;    /* storage */
  const char *dtype_name;  /* storage: as safetensors files call it; static */
  gboolean is_tuple;       /* list */
  GPtrArray *items;        /* list: values; dict: keys and values in turn; borrowed */
  const SpqrPickleValue *storage, *shape, *strides;   /* tensor */
  gint64 n_elements;       /* storage: as said, not checked */
  const SpqrPickleValue *view;   /* storage: a tuple that says which part of it is meant, or NULL */
};

/* The unpickled value; everything in it lives until the reader is freed. */
typedef struct _SpqrPickle SpqrPickle;
typedef enum { SPQR_PICKLE_OF_IDS, SPQR_PICKLE_OF_WEIGHTS } SpqrPickleContent;
/* used: where not NULL, gets the pickle's length; more may follow. Errors are SPQR_MODEL_ERROR's. */
SpqrPickle            *spqr_pickle_read (const guint8 *bytes, gsize len, SpqrPickleContent content, gsize *used, const char *path, GError **error);
const SpqrPickleValue *spqr_pickle_get_root (SpqrPickle *pickle);
/* Every storage named, once for each time that it is. */
const GPtrArray       *spqr_pickle_get_storages (SpqrPickle *pickle);
void                   spqr_pickle_free (SpqrPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrPickle, spqr_pickle_free)
