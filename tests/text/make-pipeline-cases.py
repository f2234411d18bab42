#!/usr/bin/env python3
"""Writes pipeline-cases.h: small tokenizers and what Hugging Face's `tokenizers` makes of some texts.

Run by hand when a case is added:  python3 make-pipeline-cases.py > pipeline-cases.h
"""
import json
import sys

import tokenizers

# One small vocabulary for all cases: characters, some words of two and three of them, bytes.
CHARS = list("abcdeABtsé1234.,!?-' \n▁ĠĊ\u0301İi中") + ["e\u0301", "\u00a0"]
WORDS = ["ab", "abc", "▁a", "▁ab", "▁abc", "a▁", "▁▁", "Ġa", "Ġab", "Ġabc", "12", "123", "1234", "34", "!!", "!!!",
         "a!", " a", " ab", "a ", "  ", "c1", "'s", "ts", "st", "cab", "▁1", "Ġ1", "Ġ12", "ĠĠ", "AB", "<s>", "</s>", "<unk>",
         "-a", "-ab", "Ã©", "Ã", "©"]
BYTES = ["<0x%02X>" % i for i in range(256)]
MERGES = ["a b", "ab c", "▁ a", "▁a b", "▁ab c", "a ▁", "▁ ▁", "Ġ a", "Ġa b", "Ġab c", "1 2", "12 3",
         "123 4", "3 4", "12 34", "! !", "!! !", "a !", "' s", "t s", "s t", "c 1", "c ab", "▁ 1", "Ġ 1", "Ġ 12",
         "Ġ Ġ", "A B", "- a", "- ab", "Ã ©"]
PAIRS = [[" ", "a"], [" ", "ab"], ["a", " "], [" ", " "]]
MERGE_PAIRS = [m.split(" ") for m in MERGES] + PAIRS


def vocab(bytes_too):
    tokens = []
    for t in CHARS + WORDS + (BYTES if bytes_too else []):
        if t not in tokens:
            tokens.append(t)
    return {t: i for i, t in enumerate(tokens)}


