"""What people are told in words: how sure a figure is, how it was measured, and what to do about it."""
import glob
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

from harness import SOURCE, SPQR, Spqr, case, interrupt, main, says, wait_until
import tiny_gguf
import tiny_model

SMALL = ["--nsamples", "4", "--seqlen", "32"]
SAMPLE = os.path.join(SOURCE, "data", "sample")


def quantized(folder, *more):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    spqr("quantize", model, calibration, "--out", "run", *SMALL, *more)
    return spqr, model, evaluation


@case
def one_window_has_no_error(folder):
    spqr, model, evaluation = quantized(folder)
    one = spqr("eval", 1, "--data", evaluation, "--seqlen", "32", "--windows", "1", "--kl-base", model).out
    assert "nan" not in one and "±" not in one and "1 window of 32" in one and "KL divergence" in one, one
    more = spqr("eval", 1, "--data", evaluation, "--seqlen", "32", "--windows", "2").out
    assert "±" in more and "2 windows of 32" in more, more
    shown = spqr("runs", "show", 1).out
    assert "nan" not in shown and "1 window of 32" in shown and "2 windows of 32" in shown, shown


@case
def evaluations_are_told_apart(folder):
    spqr, model, evaluation = quantized(folder)
    spqr("eval", 1, "--data", evaluation, "--seqlen", "32", "--kl-base", model)
    spqr("eval", 1, "--data", evaluation, "--seqlen", "32", "--windows", "2")
    first, second = [line for line in spqr("runs", "show", 1).out.splitlines() if line.startswith("perplexity")]
    assert "KL divergence" in first and "10 windows" in first and "±" in first, first
    assert "KL" not in second and "2 windows" in second, second
    # Of a run's figures the best measured one is in the list, not the last.
    (run,) = spqr.json("runs", "list")["runs"]
    assert run["ppl_windows"] == 10, run
    listed = spqr("runs", "list").out
    assert " 10 × 32" in listed and "*" not in listed, listed


@case
def what_is_measured_again_is_told_once(folder):
    spqr, model, evaluation = quantized(folder)

    def lines():
        return [line for line in spqr("runs", "show", 1).out.splitlines() if line.startswith("perplexity")]

    spqr("eval", 1, "--data", evaluation, "--seqlen", "32")
    spqr("eval", 1, "--data", evaluation, "--seqlen", "32")
    assert len(lines()) == 1, lines()
    # What tells more takes the place of what tells less, and not the other way round.
    spqr("eval", 1, "--data", evaluation, "--seqlen", "32", "--kl-base", model)
    assert len(lines()) == 1 and "KL divergence" in lines()[0], lines()
    spqr("eval", 1, "--data", evaluation, "--seqlen", "32")
    assert len(lines()) == 2 and "KL divergence" in lines()[0], lines()
    assert len(spqr.json("runs", "show", 1)["evals"]) == 4


@case
def another_protocol_is_marked(folder):
    spqr, model, evaluation = quantized(folder)
    for out in ("two", "three"):
        spqr("quantize", model, "--nearest", "--out", out)
    for run, windows in ((1, "4"), (2, "4"), (3, "2")):
        spqr("eval", run, "--data", evaluation, "--seqlen", "32", "--windows", windows)
    lines = spqr("runs", "list").out.splitlines()
    assert len(lines) == 5 and lines[-1].startswith("* measured on other text or windows"), lines
    marked = [line.split()[0] for line in lines[1:4] if line.endswith("*")]
    assert marked == ["3"], lines


@case
def names_are_whole(folder):
    spqr = Spqr(folder)
    name = "a-model-whose-name-says-much-about-where-it-came-from-and-for-what"
    os.rename(tiny_model.make(folder), os.path.join(folder, name))
    spqr("quantize", name, "--nearest", "--out", "run")
    head, line = spqr("runs", "list").out.splitlines()
    assert name in line and head.index("method") == line.index("rtn"), (head, line)


