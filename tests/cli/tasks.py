"""Zero-shot tasks, generation, lists of data and models in one GGUF file, on the small random model; the
figures are those of the forward pass in plain Python."""
import json
import math
import os
import shutil
import sys

sys.dont_write_bytecode = True

from harness import Spqr, case, has_keys, interrupt, main, says
import tiny_forward
import tiny_gguf
import tiny_model

SMALL = ["--nsamples", "4", "--seqlen", "32"]
PIQA = [("sort", ["the and", "a theme"], 1), ("a", ["the", "and b the"], 0), ("the", ["sand", "hand é"], 1)]


def write_lines(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def task_folder(folder):
    path = os.path.join(folder, "docs")
    os.makedirs(path)
    write_lines(path, "piqa.valid.jsonl", [{"goal": g, "sol1": s[0], "sol2": s[1], "label": label} for g, s, label in PIQA])
    write_lines(path, "copa.val.jsonl", [{"premise": "A the.", "choice1": "And b", "choice2": "The a", "question": "cause",
                                          "label": 1}])
    write_lines(path, "lambada_test.jsonl", [{"text": "the and the"}, {"text": "a b and"}])
    return path


def f32_model(folder, seed=3):
    return tiny_model.make(folder, dtype="F32", blocks=2, seed=seed)


def ids_of(spqr, model, text):
    return spqr.json("tokenize", model, text, "--no-bos", db=False)["ids"]


def choice_ids(spqr, model, goal, solution, together):
    context = ids_of(spqr, model, f"Question: {goal}\nAnswer:")
    if together:
        return context, ids_of(spqr, model, f"Question: {goal}\nAnswer: {solution}")[len(context):]
    return context, ids_of(spqr, model, " " + solution)


def piqa_by_hand(spqr, model, net, together=False):
    """acc, acc_norm by characters, acc_norm by bytes."""
    hits = [0, 0, 0]
    for goal, solutions, gold in PIQA:
        sums = [net.logprob(*choice_ids(spqr, model, goal, solution, together)) for solution in solutions]
        for i, lengths in enumerate(([1, 1], map(len, solutions), (len(s.encode()) for s in solutions))):
            scores = [a / b for a, b in zip(sums, lengths)]
            hits[i] += scores.index(max(scores)) == gold
    return [h / len(PIQA) for h in hits]


def documents_are_told(told, together, spqr, model, net):
    assert [d["gold"] for d in told] == [gold for _, _, gold in PIQA]
    for (goal, solutions, _), document in zip(PIQA, told):
        assert len(document["choices"]) == len(solutions)
        for solution, choice in zip(solutions, document["choices"]):
            wanted = net.logprob(*choice_ids(spqr, model, goal, solution, together))
            assert abs(choice["logprob"] / wanted - 1) < 1e-4, (choice, wanted)
            assert (choice["chars"], choice["bytes"], choice["cut"]) == (len(solution), len(solution.encode()), 0), choice


@case
def accuracy_is_that_of_the_plain_forward_pass(folder):
    spqr, model, docs = Spqr(folder), f32_model(folder), task_folder(folder)
    net = tiny_forward.open_net(2, 3)
    for scoring in ("harness-2023", "harness"):
        told = spqr.json("tasks", model, "--task", "piqa", "--data", docs, "--scoring", scoring, "--documents")
        assert told["scoring"] == scoring and len(told["tasks"]) == 1
        (piqa,) = told["tasks"]
        has_keys(piqa, "name n acc acc_norm stderr acc_norm_stderr seconds file")
        acc, chars, size = piqa_by_hand(spqr, model, net, scoring == "harness")
        assert (piqa["name"], piqa["n"]) == ("piqa", 3)
        assert abs(piqa["acc"] - acc) < 1e-12, (piqa, acc)
        assert abs(piqa["acc_norm"] - chars) < 1e-12 and abs(piqa["acc_norm_bytes"] - size) < 1e-12, piqa
        documents_are_told(piqa["documents"], scoring == "harness", spqr, model, net)
        assert abs(piqa["stderr"] - math.sqrt(acc * (1 - acc) / 2)) < 1e-12, piqa


@case
def other_rules_by_hand(folder):
    """winogrande: the contexts differ and one text is scored after each; openbookqa; copa: both kinds of question."""
    spqr, model = Spqr(folder), f32_model(folder)
    net = tiny_forward.open_net(2, 3)
    write_lines(folder, "winogrande.jsonl", [
        {"sentence": "sand a the _ and b hand", "option1": "theme", "option2": "hand", "answer": "1"},
        {"sentence": "the _ b", "option1": "a", "option2": "sort and the", "answer": "2"},
        {"sentence": "a _ the theme.", "option1": "b", "option2": "sand", "answer": "2"}])
    write_lines(folder, "openbookqa.jsonl", [
        {"question": {"stem": "the sand", "choices": [{"text": t} for t in ("a", "the and b", "hand", "é")]}, "answerKey": k}
        for k in "BAD"])
    write_lines(folder, "copa.jsonl", [
        {"premise": "The sand.", "choice1": "A hand.", "choice2": "The theme and b.", "question": q, "label": l}
        for q, l in (("cause", 0), ("effect", 0), ("cause", 1))])
    wanted = {
        "winogrande": [([("sand a the theme", " and b hand"), ("sand a the hand", " and b hand")], 0),
                       ([("the a", " b"), ("the sort and the", " b")], 1),
                       ([("a b", " the theme."), ("a sand", " the theme.")], 1)],
        "openbookqa": [([("the sand", " " + t) for t in ("a", "the and b", "hand", "é")], "ABCD".index(k)) for k in "BAD"],
        "copa": [([(f"The sand {word}", " a hand."), (f"The sand {word}", " the theme and b.")], l)
                 for word, l in (("because", 0), ("therefore", 0), ("because", 1))],
    }
    told = spqr.json("tasks", model, "--task", ",".join(wanted), "--data", folder)["tasks"]
    for task in told:
        acc = norm = 0
        for choices, gold in wanted[task["name"]]:
            sums = [net.logprob(ids_of(spqr, model, a), ids_of(spqr, model, b)) for a, b in choices]
            by_length = [s / len(b[1:]) for s, (_, b) in zip(sums, choices)]
            acc += sums.index(max(sums)) == gold
            norm += by_length.index(max(by_length)) == gold
        assert task["n"] == 3 and abs(task["acc"] - acc / 3) < 1e-12, (task, acc)
        if task["name"] == "openbookqa":
            assert abs(task["acc_norm"] - norm / 3) < 1e-12, (task, norm)
        else:
            assert task["acc_norm"] is None, task


@case
def several_tasks_and_a_target(folder):
    spqr, model, docs = Spqr(folder), f32_model(folder), task_folder(folder)
    net = tiny_forward.open_net(2, 3)
    told = spqr.json("tasks", model, "--task", "copa, lambada,piqa", "--data", docs, "--limit", "2")
    assert [t["name"] for t in told["tasks"]] == ["copa", "lambada", "piqa"]
    copa, lambada, piqa = told["tasks"]
    assert copa["n"] == 1 and copa["acc_norm"] is None and copa["stderr"] is None
    assert piqa["n"] == 2 and piqa["n_file"] == 3
    logs = [net.logprob(ids_of(spqr, model, a), ids_of(spqr, model, b)) for a, b in (("the and", " the"), ("a b", " and"))]
    assert abs(lambada["ppl"] / math.exp(-sum(logs) / 2) - 1) < 1e-5, (lambada, logs)
    assert abs(told["acc_mean"] - sum(t["acc"] for t in told["tasks"]) / 3) < 1e-12
    words = spqr("tasks", model, "--task", "copa,piqa", "--data", docs).out
    assert "copa" in words and "acc_norm" in words and "3 documents" in words


@case
def tasks_of_a_run_are_kept_with_it(folder):
    spqr, model, docs = Spqr(folder), f32_model(folder), task_folder(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    run = spqr.json("quantize", model, calibration, "--out", "run", *SMALL, "--wbits", "2", "--eval", evaluation)["run"]
    spqr.json("export", run, "--format", "hf-dense", "--dtype", "f32", "--out", "dense")
    stored = spqr.json("tasks", run, "--task", "lambada,piqa", "--data", docs)
    dense = spqr.json("tasks", "dense", "--task", "lambada,piqa", "--data", docs)
    base = spqr.json("tasks", model, "--task", "lambada", "--data", docs)
    assert stored["run"] == run and "run" not in dense
    for a, b in zip(stored["tasks"], dense["tasks"]):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}
    assert stored["tasks"][0]["ppl"] != base["tasks"][0]["ppl"]
    shown = spqr.json("runs", "show", run)
    perplexity, lambada, piqa = shown["evals"]
    for recorded, told in zip((lambada, piqa), stored["tasks"]):
        for key, name in (("n", "n"), ("acc", "acc"), ("acc_stderr", "stderr"), ("acc_norm", "acc_norm"),
                          ("acc_norm_stderr", "acc_norm_stderr"), ("ppl", "ppl"), ("ppl_stderr", "ppl_stderr")):
            assert recorded[key] == told[name], (key, recorded, told)
        assert recorded["task"] == told["name"] and recorded["scoring"] == "harness-2023" and recorded["kl"] is None
    assert perplexity["task"] is None and lambada["ppl"] > 0
    assert piqa["protocol"] == "piqa zero-shot (harness-2023), 3 of 3 documents", piqa
    # The table goes on showing the perplexity.
    (listed,) = spqr.json("runs", "list")["runs"]
    assert listed["ppl"] == perplexity["ppl"] and listed["ppl_data"] == perplexity["data"]
    assert "piqa         acc " in spqr("runs", "show", run).out
    assert spqr.json("tasks", "run", "--task", "piqa", "--data", docs)["run"] == run      # by its folder
    # Other weights in the model's place are noticed.
    shutil.rmtree(model)
    f32_model(folder, seed=4)
    says(spqr("tasks", run, "--task", "piqa", "--data", docs, status=1), "its weights are not those")
    says(spqr("eval", run, "--data", evaluation, status=1), "its weights are not those")


@case
def tasks_interrupted(folder):
    spqr, model = Spqr(folder), f32_model(folder)
    calibration, _ = tiny_model.make_data(folder)
    run = spqr.json("quantize", model, calibration, "--out", "run", *SMALL)["run"]
    docs = write_lines(folder, "piqa.jsonl", [{"goal": f"{i} the and", "sol1": "sand " * 8, "sol2": f"a{i}", "label": 0}
                                             for i in range(20000)])
    running = spqr.start("tasks", run, "--task", "piqa", "--data", docs, "--json")
    assert "piqa: " in running.stderr.readline()
    interrupt(running)
    assert spqr.json("runs", "show", run)["evals"] == []


@case
def wrong_tasks(folder):
    spqr, model, docs = Spqr(folder), f32_model(folder), task_folder(folder)
    for words in ([], ["--task", "chess"], ["--task", "piqa,"], ["--task", "piqa", "--scoring", "fair"],
                  ["--task", "piqa", "--limit", "-1"]):
        spqr("tasks", model, "--data", docs, *words, status=2, db=False)
    says(spqr("tasks", model, "--task", "hellaswag", "--data", docs, status=1), "hellaswag_val", docs)
    says(spqr("tasks", model, "--task", "piqa", "--data", os.path.join(folder, "none"), status=1), "piqa.valid.jsonl")
    broken = write_lines(folder, "piqa.jsonl", [{"goal": "x"}])
    says(spqr("tasks", model, "--task", "piqa", "--data", broken, status=1), "piqa.jsonl", "line 1")
    os.remove(os.path.join(model, "tokenizer.json"))
    says(spqr("tasks", model, "--task", "piqa", "--data", docs, status=1), "tokenizer")


@case
def generates_what_the_plain_forward_pass_says(folder):
    spqr, model = Spqr(folder), f32_model(folder)
    net = tiny_forward.open_net(2, 3)
    made = spqr.json("generate", model, "--prompt", "the", "--tokens", "9", "--ignore-eos", db=False)
    has_keys(made, "text ids prompt_ids tokens_per_second seconds_per_token seconds_to_first")
    has_keys(made["seconds_per_token"], "mean median")
    assert made["prompt_ids"] == spqr.json("tokenize", model, "the", db=False)["ids"]
    assert made["ids"] == net.greedy(made["prompt_ids"], 9), made
    assert abs(made["tokens_per_second"] * made["seconds_per_token"]["mean"] - 1) < 1e-9
    plain = spqr("generate", model, "--prompt", "the", "--tokens", "9", "--ignore-eos", "--quiet", db=False)
    assert plain.out.startswith("the") and plain.err == ""
    if "\ufffd" not in made["text"]:
        assert plain.out == "the" + made["text"] + "\n", (plain.out, made)
    (begin,) = spqr.json("generate", model, "--prompt", "", "--tokens", "1", "--ignore-eos", db=False)["prompt_ids"]
    assert begin == 1
    with open(os.path.join(folder, "prompt.txt"), "w", encoding="utf-8") as out:
        out.write("the")
    again = spqr.json("generate", model, "--prompt-file", "prompt.txt", "--tokens", "9", "--ignore-eos", db=False)
    assert again["ids"] == made["ids"] and again["text"] == made["text"]


@case
def draws_by_seed(folder):
    spqr, model = Spqr(folder), f32_model(folder)
    draw = lambda *more: spqr.json("generate", model, "--prompt", "the", "--tokens", "20", "--ignore-eos", *more, db=False)["ids"]
    warm = ["--temperature", "1.5"]
    assert draw(*warm, "--seed", "1") == draw(*warm, "--seed", "1")
    assert draw(*warm, "--seed", "1") != draw(*warm, "--seed", "2")
    assert draw(*warm, "--top-k", "1") == draw()
    # The context ends it.
    long = spqr.json("generate", model, "--prompt", "the", "--tokens", "1000", "--ignore-eos", db=False)
    assert len(long["ids"]) + len(long["prompt_ids"]) == tiny_model.CONTEXT


@case
def generates_from_a_run(folder):
    spqr, model = Spqr(folder), f32_model(folder)
    calibration, _ = tiny_model.make_data(folder)
    run = spqr.json("quantize", model, calibration, "--out", "run", *SMALL, "--wbits", "2")["run"]
    spqr.json("export", run, "--format", "hf-dense", "--dtype", "f32", "--out", "dense")
    words = ["--prompt", "the and", "--tokens", "12", "--ignore-eos"]
    stored, dense = spqr.json("generate", run, *words), spqr.json("generate", "dense", *words)
    assert stored["run"] == run and stored["ids"] == dense["ids"] and stored["text"] == dense["text"]
    # A run's weights stay packed: 2 bits in codes of 4, 3 bits of statistics as f16, outliers; not 32 bits each.
    assert dense["weight_bytes"] == 2 * 4 * (48 * 48 * 2 + 48 * 24 * 2 + 3 * 48 * 86), dense
    assert stored["weight_bytes"] < 0.5 * dense["weight_bytes"], (stored, dense)


@case
def wrong_generation(folder):
    spqr, model = Spqr(folder), f32_model(folder)
    for words in ([], ["--prompt", "a", "--prompt-file", "b"], ["--prompt", "a", "--tokens", "0"],
                  ["--prompt", "a", "--temperature", "-1"], ["--prompt", "a", "--temperature", "nan"],
                  ["--prompt", "a", "--top-k", "-1"], ["--prompt", "", "--no-bos"]):
        spqr("generate", model, *words, status=2, db=False)
    says(spqr("generate", model, "--prompt", "q" * 100, status=1, db=False), "context", "64")


@case
def lists_data(folder):
    spqr, docs = Spqr(folder), task_folder(folder)
    os.makedirs(os.path.join(docs, "text"))
    with open(os.path.join(docs, "text", "wiki.test.raw"), "w", encoding="utf-8") as out:
        out.write(" \n = the = \n")
    told = spqr.json("data", "list", "--data-dir", docs, db=False)
    sets = {(d["name"], d["use"]): d for d in told["data"]}
    assert sets["wikitext2", "evaluation"]["path"].endswith("text/wiki.test.raw")
    assert not sets["c4", "calibration"]["found"] and "c4-train" in sets["c4", "calibration"]["expected"]
    tasks = {t["name"]: t for t in told["tasks"]}
    assert tasks["piqa"]["found"] and tasks["piqa"]["path"].endswith("piqa.valid.jsonl")
    assert tasks["hellaswag"]["path"] is None and "hellaswag_val.jsonl" in tasks["hellaswag"]["expected"]
    words = spqr("data", "list", "--data-dir", docs, db=False).out
    assert "wikitext2" in words and "expected" in words
    assert spqr.json("data", "list", db=False)["folder"].startswith(folder)       # the user's own
    says(spqr("data", "list", "--data-dir", os.path.join(folder, "none"), status=1, db=False), "none")
    spqr("data", "show", status=2, db=False)


@case
def a_gguf_file_is_the_same_model(folder):
    spqr, model, docs = Spqr(folder), tiny_model.make(folder, dtype="F32", blocks=2, seed=1), task_folder(folder)
    gguf = tiny_gguf.make(folder)
    _, evaluation = tiny_model.make_data(folder)
    text = "the sand and\n\tthe band, 12 é <s>the"
    for words in ([text], [text, "--no-bos"]):
        assert spqr.json("tokenize", gguf, *words, db=False) == spqr.json("tokenize", model, *words, db=False)
    seen = {t["name"]: t["shape"] for t in spqr.json("inspect", gguf, "--no-stats", db=False)["tensors"]}
    assert seen == dict(tiny_model.shapes(2))
    a = spqr.json("eval", model, "--data", evaluation, db=False)
    b = spqr.json("eval", gguf, "--data", evaluation, db=False)
    assert a["windows"] == b["windows"] and abs(a["nll"] - b["nll"]) < 1e-6, (a, b)
    with open(os.path.join(folder, "words.txt"), "w", encoding="utf-8") as out:
        out.write("the band and the sand\n" * 40)
    a = spqr.json("eval", model, "--data", "words.txt", db=False)
    b = spqr.json("eval", gguf, "--data", "words.txt", db=False)
    assert abs(a["nll"] - b["nll"]) < 1e-6, (a, b)
    a, b = (spqr.json("tasks", m, "--task", "lambada", "--data", docs)["tasks"][0] for m in (model, gguf))
    assert abs(a["ppl"] - b["ppl"]) < 1e-4
    a, b = (spqr.json("generate", m, "--prompt", "the", "--tokens", "8", db=False) for m in (model, os.path.dirname(gguf)))
    assert a["ids"] == b["ids"] and a["text"] == b["text"]


@case
def bos_as_the_gguf_file_says(folder):
    spqr = Spqr(folder)
    begins = {}
    for add in (True, False, None):
        path = tiny_gguf.write(os.path.join(folder, f"{add}.gguf"), add_bos=add)
        begins[add] = spqr.json("tokenize", path, "ab", db=False)["ids"][0] == 1
    assert begins == {True: True, False: False, None: False}, begins
    bare = tiny_gguf.write(os.path.join(folder, "bare.gguf"), with_vocabulary=False)
    says(spqr("tokenize", bare, "ab", status=1, db=False), "bare.gguf", "no vocabulary")
    says(spqr("eval", bare, "--data", "text.txt", status=1, db=False), "no vocabulary")


@case
def a_run_finds_its_gguf_file_amid_others(folder):
    spqr = Spqr(folder)
    gguf = tiny_gguf.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    tiny_gguf.write(os.path.join(os.path.dirname(gguf), "other.gguf"), seed=2)
    printed = spqr.json("quantize", gguf, calibration, "--out", "run", *SMALL, "--wbits", "4", "--eval", evaluation)
    again = spqr.json("eval", printed["run"], "--data", evaluation, "--seqlen", "32")
    assert again["ppl"] == printed["evals"][0]["ppl"], (again, printed["evals"])
    exported = spqr.json("export", printed["run"], "--format", "hf-dense", "--out", "dense")
    dense = spqr.json("eval", "dense", "--data", evaluation, "--seqlen", "32")
    assert abs(dense["ppl"] / again["ppl"] - 1) < 1e-6, (dense, again)
    # Its vocabulary comes along, as the files that the hubs' programs look for.
    assert {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"} <= set(exported["files"]), exported
    assert exported["note"] is None
    for words in (["the and hand"], ["sort  the\nsand é", "--no-bos"]):
        assert spqr.json("tokenize", "dense", *words, db=False) == spqr.json("tokenize", gguf, *words, db=False)
    assert spqr.json("generate", printed["run"], "--prompt", "the", "--tokens", "3")["prompt_ids"][0] == 1


if __name__ == "__main__":
    main()
