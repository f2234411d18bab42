#!/usr/bin/env python3
"""What `spqr quantize --dry-run` says beforehand, against what the run then has and takes."""
import json
import os
import subprocess
import sys

from harness import BUILD, SOURCE, SPQR, Skip, Spqr, case, environment, main

SAMPLE = os.path.join(SOURCE, "data", "sample")
TEXT = os.path.join(SAMPLE, "calibration.txt")
FLAGS = ["--nsamples=16", "--seqlen=256"]
LIBRARIES = 4 << 20   # bytes by which their resident pages differ between systems


def peak(folder, *arguments):
    """The largest resident memory of one run of the program, in bytes."""
    code = ("import resource, subprocess, sys\n"
            "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)\n")
    done = subprocess.run([sys.executable, "-c", code, SPQR, *arguments], check=True, capture_output=True, text=True,
                          env=environment(folder), cwd=folder)
    return int(done.stdout)


def instrumented():
    """Whether the program was built with sanitizers, whose own memory is not in the forecast."""
    with open(os.path.join(BUILD, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as options:
        return any(option["name"] == "b_sanitize" and option["value"] not in ("none", [], "") for option in json.load(options))


@case
def bits(folder):
    spqr = Spqr(folder)
    for flags in ([], ["--wbits=4"], ["--wbits=2", "--outlier_threshold=0.4"]):
        told = spqr.json("quantize", SAMPLE, TEXT, "--dry-run", *FLAGS, *flags)
        run = spqr.json("quantize", SAMPLE, TEXT, f"--out={folder}/run{len(flags)}", *FLAGS, *flags)
        share = told["outlier_share_assumed"]
        assert 0 < share < 0.2, share
        # The formula is the same, so nothing but the share of outliers may differ,
        at_its_share = told["bits_formula"] + 32 * (run["outlier_share"] - share)
        assert abs(at_its_share - run["bits_formula"]) < 5e-4, (told, run["bits_formula"])
        # which is guessed near enough for a tenth of the size.
        assert abs(told["bits_formula"] / run["bits_formula"] - 1) < 0.1, (told["bits_formula"], run["bits_formula"])
    plain = spqr.json("quantize", SAMPLE, TEXT, "--dry-run", "--outlier_threshold=inf")
    assert plain["outlier_share_assumed"] == 0 and abs(plain["bits_formula"] - 3.625) < 1e-9, plain
    text = spqr("quantize", SAMPLE, TEXT, "--dry-run").out
    assert "% of outliers assumed" in text, text


@case
def memory(folder):
    if instrumented():
        raise Skip("the memory of sanitizers is not in the forecast")
    for flags in (["--nsamples=64"], ["--nsamples=4", "--seqlen=64"], ["--nearest"]):
        told = Spqr(folder).json("quantize", SAMPLE, TEXT, "--dry-run", *flags)["memory_bytes"]
        taken = peak(folder, "quantize", SAMPLE, TEXT, "--hessian-cache=none", "--threads=2", f"--out={folder}/{flags[0]}",
                     f"--db={folder}/memory.db", *flags)
        print(f"# {flags}: {told / 1e6:.1f} MB were expected, {taken / 1e6:.1f} MB were taken")
        assert taken <= told + LIBRARIES and told <= 1.6 * taken, (flags, told, taken)


if __name__ == "__main__":
    main()