@case
def parameters_and_rules_of_a_run(folder):
    recipe = os.path.join(folder, "recipe.json")
    with open(recipe, "w", encoding="utf-8") as file:
        json.dump({"spqr_recipe": 1, "name": "mine", "defaults": {"wbits": 4, "nsamples": 4, "seqlen": 32},
                   "overrides": [{"role": "down_proj", "blocks": [0, 1], "set": {"wbits": 2}}, {"role": "o_proj", "skip": True}]}, file)
    spqr = Spqr(folder)
    spqr("quantize", tiny_model.make(folder), tiny_model.make_data(folder)[0], "--out", "run", "--recipe", recipe)
    shown = spqr("runs", "show", "run").out
    assert re.search(r"^recipe +mine$", shown, re.M) and re.search(r"^parameters .*wbits 4, groupsize 16,", shown, re.M), shown
    assert "down_proj, blocks 0 to 1: wbits 2" in shown and "o_proj: left as they are" in shown, shown


@case
def folders_are_runs_too(folder):
    spqr, _, _ = quantized(folder)
    assert spqr("runs", "show", "run").out == spqr("runs", "show", 1).out
    # A run's folder knows its database.
    assert spqr.json("runs", "show", "run", db=False)["id"] == 1
    assert "neither" in spqr("runs", "show", "elsewhere", status=2).err
    spqr("runs", "rm", "1x", status=2)
    assert len(spqr.json("runs", "list")["runs"]) == 1


@case
def a_cancelled_run_says_how_far_it_came(folder):
    run = os.path.join(folder, "run")
    running = Spqr(folder).start("quantize", SAMPLE, os.path.join(SAMPLE, "calibration.txt"), "--nsamples", "64", "--out", "run")
    assert wait_until(lambda: os.path.isdir(run) and any(name.endswith(".spqr") for name in os.listdir(run)), running), running.communicate()
    interrupt(running)
    shown = Spqr(folder)("runs", "show", "run").out
    assert re.search(r"^state +cancelled: \d+ of 28 layers are there$", shown, re.M), shown


@case
def what_is_no_text(folder):
    spqr = Spqr(folder)
    says(spqr("eval", SAMPLE, "--data", os.path.join(SAMPLE, "model.safetensors"), status=1), "model.safetensors", "UTF-8", "NUL")
    open(os.path.join(folder, "empty.txt"), "w").close()
    says(spqr("eval", SAMPLE, "--data", "empty.txt", status=1), "empty.txt: is empty")


@case
def rules_of_the_published_code(folder):
    """A file that only the published code's rules give again says so, and does not where they were asked for."""
    spqr, hinted = Spqr(folder), 0
    for path in sorted(glob.glob(os.path.join(SOURCE, "tests", "golden", "*.safetensors"))):
        told, matches = spqr("layer", path).out, spqr.json("layer", path)
        differs = matches["codes_match"] is not None and (matches["codes_match"] < 1 or matches["mask_match"] < 1)
        assert ("--compat reference" in told) == differs, told
        hinted += differs
        assert "--compat reference" not in spqr("layer", path, "--compat", "reference").out
    assert hinted > 0


@case
def rounded_weights(folder):
    for module in (tiny_model, tiny_gguf):
        module.HIDDEN, module.INNER = 64, 96
    try:
        calibration, _ = tiny_model.make_data(folder)
        spqr, word = Spqr(folder), "The weights of 14 layers are already rounded (Q8_0)"
        plain, rounded = (tiny_gguf.make(os.path.join(folder, name), rounded=name == "q8") for name in ("f32", "q8"))
    finally:
        for module in (tiny_model, tiny_gguf):
            module.HIDDEN, module.INNER = 48, 86
    for more in ([], ["--dry-run"]):
        assert spqr("quantize", rounded, calibration, *SMALL, *more).err.count(word) == 1
        assert "already rounded" not in spqr("quantize", plain, calibration, *SMALL, *more).err
    assert spqr.json("quantize", rounded, calibration, *SMALL, "--dry-run")["layers_already_rounded"] == 14


@case
def too_many_outliers(folder):
    spqr = Spqr(folder)
    text = [SAMPLE, os.path.join(SAMPLE, "calibration.txt"), "--nsamples", "2", "--seqlen", "64"]
    many, few = spqr("quantize", *text, "--wbits", "2").err, spqr("quantize", *text).err
    assert "an outlier_threshold of 0.2 is low for weights of 2 bits" in many and "raise it" in many, many
    assert "outlier_threshold" not in few, few


