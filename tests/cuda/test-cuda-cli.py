"""spqr on the shim's device: --backend and --device, who did what, the devices that there are."""
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
def wrong_devices_are_told_of_the_right_ones(folder):
    spqr = spqr_with_device(folder)
    model = tiny_model.make(folder)
    _, evaluation = tiny_model.make_data(folder)
    words = ["eval", model, "--data", evaluation, "--seqlen", "32"]
    says(spqr(*words, "--backend", "cudashim", "--device", "7", status=1), "cudashim:7", "cudashim:0 (CUDA shim 0)", "cpu (CPU)")
    says(spqr(*words, "--backend", "cuda", status=1), "cuda", "cudashim:0")
    says(spqr(*words, "--backend", "cpu", "--device", "0", status=2), "--device")
    says(spqr(*words, "--device", "first", status=2), "first")


main()
