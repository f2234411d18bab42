/* spqr-family-private.h: the architecture table: a row per family says how its config.json and its
 * tensor names are read. A new family of the usual build is one more row. */
#pragma once

#include "model/spqr-config.h"
#include "model/spqr-tensor.h"

/* A tensor name without its ".weight" or ".bias" and without the family's prefix; "*" stands for the
 * block's number. */
typedef struct {
  SpqrRole role;
  const char *stem;
} SpqrNameTemplate;

typedef enum { SPQR_BIAS_NEVER, SPQR_BIAS_ALWAYS, SPQR_BIAS_BY_KEY } SpqrBiasRule;

typedef struct {
  const char *family;
  const char *model_types[4];
  const char *architectures[4];

  /* config.json's keys; alternatives are separated by "|". */
  const char *key_blocks, *key_hidden, *key_intermediate, *key_heads, *key_kv_heads;
  const char *key_context, *key_epsilon, *key_activation, *key_rotary_share, *key_rope_theta;
  const char *key_bias;           /* of the attention's biases */
  const char *key_mlp_bias;

  /* What the family's own code takes where config.json is silent. */
  int default_kv_heads;           /* 0: as many as heads */
  int default_head_dim;           /* 0: hidden / heads */
  int default_intermediate_share; /* intermediate = this times hidden; 0: the key is required */
  int default_context, default_sliding_window, default_bos, default_eos;
  double default_epsilon, default_rotary_share;
  const char *default_activation;
  gboolean default_tied, default_bias;

  SpqrNormKind norm;
  SpqrPositionKind position;
  SpqrQkvLayout qkv;
  SpqrBiasRule qkv_bias, o_bias, mlp_bias;
  gboolean gated_mlp, fused_gate_up, qk_norm;
  /* Settings of one family only: a name that spqr-config.c knows. */
  enum { SPQR_QUIRKS_NONE, SPQR_QUIRKS_QWEN, SPQR_QUIRKS_OPT, SPQR_QUIRKS_FALCON, SPQR_QUIRKS_NEOX,
         SPQR_QUIRKS_GEMMA, SPQR_QUIRKS_GEMMA2 } quirks;

  const char *prefix;             /* of every name but the head's; files of the bare network lack it */
  SpqrNameTemplate names[24];     /* ends with a NULL stem */
} SpqrFamily;

extern const SpqrFamily spqr_families[];
extern const guint spqr_n_families;

/* By model_type first, else by architecture; either may be NULL. NULL: unknown. */
const SpqrFamily *spqr_family_find (const char *model_type, const char *architecture);
const SpqrFamily *spqr_family_by_name (const char *family);
