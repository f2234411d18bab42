#!/usr/bin/env bash
# check-bare.sh CUDA-FOLDER SHIM-PLUGIN: the check program that goes to a bare GPU server builds without meson and GLib, and finds
# nothing wrong with the plugin.
set -u
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
echo 1..3

"$1/build.sh" --check "$out" >"$out/log" 2>&1 && echo "ok 1 - it builds" || { cat "$out/log" >&2; echo "not ok 1 - it builds"; exit 1; }
"$out/spqr-cuda-check" "$2" >"$out/told" 2>&1 && echo "ok 2 - all is right" || { cat "$out/told" >&2; echo "not ok 2 - all is right"; exit 1; }
"$out/spqr-cuda-check" "$out/none.so" >/dev/null 2>&1 && echo "not ok 3 - a plugin that is not there is told of" || echo "ok 3 - a plugin that is not there is told of"
