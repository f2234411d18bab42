#!/usr/bin/env bash
# The who-may-know-whom rules of the house: a folder may include from itself and from what stands
# to the right of it, never the reverse; GTK and Cairo, SQLite, CUDA and JSON stay in their rooms;
# no circle of includes between headers; no file that has grown past what one can read.
set -u
cd "${SPQR_SOURCE_ROOT:-$(dirname "$0")/../..}" || exit 1

layers=(app ui job export eval store quant net text pack model compute num)
failures=0 count=0
ok()     { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() { count=$((count + 1)); failures=$((failures + 1)); echo "not ok $count - $1"; echo "$2" | sed 's/^/# /'; }
check()  { if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi; }

rank() { local i; for i in "${!layers[@]}"; do [ "${layers[$i]}" = "$1" ] && { echo "$i"; return; }; done; echo -1; }
sources() { find "$@" -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' 2>/dev/null; }

for layer in job export eval store quant net text pack model compute num; do
  mine=$(rank "$layer") bad=""
  for above in "${layers[@]}"; do
    [ "$(rank "$above")" -lt "$mine" ] || continue
    hits=$(sources "core/$layer" | xargs -r grep -nE "#include \"($above)/" | head -5)
    [ -n "$hits" ] && bad="$bad$hits"$'\n'
  done
  check "core/$layer includes nothing from the layers above it" "$bad"
done
check "ui includes nothing from app" "$(sources ui | xargs -r grep -nE '#include "app/')"
check "GTK and libadwaita stay in ui and app" "$(sources core cuda | xargs -r grep -nE '#include <(gtk|adwaita|gdk)')"
check "Cairo stays in ui and app" "$(sources core cuda | xargs -r grep -nE '#include <(cairo|pango)')"
check "painters know no widgets" "$(sources ui/plot | xargs -r grep -nE '#include <(gtk|adwaita|gdk)')"
check "SQLite stays in core/store" "$(sources core app ui cuda | grep -v '^core/store/' | xargs -r grep -nE '#include <sqlite3')"
check "CUDA stays in cuda" "$(sources core app ui | xargs -r grep -nE '#include <(cuda|cublas|cusolver|cusparse)')"
check "core/num is plain C" "$(sources core/num | xargs -r grep -nE '#include <(glib|gio|json-glib|gobject)')"
check "cuda includes only the backend table's header and num's plain headers" \
  "$(sources cuda | xargs -r grep -nE '#include "(app|ui|job|export|eval|store|quant|net|text|pack|model)/|#include <(glib|gio)')"
check "json-glib stays in model, pack, text, quant, store, job, export and app" \
  "$(sources core/num core/compute core/net core/eval ui/plot ui/chart cuda | xargs -r grep -nE '#include <json-glib')"
check "no numeric or model code ends the process" \
  "$(sources core cuda | grep -v shim | xargs -r grep -nE '\b(exit|abort|g_error) *\(' | grep -vE '^[^:]*:[0-9]+: *(\*|//|/\*)' )"
check "no file over 900 lines" "$(sources app ui core cuda | xargs -r wc -l | awk '$2 != "total" && $1 > 900')"

circles=$(
  sources core ui | grep '\.h$' | while read -r header; do
    name=${header#core/}; name=${name#ui/}
    sed -nE 's/^#include "([^"]+)".*/\1/p' "$header" | while read -r included; do echo "$name $included"; done
  done | tsort 2>&1 >/dev/null | head -5)
check "no circle of includes" "$circles"

echo "1..$count"
exit $((failures > 0))
