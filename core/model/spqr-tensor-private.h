/* spqr-tensor-private.h: how siblings make tensors. */
#pragma once

#include "model/spqr-file-private.h"
#include "model/spqr-tensor.h"

/* Turns `count` elements from stored bytes into f32. in: what count elements occupy, aligned to 8. */
typedef void (*SpqrDecodeFunc) (const guint8 *in, float *out, gsize count);

/* How a tensor's bytes stand for numbers. Elements come in units of unit_elements values that take
 * unit_bytes bytes: 1 value in 2 bytes for F16, 32 in 34 for Q8_0. decode NULL: not numbers. */
typedef struct {
  SpqrDtype dtype;
  const char *name;        /* static or interned */
  guint unit_elements, unit_bytes;
  SpqrDecodeFunc decode;
} SpqrEncoding;

/* Of a safetensors dtype name; an unknown word gives OTHER with unit_bytes 0: size unknown. */
SpqrEncoding spqr_encoding_from_name (const char *dtype_name);

typedef struct {
  const char *name;
  SpqrRole role;
  int block;
  gboolean is_bias;
  SpqrEncoding encoding;
  guint n_dims;
  gint64 shape[8];
  SpqrFile *file;          /* a reference is taken */
  guint64 offset;
  gsize n_bytes;
  /* GGUF files store q and k of the llama family with the rotary pairs of each head interleaved. 0:
   * rows lie as they are; else the number of heads, for which reading undoes that. */
  guint interleaved_heads;
  /* Where elements lie from offset on when not one behind the other (spqr-strided-private.h), for encodings of one element
   * a unit; NULL: dense and row-major. Copied. n_bytes is what they take without gaps. */
  const gint64 *strides;
} SpqrTensorInit;

SpqrTensor *spqr_tensor_new (const SpqrTensorInit *init);
/* As given to spqr_tensor_new(); NULL for a dense tensor. */
const gint64 *spqr_tensor_get_strides (SpqrTensor *self);
