#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the models and expected logits under oracles/, one folder a case.

    make-oracles.py [CASE …]

Each case is a network of two or three blocks with odd sizes and random weights of the family that its
config.json names: the config in the words that published checkpoints use, the weights in 16 bits (or
32), and expected.safetensors with ids (I32), logits (F32) and hidden (F32: the states after the first
block), computed by Hugging Face transformers in f64 from the very weights stored.  Needs torch,
transformers and safetensors; the tests need none of them.
"""
import json
import math
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = 37

GROUPED = dict(hidden_size=36, intermediate_size=44, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=3,
               head_dim=24, vocab_size=61, max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu")
SMALL = dict(hidden_size=20, intermediate_size=28, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             head_dim=12, vocab_size=61, max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu")
LLAMA = dict(model_type="llama", architectures=["LlamaForCausalLM"], tie_word_embeddings=False)
FALCON = dict(model_type="falcon", architectures=["FalconForCausalLM"], vocab_size=61, layer_norm_epsilon=1e-5,
              max_position_embeddings=64)
OPT = dict(model_type="opt", architectures=["OPTForCausalLM"], vocab_size=61, num_hidden_layers=2, num_attention_heads=3,
           max_position_embeddings=48, activation_function="relu")

CASES = {
    "llama": dict(LLAMA, **GROUPED, rope_theta=10000.0),
    "llama-f32": dict(LLAMA, **{**SMALL, "num_hidden_layers": 3}, torch_dtype="float32"),
    "llama-linear": dict(LLAMA, **SMALL, rope_scaling=dict(type="linear", factor=4.0), tie_word_embeddings=True),
    "llama-dynamic": dict(LLAMA, **{**SMALL, "max_position_embeddings": 16}, rope_scaling=dict(type="dynamic", factor=2.0)),
    "llama3": dict(LLAMA, **SMALL, rope_theta=500000.0, attention_bias=True, mlp_bias=True, torch_dtype="bfloat16",
                   rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                     original_max_position_embeddings=16)),
    "mistral": dict(GROUPED, model_type="mistral", architectures=["MistralForCausalLM"], sliding_window=9,
                    tie_word_embeddings=False, torch_dtype="bfloat16"),
    "qwen2": dict(GROUPED, model_type="qwen2", architectures=["Qwen2ForCausalLM"], head_dim=8, num_attention_heads=6,
                  hidden_size=48, rope_theta=1000000.0, use_sliding_window=False, tie_word_embeddings=True),
    "qwen3": dict(GROUPED, model_type="qwen3", architectures=["Qwen3ForCausalLM"], tie_word_embeddings=False,
                  rope_theta=1000000.0, torch_dtype="bfloat16"),
    "opt": dict(OPT, hidden_size=48, word_embed_proj_dim=48, ffn_dim=80, do_layer_norm_before=True),
    "opt-post-norm": dict(OPT, hidden_size=36, word_embed_proj_dim=20, ffn_dim=76, do_layer_norm_before=False),
    "falcon-multi-query": dict(FALCON, hidden_size=40, num_hidden_layers=2, num_attention_heads=5, alibi=False,
                               bias=False, multi_query=True, new_decoder_architecture=False, parallel_attn=True),
    "falcon-grouped": dict(FALCON, hidden_size=36, num_hidden_layers=2, num_attention_heads=6, num_kv_heads=3,
                           alibi=False, bias=False, multi_query=True, new_decoder_architecture=True, parallel_attn=True),
    "falcon-alibi": dict(FALCON, hidden_size=36, num_hidden_layers=2, num_attention_heads=6, alibi=True, bias=True,
                         multi_query=False, new_decoder_architecture=False, parallel_attn=False),
    "gpt_neox": dict(model_type="gpt_neox", architectures=["GPTNeoXForCausalLM"], hidden_size=48, intermediate_size=84,
                     num_hidden_layers=2, num_attention_heads=3, vocab_size=61, rotary_pct=0.25, rotary_emb_base=10000,
                     max_position_embeddings=64, hidden_act="gelu", use_parallel_residual=True, layer_norm_eps=1e-5,
                     tie_word_embeddings=False),
    "gpt_neox-sequential": dict(model_type="gpt_neox", architectures=["GPTNeoXForCausalLM"], hidden_size=36,
                                intermediate_size=60, num_hidden_layers=2, num_attention_heads=3, vocab_size=61,
                                rotary_pct=1.0, rotary_emb_base=10000, max_position_embeddings=64,
                                hidden_act="gelu_fast", use_parallel_residual=False, tie_word_embeddings=False),
    "gemma": dict(GROUPED, model_type="gemma", architectures=["GemmaForCausalLM"], num_attention_heads=3,
                  num_key_value_heads=1, hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh"),
    "gemma2": dict(GROUPED, model_type="gemma2", architectures=["Gemma2ForCausalLM"], num_hidden_layers=3, head_dim=8,
                   hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=40, sliding_window=7,
                   attn_logit_softcapping=3.0, final_logit_softcapping=5.0, torch_dtype="bfloat16"),
    "phi3": dict(GROUPED, model_type="phi3", architectures=["Phi3ForCausalLM"], hidden_size=48, head_dim=8,
                 intermediate_size=36, tie_word_embeddings=False, pad_token_id=0, bos_token_id=1, eos_token_id=2),
}
CASES["gemma"].pop("hidden_act")
CASES["phi3"].pop("head_dim")
CASES["qwen2"].pop("head_dim")


def randomize(model, seed):
    """Weights whose products neither vanish nor saturate, norms and biases that matter."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator, dtype=torch.float64)
        if p.dim() == 2:
            gain = 1.0 if "embed" in name or "word_emb" in name else 1.6 / math.sqrt(p.shape[1])
            p.data = noise * gain
        elif name.endswith("bias"):
            p.data = 0.2 * noise
        elif "gemma" in type(model).__name__.lower():
            p.data = 0.2 * noise
        else:
            p.data = 1 + 0.2 * noise


