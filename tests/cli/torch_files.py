"""PyTorch checkpoints: read as the safetensors file of the same numbers, executing nothing; bad ones refused in a line.

The files are made here, by Python's own pickle and zipfile with stand-ins for torch's names.
"""
import collections
import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import types
import zipfile

sys.dont_write_bytecode = True

from harness import SPQR, Spqr, case, main, says
import tiny_model

torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
sys.modules.update({"torch": torch, "torch._utils": utils})
for kind in ("FloatStorage", "HalfStorage", "BFloat16Storage", "ComplexFloatStorage"):
    setattr(torch, kind, type(kind, (), {"__module__": "torch"}))


def _rebuild_tensor_v2(*arguments):
    raise AssertionError


def _rebuild_parameter(*arguments):
    raise AssertionError


def _rebuild_tensor(*arguments):
    raise AssertionError


for function in (_rebuild_tensor_v2, _rebuild_parameter, _rebuild_tensor):
    function.__module__, function.__qualname__ = "torch._utils", function.__name__
    setattr(utils, function.__name__, function)
STORAGE = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage"}


class Storage:
    def __init__(self, dtype, data):
        self.kind, self.data = getattr(torch, STORAGE.get(dtype, dtype)), data


class Tensor:
    def __init__(self, storage, shape, offset=0, strides=None):
        self.parts = storage, offset, tuple(shape), strides or tuple(self.row_major(shape))

    @staticmethod
    def row_major(shape):
        for d in range(len(shape)):
            size = 1
            for n in shape[d + 1:]:
                size *= n
            yield size

    def __reduce__(self):
        storage, offset, shape, strides = self.parts
        return _rebuild_tensor_v2, (storage, offset, shape, strides, False, collections.OrderedDict())


class EarlyTensor(Tensor):
    """As torch wrote before 0.4."""

    def __reduce__(self):
        return _rebuild_tensor, self.parts


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return _rebuild_parameter, (self.tensor, True, collections.OrderedDict())


def save(path, root, compression=zipfile.ZIP_STORED, order="little"):
    storages, out = [], io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if not isinstance(thing, Storage):
                return None
            if thing not in storages:
                storages.append(thing)
            return "storage", thing.kind, str(storages.index(thing)), "cpu", len(thing.data)

    Pickler(out, 2).dump(root)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", out.getvalue())
        archive.writestr("archive/byteorder", order)
        for number, storage in enumerate(storages):
            archive.writestr(f"archive/data/{number}", storage.data)


