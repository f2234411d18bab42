#!/usr/bin/env bash
# check-kernels.sh CUDA-FOLDER OPS-TEST QUANTIZE-TEST NET-TEST GENERATE-TEST: every kernel of the sources was launched.
set -u
folder=$1 list=$(mktemp) count=0 failures=0
trap 'rm -f "$list"' EXIT
export SPQR_CUDA_SHIM_KERNELS=$list

"$2" >/dev/null || { echo "not ok 1 - $2 fails"; echo "1..1"; exit 1; }
"$3" -p /cuda/quantize/default -p "/cuda/quantize/long runs" -p "/cuda/quantize/shared range" >/dev/null ||
  { echo "not ok 1 - $3 fails"; echo "1..1"; exit 1; }
SPQR_CUDA_F16=split "$4" -p /cuda/net/logits/llama -p /cuda/net/divergence -p /cuda/net/stop -p /cuda/net/calibration/llama >/dev/null ||
  { echo "not ok 1 - $4 fails"; echo "1..1"; exit 1; }
"$5" -p /cuda/generate/llama >/dev/null || { echo "not ok 1 - $5 fails"; echo "1..1"; exit 1; }

kernels=$(cat "$folder"/*.cu "$folder"/*.h | grep -A2 '__global__' | grep -oE '\b[a-z_]+_kernel \(' | tr -d ' (' | sort -u)
for kernel in $kernels; do
  count=$((count + 1))
  if grep -qx "$kernel" "$list"; then
    echo "ok $count - $kernel"
  else
    failures=$((failures + 1))
    echo "not ok $count - $kernel was never launched"
  fi
done
echo "1..$count"
[ "$count" -gt 20 ] || exit 1
exit $((failures > 0))
