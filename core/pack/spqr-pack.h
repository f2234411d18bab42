/* spqr-pack.h: the stored form of a quantized layer, one file a layer, and its decoding.
 *
 * The file is a safetensors container (readable by anything that reads those): codes, statistics
 * codes and second order packed tight at their own bit widths, outliers as CSR, the permutation,
 * constants; parameters and figures as JSON in the metadata, with a sha256 over the tensors' bytes.
 * What is evaluated and exported is decoded from here and from nowhere else. */
#pragma once

#include <gio/gio.h>

#include "num/spqr-layer.h"

#define SPQR_PACK_ERROR (spqr_pack_error_quark ())
GQuark spqr_pack_error_quark (void);
typedef enum { SPQR_PACK_ERROR_MALFORMED, SPQR_PACK_ERROR_CHECKSUM, SPQR_PACK_ERROR_UNSUPPORTED,
               SPQR_PACK_ERROR_NO_SPACE, SPQR_PACK_ERROR_FAILED } SpqrPackError;

/* Bits really stored, by what they are for. Sum / (rows * cols) = bits_stored of a layer. */
typedef struct {
  guint64 codes, scales, zeros, second_order, outliers, outlier_offsets, permutation, constants, header;
} SpqrPackBits;

void   spqr_pack_count_bits (const SpqrLayer *layer, SpqrPackBits *bits);
double spqr_pack_bits_per_weight (const SpqrPackBits *bits, gsize rows, gsize cols);

/* name: the source tensor's name. Written beside, fsynced, renamed. */
gboolean spqr_pack_write (const char *path, const char *tensor_name, const SpqrLayer *layer, GError **error);
/* Reads everything back, checking each size, every code's range, the CSR's order and the checksum.
 * *tensor_name (out, optional): g_free(). On error *layer is empty. */
gboolean spqr_pack_read (const char *path, char **tensor_name, SpqrLayer *layer, GError **error);