def tokenizer(case):
    v = vocab(case.get("bytes", False))
    merges = MERGE_PAIRS
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
             "vocab": v, "merges": merges}
    model.update(case.get("model", {}))
    added = []
    for a in case.get("added", []):
        a = dict({"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}, **a)
        a["id"] = v.get(a["content"], len(v) + len([b for b in added if b["id"] >= len(v)]))
        added.append(a)
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": case.get("norm"), "pre_tokenizer": case.get("pre"), "post_processor": case.get("post"),
            "decoder": case.get("dec"), "model": model}


def seq(kind, *items):
    key = {"n": "normalizers", "p": "pretokenizers", "d": "decoders", "x": "processors"}[kind]
    return {"type": "Sequence", key: list(items)}


def split(pattern, behavior, invert=False, regex=True):
    return {"type": "Split", "pattern": {"Regex" if regex else "String": pattern}, "behavior": behavior, "invert": invert}


def meta(scheme, do_split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": do_split}


BYTE = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
UNK = {"unk_token": "<unk>"}
LLAMA = {"norm": seq("n", {"type": "Prepend", "prepend": "▁"},
                     {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}),
         "bytes": True, "model": {"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
         "dec": seq("d", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                    {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})}
TEMPLATE = {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                       {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {t: {"id": t, "ids": [vocab(False)[t]], "tokens": [t]} for t in ("<s>", "</s>")}}
SPECIALS = [{"content": "<unk>"}, {"content": "<s>"}, {"content": "</s>"}]
TEXTS = ["", "a", "abc", " abc abc", "ab  abc\n\nab!!! a!", "123 1234 12.34", "it's abcé e\u0301 İB AB", "cabs, -ab- a  ",
         "zz中z ab", "<s>ab</s> abc<unk>", "a\u00a0ab \t ab", "  ab  "]

CASES = [
    dict(name="plain"),
    dict(name="unknown", model=UNK),
    dict(name="unknown fused", model=dict(UNK, fuse_unk=True)),
    dict(name="byte fallback", bytes=True, model=dict(UNK, byte_fallback=True)),
    dict(name="llama", added=[dict(a, normalized=True) for a in SPECIALS], **LLAMA),
    dict(name="llama, template", added=SPECIALS, post=TEMPLATE, **LLAMA),
    dict(name="byte level", pre=BYTE, dec=BYTE),
    dict(name="byte level, prefix space", pre=dict(BYTE, add_prefix_space=True), dec=BYTE),
    dict(name="byte level, no regex", pre=dict(BYTE, use_regex=False), dec=BYTE),
    dict(name="byte level normalizer", norm={"type": "ByteLevel"}, dec=BYTE),
    dict(name="ignore merges", pre={"type": "WhitespaceSplit"}, model={"ignore_merges": True}),
    dict(name="affixes", pre={"type": "WhitespaceSplit"},
         model={"unk_token": "<unk>", "continuing_subword_prefix": "-", "end_of_word_suffix": "!", "merges": []}),
    dict(name="bpe decoder", pre={"type": "WhitespaceSplit"}, dec={"type": "BPEDecoder", "suffix": "c"}),
    dict(name="split isolated", model=UNK, pre=split("b", "Isolated")),
    dict(name="split removed", model=UNK, pre=split("b", "Removed")),
    dict(name="split previous", model=UNK, pre=split("[ab]", "MergedWithPrevious")),
    dict(name="split next", model=UNK, pre=split("[ab]", "MergedWithNext")),
    dict(name="split contiguous", model=UNK, pre=split("[ab!]", "Contiguous")),
    dict(name="split inverted", model=UNK, pre=split("[abc]+", "Removed", invert=True)),
    dict(name="split string", model=UNK, pre=split("ab", "MergedWithPrevious", regex=False)),
    dict(name="split string next", model=UNK, pre=split(" ", "MergedWithNext", regex=False)),
    dict(name="split classes", model=UNK, pre=split("\\s+|\\w+(?!\\S)|\\p{Han}|\\d", "Isolated")),
    dict(name="split unicode escape", model=UNK, pre=split("[\\u00e9\\h]", "Isolated")),
    dict(name="llama-3 expression", model=dict(UNK, ignore_merges=True), dec=BYTE, pre=seq("p", split(
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", "Isolated"), dict(BYTE, use_regex=False))),
    dict(name="metaspace always", model=UNK, pre=meta("always"), dec=meta("always")),
    dict(name="metaspace first", model=UNK, pre=meta("first"), dec=meta("first"), added=SPECIALS),
    dict(name="metaspace never", model=UNK, pre=meta("never"), dec=meta("never")),
    dict(name="metaspace whole", model=UNK, pre=meta("always", False), dec=meta("always", False), added=SPECIALS),
    dict(name="digits", model=UNK, pre={"type": "Digits", "individual_digits": False}),
    dict(name="single digits", model=UNK, pre={"type": "Digits", "individual_digits": True}),
    dict(name="punctuation", model=UNK, pre={"type": "Punctuation", "behavior": "Isolated"}),
    dict(name="punctuation runs", model=UNK, pre={"type": "Punctuation", "behavior": "Contiguous"}),
    dict(name="whitespace", model=UNK, pre={"type": "Whitespace"}),
    dict(name="whitespace split", model=UNK, pre={"type": "WhitespaceSplit"}),
    dict(name="delimiter", model=UNK, pre={"type": "CharDelimiterSplit", "delimiter": "b"}),
    dict(name="bert split", model=UNK, pre={"type": "BertPreTokenizer"}),
    dict(name="falcon", dec=BYTE, pre=seq("p", {"type": "Punctuation", "behavior": "Contiguous"}, BYTE,
         {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]", "Isolated"))),
    dict(name="nfc", model=UNK, norm={"type": "NFC"}),
    dict(name="nfd", model=UNK, norm={"type": "NFD"}),
    dict(name="nfkc", model=UNK, norm={"type": "NFKC"}),
    dict(name="nfkd", model=UNK, norm={"type": "NFKD"}),
    dict(name="lowercase", model=UNK, norm={"type": "Lowercase"}),
    dict(name="strip", model=UNK, norm={"type": "Strip", "strip_left": True, "strip_right": True}),
    dict(name="strip right", model=UNK, norm={"type": "Strip", "strip_left": False, "strip_right": True}),
    dict(name="strip accents", model=UNK, norm=seq("n", {"type": "NFD"}, {"type": "StripAccents"})),
    dict(name="nmt", model=UNK, norm={"type": "Nmt"}),
    dict(name="replace regex", model=UNK, norm={"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": "a"}),
    dict(name="added, stripping", model=UNK, added=[dict(content="<s>", lstrip=True, rstrip=True), dict(content="ab", lstrip=True)]),
    dict(name="added, single word", model=UNK, added=[dict(content="ab", single_word=True), dict(content="s", single_word=True)]),
    dict(name="added, longest", model=UNK, added=[dict(content="ab"), dict(content="abc"), dict(content="abc ab"),
                                                  dict(content="bc<new>"), dict(content="12.3")]),
    dict(name="added, not special", model=UNK, norm={"type": "Lowercase"},
         added=[dict(content="AB", normalized=True, special=False), dict(content="İ", special=False)]),
    dict(name="bert ends", post={"type": "BertProcessing", "sep": ["</s>", vocab(False)["</s>"]],
                                 "cls": ["<s>", vocab(False)["<s>"]]}, added=SPECIALS),
    dict(name="processors", post=seq("x", {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False,
                                           "use_regex": True}, TEMPLATE), pre=BYTE, dec=BYTE),
    dict(name="strip decoder", model=UNK, dec=seq("d", {"type": "Strip", "content": "c", "start": 0, "stop": 1},
                                                  {"type": "Replace", "pattern": {"Regex": "[bc]"}, "content": "-"})),
    dict(name="fallback decoder", bytes=True, model=dict(UNK, byte_fallback=True), dec={"type": "ByteFallback"}),
]


def c_string(text):
    out = ""
    for b in text.encode():
        out += {34: '\\"', 92: "\\\\", 10: "\\n", 9: "\\t"}.get(b) or (chr(b) if 32 <= b < 127 else "\\%03o" % b)
    return '"' + out + '"'


def lines(text, end):
    for i in range(0, len(text), 90):
        print("  " + c_string(text[i:i + 90]))
    print("  " + end)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decoded(case, t, ids):
    """NULL where the library spells an added token in its normalized form and then no longer knows it as special."""
    if any(a.get("normalized") for a in case.get("added", [])):
        return "NULL"
    return c_string(t.decode(ids, skip_special_tokens=True))


def main():
    print("/* Written by make-pipeline-cases.py with tokenizers %s. In a case's file @0 and @1 stand for the" %
          tokenizers.__version__)
    print(" * vocabulary without and with the tokens of the bytes, @2 for the merges. */")
    parts = [compact(vocab(False)), compact(vocab(True)), compact(MERGE_PAIRS)]
    for i, part in enumerate(parts):
        print("static const char part_%d[] =" % i)
        lines(part, ";")
    print("static const PipelineCase pipeline_cases[] = {")
    for case in CASES:
        text = compact(tokenizer(case))
        t = tokenizers.Tokenizer.from_str(text)
        for i in (1, 0, 2):
            text = text.replace(parts[i], "@%d" % i)
        print("  { %s," % c_string(case["name"]))
        lines(text, ", {")
        for example in TEXTS:
            ids = t.encode(example).ids
            print("    { %s, %s,\n      %s }," % (c_string(example), c_string(" ".join(map(str, ids))),
                  decoded(case, t, ids)))
        print("  } },")
    print("};")


main()
