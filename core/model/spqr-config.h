/* spqr-config.h: what config.json says of a network, in one vocabulary for all families. */
#pragma once

#include <glib.h>

typedef enum { SPQR_NORM_RMS, SPQR_NORM_LAYER, SPQR_NORM_RMS_PLUS_ONE /* gemma: weight + 1 */ } SpqrNormKind;
typedef enum { SPQR_POSITION_ROTARY, SPQR_POSITION_LEARNED, SPQR_POSITION_ALIBI } SpqrPositionKind;
typedef enum { SPQR_ROPE_DEFAULT, SPQR_ROPE_LINEAR, SPQR_ROPE_DYNAMIC, SPQR_ROPE_LLAMA3 } SpqrRopeScaling;
typedef enum { SPQR_ACT_SILU, SPQR_ACT_GELU, SPQR_ACT_GELU_TANH, SPQR_ACT_RELU } SpqrActivation;
/* How one fused qkv matrix is laid out. */
typedef enum {
  SPQR_QKV_SEPARATE,
  SPQR_QKV_STACKED,        /* phi3: all q, then all k, then all v */
  SPQR_QKV_PER_HEAD,       /* gpt_neox, old falcon multi-head: q, k, v of each head together */
  SPQR_QKV_PER_KV_GROUP,   /* falcon-40B: the q heads of a kv head, its k, its v */
  SPQR_QKV_MULTI_QUERY,    /* falcon-7B: all q heads, one k, one v */
} SpqrQkvLayout;

typedef struct {
  char *family;              /* table entry that reads it ("llama", "opt", …), or the file's model_type */
  char *architecture;        /* architectures[0] as the file has it, for people */
  gboolean supported;        /* the forward pass knows it */
  char *unsupported_reason;  /* one line; NULL when supported */
  char *torch_dtype;         /* "float16", … or NULL */

  int n_blocks, hidden, intermediate, n_heads, n_kv_heads, head_dim, vocab, context;
  int rotary_dim;            /* dimensions of a head that rotate; head_dim when all */
  int embed_dim;             /* ≠ hidden only with project_in/out (OPT-350m) */
  int position_offset;       /* OPT: 2 */
  int sliding_window;        /* 0: none. Which blocks have it: spqr_config_block_slides() */
  guint8 *sliding_blocks;    /* (n_blocks) 1: the window applies; NULL: it applies to all */
  double norm_epsilon, rope_theta, rope_factor, rope_low, rope_high, rope_original_context;
  double attention_softcap, head_softcap;   /* 0: none */
  double embedding_scale;                   /* 1, or sqrt(hidden) for gemma */
  double attention_scale;                   /* 0: 1/sqrt(head_dim) */
  SpqrNormKind norm;
  SpqrPositionKind position;
  SpqrRopeScaling rope_scaling;
  SpqrActivation activation;
  SpqrQkvLayout qkv;
  gboolean gated_mlp, fused_gate_up;
  gboolean parallel_residual;      /* attention and MLP both read the block's input */
  gboolean two_parallel_norms;     /* … each through its own norm (gpt_neox, falcon-40B) */
  gboolean post_norm;              /* OPT-350m: norms after the residual sums */
  gboolean four_norms;             /* gemma 2: norms also after attention and MLP */
  gboolean qk_norm;
  gboolean no_final_norm;          /* OPT-350m and old OPT fine-tunes */
  gboolean tied_head, qkv_bias, o_bias, mlp_bias, head_bias;
  int bos_id, eos_id;              /* -1: none */
} SpqrConfig;

/* Parses config.json's text (len bytes). Never fails on an unknown architecture (supported = FALSE);
 * fails, naming the key, on values that are no numbers, ≤ 0, absurd (> 2^20 heads, blocks, …) or that
 * contradict each other. path is for messages. */
SpqrConfig *spqr_config_parse (const char *text, gssize len, const char *path, GError **error);
void        spqr_config_free (SpqrConfig *config);
/* Whether attention in this block looks back over sliding_window tokens only (gemma 2: every other). */
gboolean    spqr_config_block_slides (const SpqrConfig *config, int block);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrConfig, spqr_config_free)
