"""Every command once over, on a small random model: keys, exit statuses, spellings."""
import csv
import json
import math
import os
import shutil
import sys

sys.dont_write_bytecode = True

from harness import SPQR, Spqr, case, files_in, has_keys, main, same_bytes, says
import subprocess
import tiny_model

COMMANDS = ["inspect", "tokenize", "quantize", "eval", "layer", "field", "runs", "export", "bench"]
SMALL = ["--nsamples", "4", "--seqlen", "32"]


def quantized(folder, *more, out="run", **options):
    """A model, its run and what quantize printed."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder, **options)
    calibration, evaluation = tiny_model.make_data(folder)
    printed = spqr.json("quantize", model, calibration, "--out", out, *SMALL, *more)
    return spqr, model, evaluation, printed


@case
def help_and_version(folder):
    spqr = Spqr(folder)
    listed = spqr("--help", db=False).out
    assert "spqr " in spqr("--version", db=False).out
    for command in COMMANDS:
        assert command in listed, f"{command} is not in the list of commands"
        told = spqr(command, "--help", db=False).out
        assert "--json" in told and "--db" in told, told


@case
def wrong_usage_is_status_2(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    for words in (["nonsense"], [], ["inspect"], ["inspect", model, "--no-such-flag"], ["eval", model],
                  ["eval", model, "--data", "x", "--seqlen", "1"], ["tokenize", model], ["runs"], ["runs", "show"],
                  ["runs", "show", "abc"], ["field", model, "lm_head.weight"], ["export", "1"],
                  ["export", "1", "--out", "x", "--format", "nonsense"],
                  ["export", "1", "--out", "x", "--format", "hf-dense", "--dtype", "f8"],
                  ["inspect", model, "--threads", "-1"], ["inspect", model, "--backend", "abacus"],
                  ["quantize", model, "custom"]):
        told = spqr(*words, status=2, db=False)
        assert told.err and told.out == "", words
    # A model is not a run.
    says(spqr("export", model, "--format", "hf-dense", "--out", "x", status=2), "runs list")


@case
def inspect(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder, blocks=2)
    seen = spqr.json("inspect", model)
    has_keys(seen, "architecture, blocks, parameters, tensors, fingerprint")
    assert seen["architecture"] == "LlamaForCausalLM" and seen["blocks"] == 2 and seen["supported"]
    want = dict(tiny_model.shapes(2))
    assert {t["name"]: t["shape"] for t in seen["tensors"]} == want
    assert seen["parameters"] == sum(math.prod(s) for s in want.values())
    for tensor in seen["tensors"]:
        has_keys(tensor, "name role block shape dtype min max mean std kurtosis absmax")
        assert tensor["dtype"] == "F16" and tensor["min"] <= tensor["mean"] <= tensor["max"]
        assert tensor["absmax"] == max(-tensor["min"], tensor["max"])
    roles = {t["name"]: (t["role"], t["block"]) for t in seen["tensors"]}
    assert roles["model.layers.1.mlp.down_proj.weight"] == ("down_proj", 1)
    assert roles["lm_head.weight"][1] == -1
    headers = spqr.json("inspect", model, "--no-stats")
    assert "mean" not in headers["tensors"][0]
    assert spqr.json("inspect", model, "--no_stats") == headers
    assert "down_proj" in spqr("inspect", model).out
    # One file alone is a model as well.
    alone = spqr.json("inspect", os.path.join(model, "model.safetensors"), "--no-stats")
    assert [t["name"] for t in alone["tensors"]] == [t["name"] for t in headers["tensors"]]


@case
def inspect_shards(folder):
    spqr = Spqr(folder)
    one = spqr.json("inspect", tiny_model.make(os.path.join(folder, "a")))
    three = spqr.json("inspect", tiny_model.make(os.path.join(folder, "b"), shards=3))
    assert one["tensors"] == three["tensors"]


@case
def tokenize(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    vocab = tiny_model.tokenizer()["model"]["vocab"]
    want = [vocab["the"], vocab["Ġand"], vocab["Ġ"], vocab["x"]]
    assert spqr.json("tokenize", model, "the and x")["ids"] == [1, *want]
    assert spqr.json("tokenize", model, "the and x", "--no-bos")["ids"] == want
    assert spqr("tokenize", model, "the and x").out == " ".join(map(str, [1, *want])) + "\n"
    text = os.path.join(folder, "text.txt")
    with open(text, "w", encoding="utf-8") as out:
        out.write("the and x")
    assert spqr.json("tokenize", model, "--file", text)["ids"] == [1, *want]
    spqr("tokenize", model, "x", "--file", text, status=2)
    assert spqr.json("tokenize", model, "--no-bos", "--", "--no-bos")["ids"][0] == vocab["-"]


@case
def quantize(folder):
    spqr, model, evaluation, _ = quantized(folder, out="first")
    printed = spqr.json("quantize", model, os.path.join(folder, "calibration.json"), "--out", "second", *SMALL,
                        "--eval", evaluation, "--kl")
    has_keys(printed, "run bits_formula bits_stored outlier_share seconds layers evals")
    assert len(printed["layers"]) == 14 and printed["run"] == 2
    for layer in printed["layers"]:
        has_keys(layer, "name bits outlier_share proxy_loss output_error seconds backend")
        assert layer["backend"] == "cpu" and 0 < layer["proxy_loss"] < 0.2, layer
        assert abs(layer["output_error"] ** 2 - layer["proxy_loss"]) < 1e-9
    (measured,) = printed["evals"]
    has_keys(measured, "data seqlen windows ppl_base ppl kl top1_agreement")
    assert measured["seqlen"] == 32 and measured["windows"] == 10 and measured["kl"] > 0
    assert 3 < printed["bits_formula"] < 5
    # The same work, stored twice: the same bytes.
    stored = files_in(os.path.join(folder, "first"))
    assert stored == files_in(os.path.join(folder, "second")) and len(stored) == 15
    for name in stored:
        if name.endswith(".spqr"):
            assert same_bytes(os.path.join(folder, "first", name), os.path.join(folder, "second", name)), name
    # Without --json the same is told to a person.
    told = spqr("quantize", model, os.path.join(folder, "calibration.json"), "--out", "third", *SMALL).out
    assert "14 layers" in told and os.path.join(folder, "third") in told


@case
def spellings(folder):
    """The published command line with only the program's name changed; hyphens and underscores are one."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    flags = ["--wbits", "4", "--groupsize", "16", "--perchannel", "--qq_scale_bits", "3", "--qq_zero_bits", "3",
             "--qq_groupsize", "16", "--outlier_threshold=0.2", "--permutation_order", "act_order", "--percdamp", "1e0",
             "--nsamples", "4"]
    published = spqr.json("quantize", model, "custom", f"--load_from_saved={calibration}", *flags, "--save", "run",
                          "--wandb", "--seqlen", "32")
    hyphens = [f.replace("_", "-") if f.startswith("--") else f for f in flags]
    ours = spqr.json("quantize", model, calibration, *hyphens, "--seqlen=32", "--out", "hyphens")
    shown = [spqr.json("runs", "show", r["run"]) for r in (published, ours)]
    assert shown[0]["recipe"] == shown[1]["recipe"] and shown[0]["wbits"] == 4
    assert shown[0]["calibration_fingerprint"] == shown[1]["calibration_fingerprint"]
    assert published["bits_formula"] == ours["bits_formula"] and os.path.isdir(os.path.join(folder, "run"))


