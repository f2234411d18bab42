"""A small random model of the LLaMA family, made from nothing, with a byte-level tokenizer and ids.

48 wide, 86 inputs of down_proj: neither a multiple of a group of 16 nor of one of 32.
"""
import json
import os
import random
import struct

VOCAB = 272
HIDDEN, HEADS, KV_HEADS, INNER, CONTEXT = 48, 4, 2, 86, 64
SIZES = {"F16": 2, "BF16": 2, "F32": 4}


def pack(values, dtype):
    if dtype == "F16":
        return struct.pack(f"<{len(values)}e", *values)
    raw = struct.pack(f"<{len(values)}f", *values)
    if dtype == "F32":
        return raw
    return b"".join(raw[i + 2:i + 4] for i in range(0, len(raw), 4))  # BF16: the upper half


def write_safetensors(path, tensors, metadata=None):
    """tensors: name -> (dtype, shape, bytes)."""
    header, offset = ({"__metadata__": metadata} if metadata else {}), 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            out.write(data)


def shapes(blocks):
    head = HIDDEN // HEADS
    yield "model.embed_tokens.weight", [VOCAB, HIDDEN]
    for b in range(blocks):
        p = f"model.layers.{b}."
        yield p + "input_layernorm.weight", [HIDDEN]
        yield p + "self_attn.q_proj.weight", [HEADS * head, HIDDEN]
        yield p + "self_attn.k_proj.weight", [KV_HEADS * head, HIDDEN]
        yield p + "self_attn.v_proj.weight", [KV_HEADS * head, HIDDEN]
        yield p + "self_attn.o_proj.weight", [HIDDEN, HEADS * head]
        yield p + "post_attention_layernorm.weight", [HIDDEN]
        yield p + "mlp.gate_proj.weight", [INNER, HIDDEN]
        yield p + "mlp.up_proj.weight", [INNER, HIDDEN]
        yield p + "mlp.down_proj.weight", [HIDDEN, INNER]
    yield "model.norm.weight", [HIDDEN]
    yield "lm_head.weight", [VOCAB, HIDDEN]


def make_tensors(dtype="F16", blocks=2, seed=1):
    rng = random.Random(seed)
    tensors = {}
    for name, shape in shapes(blocks):
        if len(shape) == 1:
            values = [1 + 0.1 * rng.gauss(0, 1) for _ in range(shape[0])]
        else:
            # A few inputs weigh more than the others, as in trained models.
            spread = [(4 if rng.random() < 0.05 else 1) / shape[1] ** 0.5 for _ in range(shape[1])]
            values = [rng.gauss(0, s) for _ in range(shape[0]) for s in spread]
        tensors[name] = (dtype, shape, pack(values, dtype))
    return tensors


def config(blocks=2, dtype="F16", **more):
    made = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN,
            "intermediate_size": INNER, "num_hidden_layers": blocks, "num_attention_heads": HEADS,
            "num_key_value_heads": KV_HEADS, "max_position_embeddings": CONTEXT, "vocab_size": VOCAB,
            "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": False, "bos_token_id": 1,
            "eos_token_id": 2, "torch_dtype": {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}[dtype]}
    made.update(more)
    return made


def byte_letters():
    """The letters that stand for the 256 bytes in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {}, 0
    for byte in range(256):
        if byte in plain:
            letters[byte] = chr(byte)
        else:
            letters[byte] = chr(256 + extra)
            extra += 1
    return letters


def tokenizer():
    letters = byte_letters()
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for byte in range(256):
        vocab[letters[byte]] = len(vocab)
    merges = ["t h", "th e", "a n", "an d", "Ġ the", "Ġ and"]
    for merge in merges:
        vocab[merge.replace(" ", "")] = len(vocab)
    special = [{"id": i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                "special": True} for i, c in enumerate(["<unk>", "<s>", "</s>"])]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            "post_processor": {"type": "TemplateProcessing",
                               "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                          {"Sequence": {"id": "A", "type_id": 0}}],
                               "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                               "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
            "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocab,
                      "merges": merges}}


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out)


def make_ids(n, seed):
    """Ids that follow each other with some regularity."""
    rng, ids, at = random.Random(seed), [], 3
    for _ in range(n):
        at = (at * 7 + rng.randrange(12)) % VOCAB
        ids.append(at)
    return ids


def make(folder, dtype="F16", blocks=2, seed=1, shards=1):
    """The model in folder/tiny; returns its path."""
    path = os.path.join(folder, "tiny")
    os.makedirs(path)
    tensors = make_tensors(dtype, blocks, seed)
    write_json(os.path.join(path, "config.json"), config(blocks, dtype))
    write_json(os.path.join(path, "tokenizer.json"), tokenizer())
    if shards == 1:
        write_safetensors(os.path.join(path, "model.safetensors"), tensors, {"format": "pt"})
        return path
    names, index = list(tensors), {}
    for s in range(shards):
        file = f"model-{s + 1:05}-of-{shards:05}.safetensors"
        part = {n: tensors[n] for n in names[s::shards]}
        write_safetensors(os.path.join(path, file), part, {"format": "pt"})
        index.update({n: file for n in part})
    total = sum(len(t[2]) for t in tensors.values())
    write_json(os.path.join(path, "model.safetensors.index.json"),
               {"metadata": {"total_size": total}, "weight_map": index})
    return path


def make_data(folder):
    """Paths of ids for calibration and for evaluation."""
    calibration, evaluation = os.path.join(folder, "calibration.json"), os.path.join(folder, "evaluation.json")
    write_json(calibration, make_ids(1500, 5))
    write_json(evaluation, make_ids(330, 6))
    return calibration, evaluation
