#!/usr/bin/env bash
# build.sh [--bench | --check] [OUT-FOLDER [ARCH ...]]: the plugin and its check program on a bare GPU server: nvcc and a
# C compiler, no meson, no GLib. OpenBLAS is used for the check where there is one. --bench: and runs it.
# --check: the check program alone, without nvcc.
set -eu
bench= plugin=yes
[ "${1:-}" = --bench ] && { bench=yes; shift; }
[ "${1:-}" = --check ] && { plugin=; shift; }
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../build-cuda}
[ $# -gt 0 ] && shift
archs=${*:-80 86 89 90}
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
gencode=()
for arch in $archs; do gencode+=(-gencode "arch=compute_$arch,code=sm_$arch"); last=$arch; done
gencode+=(-gencode "arch=compute_$last,code=compute_$last")
mkdir -p "$out"

# The one command that makes the plugin.
[ -z "$plugin" ] || "$nvcc" -shared -std=c++17 -O3 -fmad=false -cudart static -t 0 "${gencode[@]}" \
  -Xcompiler -fPIC,-fvisibility=hidden -I "$here" -I "$here/../core" \
  "$here"/*.cu "$here/../core/num/spqr-params.c" -o "$out/libspqr-backend-cuda.so" -ldl -lpthread

cflags=(-std=gnu17 -O2 -D_GNU_SOURCE -ffp-contract=off -fno-math-errno -w -I "$here/../core")
if printf '#include <cblas.h>\nint main (void) { openblas_set_num_threads (1); }' |
    cc -x c - -o /dev/null $(pkg-config --cflags --libs openblas 2>/dev/null || echo -lopenblas) 2>/dev/null; then
  blas=($(pkg-config --cflags --libs openblas 2>/dev/null || echo -lopenblas))
else
  blas=(-I "$here/bare" "$here/bare/spqr-bare-blas.c")
fi
sets=(plain:)
[ "$(uname -m)" = x86_64 ] && sets+=(avx2:-mavx2 "avx512:-mavx2 -mavx512f -mavx512bw -mavx512dq -mavx512vl")
objects=()
for set in "${sets[@]}"; do
  name=${set%%:*} flags=${set#*:}
  cc "${cflags[@]}" $flags -O3 "-DSPQR_KERNELS_NAME=spqr_kernels_$name" -c "$here/../core/num/spqr-kernels.c" -o "$out/kernels-$name.o"
  objects+=("$out/kernels-$name.o")
done
sources=()
for name in blas columns cpu exec factor field fp16 hessian kernels-table large layer layer-decode layer-figures params permutation \
  pyramid quantizer status tile tile-stats triangular; do
  sources+=("$here/../core/num/spqr-$name.c")
done
cc "${cflags[@]}" "$here/bare/spqr-cuda-check.c" "${sources[@]}" "${objects[@]}" "${blas[@]}" -lm -lpthread -ldl -o "$out/spqr-cuda-check"
rm -f "${objects[@]}"
if [ -n "$bench" ]; then
  exec "$out/spqr-cuda-check" "$out/libspqr-backend-cuda.so" --bench
fi
[ -n "$plugin" ] || exit 0
echo "Built $out/libspqr-backend-cuda.so and $out/spqr-cuda-check. Now run"
echo "  $out/spqr-cuda-check $out/libspqr-backend-cuda.so --bench"
