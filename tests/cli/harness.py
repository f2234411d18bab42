"""What the tests of the command line share: running `spqr`, and speaking TAP.

Python's standard library only. Every case gets a folder of its own that goes away afterwards; the
program sees no plugins, no database and no data folder but those in there.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

BUILD = os.environ.get("SPQR_BUILD_ROOT", "build")
SPQR = os.path.join(BUILD, "app", "spqr")
SHARED = os.environ.get("SPQR_SHARED", "")
SOURCE = os.environ.get("SPQR_SOURCE_ROOT", os.path.join(os.path.dirname(__file__), "..", ".."))

cases = []


class Skip(Exception):
    """Raised by a case that cannot run here; says why."""


def case(function):
    """Registers a check. It is called with its folder."""
    cases.append(function)
    return function


def environment(folder):
    env = dict(os.environ)
    env.update(SPQR_PLUGIN_DIR="", HOME=folder, XDG_DATA_HOME=os.path.join(folder, "data"),
               XDG_CACHE_HOME=os.path.join(folder, "cache"), XDG_CONFIG_HOME=os.path.join(folder, "config"),
               LC_ALL="C.UTF-8")
    return env


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def message(self):
        """The one line that says what went wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("spqr: ")]
        assert len(lines) == 1, f"one line beginning with “spqr: ” was expected on stderr:\n{self.err}"
        return lines[0]


class Spqr:
    """The program, with a database in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.db = os.path.join(folder, "studio.db")
        self.env = environment(folder)

    def __call__(self, *args, status=0, db=True, timeout=120, prefix=()):
        command = [*prefix, SPQR, *map(str, args[:1]), *(["--db", self.db] if db else []), *map(str, args[1:])]
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True,
                              timeout=timeout, stdin=subprocess.DEVNULL)
        result = Result(done.returncode, done.stdout, done.stderr)
        said = f"{' '.join(command)}\nstatus {result.status}\n{result.out}\n{result.err}"
        assert result.status == status, f"status {status} was expected\n{said}"
        assert "CRITICAL" not in result.err and "WARNING" not in result.err, said
        if status in (1, 130):
            assert result.message and result.out == "", said
        return result

    def json(self, *args, **options):
        return self(args[0], "--json", "--quiet", *args[1:], **options).json


def has_keys(obj, keys):
    missing = [key for key in keys.replace(",", " ").split() if key not in obj]
    assert not missing, f"{missing} missing in {sorted(obj)}"


def says(result, *words):
    """The message is one line and holds each of these."""
    for word in words:
        assert word in result.message, f"“{word}” is not in: {result.message}"


def files_in(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder)
                  for at, _, names in os.walk(folder) for name in names)


def same_bytes(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        return a.read() == b.read()


def shared(*parts):
    path = os.path.join(SHARED, *parts)
    if not SHARED or not os.path.exists(path):
        raise Skip("needs " + "/".join(parts) + " of the shared data")
    return path


def say(text):
    for line in str(text).splitlines():
        print("#", line)


def main():
    sys.dont_write_bytecode = True
    wanted = sys.argv[1:]
    chosen = [c for c in cases if not wanted or c.__name__ in wanted]
    print(f"1..{len(chosen)}")
    for number, function in enumerate(chosen, 1):
        name = function.__name__.replace("_", " ")
        folder = tempfile.mkdtemp(prefix="spqr-cli-")
        try:
            function(folder)
            print(f"ok {number} - {name}")
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except Exception:  # any of them is a failed check, told in full
            print(f"not ok {number} - {name}")
            say(traceback.format_exc())
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", folder], check=False)
            shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
