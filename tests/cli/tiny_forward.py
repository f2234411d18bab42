"""The forward pass of the small model of tiny_model.py in plain Python: an independent reference.

Doubles throughout, loops only; slow enough that a text should have some dozens of ids.
"""
import math
import struct

import tiny_model
from tiny_model import CONTEXT, HEADS, HIDDEN, KV_HEADS

EPSILON, THETA = 1e-5, 10000.0
HEAD = HIDDEN // HEADS


def matrices(tensors):
    """name -> list of rows (a vector is one row), from what make_tensors("F32", …) gives."""
    values = {}
    for name, (dtype, shape, data) in tensors.items():
        assert dtype == "F32"
        flat = struct.unpack(f"<{len(data) // 4}f", data)
        cols = shape[-1]
        values[name] = [flat[i:i + cols] for i in range(0, len(flat), cols)]
    return values


def times(rows, x):
    return [sum(map(lambda a, b: a * b, row, x)) for row in rows]


def norm(x, weight):
    scale = 1 / math.sqrt(sum(v * v for v in x) / len(x) + EPSILON)
    return [v * scale * w for v, w in zip(x, weight)]


def rotate(x, position):
    """Each head's first half against its second half."""
    out, half = list(x), HEAD // 2
    for start in range(0, len(x), HEAD):
        for i in range(half):
            angle = position * THETA ** (-2 * i / HEAD)
            c, s = math.cos(angle), math.sin(angle)
            a, b = x[start + i], x[start + half + i]
            out[start + i], out[start + half + i] = a * c - b * s, b * c + a * s
    return out


def softmax(x):
    top = max(x)
    powers = [math.exp(v - top) for v in x]
    total = sum(powers)
    return [p / total for p in powers]


class TinyNet:
    def __init__(self, tensors, blocks):
        self.w, self.blocks = matrices(tensors), blocks

    def attend(self, q, keys, values):
        out = []
        for head in range(HEADS):
            own, shared = head * HEAD, head * KV_HEADS // HEADS * HEAD
            scores = [sum(q[own + i] * k[shared + i] for i in range(HEAD)) / math.sqrt(HEAD) for k in keys]
            shares = softmax(scores)
            out += [sum(p * v[shared + i] for p, v in zip(shares, values)) for i in range(HEAD)]
        return out

    def block(self, b, rows):
        p = f"model.layers.{b}."
        get = lambda name: self.w[p + name + ".weight"]
        keys, values = [], []
        for t, h in enumerate(rows):
            x = norm(h, get("input_layernorm")[0])
            keys.append(rotate(times(get("self_attn.k_proj"), x), t))
            values.append(times(get("self_attn.v_proj"), x))
            seen = self.attend(rotate(times(get("self_attn.q_proj"), x), t), keys, values)
            h = [a + o for a, o in zip(h, times(get("self_attn.o_proj"), seen))]
            x = norm(h, get("post_attention_layernorm")[0])
            gate, up = times(get("mlp.gate_proj"), x), times(get("mlp.up_proj"), x)
            inner = [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up)]
            rows[t] = [a + o for a, o in zip(h, times(get("mlp.down_proj"), inner))]

    def logits(self, ids):
        """One row an id."""
        assert len(ids) <= CONTEXT
        rows = [list(self.w["model.embed_tokens.weight"][i]) for i in ids]
        for b in range(self.blocks):
            self.block(b, rows)
        return [times(self.w["lm_head.weight"], norm(h, self.w["model.norm.weight"][0])) for h in rows]

    def logprob(self, context, continuation):
        """Sum of log p(continuation | context)."""
        rows, total = self.logits((context + continuation)[:-1])[len(context) - 1:], 0.0
        for row, wanted in zip(rows, continuation):
            total += math.log(softmax(row)[wanted])
        return total

    def greedy(self, ids, n):
        ids = list(ids)
        for _ in range(n):
            last = self.logits(ids)[-1]
            ids.append(last.index(max(last)))
        return ids[-n:]


def open_net(blocks, seed):
    """The network of tiny_model.make(folder, dtype="F32", blocks=blocks, seed=seed)."""
    return TinyNet(tiny_model.make_tensors("F32", blocks, seed), blocks)
