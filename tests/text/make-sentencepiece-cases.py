#!/usr/bin/env python3
"""Writes sentencepiece-cases.h: small SentencePiece models, trained here on words of our own, and the ids
that the sentencepiece library gives some texts.

Run by hand:  python3 make-sentencepiece-cases.py > sentencepiece-cases.h
"""
import base64
import io
import tempfile

import sentencepiece

SENTENCES = ["the harbour lies to the north of the old town", "boats and ferries leave the harbour at nine",
             "a ferry takes an hour to the northern islands", "the islanders bring their boats to the town",
             "nobody leaves the old harbour in the winter", "in winter the boats lie in the northern harbour"] * 4
RULES = "41\t61\nFB01\t66 69\n3000\t20\n2163\t49 56\n65 301\tE9\n"     # A -> a, ligature fi, wide blank, IV, e + acute
TEXTS = ["", " ", "the harbour", "  the   old  town  ", "The boats — at nine\n\nand ten", "ferr\u00edes \ufb01 A\u3000B \u2163",
         "e\u0301 caf\u00e9", "\u4e2d\u6587 boats \U0001f680\U0001f680", "<sep>the<sep> harbour <b>", "aaaaaaaaaaaaaaa",
         "\u2581the\u2581harbour", "thethethe harbourharbour", "a\tb\u00a0c", "x" * 70 + " the harbour"]


def train(**options):
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        rules.write(RULES)
        rules.flush()
        if options.pop("rules", False):
            options["normalization_rule_tsv"] = rules.name
        else:
            options["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES), model_writer=model, minloglevel=2,
            **dict({"model_type": "bpe", "vocab_size": 100, "hard_vocab_limit": False}, **options))
    return model.getvalue()


CASES = [
    ("llama", dict(vocab_size=340, byte_fallback=True, remove_extra_whitespaces=False)),
    ("rules and symbols", dict(rules=True, user_defined_symbols=["<sep>", "<b>", "bour"])),
    ("no prefix", dict(add_dummy_prefix=False, byte_fallback=True, vocab_size=340)),
    ("suffix", dict(treat_whitespace_as_suffix=True)),
    ("rules with bytes", dict(rules=True, byte_fallback=True, vocab_size=340, remove_extra_whitespaces=False,
                              user_defined_symbols=["A"])),
]


def c_string(text):
    out = ""
    for b in text.encode():
        out += {34: '\\"', 92: "\\\\", 10: "\\n", 9: "\\t"}.get(b) or (chr(b) if 32 <= b < 127 else "\\%03o" % b)
    return '"' + out + '"'


def c_lines(data):
    text = base64.b64encode(data).decode()
    return "\n".join('  "%s"' % text[i:i + 100] for i in range(0, len(text), 100))


def main():
    print("/* Written by make-sentencepiece-cases.py with sentencepiece %s. */" % sentencepiece.__version__)
    print("static const PieceCase piece_cases[] = {")
    for name, options in CASES:
        model = train(**options)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        print("  { %s,\n%s, {" % (c_string(name), c_lines(model)))
        for text in TEXTS:
            print("    { %s, %s }," % (c_string(text), c_string(" ".join(map(str, processor.encode(text))))))
        print("  } },")
    print("};")
    print("static const char unigram_model[] =\n%s;" % c_lines(train(model_type="unigram", vocab_size=60)))


main()
