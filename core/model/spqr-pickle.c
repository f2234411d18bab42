/* spqr-pickle.c: a stack machine over a table of opcodes. */
#include "model/spqr-pickle.h"

#include <string.h>

#include "model/spqr-model.h"

struct _SpqrPickle {
  const guint8 *at, *end;
  const char *path;
  GPtrArray *values;       /* everything made, owned */
  GPtrArray *storages;     /* those of them that are storages */
  GPtrArray *stack;        /* borrowed; NULL entries are marks */
  GHashTable *memo;
  const SpqrPickleValue *root;
  SpqrPickleContent content;
  gboolean stopped;
  GError **error;
};

static void
value_free (gpointer data)
{
  SpqrPickleValue *value = data;

  g_free (value->text);
  g_clear_pointer (&value->items, g_ptr_array_unref);
  g_free (value);
}

void
spqr_pickle_free (SpqrPickle *pickle)
{
  if (pickle == NULL)
    return;
  g_ptr_array_unref (pickle->storages);
  g_ptr_array_unref (pickle->values);
  g_ptr_array_unref (pickle->stack);
  g_hash_table_unref (pickle->memo);
  g_free (pickle);
}

const SpqrPickleValue *
spqr_pickle_get_root (SpqrPickle *pickle)
{
  return pickle->root;
}

const GPtrArray *
spqr_pickle_get_storages (SpqrPickle *pickle)
{
  return pickle->storages;
}

static gboolean
fail (SpqrPickle *self, int code, const char *what)
{
  if (self->error == NULL || *self->error == NULL)
    g_set_error (self->error, SPQR_MODEL_ERROR, code, "%s: %s", self->path, what);
  return FALSE;
}

static gboolean
broken (SpqrPickle *self)
{
  return fail (self, SPQR_MODEL_ERROR_MALFORMED, "its pickle is cut off or broken");
}

static SpqrPickleValue *
make (SpqrPickle *self, SpqrPickleKind kind)
{
  SpqrPickleValue *value = g_new0 (SpqrPickleValue, 1);

  value->kind = kind;
  if (kind == SPQR_PICKLE_LIST || kind == SPQR_PICKLE_DICT)
    value->items = g_ptr_array_new ();
  g_ptr_array_add (self->values, value);
  return value;
}

static gboolean
push (SpqrPickle *self, SpqrPickleValue *value)
{
  g_ptr_array_add (self->stack, value);
  return TRUE;
}

/* NULL when the stack is empty or a mark is on top. */
static SpqrPickleValue *
pop (SpqrPickle *self)
{
  if (self->stack->len == 0 || self->stack->pdata[self->stack->len - 1] == NULL)
    return NULL;
  return g_ptr_array_remove_index (self->stack, self->stack->len - 1);
}

static SpqrPickleValue *
top (SpqrPickle *self)
{
  return self->stack->len > 0 ? self->stack->pdata[self->stack->len - 1] : NULL;
}

static gboolean
take (SpqrPickle *self, gsize n, const guint8 **bytes)
{
  if ((gsize) (self->end - self->at) < n)
    return broken (self);
  *bytes = self->at;
  self->at += n;
  return TRUE;
}

static gboolean
take_number (SpqrPickle *self, gsize n, guint64 *value)
{
  const guint8 *bytes;

  *value = 0;
  if (!take (self, n, &bytes))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    *value |= (guint64) bytes[i] << (8 * i);
  return TRUE;
}

/* --- single opcodes -------------------------------------------------------------------------- */

static gboolean
push_int (SpqrPickle *self, gint64 number)
{
  SpqrPickleValue *value = make (self, SPQR_PICKLE_INT);

  value->number = number;
  return push (self, value);
}

static gboolean
push_unsigned (SpqrPickle *self, gsize n)
{
  guint64 value;

  return take_number (self, n, &value) && push_int (self, (gint64) value);
}

