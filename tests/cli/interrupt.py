"""SIGINT: a clean stop within a moment, a database that says so, nothing stray; the same command goes on."""
import os
import sys

sys.dont_write_bytecode = True

from harness import Spqr, case, files_in, interrupt, main, same_bytes, says, wait_until
import tiny_model

LONG = ["--nsamples", "200", "--seqlen", "64"]


def artifacts(folder):
    return [n for n in files_in(folder) if n.endswith(".spqr")] if os.path.isdir(folder) else []


def interrupted(spqr, command, ready):
    """Starts the command, waits until ready() and interrupts it."""
    running = spqr.start(*command)
    assert wait_until(ready, running), running.communicate()
    interrupt(running)


def quantize_stops_and_resumes(folder, *more):
    spqr = Spqr(folder)
    model = tiny_model.make(folder, blocks=4)
    calibration, _ = tiny_model.make_data(folder)
    command = ["quantize", model, calibration, *LONG, *more]
    out = os.path.join(folder, "run")
    interrupted(spqr, [*command, "--out", out, "--json"], lambda: len(artifacts(out)) >= 8)
    (run,) = spqr.json("runs", "list")["runs"]
    done = artifacts(out)
    assert run["state"] == "cancelled" and run["layers_done"] == len(done) < 28, run
    assert files_in(out) == sorted([*done, "run.json"]), files_in(out)
    spqr("eval", "1", "--data", calibration, status=1)
    finished = spqr.json(*command, "--out", out)
    assert finished["run"] == 1 and len(finished["layers"]) == 28
    whole = spqr.json(*command, "--out", "whole")
    assert artifacts(out) == artifacts(os.path.join(folder, "whole"))
    for name in artifacts(out):
        assert same_bytes(os.path.join(out, name), os.path.join(folder, "whole", name)), name
    for a, b in zip(finished["layers"], whole["layers"]):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}
    says(spqr(*command, "--out", out, status=1), "finished run 1")


@case
def quantize_interrupted(folder):
    quantize_stops_and_resumes(folder)


@case
def quantize_interrupted_with_states_on_disk(folder):
    quantize_stops_and_resumes(folder, "--offload_activations", "--true-sequential")


@case
def resume_of_other_work_is_refused(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder, blocks=4)
    calibration, evaluation = tiny_model.make_data(folder)
    out = os.path.join(folder, "run")
    command = ["quantize", model, calibration, "--out", out]
    interrupted(spqr, [*command, *LONG], lambda: len(artifacts(out)) >= 1)
    before = {n: os.stat(os.path.join(out, n)).st_mtime_ns for n in files_in(out)}
    says(spqr(*command, *LONG, "--wbits", "4", status=1), "wbits", "3", "4")
    says(spqr(*command, "--nsamples", "100", "--seqlen", "64", status=1), "nsamples", "100")
    says(spqr("quantize", model, evaluation, "--out", out, *LONG, status=1), "calibration")
    assert before == {n: os.stat(os.path.join(out, n)).st_mtime_ns for n in files_in(out)}
    (run,) = spqr.json("runs", "list")["runs"]
    assert run["state"] == "cancelled"


@case
def eval_interrupted(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    data = os.path.join(folder, "long.json")
    tiny_model.write_json(data, tiny_model.make_ids(400000, 4))
    running = spqr.start("eval", model, "--data", data, "--seqlen", "64")
    assert " % " in running.stderr.readline()
    interrupt(running)


@case
def killed_without_warning(folder):
    """SIGKILL leaves a run that is marked as interrupted and goes on."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder, blocks=4)
    calibration, _ = tiny_model.make_data(folder)
    out = os.path.join(folder, "run")
    command = ["quantize", model, calibration, *LONG, "--out", out]
    running = spqr.start(*command)
    assert wait_until(lambda: artifacts(out), running), running.communicate()
    running.kill()
    running.communicate()
    (run,) = spqr.json("runs", "list")["runs"]
    assert run["state"] == "interrupted", run
    assert spqr.json(*command)["run"] == run["id"]
    assert len(files_in(out)) == 29, files_in(out)


if __name__ == "__main__":
    main()
