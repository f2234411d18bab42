"""What the tests of the command line share: running `spqr`, and speaking TAP.

Python's standard library only. Every case gets a folder of its own that goes away afterwards; the
program sees no plugins, no database and no data folder but those in there.
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.environ.get("SPQR_BUILD_ROOT", "build")
SPQR = os.path.join(BUILD, "app", "spqr")
SHARED = os.environ.get("SPQR_SHARED", "")
SOURCE = os.environ.get("SPQR_SOURCE_ROOT", os.path.join(os.path.dirname(__file__), "..", ".."))

# Seconds after which a program hangs: however slow the machine, what works takes less.
LIMIT = 300 * float(os.environ.get("SPQR_TEST_PATIENCE", 1))

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

    def __call__(self, *args, status=0, db=True, prefix=()):
        command = [*prefix, SPQR, *map(str, args[:1]), *(["--db", self.db] if db else []), *map(str, args[1:])]
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True,
                              timeout=LIMIT, stdin=subprocess.DEVNULL)
        result = Result(done.returncode, done.stdout, done.stderr)
        said = f"{' '.join(command)}\nstatus {result.status}\n{result.out}\n{result.err}"
        assert result.status == status, f"status {status} was expected\n{said}"
        assert "CRITICAL" not in result.err and "WARNING" not in result.err, said
        if status in (1, 130):
            assert result.message and result.out == "", said
        return result

    def json(self, *args, **options):
        return self(args[0], "--json", "--quiet", *args[1:], **options).json

    def start(self, *args):
        """Begins a command that is to be stopped in the middle. It gives way to who waits for that moment, which
        so is seen in time on a busy machine, too."""
        return subprocess.Popen([SPQR, *map(str, args), "--db", self.db], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: os.nice(5))


def wait_until(ready, running):
    """Waits for ready() while the program is at work; False: it has ended before."""
    limit = time.monotonic() + LIMIT
    while running.poll() is None:
        if ready():
            return True
        assert time.monotonic() < limit, "what is waited for does not come"
        time.sleep(0.003)
    return False


def interrupt(running):
    """SIGINT; asserts that the program stops cleanly for it and does not work on for long."""
    with open(f"/proc/{running.pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=LIMIT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert running.returncode == 130, f"status {running.returncode}\n{out}\n{err}"
    assert out == "" and "cancelled" in err, (out, err)
    # Of processor time: how late others let it be is not its fault.
    at_signal = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - at_signal
    assert took < 5, f"{took} s of work to stop"


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # past the time: what is on the disk goes first
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
