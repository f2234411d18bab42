/* spqr-fp16.h: conversions between f32 and the two 16-bit formats, round to nearest even, with
 * subnormals, infinities and NaN. Whole rows go through the F16C / AVX-512 instructions when the
 * processor has them, else through the same arithmetic in plain C; both give the same bits. */
#pragma once

#include <stddef.h>
#include <stdint.h>

float    spqr_f16_to_f32 (uint16_t bits);
uint16_t spqr_f32_to_f16 (float value);
float    spqr_bf16_to_f32 (uint16_t bits);
uint16_t spqr_f32_to_bf16 (float value);

void spqr_f16_to_f32_row (const uint16_t *in, float *out, size_t n);
void spqr_f32_to_f16_row (const float *in, uint16_t *out, size_t n);
void spqr_bf16_to_f32_row (const uint16_t *in, float *out, size_t n);
void spqr_f32_to_bf16_row (const float *in, uint16_t *out, size_t n);
