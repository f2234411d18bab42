#!/usr/bin/env python3
"""Says of meson's test programs which single checks failed and why, counts the checks, and prints the closing line.

A program that speaks TAP counts once per TAP line; one that crashed or timed out counts one more
failure; any other program counts once. Of each program that failed at most MOST lines are told.
"""
import json
import re
import sys

MOST = 60
BAD = ("FAIL", "ERROR", "TIMEOUT", "UNEXPECTEDPASS", "INTERRUPT")


def last(text, most):
    return text.splitlines()[-most:]


def why(test):
    """The lines that say what failed: the checks, what was said of them, and what ended the program."""
    lines, failing = [], False
    for line in (test.get("stdout") or "").splitlines():
        verdict = re.match(r"\s*(not )?ok\b", line)
        if verdict:
            failing = verdict[1] is not None
        if failing or "Bail out!" in line or "ERROR:" in line:
            lines.append(line)
    if not lines:
        lines = last(test.get("stdout") or "", MOST // 2)
    if len(lines) > MOST - 20:
        lines = [*lines[:MOST - 20], f"… {len(lines) - MOST + 20} more lines"]
    return [*lines, *last(test.get("stderr") or "", MOST - 1 - len(lines))]


def main(path):
    passed = failed = skipped = 0
    why_skipped, why_failed = [], []
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            lines = re.findall(r"^\s*(ok|not ok)\b([^\n]*)", test.get("stdout") or "", re.M)
            ours_failed = 0
            for verdict, rest in lines:
                if verdict == "not ok":
                    ours_failed += 1
                elif re.search(r"#\s*skip", rest, re.I):
                    skipped += 1
                    why_skipped.append(rest.strip(" -"))
                else:
                    passed += 1
            bad = test["result"] in BAD
            if bad and ours_failed == 0:
                ours_failed = 1
            failed += ours_failed
            if ours_failed > 0:
                why_failed.append(f"---- {test['name']}: {test['result']} after {test['duration']:.0f} s")
                why_failed += why(test)
            if not lines and not bad:
                if test["result"] == "SKIP":
                    skipped += 1
                    why_skipped.append(test["name"])
                else:
                    passed += 1
    for reason in why_skipped:
        print("skipped:", reason)
    for text in why_failed:
        print(text[:2000])
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
