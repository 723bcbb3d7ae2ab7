#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the callbacks under ThreadSanitizer against the shim of libmilter: builds what they need in
# a directory of its own (libmilter itself is not clean, and not part of this). CC chooses the
# compiler. Ends 0 if there was no report.
set -eu
top=$(cd "$(dirname "$0")/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=tests/unit/observe/smtp
[ -x "$top/configure" ] || "$top/packaging/autotools/bootstrap" >"$work/bootstrap.log" 2>&1 ||
    { cat "$work/bootstrap.log"; exit 1; }
mkdir "$work/build"
cd "$work/build"
"$top/configure" -q ${CC:+CC="$CC"} CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS='-fsanitize=thread' \
    >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; exit 1; }
tests="$here/test_threads $here/test_phases $here/test_golden
    tests/unit/base/test_histogram tests/unit/metrics/test_server"
# shellcheck disable=SC2086
make -s -j2 $tests >"$work/make.log" 2>&1 || { cat "$work/make.log"; exit 1; }
for test in $tests; do
    srcdir=$top TSAN_OPTIONS='halt_on_error=0 exitcode=66' "$test" >"$work/test.log" 2>&1 ||
        { cat "$work/test.log"; echo "tsan: $test failed"; exit 1; }
done
echo "tsan: no report"
