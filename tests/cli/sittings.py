"""Evaluations and tasks that are killed at any moment and asked for again: the figures of one sitting."""
import contextlib
import json
import os
import random
import sqlite3
import sys

sys.dont_write_bytecode = True

from harness import LIMIT, Spqr, case, main, say, wait_until
import tiny_model

SMALL = ["--nsamples", "4", "--seqlen", "32"]


def kept(db):
    """How many figures of evaluations under way the database holds."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute("SELECT count(*) FROM measured").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # The file or its tables are only being made.


def kill_after(spqr, command, n):
    """What the command said, or None: SIGKILL came as soon as it had kept n figures."""
    before = kept(spqr.db)
    running = spqr.start(*command, "--json", "--quiet")
    if wait_until(lambda: kept(spqr.db) - before >= n, running):
        running.kill()
        running.communicate()
        return None
    return json.loads(running.communicate(timeout=LIMIT)[0])


def in_sittings(spqr, command, items, seed):
    """The JSON of the last of some sittings; each but that one is killed."""
    rng, killed, told = random.Random(seed), 0, None
    while told is None and killed < 4:
        told = kill_after(spqr, command, rng.uniform(0.0, 0.2) * items)
        killed += told is None
    told = told or spqr.json(*command)
    say(f"{' '.join(command[:2])}: killed {killed} times, then {json.dumps(told)[:160]}")
    assert killed > 0
    return told


def figures(told):
    return {key: value for key, value in told.items() if key not in ("seconds", "known")}


def many_ids(folder, n):
    path = os.path.join(folder, "many.json")
    rng = random.Random(9)
    with open(path, "w", encoding="utf-8") as out:
        json.dump([rng.randrange(3, tiny_model.VOCAB) for _ in range(n)], out)
    return path


@case
def perplexity_of_a_model(folder):
    spqr, model, ids = Spqr(folder), tiny_model.make(folder, dtype="F32", blocks=4), many_ids(folder, 200000)
    command = ["eval", model, "--data", ids, "--seqlen", "32", "--kl-base", tiny_model.make(os.path.join(folder, "base"),
                                                                                         dtype="F32", blocks=4, seed=2)]
    whole = Spqr(os.path.join(folder, "base")).json(*command)
    assert whole["known"] == 0
    told = in_sittings(spqr, command, whole["windows"], 1)
    assert figures(told) == figures(whole), (told, whole)
    assert 0 < told["known"] < told["windows"], told
    again = spqr.json(*command)
    assert again["known"] == 0, "what was finished is not kept"
    fewer = [*command, "--windows", "70"]
    assert spqr.json(*fewer)["windows"] == 70


@case
def perplexity_of_a_run(folder):
    spqr, model, ids = Spqr(folder), tiny_model.make(folder, dtype="F32", blocks=4), many_ids(folder, 200000)
    calibration, _ = tiny_model.make_data(folder)
    spqr("quantize", model, calibration, *SMALL, "--out", "run")
    command = ["eval", "1", "--data", ids, "--seqlen", "32"]
    whole = spqr.json(*command)
    told = in_sittings(spqr, command, whole["windows"], 2)
    assert figures(told) == figures(whole), (told, whole)
    evals = spqr.json("runs", "show", "1")["evals"]
    assert len(evals) == 2 and all(e["ppl"] == whole["ppl"] for e in evals), evals
    assert evals[0]["ppl_base"] is None
    # Compared with its own model it has that one's perplexity, too, without another pass.
    few = ["--data", ids, "--seqlen", "32", "--windows", "80"]
    spqr.json("eval", "1", *few, "--kl-base", model)
    compared = spqr.json("runs", "show", "1")["evals"][-1]
    alone = spqr.json("eval", model, *few)
    assert abs(compared["ppl_base"] / alone["ppl"] - 1) < 1e-9 and compared["kl"] > 0, (compared, alone)
    # The same command for another run, or for the model, begins anew.
    kill_after(spqr, command, whole["windows"] / 2)
    assert spqr.json("eval", model, *command[2:])["known"] == 0


@case
def tasks_of_a_run(folder):
    spqr, model = Spqr(folder), tiny_model.make(folder, dtype="F32", blocks=4)
    calibration, _ = tiny_model.make_data(folder)
    spqr("quantize", model, calibration, *SMALL, "--out", "run")
    rng = random.Random(4)
    words = ["the", "and", "a", "sand", "theme", "hand", "or", "b"]

    def some(n):
        return " ".join(rng.choice(words) for _ in range(n))

    with open(os.path.join(folder, "piqa.valid.jsonl"), "w", encoding="utf-8") as out:
        for _ in range(400):
            out.write(json.dumps({"goal": some(5), "sol1": some(4), "sol2": some(6), "label": rng.randrange(2)}) + "\n")
    with open(os.path.join(folder, "lambada_test.jsonl"), "w", encoding="utf-8") as out:
        for _ in range(400):
            out.write(json.dumps({"text": some(8)}) + "\n")
    command = ["tasks", "1", "--task", "piqa,lambada", "--data", folder]
    whole = spqr.json(*command)
    told = in_sittings(spqr, command, 400, 5)
    for a, b in zip(told["tasks"], whole["tasks"]):
        assert figures(a) == figures(b), (a, b)
    assert sum(t["known"] for t in told["tasks"]) > 0, told
    # Recorded once a request, however many sittings it took.
    evals = [e for e in spqr.json("runs", "show", "1")["evals"] if e["task"] is not None]
    assert sorted(e["task"] for e in evals) == ["lambada", "lambada", "piqa", "piqa"], evals
    for e in evals:
        (t,) = [t for t in whole["tasks"] if t["name"] == e["task"]]
        assert (e["acc"], e["acc_stderr"], e["n"]) == (t["acc"], t["stderr"], 400), (e, t)
    assert spqr.json("runs", "list")["runs"][0]["ppl"] is None, "a task's perplexity is not the run's"


if __name__ == "__main__":
    main()