def stored_dtype(raw):
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}.get(raw.get("torch_dtype"), torch.float16)


def build(case, raw):
    config = CONFIG_MAPPING[raw["model_type"]].from_dict(json.loads(json.dumps(raw)))
    # Falcon's eager code adds the ALiBi bias twice: once itself, once in the mask.
    attention = "sdpa" if raw.get("alibi") else "eager"
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention).double().eval()
    randomize(model, sum(map(ord, case)))
    for p in model.parameters():
        p.data = p.data.to(stored_dtype(raw)).double()
    model.tie_weights()
    return model


def write(case, raw):
    raw = dict(raw)
    raw.setdefault("torch_dtype", "float16")
    model = build(case, raw)
    folder = os.path.join(HERE, "oracles", case)
    os.makedirs(folder, exist_ok=True)
    ids = torch.randint(0, 61, (1, TOKENS), generator=torch.Generator().manual_seed(len(case)))
    with torch.no_grad():
        out = model(ids, output_hidden_states=True, use_cache=False)
    state = {}
    tied = raw.get("tie_word_embeddings", raw["model_type"] in ("opt", "falcon", "gemma", "gemma2"))
    for name, value in model.state_dict().items():
        if value.dim() == 0 or "rotary" in name or (tied and name in ("lm_head.weight", "embed_out.weight")):
            continue
        if raw["model_type"] == "gpt_neox" and name == "lm_head.weight":
            name = "embed_out.weight"               # as published files have it
        state[name] = value.to(stored_dtype(raw)).contiguous().clone()
    save_file(state, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    save_file({"ids": ids[0].int().contiguous(), "logits": out.logits[0].float().contiguous(),
               "hidden": out.hidden_states[1][0].float().contiguous()}, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump(raw, f, indent=1, sort_keys=True)
        f.write("\n")
    size = os.path.getsize(os.path.join(folder, "model.safetensors"))
    print(f"{case}: {size} bytes, logits std {out.logits.std():.3f}, max {out.logits.abs().max():.3f}")
    assert size <= 100_000


def main():
    for case in sys.argv[1:] or CASES:
        write(case, CASES[case])


if __name__ == "__main__":
    main()
