"""What is measured and exported is what was made: changed models, exchanged databases, lost output."""
import json
import os
import random
import struct
import sys

sys.dont_write_bytecode = True

from harness import Spqr, case, main, says
import tiny_model

FEW = ["--nsamples", "4", "--seqlen", "32"]


def quantized(folder, *more):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    spqr("quantize", model, calibration, *FEW, "--out", "run", *more)
    return spqr, model, calibration, evaluation


@case
def changed_model_is_refused(folder):
    spqr, model, _, evaluation = quantized(folder)
    path = os.path.join(model, "model.safetensors")
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([byte ^ 1]))
    for command in (["eval", "run", "--data", evaluation], ["eval", "1", "--data", evaluation],
                    ["export", "run", "--format", "hf-dense", "--out", "dense"],
                    ["field", "run", "model.layers.0.mlp.down_proj.weight", "--field", "error", "--png", "error.png"]):
        says(spqr(*command, status=1), model, "weights", "run 1")
    assert not os.path.exists(os.path.join(folder, "dense"))
    assert not os.path.exists(os.path.join(folder, "error.png"))


@case
def exchanged_database_is_noticed(folder):
    """Another database whose run 1 is some other model's."""
    spqr, _, calibration, evaluation = quantized(folder)
    other = os.path.join(folder, "other")
    os.mkdir(other)
    second = tiny_model.make(other, seed=7)
    spqr.db = os.path.join(other, "studio.db")
    spqr("quantize", second, calibration, *FEW, "--out", os.path.join(other, "run"))
    says(spqr("eval", "run", "--data", evaluation, status=1), "run 1", "not the one in this folder", spqr.db)


@case
def recipe_whose_overrides_want_calibration(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    with open(os.path.join(folder, "recipe.json"), "w") as file:
        file.write('{"spqr_recipe": 1, "defaults": {"method": "rtn", "groupsize": 16, "nsamples": 4, "seqlen": 32},'
                   ' "overrides": [{"role": "down_proj", "set": {"method": "spqr"}}]}')
    done = spqr.json("quantize", model, calibration, "--recipe", "recipe.json", "--out", "run")
    losses = {layer["name"].split(".")[-2]: layer["proxy_loss"] for layer in done["layers"]}
    assert losses["down_proj"] > 0, losses


@case
def database_in_a_folder_that_is_no_utf8(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    odd = os.fsencode(folder) + b"/caf\xe9"
    os.mkdir(odd)
    spqr.db = os.fsdecode(odd + b"/studio.db")
    spqr("quantize", model, calibration, *FEW, "--out", "run")
    first = spqr.json("eval", "run", "--data", evaluation)
    again = spqr.json("eval", "run", "--data", evaluation)
    assert first["ppl"] == again["ppl"]


@case
def output_that_cannot_be_written(folder):
    if not os.path.exists("/dev/full"):
        return
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    script = 'exec "$@" > /dev/full'
    done = spqr("inspect", model, status=1, prefix=["sh", "-c", script, "sh"])
    says(done, "output")


@case
def layer_file_that_aligns_nothing(folder):
    spqr, rng = Spqr(folder), random.Random(3)
    rows, cols = 6, 16
    weights = struct.pack(f"<{rows * cols}f", *(rng.gauss(0, 1) for _ in range(rows * cols)))
    hessian = struct.pack(f"<{cols * cols}f", *(float(i == j) * (2 + i) for i in range(cols) for j in range(cols)))
    header = json.dumps({"W": {"dtype": "F32", "shape": [rows, cols], "data_offsets": [0, len(weights)]},
                         "H": {"dtype": "F32", "shape": [cols, cols],
                               "data_offsets": [len(weights), len(weights) + len(hessian)]}}).encode()
    results = []
    for more in range(4):
        text = header + b" " * (-len(header) % 8 + more)
        path = os.path.join(folder, f"{more}.safetensors")
        with open(path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + weights + hessian)
        results.append({**spqr.json("layer", path), "seconds": 0})
    assert all(result == results[0] for result in results), results


if __name__ == "__main__":
    main()
