#!/usr/bin/env python3
"""Writes corpus-cases.h: Python's random numbers, windows drawn with them, torch files.

Run by hand:  python3 make-corpus-cases.py > corpus-cases.h     (needs torch and tokenizers)
The loaders below follow the data rules with Python's own random module.
"""
import base64
import hashlib
import io
import os
import random
import struct

import tokenizers
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENIZER = tokenizers.Tokenizer.from_file(os.path.join(HERE, "../../data/sample/tokenizer.json"))
SEQLEN = 16


def sha(ids):
    return hashlib.sha256(struct.pack("<%di" % len(ids), *ids)).hexdigest()


def encode(text):
    return TOKENIZER.encode(text).ids


# The test writes the same three files.
LINES = [" = Title %d = \n" % i if i % 5 == 0 else " \n" if i % 5 in (1, 4) else
         " Row %d of a text that goes on about the old harbour and its %d boats . \n" % (i, i * 7) for i in range(40)]
DOCUMENTS = ["short" if i % 3 == 0 else "Document %d. " % i + "The ferry leaves at %d past nine. " % i * (i % 7 + 1)
             for i in range(30)]


def wikitext_rows():
    return [line if line.strip() else "" for line in LINES]


def flat_windows(ids, n, seed):
    random.seed(seed)
    out = []
    for _ in range(n):
        i = random.randint(0, len(ids) - SEQLEN - 1)
        out += ids[i:i + SEQLEN]
    return out


def document_windows(n, seed):
    random.seed(seed)
    out = []
    for _ in range(n):
        while True:
            i = random.randint(0, len(DOCUMENTS) - 1)
            ids = encode(DOCUMENTS[i])
            if len(ids) >= SEQLEN:
                break
        i = random.randint(0, len(ids) - SEQLEN - 1) if len(ids) > SEQLEN else 0
        out += ids[i:i + SEQLEN]
    return out


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def torch_file(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def c_lines(text):
    return "\n".join('  "%s"' % text[i:i + 100] for i in range(0, len(text), 100))


def main():
    print("/* Written by make-corpus-cases.py. */")
    print("static const RandomCase random_cases[] = {")
    for seed in (0, 1, 42, -5, 2 ** 40 + 3, 12345):
        random.seed(seed)
        bits = [random.getrandbits(32) for _ in range(4)]
        ints = [random.randint(0, 99) for _ in range(6)] + [random.randint(0, 338000) for _ in range(4)]
        ints += [random.randint(0, 0), random.randint(5, 5 + 2 ** 31 - 1)]
        far = [random.getrandbits(32) for _ in range(1500)][-1]
        print("  { %dll, { %s },\n    { %s }, %uu }," % (seed, ", ".join("%uu" % b for b in bits),
              ", ".join("%dll" % i for i in ints), far))
    print("};")
    wiki = encode("\n\n".join(wikitext_rows()))
    plain = encode("".join(LINES))
    ptb = encode("\n\n".join(line.strip() for line in LINES))
    ptb_new = encode(" ".join(line.strip() for line in LINES))
    joined = encode("\n\n".join(DOCUMENTS))
    joined_new = encode(" ".join(DOCUMENTS))
    print("static const CorpusCase corpus_cases[] = {")
    for name, data, evaluation, ids in (
            ("wikitext2", "wikitext2", True, wiki), ("wikitext2 train", "wikitext2", False, wiki),
            ("plain", "plain.txt", True, plain), ("ptb", "ptb", True, ptb), ("ptb_new", "ptb_new", True, ptb_new),
            ("json lines", "docs.jsonl", True, joined), ("c4_new", "c4_new", True, joined_new),
            ("ids", "ids.json", True, plain)):
        n = min(len(ids), 256 * SEQLEN) if name == "c4_new" else len(ids)
        print('  { "%s", "%s", %s, %d, "%s",\n    "%s" },' % (name, data, "TRUE" if evaluation else "FALSE", n,
              sha(ids[:n]), sha(flat_windows(ids, 5, 3))))
    c4 = document_windows(256, 0)
    print('  { "c4", "c4", TRUE, %d, "%s",\n    "%s" },' % (len(c4), sha(c4), sha(document_windows(5, 3))))
    print("};")
    print("static const TorchCase torch_cases[] = {")
    files = (
        ("list of tensors", [torch.arange(6).reshape(1, 6) + i for i in range(3)], {}),
        ("strided tensor", torch.arange(12).reshape(3, 4).t(), {}),
        ("flat tensor of 32 bits", torch.arange(5, dtype=torch.int32), {}),
        ("bytes", torch.arange(250, 256).to(torch.uint8), {}),
        ("slice", torch.arange(100)[90:95], {}),
        ("lists of numbers", [[1, 2, 3], [70000, 5, 6, -0]], {}),
        ("pairs", [(torch.arange(4).reshape(1, 4), torch.zeros(1, 4, dtype=torch.long))], {}),
        ("big numbers", [0, 255, 256, 65535, 65536, 2 ** 31 - 1], {}),
        ("negative", torch.tensor([3, -7]), {}),
        ("floats", torch.zeros(3), {}),
        ("dictionary", {"a": 1}, {}),
        ("a call", [Evil()], {}),
        ("old form", [torch.arange(4)], {"_use_new_zipfile_serialization": False}),
    )
    ids = {"list of tensors": "0 1 2 3 4 5 | 1 2 3 4 5 6 | 2 3 4 5 6 7 |", "flat tensor of 32 bits": "0 1 2 3 4",
           "strided tensor": "0 4 8 | 1 5 9 | 2 6 10 | 3 7 11 |", "bytes": "250 251 252 253 254 255",
           "slice": "90 91 92 93 94", "lists of numbers": "1 2 3 | 70000 5 6 0 |", "pairs": "0 1 2 3 |",
           "big numbers": "0 255 256 65535 65536 2147483647",
           "old form": "0 1 2 3 |"}
    for name, value, options in files:
        expected = '"%s"' % ids[name] if name in ids else "NULL"
        print('  { "%s", %s,\n%s },' % (name, expected, c_lines(torch_file(value, **options))))
    print("};")


main()
