# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# Build out of tree. Sourced by packaging/quickstart and tests/run.

# build TREE FOLDER TARGET [CONFIGURE-ARGUMENT...]: says nothing unless it fails.
build() (
    tree=$1 folder=$2 target=$3
    shift 3
    mkdir -p "$folder"
    if ! { { [ -f "$tree/configure" ] || "$tree/packaging/autotools/bootstrap"; } &&
        cd "$folder" && { [ -f Makefile ] || "$tree/configure" -q "$@"; } &&
        make -j"$(nproc)" "$target"; } >"$folder/build.log" 2>&1 </dev/null; then
        tail -40 "$folder/build.log" >&2
        echo "cannot build; the whole output is in $folder/build.log" >&2
        return 1
    fi
)