@case
def progress_has_words(folder):
    spqr, model, evaluation = quantized(folder)
    told = spqr("quantize", model, tiny_model.make_data(folder)[0], "--out", "again", *SMALL, "--eval", evaluation).err
    assert not re.search(r"%\s*$", told, re.M), told
    assert re.search(r"^100 % finished$", told, re.M), told
    told = spqr("eval", model, "--data", evaluation, "--seqlen", "32").err
    assert all(re.match(r" *\d+ % .*windows? \d+( to \d+)? of 10", line) for line in told.splitlines()) and told, told


@case
def usage_and_help(folder):
    spqr = Spqr(folder)
    assert "spqr quantize [OPTION…] MODEL DATA | MODEL --nearest" in spqr("quantize", "--help", db=False).out
    for command in ("quantize", "layer"):
        told = spqr(command, "--help-parameters", db=False).out
        assert "the smaller of 2048 and the model's context" in told, told
    assert "the smaller of 2048 and the model's context" in spqr("eval", "--help", db=False).out


@case
def help_with_a_command(folder):
    spqr = Spqr(folder)
    assert spqr("help", "eval", db=False).out == spqr("eval", "--help", db=False).out
    assert "Commands:" in spqr("help", db=False).out
    told = spqr("help", "evil", status=2, db=False)
    assert told.out == "" and told.message.endswith("did you mean “eval”?"), told.err
    told = spqr("quantise", status=2, db=False)
    assert told.message.endswith("did you mean “quantize”?") and "Commands:" not in told.err, told.err
    told = spqr("unheard-of", status=2, db=False)
    assert "did you mean" not in told.err and "Commands:" in told.err, told.err
    told = spqr("quantize", "--help-parameters", db=False).out
    assert "--method=spqr|gptq|rtn" in told and "--compat=none|reference" in told, told


@case
def letters_of_any_locale(folder):
    spqr = Spqr(folder)
    spqr.env["LC_ALL"] = "C"
    told = spqr("evil", status=2, db=False).err
    assert "“evil”" in told and "?evil?" not in told, told
    assert "“custom”" in spqr("quantize", "--help", db=False).out


@case
def completion_of_help(folder):
    script = ('source "$1"; COMP_WORDS=(spqr help qu); COMP_CWORD=2; _spqr "$2"; echo "${COMPREPLY[@]}"; '
              'COMP_WORDS=(spqr help quantize x); COMP_CWORD=3; _spqr "$2"; echo "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", os.path.join(SOURCE, "data", "completions", "spqr"), SPQR], cwd=folder,
                          env=Spqr(folder).env, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["quantize", ""], done


@case
def reports_of_a_folder(folder):
    spqr, *_ = quantized(folder)
    by_number = spqr.json("export", 1, "--format", "csv", "--out", "number")["files"]
    # A folder says itself in which database its run is.
    by_folder = spqr.json("export", "run", "--format", "csv", "--out", "folder", db=False)["files"]
    assert by_number == by_folder and by_folder, by_folder
    for name in by_folder:
        with open(os.path.join(folder, "number", name)) as a, open(os.path.join(folder, "folder", name)) as b:
            assert a.read() == b.read(), name
    assert spqr.json("export", "run", "--format", "html", "--out", "page")["files"]
    os.mkdir(os.path.join(folder, "other"))
    told = spqr("export", "other", "--format", "html", "--out", "page", status=2).message
    assert "neither the number nor the folder of a run" in told, told


@case
def measuring_takes_time_too(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    dry = ("quantize", model, calibration, "--dry-run", "--seqlen", "auto")
    assert spqr.json(*dry)["evaluation_seconds"] == 0
    with open(os.path.join(folder, evaluation), "rb") as file:
        text = file.read()
    with open(os.path.join(folder, "long.txt"), "wb") as file:
        file.write(200 * text)
    # Each process measures how fast the machine is just then: only a large difference is one of the texts.
    short, long = (spqr.json(*dry, "--eval", data)["evaluation_seconds"] for data in (evaluation, "long.txt"))
    assert 0 < 5 * short < long, (short, long)
    assert "Measuring the perplexity takes about 1 second more." in spqr(*dry, "--eval", evaluation).out


if __name__ == "__main__":
    main()
