"""PyTorch checkpoints: read as the safetensors file of the same numbers, executing nothing; bad ones refused in a line.

The files are made here, by Python's own pickle and zipfile with stand-ins for torch's names.
"""
import collections
import io
import json
import os
import pickle
import random
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


for function in (_rebuild_tensor_v2, _rebuild_parameter):
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


def tensors_of(seed=1, dtype="F16"):
    return {name: Tensor(Storage(kind, data), shape) for name, (kind, shape, data) in tiny_model.make_tensors(dtype, 2, seed).items()}


def torch_folder(folder, root, **options):
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
        "strides": (with_tensor(Tensor(small, [4, 4], strides=(1, 4))), "transposed"),
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
    rewrite(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + b"legacy" * 50)      # as torch.save wrote before 1.6
    says(spqr("inspect", path, status=1, db=False), "1.6")


def spqr_any(spqr, path):
    """Whatever it says, it ends by itself."""
    return subprocess.run([SPQR, "inspect", path, "--no-stats"], env=spqr.env, capture_output=True, timeout=60).returncode


if __name__ == "__main__":
    main()