@case
def parameters_out_of_range(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    for flag, value in (("wbits", "12"), ("wbits", "0"), ("wbits", "three"), ("groupsize", "-3"), ("percdamp", "-1"),
                        ("outlier-threshold", "-0.1"), ("qq-scale-bits", "9"), ("permutation-order", "sideways"),
                        ("nsamples", "0"), ("seqlen", "-5"), ("percdamp", "nan")):
        told = spqr("quantize", model, calibration, "--out", "run", f"--{flag}={value}", status=2)
        assert flag.replace("-", "_") in told.message.replace("-", "_"), told.message
    assert not os.path.exists(os.path.join(folder, "run"))
    # What is sound alone may contradict each other.
    spqr("quantize", model, calibration, "--out", "run", "--sym", "--qq-zero-bits", "3", status=2)


@case
def recipe(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    path = os.path.join(folder, "recipe.json")
    tiny_model.write_json(path, {"spqr_recipe": 1, "name": "mixed", "defaults": {"nsamples": 4, "seqlen": 32},
                                 "overrides": [{"role": "down_proj", "set": {"wbits": 5}},
                                               {"blocks": [1, 1], "role": "q_proj", "skip": True}]})
    printed = spqr.json("quantize", model, calibration, "--recipe", path, "--out", "run")
    bits = {layer["name"]: layer["bits"] for layer in printed["layers"]}
    assert len(bits) == 13 and "model.layers.1.self_attn.q_proj.weight" not in bits
    assert bits["model.layers.0.mlp.down_proj.weight"] > bits["model.layers.0.mlp.up_proj.weight"] + 0.7, bits
    tiny_model.write_json(path, {"spqr_recipe": 1, "overrides": [{"role": "nose", "skip": True}]})
    says(spqr("quantize", model, calibration, "--recipe", path, "--out", "other", status=2), "recipe.json", "role")


@case
def nearest_needs_no_data(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    printed = spqr.json("quantize", model, "--nearest", "--wbits", "4", "--out", "run")
    shown = spqr.json("runs", "show", printed["run"])
    assert shown["method"] == "rtn" and shown["calibration"] is None and len(shown["layers"]) == 14
    says(spqr("quantize", model, "--out", "other", status=1), "calibration")


@case
def dry_run(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    told = spqr.json("quantize", model, calibration, "--out", "run", *SMALL, "--dry-run")
    has_keys(told, "layers weights bits_formula output_bytes disk_bytes disk_free memory_bytes memory_available seconds fits")
    assert told["layers"] == 14 and told["fits"] and told["problem"] is None
    assert told["hidden_bytes"] == 4 * 32 * 48 * 4
    assert not os.path.exists(os.path.join(folder, "run")) and spqr.json("runs", "list")["runs"] == []
    assert "it fits" in spqr("quantize", model, "--dry-run").out
    # More windows than any memory holds: said by the dry run, refused by the real one.
    huge = ["--nsamples", "1000000", "--seqlen", "1000000"]
    told = spqr.json("quantize", model, calibration, "--out", "run", *huge, "--dry-run")
    assert not told["fits"] and "memory" in told["problem"]
    offloaded = spqr.json("quantize", model, calibration, "--out", "run", *huge, "--dry-run", "--offload-activations")
    assert not offloaded["fits"] and "space" in offloaded["problem"]
    assert offloaded["memory_bytes"] < told["memory_bytes"] / 100


@case
def evaluate(folder):
    spqr, model, evaluation, printed = quantized(folder)
    base = spqr.json("eval", model, "--data", evaluation, "--seqlen", "32")
    has_keys(base, "data seqlen windows tokens nll ppl ppl_stderr kl top1_agreement")
    assert base["windows"] == 10 and base["tokens"] == 310 and base["kl"] is None
    assert abs(math.exp(base["nll"]) - base["ppl"]) < 1e-9 * base["ppl"]
    run = spqr.json("eval", printed["run"], "--data", evaluation, "--seqlen", "32", "--kl-base", model)
    assert run["ppl"] != base["ppl"] and run["kl"] > 0 and 0 < run["top1_agreement"] <= 1
    by_folder = spqr.json("eval", os.path.join(folder, "run"), "--data", evaluation, "--seqlen", "32")
    assert by_folder["ppl"] == run["ppl"]
    fewer = spqr.json("eval", model, "--data", evaluation, "--seqlen", "32", "--windows", "3")
    assert fewer["windows"] == 3
    # The evaluations of a run are kept with it.
    shown = spqr.json("runs", "show", printed["run"])
    assert [e["ppl"] for e in shown["evals"]] == [run["ppl"], run["ppl"]]
    # Text goes through the model's tokenizer.
    text = os.path.join(folder, "text.txt")
    with open(text, "w", encoding="utf-8") as out:
        out.write("the cat and the hat and the bat. " * 20)
    assert spqr.json("eval", model, "--data", text, "--seqlen", "32")["windows"] > 10


@case
def export(folder):
    spqr, model, evaluation, printed = quantized(folder)
    run = spqr.json("eval", printed["run"], "--data", evaluation, "--seqlen", "32")
    made = spqr.json("export", printed["run"], "--format", "hf-dense", "--out", "dense")
    has_keys(made, "files verified max_abs_diff")
    assert made["verified"] is True and made["max_abs_diff"] == 0
    assert sorted(made["files"]) == files_in(os.path.join(folder, "dense"))
    assert "tokenizer.json" in made["files"] and "config.json" in made["files"]
    again = spqr.json("eval", "dense", "--data", evaluation, "--seqlen", "32")
    assert again["ppl"] == run["ppl"] and again["nll"] == run["nll"]
    # What is not quantized stays as it was.
    names = {t["name"]: t for t in spqr.json("inspect", "dense")["tensors"]}
    for tensor in spqr.json("inspect", model)["tensors"]:
        if tensor["role"] in ("embed_tokens", "lm_head", "input_norm"):
            assert names[tensor["name"]] == tensor
    says(spqr("export", printed["run"], "--format", "hf-dense", "--out", "dense", status=1), "dense", "not empty")
    for dtype, name in (("f32", "F32"), ("bf16", "BF16"), ("f16", "F16"), ("source", "F16")):
        made = spqr.json("export", os.path.join(folder, "run"), "--format", "hf-dense", "--out", dtype, "--dtype", dtype)
        seen = spqr.json("inspect", dtype, "--no-stats")
        assert {t["dtype"] for t in seen["tensors"]} == {name} and made["verified"]
        assert (made["max_abs_diff"] == 0) == (dtype != "bf16")


@case
def report(folder):
    spqr, _, evaluation, printed = quantized(folder)
    spqr.json("eval", printed["run"], "--data", evaluation, "--seqlen", "16")
    name = f"spqr-run{printed['run']}"
    made = spqr.json("export", printed["run"], "--format", "html", "--out", "report")
    has_keys(made, "files verified max_abs_diff")
    assert made["files"] == [name + ".html"] and made["verified"] is True
    with open(os.path.join(folder, "report", name + ".html"), encoding="utf-8") as file:
        page = file.read()
    assert all(layer["name"] in page for layer in printed["layers"]) and page.count("<svg") == 4
    assert "http" not in page and "<script" not in page and "url(" not in page
    made = spqr.json("export", printed["run"], "--format", "csv", "--out", "report")
    assert made["files"] == [name + ".csv", name + "-layers.csv", name + "-evaluations.csv"]
    with open(os.path.join(folder, "report", made["files"][1]), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["layer"], float(row["bits_formula"])) for row in rows] == [(l["name"], l["bits"]) for l in printed["layers"]]
    with open(os.path.join(folder, "report", made["files"][2]), encoding="utf-8", newline="") as file:
        assert [row["seqlen"] for row in csv.DictReader(file)] == ["16"]
    # The figures outlive the layers.
    shutil.rmtree(os.path.join(folder, "run"))
    spqr.json("export", printed["run"], "--format", "html", "--out", "again")
    says(spqr("export", "99", "--format", "html", "--out", "x", status=1), "there is no run 99")
    says(spqr("export", "sample", "--format", "csv", "--out", "x", status=2), "runs list")


@case
def compare(folder):
    spqr, model, evaluation, printed = quantized(folder)
    other = spqr.json("quantize", model, "--nearest", "--wbits=2", "--out", "other")["run"]
    told = spqr.json("runs", "compare", printed["run"], other)
    assert told["runs"] == [printed["run"], other] and told["evals"] == [] and "has not been measured" in told["why"]
    assert told["parameters"]["wbits"] == ["3", "2"] and told["parameters"]["method"] == ["spqr", "rtn"]
    assert told["bits_formula"][0] == printed["bits_formula"] and "seed" not in told["parameters"]
    spqr.json("eval", printed["run"], "--data", evaluation, "--seqlen", "32")
    spqr.json("eval", other, "--data", evaluation, "--seqlen", "16")
    assert "windows of 32 and of 16 tokens" in spqr.json("runs", "compare", printed["run"], other)["why"]
    both = [spqr.json("eval", run, "--data", evaluation, "--seqlen", "16")["ppl"] for run in (printed["run"], other)]
    told = spqr.json("runs", "compare", printed["run"], other)
    assert [e["ppl"] for e in told["evals"]] == [both] and "why" not in told
    says(spqr("runs", "compare", printed["run"], status=2), "compare RUN RUN")
    says(spqr("runs", "compare", printed["run"], "99", status=1), "no run 99")


@case
def field(folder):
    spqr, model, _, printed = quantized(folder)
    name = "model.layers.1.mlp.down_proj.weight"
    heads = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for kind, head in heads.items():
        path = os.path.join(folder, f"picture.{kind}")
        drawn = spqr.json("field", model, name, "--field", "sensitivity", "--png", path)
        has_keys(drawn, "rows cols min max")
        assert (drawn["rows"], drawn["cols"]) == (48, 86) and 0 <= drawn["min"] < drawn["max"]
        with open(path, "rb") as picture:
            assert picture.read(len(head)) == head, kind
    for which in ("weight", "abs-weight", "error", "loo_gain", "outliers", "codes", "scales", "zeros"):
        spqr.json("field", model, name, "--field", which, "--out", "picture.png", "--dark")
    codes = spqr.json("field", printed["run"], name, "--field", "codes", "--png", "codes.png")
    assert codes["min"] == 0 and codes["max"] == 7
    calibration = os.path.join(folder, "calibration.json")
    with_data = spqr.json("field", model, name, "--calibration", calibration, *SMALL, "--png", "calibrated.png")
    assert with_data["max"] != drawn["max"]
    says(spqr("field", model, "no.such.tensor", "--png", "x.png", status=1), "no.such.tensor", "inspect")
    says(spqr("field", model, name, "--field", "smell", "--png", "x.png", status=2), "smell")
    spqr("field", model, name, "--png", "picture.bmp", status=1)
    assert not os.path.exists(os.path.join(folder, "x.png")) and not os.path.exists(os.path.join(folder, "picture.bmp"))


@case
def field_with_kept_hessians(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    kept = os.path.join(folder, "cache", "spqr-studio", "hessians")
    draw = ["field", model, "model.layers.1.mlp.up_proj.weight", "--calibration", calibration, *SMALL, "--png", "a.png"]
    first = spqr.json(*draw, "--hessian-cache", "none")
    assert not os.path.exists(kept)
    assert spqr.json(*draw) == first and len(os.listdir(kept)) == 1
    (name,) = os.listdir(kept)
    age = os.stat(os.path.join(kept, name)).st_mtime_ns
    assert spqr.json(*draw) == first and os.stat(os.path.join(kept, name)).st_mtime_ns > age
    with open(os.path.join(kept, name), "r+b") as entry:
        entry.seek(300)
        entry.write(b"spoilt")
    assert spqr.json(*draw) == first
    assert spqr.json(*draw, "--hessian_cache", "elsewhere") == first and os.listdir(os.path.join(folder, "elsewhere"))


@case
def layer(folder):
    spqr = Spqr(folder)
    rows, cols = 32, 24
    ids = tiny_model.make_ids(rows * cols, 3)
    weights = [(i - 136) / 500 for i in ids]
    hessian = [2.0 + (3 if r == c else 0) for r in range(cols) for c in range(cols)]
    path = os.path.join(folder, "layer.safetensors")
    tensors = {"W": ("F32", [rows, cols], tiny_model.pack(weights, "F32")),
               "H": ("F32", [cols, cols], tiny_model.pack(hessian, "F32"))}
    tiny_model.write_safetensors(path, tensors, {"config": json.dumps({"wbits": 4, "groupsize": 8})})
    made = spqr.json("layer", path, "--out", "out.safetensors")
    has_keys(made, "proxy_loss mse outlier_share bits_formula codes_match mask_match weight_max_abs_diff seconds")
    assert 0 < made["proxy_loss"] < 0.05 and made["codes_match"] is None
    # What was written can be compared with: decoded weights are the same again.
    with open(os.path.join(folder, "out.safetensors"), "rb") as file:
        raw = file.read()
    tensors["weight_deq"] = ("F32", [rows, cols], raw[-4 * rows * cols:])
    tiny_model.write_safetensors(path, tensors, {"config": json.dumps({"wbits": 4, "groupsize": 8})})
    assert spqr.json("layer", path)["weight_max_abs_diff"] == 0
    assert spqr.json("layer", path, "--wbits", "8")["proxy_loss"] < made["proxy_loss"]
    spqr("layer", path, "--out", "out.spqr")
    assert os.path.getsize(os.path.join(folder, "out.spqr")) > 0
    del tensors["H"]
    tiny_model.write_safetensors(path, tensors)
    says(spqr("layer", path, status=1), "layer.safetensors", "H")


@case
def runs(folder):
    spqr, _, evaluation, printed = quantized(folder)
    (listed,) = spqr.json("runs", "list")["runs"]
    assert listed["state"] == "finished" and listed["layers_done"] == listed["layers_all"] == 14
    assert listed["bits_formula"] == printed["bits_formula"]
    shown = spqr.json("runs", "show", 1)
    assert len(shown["layers"]) == 14 and json.loads(shown["recipe"])["defaults"]["nsamples"] == 4
    assert "finished" in spqr("runs", "list").out and "down_proj" in spqr("runs", "show", "1").out
    says(spqr("runs", "show", "7", status=1), "7")
    says(spqr("eval", "7", "--data", evaluation, status=1), "7")
    spqr("runs", "rm", "1")
    assert spqr.json("runs", "list")["runs"] == []
    says(spqr("runs", "rm", "1", status=1), "1")


@case
def runs_in_the_data_folder(folder):
    """Without --db and --out everything is in the user's data folder, and rm --files takes it away."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    printed = spqr.json("quantize", model, "--nearest", "--wbits", "4", db=False)
    home = os.path.join(folder, "data", "spqr-studio")
    assert printed["folder"].startswith(os.path.join(home, "runs")) and os.path.isfile(os.path.join(home, "studio.db"))
    spqr("runs", "rm", printed["run"], "--files", db=False)
    assert not os.path.exists(printed["folder"])


@case
def progress_goes_to_stderr(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    told = spqr("quantize", model, calibration, "--out", "run", *SMALL, "--json")
    assert json.loads(told.out)["run"] == 1 and "%" in told.err and "\r" not in told.err
    assert spqr("quantize", model, calibration, "--out", "quiet", *SMALL, "--quiet").err == ""


@case
def bench(folder):
    """Every suite on small shapes: does it work, and does it say what it has to."""
    spqr = Spqr(folder)
    told = spqr.json("bench", "all", "--quick", "--repeat", "2", "--threads", "2")
    assert told["threads"] == 2 and told["sgemm_seconds"] > 0 and told["copy_bytes_per_second"] > 0
    for row in told["rows"]:
        has_keys(row, "name shape seconds yardstick ratio")
        assert row["seconds"] > 0 and row["yardstick"] > 0
        way = row["seconds"] / row["yardstick"] if row["better"] == "smaller" else row["yardstick"] / row["seconds"]
        assert abs(row["ratio"] - way) < 1e-9 * way, row
    names = [row["name"] for row in told["rows"]]
    for name in ("gemm", "factor", "hessian", "leave-one-out", "columns", "layer", "preview, new tau", "preview, new bits",
                 "forward, LLaMA block", "statistics", "pyramid", "open"):
        assert name in names, names
    two = spqr.json("bench", "open", "loo", "--quick", "--repeat", "1")
    assert [row["name"] for row in two["rows"]] == ["leave-one-out", "open", "open and fingerprint"]
    # No yardstick fits the small shapes: people are told no ratio to one.
    told = spqr("bench", "pyramid", "--quick").out
    assert "pyramid" in told and not any(word in told for word in ("yardstick", "target", "0r", "0t")), told
    says(spqr("bench", "speed", status=2), "speed", "gemm")
    spqr("bench", "gemm", "--repeat", "0", status=2)
    spqr("bench", status=2)


@case
def other_places_and_threads(folder):
    """Any number of threads gives the same bytes; a path with odd letters is a path."""
    spqr = Spqr(folder)
    odd = os.path.join(folder, "a b ‘c’ ü")
    model = tiny_model.make(odd)
    calibration, _ = tiny_model.make_data(odd)
    for threads in (1, 2, 3):
        spqr("quantize", model, calibration, "--out", os.path.join(odd, str(threads)), *SMALL, "--threads", threads)
    for name in files_in(os.path.join(odd, "1")):
        if name.endswith(".spqr"):
            assert same_bytes(os.path.join(odd, "1", name), os.path.join(odd, "2", name)), name
            assert same_bytes(os.path.join(odd, "1", name), os.path.join(odd, "3", name)), name


@case
def closed_output_is_no_crash(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    done = subprocess.run(f"'{SPQR}' inspect '{model}' | head -1", shell=True, env=spqr.env, capture_output=True, text=True)
    assert done.returncode == 0 and "LlamaForCausalLM" in done.stdout


if __name__ == "__main__":
    main()
