#!/usr/bin/env python3
"""What tests/run says at its end, of programs that pass, fail, skip, crash and run out of time. Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "summary.py")


def test(name, result, stdout, stderr=""):
    return {"name": name, "result": result, "duration": 3.2, "stdout": stdout, "stderr": stderr}


def told(*tests):
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as log:
        log.writelines(json.dumps(t) + "\n" for t in tests)
        log.flush()
        answer = subprocess.run([sys.executable, SUMMARY, log.name], capture_output=True, text=True)
    return answer.returncode, answer.stdout.splitlines()


status, lines = told(
    test("good", "OK", "1..2\nok 1 - one\n# nothing of this\nok 2 - two # SKIP no data\n"),
    test("bad", "FAIL", "ok 1 - fine\n# of the fine one\nnot ok 2 - tasks of a run\n# AssertionError: 1 != 2\nok 3 - last\n"),
    test("crashed", "ERROR", "ok 1 - begun\n# about to\n", "**\nERROR:test.c:7:f: assertion failed (a == b)\n"),
    test("long", "FAIL", "not ok 1 - x\n" + "".join(f"# line {i}\n" for i in range(500))),
    test("late", "TIMEOUT", ""))
checks = {
    "a failed check is named with what was said of it": "not ok 2 - tasks of a run" in lines and "# AssertionError: 1 != 2" in lines,
    "what passed is not told": not any("nothing of this" in line or "of the fine one" in line for line in lines),
    "of a crash the last words are told": "ERROR:test.c:7:f: assertion failed (a == b)" in lines and "# about to" in lines,
    "a program has at most 60 lines": sum(line.startswith("# line") for line in lines) < 60 and any("more lines" in line for line in lines),
    "the last line counts, crashes and late ends among the failed": lines[-1] == "4 passed, 4 failed, 1 skipped",
    "why something was skipped is told": "skipped: 2 - two # SKIP no data" in lines,
    "a failure is the exit status": status == 1 and told(test("good", "OK", "ok 1 - one\n"))[0] == 0,
}
print(f"1..{len(checks)}")
for number, (name, good) in enumerate(checks.items(), 1):
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
if not all(checks.values()):
    print("\n".join("# " + line for line in lines))
