"""spqr on the shim's device: --backend and --device, who did what, the devices that there are."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))

from harness import Spqr, case, main, says
import tiny_model

PLUGINS = os.path.join(os.environ["G_TEST_BUILDDIR"], "cuda")
SMALL = ["--nsamples", "3", "--seqlen", "32"]


def spqr_with_device(folder):
    spqr = Spqr(folder)
    spqr.env["SPQR_PLUGIN_DIR"] = PLUGINS
    return spqr


@case
def quantize_and_eval_on_the_device(folder):
    spqr = spqr_with_device(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    here = spqr.json("quantize", model, calibration, "--out", "here", *SMALL, "--backend", "cpu")
    there = spqr.json("quantize", model, calibration, "--out", "there", *SMALL, "--backend", "cudashim", "--device", "0")
    shown = spqr.json("runs", "show", str(there["run"]))
    assert {layer["backend"] for layer in shown["layers"]} == {"cudashim:0"}, shown["layers"]
    for a, b in zip(shown["layers"], spqr.json("runs", "show", str(here["run"]))["layers"]):
        assert abs(a["proxy_loss"] / b["proxy_loss"] - 1) < 0.02, (a, b)
    words = ["eval", str(there["run"]), "--data", evaluation, "--seqlen", "32"]
    ppl = [spqr.json(*words, "--backend", backend)["ppl"] for backend in ("cpu", "cudashim")]
    assert abs(ppl[0] / ppl[1] - 1) < 1e-4, ppl


@case
def tasks_and_calibration_on_the_device(folder):
    spqr = spqr_with_device(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    docs = os.path.join(folder, "docs")
    os.makedirs(docs)
    with open(os.path.join(docs, "piqa.valid.jsonl"), "w") as file:
        for goal, one, two, label in (("the sand", "a hand", "the theme and b", 0), ("b", "sort and the", "a", 1), ("a the", "sand", "hand hand", 1)):
            file.write(json.dumps({"goal": goal, "sol1": one, "sol2": two, "label": label}) + "\n")
    words = ["tasks", model, "--task", "piqa", "--data", docs]
    here, there = (spqr(*words, "--json", "--backend", backend, db=False) for backend in ("cpu", "cudashim"))
    assert there.err.count("the CPU does it") == 0, there.err
    (a,), (b,) = (json.loads(told.out)["tasks"] for told in (here, there))
    assert (a["acc"], a["acc_norm"], a["n"]) == (b["acc"], b["acc_norm"], b["n"]), (a, b)
    for backend in ("cpu", "cudashim"):
        told = spqr("field", model, "model.layers.1.mlp.down_proj.weight", "--out", backend + ".png", "--hessian-cache", "none", "--calibration",
                    calibration, *SMALL, "--backend", backend, db=False)
        assert "the CPU does it" not in told.err, told.err


@case
def a_text_is_continued_on_the_device(folder):
    spqr = spqr_with_device(folder)
    model = tiny_model.make(folder)
    words = ["generate", model, "--prompt", "the sand", "--tokens", "12", "--backend"]
    here, there = (spqr.json(*words, backend, db=False) for backend in ("cpu", "cudashim"))
    assert here["ids"] == there["ids"] and here["text"] == there["text"], (here, there)
    assert here["blocks_on_device"] == 0 < there["blocks_on_device"], there


@case
def absent_or_without_a_driver_the_same_is_done_here(folder):
    spqr = spqr_with_device(folder)
    model = tiny_model.make(folder)
    _, evaluation = tiny_model.make_data(folder)
    empty, real = os.path.join(folder, "none"), os.path.join(os.environ["SPQR_BUILD_ROOT"], "cuda")
    os.makedirs(empty)
    words = ["eval", model, "--data", evaluation, "--seqlen", "32", "--backend"]
    figures = [spqr.json(*words, "cpu", db=False)["ppl"]]
    spqr.env["SPQR_PLUGIN_DIR"] = empty
    figures.append(spqr.json(*words, "auto", db=False)["ppl"])
    says(spqr(*words, "cuda", status=1), "no plugin for GPUs was found", "cpu (CPU)")
    if os.path.exists(os.path.join(real, "libspqr-backend-cuda.so")) and not os.path.exists("/dev/nvidiactl"):
        spqr.env["SPQR_PLUGIN_DIR"] = real
        figures.append(spqr.json(*words, "auto", db=False)["ppl"])
        says(spqr(*words, "cuda", status=1), "no NVIDIA driver is installed", "cpu (CPU)")
    assert len(set(figures)) == 1, figures


@case
def wrong_devices_are_told_of_the_right_ones(folder):
    spqr = spqr_with_device(folder)
    model = tiny_model.make(folder)
    _, evaluation = tiny_model.make_data(folder)
    words = ["eval", model, "--data", evaluation, "--seqlen", "32"]
    says(spqr(*words, "--backend", "cudashim", "--device", "7", status=1), "cudashim:7", "cudashim:0 (CUDA shim 0)", "cpu (CPU)")
    says(spqr(*words, "--backend", "cuda", status=1), "cuda", "cudashim:0")
    says(spqr(*words, "--backend", "cpu", "--device", "0", status=2), "--device")
    says(spqr(*words, "--device", "first", status=2), "first")


@case
def bench_has_a_line_for_each_kernel(folder):
    spqr = spqr_with_device(folder)
    told = spqr.json("bench", "all", "--backend", "cudashim", "--quick", "--repeat", "1", db=False)
    rows = told["rows"]
    assert told["device"] == "cudashim:0", told
    assert {row["suite"] for row in rows} == {"yardstick", "gemm", "factor", "hessian", "loo", "columns", "layer", "preview", "forward",
                                              "stats", "pyramid", "model"}, rows
    assert all(row["seconds"] > 0 and row["calls"] >= 1 for row in rows), rows
    # Each repetition starts counting anew: one whole layer has one threshold, one set of errors.
    whole = {row["name"]: row for row in rows if row["suite"] == "layer" and row["kernel"]}
    assert whole["columns_kernel"]["calls"] == 1 and whole["row_error_kernel"]["calls"] == 1, whole
    assert 0 < whole["columns_kernel"]["share_of_copy"] and whole["columns_kernel"]["flops"] > 0, whole
    # The bound of the column loop: with leave-one-out there is more to do.
    bound = {row["suite"]: row["seconds"] for row in rows if row["name"] == "bound of columns_kernel"}
    assert set(bound) == {"loo", "columns"} and bound["loo"] > bound["columns"] > 0, bound
    forward = [row for row in rows if row["suite"] == "forward" and not row["kernel"]]
    assert len(forward) == 1 and forward[0]["flops"] > 0 and forward[0]["share_of_f16"] > 0, forward
    # Two blocks of a model, each sent, looked at, quantized and passed on; 32 of them is what is asked for.
    parts = [row["seconds"] for row in rows if row["suite"] == "model" and not row["kernel"]]
    assert len(parts) == 5 and abs(parts[4] / (32 * sum(parts[:4])) - 1) < 1e-6, parts
    assert {row["name"] for row in rows if row["suite"] == "model" and row["kernel"]} >= {
        "columns_kernel", "attention_kernel", "heads_kernel", "decode_kernel", "gather_kernel", "cusolverDnSpotrf", "cublasStrsm"}
    words = spqr("bench", "gemm", "open", "--backend", "cudashim", "--quick", db=False)
    assert "open" in words.err and "cublasSgemm" in words.out, words.out
    says(spqr("bench", "gemm", "--backend", "cudashim", "--device", "3", db=False, status=1), "cudashim:0")


main()
