"""The golden cases through `spqr layer`: the published code's numbers within the limits of tests/golden/README.md."""
import glob
import json
import os
import struct
import sys

sys.dont_write_bytecode = True

from harness import SOURCE, Spqr, case, has_keys, main, say


def summary_of(path):
    with open(path, "rb") as file:
        (n,) = struct.unpack("<Q", file.read(8))
        return json.loads(json.loads(file.read(n))["__metadata__"]["summary"])


def check(folder, path):
    made = Spqr(folder).json("layer", path, "--compat", "reference")
    want = summary_of(path)
    symmetric = "_sym_" in path
    has_keys(made, "proxy_loss mse outlier_share bits_formula codes_match mask_match weight_max_abs_diff seconds")
    say(f"{os.path.basename(path)}: codes {made['codes_match']}, outliers {made['mask_match']}, "
        f"weights {made['weight_max_abs_diff']}, loss {made['proxy_loss']} for {want['proxy_loss']}")
    assert made["codes_match"] is None or made["codes_match"] >= (0.995 if symmetric else 0.999), made
    assert made["mask_match"] is None or made["mask_match"] >= 0.9995, made
    assert abs(made["proxy_loss"] - want["proxy_loss"]) <= (5e-3 if symmetric else 1e-3) * want["proxy_loss"], (made, want)


def add(path):
    def golden(folder):
        check(folder, path)
    golden.__name__ = os.path.basename(path).removesuffix(".safetensors")
    case(golden)


for found in sorted(glob.glob(os.path.join(SOURCE, "tests", "golden", "*.safetensors"))):
    add(found)


@case
def all_twelve_are_here(folder):
    assert len(glob.glob(os.path.join(SOURCE, "tests", "golden", "*.safetensors"))) == 12


if __name__ == "__main__":
    main()
