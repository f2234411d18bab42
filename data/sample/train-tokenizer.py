#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the byte-level BPE tokenizer of the sample model.

    train-tokenizer.py CORPUSDIR

reads CORPUSDIR/train.txt and writes tokenizer.json and its companions beside
this script.  Like a Llama tokenizer it puts the begin mark before each text.
"""
import json
import os
import sys

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

VOCAB = 1536
BOS, EOS = "<|begin|>", "<|end|>"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(sys.argv[1], "train.txt"), encoding="utf-8", newline="") as f:
        text = f.read(8_000_000)
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[AddedToken(BOS, normalized=False, special=True), AddedToken(EOS, normalized=False, special=True)])
    tok.train_from_iterator(text.split("\f"), trainer)
    bos, eos = tok.token_to_id(BOS), tok.token_to_id(EOS)
    tok.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS}:1 $B:1", special_tokens=[(BOS, bos)])
    size = tok.get_vocab_size()
    assert sorted(tok.get_vocab().values()) == list(range(size)), "the ids have gaps"
    assert (bos, eos) == (0, 1) and size == VOCAB, (bos, eos, size)
    tok.save(os.path.join(here, "tokenizer.json"))

    def write(name, value):
        with open(os.path.join(here, name), "w", encoding="utf-8", newline="\n") as f:
            json.dump(value, f, indent=2)
            f.write("\n")

    write("tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": EOS, "add_bos_token": True,
        "add_eos_token": False, "clean_up_tokenization_spaces": False, "model_max_length": 512})
    write("special_tokens_map.json", {"bos_token": BOS, "eos_token": EOS})


if __name__ == "__main__":
    main()