static gboolean
push_int32 (SpqrPickle *self)
{
  guint64 value;

  return take_number (self, 4, &value) && push_int (self, (gint32) (guint32) value);
}

/* LONG1: two's complement of a given length. */
static gboolean
push_long (SpqrPickle *self)
{
  guint64 n, value;

  if (!take_number (self, 1, &n) || n > 8)
    return broken (self);
  if (!take_number (self, (gsize) n, &value))
    return FALSE;
  if (n > 0 && n < 8 && (value >> (8 * n - 1)) != 0)
    value |= ~(guint64) 0 << (8 * n);
  return push_int (self, (gint64) value);
}

static gboolean
push_text (SpqrPickle *self, gsize length_bytes)
{
  SpqrPickleValue *value;
  const guint8 *bytes;
  guint64 n;

  if (!take_number (self, length_bytes, &n) || n > G_MAXUINT32 || !take (self, (gsize) n, &bytes))
    return broken (self);
  value = make (self, SPQR_PICKLE_TEXT);
  value->text = g_strndup ((const char *) bytes, (gsize) n);
  return push (self, value);
}

static gboolean
push_global (SpqrPickle *self, const char *module, gsize module_len, const char *name, gsize name_len)
{
  static const char * const allowed[] = {
    "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor", "torch LongStorage", "torch IntStorage",
    "torch ShortStorage", "torch CharStorage", "torch ByteStorage", "torch Size", "collections OrderedDict", NULL,
  };
  static const char * const of_weights[] = {
    "torch FloatStorage", "torch HalfStorage", "torch BFloat16Storage", "torch DoubleStorage", "torch BoolStorage",
    "torch._utils _rebuild_parameter", NULL,
  };
  g_autofree char *full = g_strdup_printf ("%.*s %.*s", (int) MIN (module_len, 100), module, (int) MIN (name_len, 100),
                                           name);
  g_autofree char *message = NULL;
  SpqrPickleValue *value;

  if (g_strv_contains (allowed, full) || (self->content == SPQR_PICKLE_OF_WEIGHTS && g_strv_contains (of_weights, full)))
    {
      value = make (self, SPQR_PICKLE_GLOBAL);
      value->text = g_steal_pointer (&full);
      return push (self, value);
    }
  g_strcanon (full, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.", '.');
  if (self->content == SPQR_PICKLE_OF_WEIGHTS)
    message = g_strdup_printf ("it needs Python's %s, which this program does not run: only tables of tensors are read; save "
                               "the model as safetensors", full);
  else
    message = g_strdup_printf ("it needs Python's %s, which this program does not run: only lists and tensors of integers "
                               "are read; save the ids as .json", full);
  return fail (self, SPQR_MODEL_ERROR_UNSUPPORTED, message);
}

static gboolean
take_global (SpqrPickle *self)
{
  const char *start = (const char *) self->at;
  const char *middle = memchr (start, '\n', (gsize) (self->end - self->at));
  const char *end = middle != NULL ? memchr (middle + 1, '\n', (gsize) ((const char *) self->end - middle - 1)) : NULL;

  if (end == NULL)
    return broken (self);
  self->at = (const guint8 *) end + 1;
  return push_global (self, start, (gsize) (middle - start), middle + 1, (gsize) (end - middle - 1));
}

static gboolean
stack_global (SpqrPickle *self)
{
  SpqrPickleValue *name = pop (self), *module = pop (self);

  if (name == NULL || module == NULL || name->kind != SPQR_PICKLE_TEXT || module->kind != SPQR_PICKLE_TEXT)
    return broken (self);
  return push_global (self, module->text, strlen (module->text), name->text, strlen (name->text));
}

static gboolean
push_sequence (SpqrPickle *self, gboolean is_tuple)
{
  SpqrPickleValue *value = make (self, SPQR_PICKLE_LIST);

  value->is_tuple = is_tuple;
  return push (self, value);
}

/* The last n values become a tuple. */
static gboolean
make_tuple (SpqrPickle *self, guint n)
{
  SpqrPickleValue *value = make (self, SPQR_PICKLE_LIST);

  value->is_tuple = TRUE;
  if (self->stack->len < n)
    return broken (self);
  for (guint i = self->stack->len - n; i < self->stack->len; i++)
    {
      if (self->stack->pdata[i] == NULL)
        return broken (self);
      g_ptr_array_add (value->items, self->stack->pdata[i]);
    }
  g_ptr_array_set_size (self->stack, (int) (self->stack->len - n));
  return push (self, value);
}

/* How many values lie above the topmost mark, which goes; FALSE without one. */
static gboolean
drop_mark (SpqrPickle *self, guint *n)
{
  guint at = self->stack->len;

  while (at > 0 && self->stack->pdata[at - 1] != NULL)
    at--;
  if (at == 0)
    return broken (self);
  *n = self->stack->len - at;
  g_ptr_array_remove_index (self->stack, at - 1);
  return TRUE;
}

static gboolean
make_marked_tuple (SpqrPickle *self)
{
  guint n;

  return drop_mark (self, &n) && make_tuple (self, n);
}

static gboolean
append (SpqrPickle *self, guint n)
{
  SpqrPickleValue *list = self->stack->len > n ? self->stack->pdata[self->stack->len - n - 1] : NULL;

  if (list == NULL || list->kind != SPQR_PICKLE_LIST || list->is_tuple)
    return broken (self);
  for (guint i = self->stack->len - n; i < self->stack->len; i++)
    {
      if (self->stack->pdata[i] == NULL)
        return broken (self);
      g_ptr_array_add (list->items, self->stack->pdata[i]);
    }
  g_ptr_array_set_size (self->stack, (int) (self->stack->len - n));
  return TRUE;
}

/* n keys and values into the dictionary below them. */
static gboolean
set_items (SpqrPickle *self, guint n)
{
  SpqrPickleValue *dict = self->stack->len > n ? self->stack->pdata[self->stack->len - n - 1] : NULL;

  if (dict == NULL || dict->kind != SPQR_PICKLE_DICT || n % 2 != 0)
    return broken (self);
  for (guint i = self->stack->len - n; i < self->stack->len; i++)
    {
      if (self->stack->pdata[i] == NULL)
        return broken (self);
      g_ptr_array_add (dict->items, self->stack->pdata[i]);
    }
  g_ptr_array_set_size (self->stack, (int) (self->stack->len - n));
  return TRUE;
}

static gboolean
set_marked_items (SpqrPickle *self)
{
  guint n;

  return drop_mark (self, &n) && set_items (self, n);
}

/* An object's attributes: an OrderedDict of torch has notes there that nobody needs. */
static gboolean
drop_attributes (SpqrPickle *self)
{
  const SpqrPickleValue *attributes = pop (self), *object = top (self);

  return (attributes != NULL && object != NULL && object->kind == SPQR_PICKLE_DICT) || broken (self);
}

static gboolean
append_marked (SpqrPickle *self)
{
  guint n;

  return drop_mark (self, &n) && append (self, n);
}

static gboolean
remember (SpqrPickle *self, gsize key_bytes)
{
  guint64 key = g_hash_table_size (self->memo);

  if (key_bytes > 0 && !take_number (self, key_bytes, &key))
    return FALSE;
  if (top (self) == NULL)
    return broken (self);
  g_hash_table_insert (self->memo, GSIZE_TO_POINTER ((gsize) key), top (self));
  return TRUE;
}

static gboolean
recall (SpqrPickle *self, gsize key_bytes)
{
  SpqrPickleValue *value;
  guint64 key;

  if (!take_number (self, key_bytes, &key))
    return FALSE;
  value = g_hash_table_lookup (self->memo, GSIZE_TO_POINTER ((gsize) key));
  return value != NULL ? push (self, value) : broken (self);
}

/* --- torch ----------------------------------------------------------------------------------- */

static const SpqrPickleValue *
item (const SpqrPickleValue *list, guint index, SpqrPickleKind kind)
{
  const SpqrPickleValue *value = list->kind == SPQR_PICKLE_LIST && index < list->items->len ? list->items->pdata[index]
                                                                                            : NULL;

  return value != NULL && value->kind == kind ? value : NULL;
}

/* A persistent id: ("storage", class, key, device, elements), and before torch 1.6 what part of it, or None. */
static gboolean
make_storage (SpqrPickle *self)
{
  static const struct { const char *name; gint64 bytes; gboolean is_unsigned; const char *dtype_name; } known[] = {
    { "torch LongStorage", 8, FALSE, "I64" }, { "torch IntStorage", 4, FALSE, "I32" }, { "torch ShortStorage", 2, FALSE, "I16" },
    { "torch CharStorage", 1, FALSE, "I8" }, { "torch ByteStorage", 1, TRUE, "U8" }, { "torch BoolStorage", 1, TRUE, "BOOL" },
    { "torch FloatStorage", 4, FALSE, "F32" }, { "torch HalfStorage", 2, FALSE, "F16" },
    { "torch BFloat16Storage", 2, FALSE, "BF16" }, { "torch DoubleStorage", 8, FALSE, "F64" },
  };
  const SpqrPickleValue *id = pop (self);
  const SpqrPickleValue *class = id != NULL ? item (id, 1, SPQR_PICKLE_GLOBAL) : NULL;
  const SpqrPickleValue *key = id != NULL ? item (id, 2, SPQR_PICKLE_TEXT) : NULL;
  const SpqrPickleValue *count = id != NULL ? item (id, 4, SPQR_PICKLE_INT) : NULL;

  for (guint i = 0; class != NULL && key != NULL && count != NULL && i < G_N_ELEMENTS (known); i++)
    {
      SpqrPickleValue *storage;

      if (strcmp (known[i].name, class->text) != 0)
        continue;
      storage = make (self, SPQR_PICKLE_STORAGE);
      storage->text = g_strdup (key->text);
      storage->number = known[i].bytes;
      storage->is_unsigned = known[i].is_unsigned;
      storage->dtype_name = known[i].dtype_name;
      storage->n_elements = count->number;
      storage->view = item (id, 5, SPQR_PICKLE_LIST);
      g_ptr_array_add (self->storages, storage);
      return push (self, storage);
    }
  return broken (self);
}

static gboolean
rebuild_tensor (SpqrPickle *self, const SpqrPickleValue *arguments)
{
  const SpqrPickleValue *first = item (arguments, 1, SPQR_PICKLE_INT);
  SpqrPickleValue *tensor = make (self, SPQR_PICKLE_TENSOR);

  tensor->storage = item (arguments, 0, SPQR_PICKLE_STORAGE);
  tensor->shape = item (arguments, 2, SPQR_PICKLE_LIST);
  tensor->strides = item (arguments, 3, SPQR_PICKLE_LIST);
  if (tensor->storage == NULL || first == NULL || tensor->shape == NULL || tensor->strides == NULL)
    return broken (self);
  tensor->number = first->number;
  return push (self, tensor);
}

static gboolean
reduce (SpqrPickle *self)
{
  SpqrPickleValue *arguments = pop (self), *function = pop (self);

  if (arguments == NULL || function == NULL || arguments->kind != SPQR_PICKLE_LIST ||
      function->kind != SPQR_PICKLE_GLOBAL)
    return broken (self);
  if (strcmp (function->text, "torch._utils _rebuild_tensor_v2") == 0 ||
      strcmp (function->text, "torch._utils _rebuild_tensor") == 0)   /* before 0.4: the same less what it does not read */
    return rebuild_tensor (self, arguments);
  if (strcmp (function->text, "torch Size") == 0 && item (arguments, 0, SPQR_PICKLE_LIST) != NULL)
    return push (self, arguments->items->pdata[0]);
  if (strcmp (function->text, "collections OrderedDict") == 0)
    return push (self, make (self, SPQR_PICKLE_DICT));
  if (strcmp (function->text, "torch._utils _rebuild_parameter") == 0 && item (arguments, 0, SPQR_PICKLE_TENSOR) != NULL)
    return push (self, arguments->items->pdata[0]);
  return broken (self);
}

/* --- the machine ----------------------------------------------------------------------------- */

static gboolean
unknown_opcode (SpqrPickle *self, guint8 opcode)
{
  g_autofree char *message = g_strdup_printf ("its pickle uses the operation 0x%02x, which %s do not need; save %s",
                                              opcode, self->content == SPQR_PICKLE_OF_WEIGHTS ? "tables of tensors" : "lists and tensors of integers",
                                              self->content == SPQR_PICKLE_OF_WEIGHTS ? "the model as safetensors" : "the ids as .json");

  return fail (self, SPQR_MODEL_ERROR_UNSUPPORTED, message);
}

static gboolean
stop (SpqrPickle *self)
{
  self->root = pop (self);
  self->stopped = TRUE;
  return self->root != NULL || broken (self);
}

static gboolean
skip (SpqrPickle *self, gsize n)
{
  const guint8 *bytes;

  return take (self, n, &bytes);
}

static gboolean
step (SpqrPickle *self, guint8 opcode)
{
  switch (opcode)
    {
    case 0x80: return skip (self, 1);                          /* PROTO */
    case 0x95: return skip (self, 8);                          /* FRAME */
    case '.': return stop (self);
    case '(': return push (self, NULL);                        /* MARK */
    case 'N': return push (self, make (self, SPQR_PICKLE_NONE));
    case 0x88: case 0x89: return push_int (self, opcode == 0x88);
    case 'K': return push_unsigned (self, 1);
    case 'M': return push_unsigned (self, 2);
    case 'J': return push_int32 (self);
    case 0x8a: return push_long (self);
    case 'X': return push_text (self, 4);
    case 0x8c: return push_text (self, 1);
    case 'U': return push_text (self, 1);
    case 'c': return take_global (self);
    case 0x93: return stack_global (self);
    case ']': return push_sequence (self, FALSE);
    case ')': return push_sequence (self, TRUE);
    case 't': return make_marked_tuple (self);
    case 0x85: case 0x86: case 0x87: return make_tuple (self, opcode - 0x84u);
    case 'a': return append (self, 1);
    case 'e': return append_marked (self);
    case 'q': return remember (self, 1);
    case 'r': return remember (self, 4);
    case 0x94: return remember (self, 0);
    case 'h': return recall (self, 1);
    case 'j': return recall (self, 4);
    case 'Q': return make_storage (self);
    case 'R': return reduce (self);
    case '}': return push (self, make (self, SPQR_PICKLE_DICT));
    case 's': return set_items (self, 2);
    case 'u': return set_marked_items (self);
    case 'b': return drop_attributes (self);
    default: return unknown_opcode (self, opcode);
    }
}

SpqrPickle *
spqr_pickle_read (const guint8 *bytes, gsize len, SpqrPickleContent content, gsize *used, const char *path,
                  GError **error)
{
  g_autoptr(SpqrPickle) self = g_new0 (SpqrPickle, 1);

  self->at = bytes;
  self->end = bytes + len;
  self->path = path;
  self->content = content;
  self->error = error;
  self->values = g_ptr_array_new_with_free_func (value_free);
  self->storages = g_ptr_array_new ();
  self->stack = g_ptr_array_new ();
  self->memo = g_hash_table_new (NULL, NULL);
  while (!self->stopped)
    {
      if (self->at >= self->end)
        {
          broken (self);
          return NULL;
        }
      if (!step (self, *self->at++))
        return NULL;
    }
  self->error = NULL;
  if (used != NULL)
    *used = (gsize) (self->at - bytes);
  return g_steal_pointer (&self);
}