MAGIC, ELEMENT = 0x1950a86a20f9469cfc6c, {"FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "ComplexFloatStorage": 8}


def save_old(path, root, protocol=2, magic=MAGIC, version=1001, little=True, count=None, keys=None, views=None):
    """As torch.save wrote before 1.6. count: what is said of a storage's elements, and what stands before them."""
    storages, out = {}, io.BytesIO()

    def said(thing):
        n = len(thing.data) // ELEMENT[thing.kind.__name__]
        return count[0](n) if count else n

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if not isinstance(thing, Storage):
                return None
            key = next((k for k, s in storages.items() if s is thing), str(9000 - len(storages)))
            storages[key] = thing
            return "storage", thing.kind, key, "cpu", said(thing), views(thing) if views else None

    machine = {"protocol_version": version, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    for value in (magic, version, machine):
        pickle.dump(value, out, protocol)
    parts = [out.tell()]
    Pickler(out, protocol).dump(root)
    parts.append(out.tell())
    order = sorted(storages)
    pickle.dump(keys(order) if keys else order, out, protocol)
    parts.append(out.tell())
    for key in order:
        n = len(storages[key].data) // ELEMENT[storages[key].kind.__name__]
        out.write(struct.pack("<q", count[1](n) if count else n) + storages[key].data)
        parts.append(out.tell())
    with open(path, "wb") as file:
        file.write(out.getvalue())
    return parts


def tensors_of(seed=1, dtype="F16"):
    return {name: Tensor(Storage(kind, data), shape) for name, (kind, shape, data) in tiny_model.make_tensors(dtype, 2, seed).items()}


def torch_folder(folder, root, save=save, **options):
    """The tiny model with its weights from a checkpoint."""
    path = tiny_model.make(folder)
    os.remove(os.path.join(path, "model.safetensors"))
    save(os.path.join(path, "pytorch_model.bin"), root, **options)
    return path


def same_as_safetensors(folder, path):
    spqr = Spqr(folder)
    _, evaluation = tiny_model.make_data(folder)
    other = tiny_model.make(os.path.join(folder, "other"))
    a, b = (spqr.json("eval", m, "--data", evaluation, "--seqlen", "32", db=False) for m in (path, other))
    assert a["ppl"] == b["ppl"], (a, b)
    a, b = (spqr.json("inspect", m, db=False)["tensors"] for m in (path, other))
    assert a == b


@case
def one_file(folder):
    root = collections.OrderedDict(tensors_of())
    root._metadata = {"": {"version": 1}}
    path = torch_folder(folder, root)
    same_as_safetensors(folder, path)
    spqr = Spqr(folder)
    assert spqr.json("inspect", os.path.join(path, "pytorch_model.bin"), db=False)["blocks"] == 2
    calibration, _ = tiny_model.make_data(folder)
    spqr("quantize", path, calibration, "--nsamples", "2", "--seqlen", "16", "--out", "run")


@case
def parameters_and_shared_storages(folder):
    whole = tensors_of()
    names = list(whole)
    joined = Storage("F16", b"\0" * 6 + whole[names[0]].parts[0].data)
    root = {name: Parameter(tensor) for name, tensor in whole.items()}
    root[names[0]] = Tensor(joined, whole[names[0]].parts[2], offset=3)
    root["steps"] = 7
    same_as_safetensors(folder, torch_folder(folder, root))


def turned(tensor, gap=0):
    """The same matrix, written column after column, with gap numbers after each."""
    storage, _, (rows, cols), _ = tensor.parts
    size = len(storage.data) // (rows * cols)
    columns = (b"".join(storage.data[(r * cols + c) * size:(r * cols + c + 1) * size] for r in range(rows)) for c in range(cols))
    data = b"".join(column + b"\xff" * gap * size for column in columns)
    return Tensor(Storage({2: "F16", 4: "F32"}[size], b"\xff" * 3 * size + data), (rows, cols), 3, (1, rows + gap))


def part_of_wider(tensor):
    """The same matrix or vector as every other column of a larger one."""
    storage, _, shape, _ = tensor.parts
    data = b"".join(storage.data[i:i + 2] + b"\xff\xff" for i in range(0, len(storage.data), 2))
    return Tensor(Storage("F16", data), shape, 0, (2,) if len(shape) == 1 else (2 * shape[1], 2))


@case
def transposed_and_partial_tensors(folder):
    """As torch.save writes w.t() and whole[:, :n]: read in their own order, by every reader."""
    whole = tensors_of()
    for number, save_it in enumerate((save, save_old)):
        root = {name: turned(t, i % 3) if len(t.parts[2]) == 2 else part_of_wider(t) for i, (name, t) in enumerate(whole.items())}
        root["model.layers.0.mlp.up_proj.weight"] = part_of_wider(whole["model.layers.0.mlp.up_proj.weight"])
        place = os.path.join(folder, f"layout{number}")
        os.makedirs(place)
        path = torch_folder(place, root, save_it)
        same_as_safetensors(place, path)
    spqr = Spqr(folder)
    plain = torch_folder(os.path.join(folder, "plain"), whole)
    calibration, _ = tiny_model.make_data(folder)
    told = []
    for name, model in (("turned", path), ("plain", plain)):
        spqr("quantize", model, calibration, "--nsamples", "2", "--seqlen", "16", "--out", name)
        run = spqr.json("runs", "list")["runs"][0]["id"]
        spqr("export", run, "--format", "hf-dense", "--out", name + "-dense")
        told.append(spqr.json("inspect", os.path.join(folder, name + "-dense"), db=False)["tensors"])
    assert told[0] == told[1]
    # What lies in another order is another model, be the bytes the same.
    prints = set()
    for name, shape, strides in (("a", (4, 4), (4, 1)), ("b", (4, 4), (1, 4))):
        place = os.path.join(folder, name)
        os.makedirs(place)
        file = torch_folder(place, {**whole, "square": Tensor(Storage("F16", bytes(range(32))), shape, 0, strides)})
        prints.add(spqr.json("inspect", file, db=False)["fingerprint"])
    assert len(prints) == 2, prints


@case
def shards(folder):
    path = tiny_model.make(folder)
    os.remove(os.path.join(path, "model.safetensors"))
    whole, places = tensors_of(), {}
    for s in range(3):
        file = f"pytorch_model-{s + 1:05}-of-00003.bin"
        part = dict(list(whole.items())[s::3])
        save(os.path.join(path, file), part)
        places.update(dict.fromkeys(part, file))
    index = os.path.join(path, "pytorch_model.bin.index.json")
    with open(index, "w", encoding="utf-8") as out:
        json.dump({"metadata": {}, "weight_map": places}, out)
    with open(os.path.join(path, "training_args.bin"), "wb") as out:
        out.write(b"nothing of a model")
    same_as_safetensors(folder, path)
    os.remove(index)
    again = os.path.join(folder, "again")
    os.makedirs(again)
    same_as_safetensors(again, path)
    os.remove(os.path.join(path, "pytorch_model-00002-of-00003.bin"))
    says(Spqr(folder)("inspect", path, status=1, db=False), "number 2 is missing")


@case
def wide_zip_fields(folder):
    """As in files beyond 4 GiB: sizes and places in extra fields."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 10, 3
    try:
        path = torch_folder(folder, tensors_of())
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits
    same_as_safetensors(folder, path)


def refused(folder, root, *words, **options):
    os.makedirs(folder)
    path = torch_folder(folder, root, **options)
    says(Spqr(folder)("inspect", path, status=1, db=False), "pytorch_model.bin", *words)


class Foreign:
    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.system, (f"touch {self.folder}/ran",)


@case
def foreign_globals_are_named_and_never_run(folder):
    refused(os.path.join(folder, "a"), {**tensors_of(), "x": Foreign(folder)}, "posix.system")
    refused(os.path.join(folder, "b"), {**tensors_of(), "x": Tensor(Storage("ComplexFloatStorage", b"\0" * 8), [1])},
            "torch.ComplexFloatStorage")
    assert not os.path.exists(os.path.join(folder, "ran"))


@case
def lies_are_refused(folder):
    def with_tensor(tensor):
        return {**tensors_of(), "lie": tensor}

    small = Storage("F32", b"\0" * 64)
    cases = {
        "longer": (with_tensor(Tensor(small, [17])), "“lie”", "does not lie in the file"),
        "offset": (with_tensor(Tensor(small, [16], offset=1)), "does not lie in the file"),
        "huge": (with_tensor(Tensor(small, [10 ** 9, 10 ** 9])), "does not lie in the file"),
        "overflow": (with_tensor(Tensor(small, [2 ** 62, 2 ** 62])), "impossible shape"),
        "negative": (with_tensor(Tensor(small, [-1, 4])), "impossible shape"),
        "repeated": (with_tensor(Tensor(small, [4, 4], strides=(0, 1))), "“lie”", "more than once"),
        "overlapping": (with_tensor(Tensor(small, [4, 4], strides=(3, 1))), "more than once"),
        "beyond": (with_tensor(Tensor(small, [4, 4], strides=(1, 5))), "“lie”", "does not lie in the file"),
        "behind": (with_tensor(Tensor(small, [4, 4], offset=1, strides=(1, 4))), "does not lie in the file"),
        "far": (with_tensor(Tensor(small, [4, 4], strides=(2 ** 62, 2 ** 61))), "more than once"),
        "backwards": (with_tensor(Tensor(small, [4, 4], strides=(-4, 1))), "impossible shape"),
        "dims": (with_tensor(Tensor(small, [1] * 9)), "8 dimensions"),
        "list": ([1, 2, 3], "state_dict"),
        "empty": ({}, "state_dict"),
    }
    for name, (root, *words) in cases.items():
        refused(os.path.join(folder, name), root, *words)
    # A bomb has to be packed: nothing packed is unpacked.
    refused(os.path.join(folder, "bomb"), with_tensor(Tensor(Storage("F32", b"\0" * (1 << 22)), [1 << 20])), "compressed",
            compression=zipfile.ZIP_DEFLATED)
    refused(os.path.join(folder, "order"), tensors_of(), "big-endian", order="big")


@case
def pickles_that_swell_or_never_end(folder):
    """Small files whose lists hold themselves, each other many times over, or each other a million deep."""
    holds_itself, laughs = [], [1] * 10
    holds_itself.append(holds_itself)
    for _ in range(40):
        laughs = [laughs] * 10
    deep = 300000
    pickles = {"itself": pickle.dumps(holds_itself, 2), "laughs": pickle.dumps(laughs, 2),
               "lists": b"\x80\x02" + b"]" * deep + b"a" * (deep - 1) + b".", "tuples": b"\x80\x02K\x01" + b"\x85" * deep + b".",
               "marks": b"\x80\x02" + b"(" * deep + b".", "memo": b"\x80\x02]r\xff\xff\xff\xff.",
               "number": b"\x80\x02\x8b\xff\xff\xff\x7fxx.", "text": b"\x80\x04\x8d" + b"\xff" * 7 + b"\x3fxx."}
    spqr, model = Spqr(folder), tiny_model.make(folder)
    for name, data in pickles.items():
        file = os.path.join(folder, name + ".pth")
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("archive/data.pkl", data)
            archive.writestr("archive/byteorder", "little")
        says(spqr("inspect", file, "--no-stats", status=1, db=False), name + ".pth")
        says(spqr("eval", model, "--data", file, "--seqlen", "32", status=1, db=False), name + ".pth")


@case
def broken_files(folder):
    spqr, path = Spqr(folder), torch_folder(folder, tensors_of())
    file = os.path.join(path, "pytorch_model.bin")
    with open(file, "rb") as inp:
        whole = inp.read()
    rng = random.Random(3)

    def rewrite(data):
        with open(file, "wb") as out:
            out.write(data)

    for keep in (1, 30, 1000, len(whole) // 2, len(whole) - 1):
        rewrite(whole[:keep])
        says(spqr("inspect", path, "--no-stats", status=1, db=False), "pytorch_model.bin")
    directory = whole.rindex(b"PK\1\2", 0, len(whole)) - 2000
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.choice((rng.randrange(0, 4000), rng.randrange(directory, len(whole))))] = rng.randrange(256)
        rewrite(bytes(data))
        done = spqr_any(spqr, path)
        assert done in (0, 1), done
    rewrite(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x18." + b"legacy" * 50)      # not the magic number
    says(spqr("inspect", path, status=1, db=False), "1.6")


@case
def old_layout(folder):
    root = collections.OrderedDict(tensors_of())
    root._metadata = {"": {"version": 1}}
    path = torch_folder(folder, root, save_old)
    same_as_safetensors(folder, path)
    calibration, _ = tiny_model.make_data(folder)
    Spqr(folder)("quantize", path, calibration, "--nsamples", "2", "--seqlen", "16", "--out", "run")
    later = os.path.join(folder, "later")
    os.makedirs(later)
    same_as_safetensors(later, torch_folder(later, tensors_of(), save_old, protocol=4))
    early = os.path.join(folder, "early")
    os.makedirs(early)
    tensors = {name: EarlyTensor(tensor.parts[0], tensor.parts[2]) for name, tensor in tensors_of().items()}
    same_as_safetensors(early, torch_folder(early, tensors, save_old))


@case
def old_layout_shared_storages_and_views(folder):
    whole = tensors_of()
    names = list(whole)
    root = {name: Parameter(tensor) for name, tensor in whole.items()}
    joined = Storage("F16", b"\0" * 6 + whole[names[0]].parts[0].data + whole[names[1]].parts[0].data)
    root[names[0]] = Tensor(joined, whole[names[0]].parts[2], offset=3)
    root[names[1]] = Tensor(joined, whole[names[1]].parts[2], offset=3 + len(whole[names[0]].parts[0].data) // 2)
    same_as_safetensors(folder, torch_folder(folder, root, save_old))
    viewed = os.path.join(folder, "viewed")
    os.makedirs(viewed)
    first = whole[names[0]].parts[0]
    shown = Storage("F16", b"\0" * 6 + first.data)
    root = {**whole, names[0]: Tensor(shown, whole[names[0]].parts[2])}
    view = lambda n: lambda thing: ("1", 3, n) if thing is shown else None
    same_as_safetensors(viewed, torch_folder(viewed, root, save_old, views=view(len(first.data) // 2)))
    for number, n in enumerate((len(first.data) // 2 - 1, len(first.data) // 2 + 1, -1)):
        refused(os.path.join(folder, f"view{number}"), root, "does not lie in the file", save=save_old, views=view(n))


@case
def old_layout_shards(folder):
    path = tiny_model.make(folder)
    os.remove(os.path.join(path, "model.safetensors"))
    whole, places = tensors_of(), {}
    for s in range(2):
        file = f"pytorch_model-{s + 1:05}-of-00002.bin"
        part = dict(list(whole.items())[s::2])
        save_old(os.path.join(path, file), part)
        places.update(dict.fromkeys(part, file))
    with open(os.path.join(path, "pytorch_model.bin.index.json"), "w", encoding="utf-8") as out:
        json.dump({"metadata": {}, "weight_map": places}, out)
    same_as_safetensors(folder, path)


@case
def old_layout_lies_are_refused(folder):
    def no(name, *words, root=None, **options):
        refused(os.path.join(folder, name), root or tensors_of(), *words, save=save_old, **options)

    def same(n):
        return n

    small = Storage("F32", b"\0" * 64)
    no("foreign", "posix.system", root={**tensors_of(), "x": Foreign(folder)})
    assert not os.path.exists(os.path.join(folder, "ran"))
    no("type", "torch.ComplexFloatStorage", root={**tensors_of(), "x": Tensor(Storage("ComplexFloatStorage", b""), [1])})
    no("longer", "“lie”", "does not lie in the file", root={**tensors_of(), "lie": Tensor(small, [17])})
    no("before", "“lie”", "does not lie in the file", root={**tensors_of(), "lie": Tensor(small, [1], offset=-1)})
    no("repeated", "more than once", root={**tensors_of(), "lie": Tensor(small, [4, 4], strides=(1, 0))})
    no("beyond", "does not lie in the file", root={**tensors_of(), "lie": Tensor(small, [4, 4], strides=(5, 1))})
    no("magic", "1.6", magic=MAGIC + 1)
    no("version", "not known", version=1002)
    no("order", "big-endian", little=False)
    no("said", "number of elements", count=(lambda n: n + 1, same))
    no("there", "number of elements", count=(same, lambda n: n - 1))
    no("both", "cut off", count=(lambda n: 2 ** 62, lambda n: 2 ** 62))
    no("both_more", "cut off", count=(lambda n: 10 ** 9, lambda n: 10 ** 9))
    no("negative", "impossible number of elements", count=(lambda n: -n, lambda n: -n))
    no("negative_there", "number of elements", count=(same, lambda n: -n))
    no("twice", "or one twice", keys=lambda order: order[:1] * 2 + order[2:])
    no("strange", "no tensor has", keys=lambda order: ["1"] + order[1:])
    no("numbers", "no tensor has", keys=lambda order: [1] + order[1:])
    no("no_list", "no list of storages", keys=lambda order: {"a": 1})
    no("missing", "does not lie in the file", keys=lambda order: order[:-1])


@case
def old_layout_cut_or_spoilt(folder):
    spqr = Spqr(folder)
    path = torch_folder(folder, tensors_of(), save_old)
    file = os.path.join(path, "pytorch_model.bin")
    parts = save_old(file, tensors_of())
    with open(file, "rb") as inp:
        whole = inp.read()

    def rewrite(data):
        with open(file, "wb") as out:
            out.write(data)

    assert spqr_any(spqr, path) == 0
    for end in parts:
        for keep in {end - 1, end - 9, *([end, end + 4] if end < len(whole) else [])}:
            rewrite(whole[:keep])
            says(spqr("inspect", path, "--no-stats", status=1, db=False), "pytorch_model.bin")
    rng = random.Random(5)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(0, parts[2] + 8)] = rng.randrange(256)
        rewrite(bytes(data))
        done = spqr_any(spqr, path)
        assert done in (0, 1), done


def spqr_any(spqr, path):
    """Whatever it says, it ends by itself."""
    return subprocess.run([SPQR, "inspect", path, "--no-stats"], env=spqr.env, capture_output=True, timeout=60).returncode


if __name__ == "__main__":
    main()
