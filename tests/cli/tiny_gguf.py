"""The small model of tiny_model.py as one GGUF file, its tokenizer inside, as llama.cpp's converter lays it out."""
import os
import struct

import tiny_model
from tiny_model import CONTEXT, HEADS, HIDDEN, INNER, KV_HEADS, VOCAB

U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
OUTER = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
         "lm_head.weight": "output.weight"}


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def pair(key, kind, value):
    formats = {U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}
    data = text(value) if kind == STRING else struct.pack(formats[kind], value)
    return text(key) + struct.pack("<I", kind) + data


def array(key, kind, values):
    body = b"".join(map(text, values)) if kind == STRING else struct.pack(f"<{len(values)}i", *values)
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + body


def gguf_name(name):
    if name in OUTER:
        return OUTER[name]
    _, _, block, rest = name.split(".", 3)
    return f"blk.{block}.{NAMES[rest[:-len('.weight')]]}.weight"


def interleave(data, heads, cols):
    """Rows of each head from halves to pairs: 0 h/2 1 h/2+1 …."""
    size = cols * 4
    rows = [data[i:i + size] for i in range(0, len(data), size)]
    head = len(rows) // heads
    order = [h * head + (i % 2) * (head // 2) + i // 2 for h in range(heads) for i in range(head)]
    return b"".join(rows[i] for i in order)


def vocabulary(add_bos):
    tokenizer = tiny_model.tokenizer()
    tokens = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    special = {t["content"] for t in tokenizer["added_tokens"]}
    kinds = [3 if t in special else 1 for t in tokens]
    tokens += [f"[PAD{i}]" for i in range(len(tokens), VOCAB)]
    kinds += [5] * (VOCAB - len(kinds))
    pairs = [pair("tokenizer.ggml.model", STRING, "gpt2"), pair("tokenizer.ggml.pre", STRING, "gpt-2"),
             array("tokenizer.ggml.tokens", STRING, tokens), array("tokenizer.ggml.token_type", I32, kinds),
             array("tokenizer.ggml.merges", STRING, tokenizer["model"]["merges"]),
             pair("tokenizer.ggml.bos_token_id", U32, 1), pair("tokenizer.ggml.eos_token_id", U32, 2)]
    return pairs + ([] if add_bos is None else [pair("tokenizer.ggml.add_bos_token", BOOL, add_bos)])


def q8_0(raw):
    """f32 numbers as blocks of 32: a scale (f16) and as many signed bytes."""
    values = struct.unpack(f"<{len(raw) // 4}f", raw)
    out = b""
    for i in range(0, len(values), 32):
        block = values[i:i + 32]
        scale = max(map(abs, block)) / 127 or 1.0
        out += struct.pack("<e32b", scale, *(max(-127, min(127, round(v / scale))) for v in block))
    return out


def write(path, blocks=2, seed=1, add_bos=True, with_vocabulary=True, rounded=False):
    """rounded: the blocks' matrices, whose rows must be of whole 32, as Q8_0 instead of F32."""
    tensors = tiny_model.make_tensors("F32", blocks, seed)
    pairs = [pair("general.architecture", STRING, "llama"), pair("llama.block_count", U32, blocks),
             pair("llama.embedding_length", U32, HIDDEN), pair("llama.feed_forward_length", U32, INNER),
             pair("llama.attention.head_count", U32, HEADS), pair("llama.attention.head_count_kv", U32, KV_HEADS),
             pair("llama.context_length", U32, CONTEXT), pair("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
             pair("llama.rope.dimension_count", U32, HIDDEN // HEADS)]
    pairs += vocabulary(add_bos) if with_vocabulary else []
    table, data = b"", b""
    for name, (_, shape, raw) in tensors.items():
        if "q_proj" in name or "k_proj" in name:
            raw = interleave(raw, HEADS if "q_proj" in name else KV_HEADS, shape[1])
        as_q8 = rounded and len(shape) == 2 and name not in OUTER
        raw = q8_0(raw) if as_q8 else raw
        table += text(gguf_name(name)) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), 8 if as_q8 else 0, len(data))
        data += raw + b"\0" * (-len(raw) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs) + table
    with open(path, "wb") as out:
        out.write(head + b"\0" * (-len(head) % 32) + data)
    return path


def make(folder, **options):
    """folder/gguf/tiny.gguf, alone in its folder."""
    os.makedirs(os.path.join(folder, "gguf"))
    return write(os.path.join(folder, "gguf", "tiny.gguf"), **options)
