"""Bad input: a clear line that names the file, the status of the contract, nothing half-written."""
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys

sys.dont_write_bytecode = True

from harness import Skip, Spqr, case, files_in, main, says
import tiny_model

SMALL = ["--nsamples", "4", "--seqlen", "32"]


def weights_of(model):
    return os.path.join(model, "model.safetensors")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def with_header(path, edit):
    """Rewrites a safetensors file with its JSON header changed and its data kept."""
    raw = read(path)
    (n,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8:8 + n])
    edit(header)
    text = json.dumps(header).encode()
    write(path, struct.pack("<Q", len(text)) + text + raw[8 + n:])


def refused(folder, spoil, *words):
    """`inspect` and `quantize` of a spoilt model both refuse it in one line; no run is left."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    spoil(model)
    for command in (["inspect", model], ["quantize", model, calibration, "--out", "run", *SMALL]):
        says(spqr(*command, status=1), *words)
    assert not os.path.exists(os.path.join(folder, "run"))


@case
def truncated_weights(folder):
    for keep in (0, 4, 100, -1, -1000):
        def spoil(model, keep=keep):
            write(weights_of(model), read(weights_of(model))[:keep])
        refused(os.path.join(folder, str(keep)), spoil, "model.safetensors")


@case
def lying_headers(folder):
    name = "model.layers.0.mlp.up_proj.weight"
    lies = {
        "length": lambda h: h[name].update(data_offsets=[0, 1 << 60]),
        "overlap": lambda h: h[name].update(data_offsets=h["lm_head.weight"]["data_offsets"]),
        "shape": lambda h: h[name].update(shape=[1 << 40, 1 << 40]),
        "negative": lambda h: h[name].update(shape=[-86, -48]),
        "backwards": lambda h: h[name].update(data_offsets=h[name]["data_offsets"][::-1]),
        "kind": lambda h: h[name].update(dtype=7),
        "type": lambda h: h.update({name: [1, 2, 3]}),
    }
    for lie, edit in lies.items():
        refused(os.path.join(folder, lie), lambda model: with_header(weights_of(model), edit), "model.safetensors")

    def huge(model):
        write(weights_of(model), struct.pack("<Q", (1 << 63) - 1) + read(weights_of(model))[8:])
    refused(os.path.join(folder, "huge"), huge, "model.safetensors")

    def no_json(model):
        raw = read(weights_of(model))
        write(weights_of(model), raw[:8] + b"!" * 40 + raw[48:])
    refused(os.path.join(folder, "no-json"), no_json, "model.safetensors")


@case
def missing_shard(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder, shards=3)
    os.remove(os.path.join(model, "model-00002-of-00003.safetensors"))
    says(spqr("inspect", model, status=1), "model-00002-of-00003.safetensors")


@case
def broken_index(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder, shards=2)
    index = os.path.join(model, "model.safetensors.index.json")
    whole = read(index)
    write(index, whole[:100])
    says(spqr("inspect", model, status=1), "model.safetensors.index.json")
    outside = json.loads(whole)
    outside["weight_map"]["lm_head.weight"] = "../../etc/passwd"
    tiny_model.write_json(index, outside)
    spqr("inspect", model, status=1)


@case
def git_lfs_pointer(folder):
    def spoil(model):
        write(weights_of(model), b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n")
    refused(folder, spoil, "model.safetensors", "LFS")


@case
def no_weights_at_all(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    os.remove(weights_of(model))
    says(spqr("inspect", model, status=1), model)
    says(spqr("inspect", os.path.join(folder, "nowhere"), status=1), "nowhere")
    says(spqr("inspect", os.path.join(model, "tokenizer.json"), status=1), model)


@case
def unknown_architecture_can_be_looked_at(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    tiny_model.write_json(os.path.join(model, "config.json"),
                          tiny_model.config(architectures=["MambaForCausalLM"], model_type="mamba"))
    seen = spqr.json("inspect", model)
    assert seen["supported"] is False and "Mamba" in seen["unsupported_reason"]
    for command in (["quantize", model, calibration, "--out", "run", *SMALL], ["eval", model, "--data", calibration]):
        says(spqr(*command, status=1), "amba")
    assert spqr.json("runs", "list")["runs"] == [] or all(
        r["state"] == "failed" for r in spqr.json("runs", "list")["runs"])


@case
def broken_config(folder):
    for number, text in enumerate([b"", b"{", b"[]", json.dumps(tiny_model.config(hidden_size=0)).encode(),
                                   json.dumps(tiny_model.config(num_attention_heads=1000000000)).encode(),
                                   json.dumps(tiny_model.config(num_hidden_layers=-1)).encode(),
                                   json.dumps(tiny_model.config(num_hidden_layers=9)).encode()]):
        spqr = Spqr(folder)
        model = tiny_model.make(os.path.join(folder, str(number)))
        calibration, _ = tiny_model.make_data(os.path.join(folder, str(number)))
        write(os.path.join(model, "config.json"), text)
        assert spqr("quantize", model, calibration, "--out", "run", *SMALL, status=1).message
        assert spqr("eval", model, "--data", calibration, status=1).message


@case
def missing_tensor_is_named(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    tensors = tiny_model.make_tensors()
    del tensors["model.layers.1.self_attn.o_proj.weight"]
    tiny_model.write_safetensors(weights_of(model), tensors)
    says(spqr("quantize", model, calibration, "--out", "run", *SMALL, status=1), "o_proj")


@case
def nan_and_inf_in_the_weights_are_named(folder):
    """Opened, counted and drawn; what would compute with them says so, and names the tensor where it can."""
    name = "model.layers.1.mlp.up_proj.weight"
    for count, bits, nearest in (("nan", b"\x00\x7e", False), ("inf", b"\x00\x7c", False), ("inf", b"\x00\xfc", True)):
        place = os.path.join(folder, f"{count}-{nearest}")
        os.makedirs(place)
        spqr, model = Spqr(place), tiny_model.make(place)
        calibration, evaluation = tiny_model.make_data(place)
        tensors = tiny_model.make_tensors()
        dtype, shape, data = tensors[name]
        tensors[name] = (dtype, shape, data[:100] + bits + data[102:])
        tiny_model.write_safetensors(weights_of(model), tensors)
        seen = {t["name"]: t for t in spqr.json("inspect", model)["tensors"]}
        assert {word: seen[name][word] for word in ("nan", "inf")} == {"nan": 0, "inf": 0, count: 1}, seen[name]
        assert all(t["nan"] + t["inf"] == 0 for t in seen.values() if t["name"] != name)
        for field in ("weight", "sensitivity"):
            spqr("field", model, name, "--field", field, "--png", "field.png")
            assert read(os.path.join(place, "field.png")).startswith(b"\x89PNG")
        data = ["--nearest"] if nearest else [calibration, *SMALL]
        says(spqr("quantize", model, *data, "--out", "run", status=1), "up_proj", "Inf")
        (run,) = spqr.json("runs", "list")["runs"]
        assert run["state"] == "failed" and "up_proj" in run["error"]
        says(spqr("eval", model, "--data", evaluation, "--seqlen", "32", status=1), "not a number")
        write(os.path.join(place, "piqa.valid.jsonl"), b'{"goal": "the", "sol1": "a", "sol2": "b", "label": 0}\n')
        says(spqr("tasks", model, "--task", "piqa", "--data", ".", status=1), "not a number")
        says(spqr("generate", model, "--prompt", "the", "--tokens", "2", status=1), "not a number")


@case
def ids_outside_the_vocabulary(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    bad = os.path.join(folder, "bad.json")
    for ids in ([1, 2, tiny_model.VOCAB] * 40, [1, 2, -1] * 40, [1, 2, 1 << 40] * 40):
        tiny_model.write_json(bad, ids)
        says(spqr("eval", model, "--data", bad, "--seqlen", "32", status=1), "bad.json")
        says(spqr("quantize", model, bad, "--out", "run", *SMALL, status=1), "bad.json")
    # A tokenizer that knows more words than the model has rows.
    wider = tiny_model.tokenizer()
    wider["model"]["vocab"]["Q"] = 5000
    tiny_model.write_json(os.path.join(model, "tokenizer.json"), wider)
    text = os.path.join(folder, "text.txt")
    write(text, b"Q " * 200)
    says(spqr("eval", model, "--data", text, "--seqlen", "32", status=1), "5000")


@case
def data_of_the_wrong_kind(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    for name, data in (("empty.txt", b""), ("empty.json", b"[]"), ("words.json", b'["a", "b"]'), ("cut.json", b"[1, 2"),
                       ("object.json", b'{"a": 1}'), ("bytes.pth", b"PK\x03\x04nonsense"), ("rows.jsonl", b'{"word": 1}\n')):
        path = os.path.join(folder, name)
        write(path, data)
        says(spqr("eval", model, "--data", path, "--seqlen", "32", status=1), name)
        says(spqr("quantize", model, path, "--out", "run", *SMALL, status=1), name)
    says(spqr("eval", model, "--data", "nowhere.txt", status=1), "nowhere.txt")
    says(spqr("eval", model, "--data", "wikitext2", "--data-dir", folder, status=1), "wikitext2", folder)
    assert not os.path.exists(os.path.join(folder, "run"))


@case
def shorter_than_a_window(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    short = os.path.join(folder, "short.json")
    tiny_model.write_json(short, list(range(20)))
    says(spqr("quantize", model, short, "--out", "run", *SMALL, status=1), "20", "32")
    says(spqr("eval", model, "--data", short, "--seqlen", "32", status=1), "20", "32")


@case
def longer_than_the_context(folder):
    """Positions beyond what the model was made for are either computed or refused, never garbage."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    _, evaluation = tiny_model.make_data(folder)
    result = spqr.json("eval", model, "--data", evaluation, "--seqlen", "128")
    assert result["ppl"] > 1


