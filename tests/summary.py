#!/usr/bin/env python3
"""Counts the single checks behind meson's test programs and prints the closing line.

A program that speaks TAP counts once per TAP line; one that crashed or timed out counts one more
failure; any other program counts once.
"""
import json
import re
import sys

passed = failed = skipped = 0
why_skipped = []
with open(sys.argv[1], encoding="utf-8") as log:
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
        bad = test["result"] in ("FAIL", "ERROR", "TIMEOUT", "UNEXPECTEDPASS", "INTERRUPT")
        if bad and ours_failed == 0:
            ours_failed = 1
        failed += ours_failed
        if not lines and not bad:
            if test["result"] == "SKIP":
                skipped += 1
                why_skipped.append(test["name"])
            else:
                passed += 1
for reason in why_skipped:
    print("skipped:", reason)
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
