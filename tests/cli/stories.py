"""The whole way on a trained model, stories260K of the shared data: figures of an independent implementation."""
import json
import os
import sys

sys.dont_write_bytecode = True

from harness import Spqr, case, files_in, main, shared

PPL = 3.990016


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


@case
def perplexity(folder):
    model = shared("models", "stories260K")
    spqr = Spqr(folder)
    measured = spqr.json("eval", model, "--data", os.path.join(model, "eval_ids.json"), "--seqlen", "512")
    assert abs(measured["ppl"] - PPL) <= 1e-4, measured


@case
def tokenizer(folder):
    model = shared("models", "stories260K")
    spqr = Spqr(folder)
    prompt = read_json(os.path.join(model, "oracle.json"))["prompt"]
    assert spqr.json("tokenize", model, prompt["text"])["ids"] == prompt["ids"]


@case
def quantize_evaluate_export(folder):
    model = shared("models", "stories260K")
    spqr = Spqr(folder)
    ids = os.path.join(model, "eval_ids.json")
    printed = spqr.json("quantize", model, ids, "--wbits", "4", "--nsamples", "8", "--seqlen", "256", "--out", "run")
    assert len(printed["layers"]) == 35
    (down,) = [layer for layer in printed["layers"] if layer["name"] == "model.layers.4.mlp.down_proj.weight"]
    assert 0 < down["proxy_loss"] < 0.02
    run = spqr.json("eval", printed["run"], "--data", ids, "--seqlen", "512")
    assert PPL * 0.99 < run["ppl"] < PPL * 1.1, run
    made = spqr.json("export", printed["run"], "--format", "hf-dense", "--out", "dense")
    assert made["verified"] and sorted(made["files"]) == files_in(os.path.join(folder, "dense"))
    again = spqr.json("eval", "dense", "--data", ids, "--seqlen", "512")
    assert again["ppl"] == run["ppl"], (again["ppl"], run["ppl"])


@case
def two_bits_hurt_and_spqr_hurts_less(folder):
    model = shared("models", "stories260K")
    spqr = Spqr(folder)
    ids = os.path.join(model, "eval_ids.json")
    common = ["--wbits", "3", "--nsamples", "8", "--seqlen", "256", "--eval", ids]
    ppl = {}
    for method in ("spqr", "gptq", "rtn"):
        printed = spqr.json("quantize", model, ids, "--method", method, *common, "--out", method)
        ppl[method] = printed["evals"][0]["ppl"]
        assert abs(printed["evals"][0]["ppl_base"] - ppl.get("base", printed["evals"][0]["ppl_base"])) == 0
        ppl["base"] = printed["evals"][0]["ppl_base"]
    assert ppl["base"] < ppl["spqr"] < ppl["gptq"] < ppl["rtn"], ppl


if __name__ == "__main__":
    main()