@case
def newer_database(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    spqr("quantize", model, "--nearest", "--wbits", "4", "--out", "run")
    with sqlite3.connect(spqr.db) as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    before = read(spqr.db)
    says(spqr("runs", "list", status=1), "studio.db", "newer")
    says(spqr("quantize", model, "--nearest", "--wbits", "4", "--out", "other", status=1), "studio.db", "newer")
    assert read(spqr.db) == before and not os.path.exists(os.path.join(folder, "other"))


@case
def broken_database(folder):
    spqr = Spqr(folder)
    write(spqr.db, b"this is no database, just text. " * 100)
    says(spqr("runs", "list", status=1), "studio.db")
    spqr.db = os.path.join(folder, "no", "such", "folder", "studio.db")
    says(spqr("runs", "list", status=1), "studio.db")


@case
def spoilt_artifact(folder):
    """A stored layer that was damaged is told by its file; the run's other data stay."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    spqr("quantize", model, calibration, "--out", "run", *SMALL)
    name = [n for n in files_in(os.path.join(folder, "run")) if n.endswith(".spqr")][3]
    path = os.path.join(folder, "run", name)
    whole = read(path)
    for spoilt in (whole[:-9], whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 0x10]) + whole[len(whole) // 2 + 1:]):
        write(path, spoilt)
        says(spqr("eval", "1", "--data", evaluation, "--seqlen", "32", status=1), name)
        says(spqr("export", "1", "--format", "hf-dense", "--out", "dense", status=1), name)
    os.remove(path)
    says(spqr("export", "1", "--format", "hf-dense", "--out", "dense", status=1), name)
    assert not os.path.exists(os.path.join(folder, "dense"))
    assert not [n for n in os.listdir(folder) if ".partial" in n]
    write(path, whole)
    spqr("export", "1", "--format", "hf-dense", "--out", "dense")


@case
def another_model_behind_a_run(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, evaluation = tiny_model.make_data(folder)
    spqr("quantize", model, calibration, "--out", "run", *SMALL)
    tiny_model.write_safetensors(weights_of(model), tiny_model.make_tensors(seed=2))
    says(spqr("quantize", model, calibration, "--out", "run", *SMALL, status=1), "run", "model")
    shutil.rmtree(model)
    says(spqr("eval", "1", "--data", evaluation, status=1), "tiny")


@case
def no_space(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    small = os.path.join(folder, "small")
    os.mkdir(small)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small],
                                           capture_output=True).returncode != 0:
        raise Skip("a small file system can be mounted by root only")
    try:
        told = spqr("quantize", model, calibration, "--out", os.path.join(small, "run"), *SMALL, status=1)
        says(told, "small")
        left = files_in(small)
        assert not [n for n in left if os.path.basename(n).startswith(".")], left
        assert all(r["state"] == "failed" for r in spqr.json("runs", "list")["runs"])
        spqr("quantize", model, calibration, "--out", "whole", *SMALL)
        number = spqr.json("runs", "list")["runs"][0]["id"]
        says(spqr("export", number, "--format", "hf-dense", "--out", os.path.join(small, "dense"), status=1), "small")
        assert files_in(small) == left
    finally:
        subprocess.run(["umount", small], check=False)


@case
def no_space_is_known_before(folder):
    """Less room than the result takes: refused with the numbers, and nothing is begun."""
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    small = os.path.join(folder, "small")
    os.mkdir(small)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", small],
                                           capture_output=True).returncode != 0:
        raise Skip("a small file system can be mounted by root only")
    try:
        told = spqr("quantize", model, calibration, "--out", os.path.join(small, "run"), *SMALL, status=1)
        says(told, small, "no space", "16.4", "is free")
        assert os.listdir(small) == [] and spqr.json("runs", "list")["runs"] == []
    finally:
        subprocess.run(["umount", small], check=False)


@case
def no_permission(folder):
    spqr = Spqr(folder)
    model = tiny_model.make(folder)
    calibration, _ = tiny_model.make_data(folder)
    as_nobody = []
    if os.geteuid() == 0:
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if subprocess.run([*as_nobody, "test", "-x", os.path.join(os.environ.get("SPQR_BUILD_ROOT", "build"), "app", "spqr")],
                          capture_output=True).returncode != 0:
            raise Skip("root may do everything, and another user cannot reach the program")
        subprocess.run(["chown", "-R", "65534:65534", folder], check=True)
    locked = os.path.join(folder, "locked")
    os.mkdir(locked)
    os.chmod(locked, 0o555)
    says(spqr("quantize", model, calibration, "--out", os.path.join(locked, "run"), *SMALL, status=1, prefix=as_nobody),
         "locked", "ermission")
    assert os.listdir(locked) == []
    os.chmod(weights_of(model), 0)
    says(spqr("inspect", model, status=1, prefix=as_nobody), "model.safetensors", "ermission")


if __name__ == "__main__":
    main()
