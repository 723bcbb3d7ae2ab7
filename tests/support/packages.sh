# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034 # the lists are for those who source this
# Install what is missing, and nothing else. Sourced by packaging/quickstart and tests/run.

PACKAGES_BUILD="autoconf automake make gcc libc6-dev pkg-config libmilter-dev libhiredis-dev
libssl-dev libconfuse-dev libsmartcols-dev libsystemd-dev libmicrohttpd-dev
libpsl-dev libidn2-dev libjansson-dev zlib1g-dev liblzma-dev libzstd-dev"
PACKAGES_RUN="postfix redis-server python3"
PACKAGES_TEST="git xz-utils zstd libcmocka-dev python3-pytest python3-pytest-xdist systemd-journal-remote
shellcheck mandoc strace faketime openssl procps util-linux m4 systemd iproute2 curl prometheus python3-jsonschema"
PACKAGES_BROWSER="chromium chromium-driver python3-selenium poppler-utils" # and axe-core, if there is npm
PACKAGES_RPM="rpm bzip2 selinux-policy-dev" # packaging/build-rpm; its test wants rpmlint and setools too
PACKAGES_DEB="dpkg-dev debhelper dh-apparmor fakeroot lintian" # and what debian/control names
PACKAGES_LOAD="wrk" # tests/bench/web
PACKAGES_PEERS="libsisimai-perl python3-flufl.bounce pflogsumm" # tests/bench compares with them

# Print those of the named packages that are not installed.
packages_missing() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s ' "$package"
    done
}

# Install the named packages; says so and returns 1 if that cannot be. Services that come with
# them are started neither now nor at the next boot, and packages that are there stay.
packages_install() {
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || {
        echo "no apt-get here; please install: $missing" >&2
        return 1
    }
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update || echo "apt-get update failed; going on with the lists that are here" >&2
    # shellcheck disable=SC2086 # a list of words
    removed=$(apt-get -s --no-install-recommends install $missing 2>/dev/null |
        sed -n 's/^Remv \([^ ]*\).*/\1/p' | tr '\n' ' ')
    if [ -n "$removed" ]; then
        echo "installing $missing would remove $removed: please install them by hand" >&2
        return 1
    fi
    echo "installing $missing"
    packages_keep_services_down
    enabled=$(packages_enabled)
    printf 'postfix postfix/main_mailer_type select No configuration\n' | debconf-set-selections
    # shellcheck disable=SC2086
    if apt-get -qq --no-install-recommends install $missing >"${TMPDIR:-/tmp}/apt.$$" 2>&1 </dev/null
    then
        failed=0
    else
        failed=1
        tail -20 "${TMPDIR:-/tmp}/apt.$$" >&2
        echo "apt-get could not install $missing" >&2
    fi
    rm -f "${TMPDIR:-/tmp}/apt.$$"
    packages_let_services_go
    packages_disable "$enabled"
    return $failed
}

# The services that the next boot starts, a line each; none where there is no systemd.
packages_enabled() {
    systemctl list-unit-files --type=service --state=enabled --no-legend 2>/dev/null | sed 's/ .*//'
}

# Disable what is enabled now and is not in the list; without systemd before, the list says nothing.
packages_disable() {
    [ -n "$1" ] || return 0
    new=$(packages_enabled | grep -vxF "$1" | tr '\n' ' ')
    [ -n "$new" ] || return 0
    echo "installed, but not to be started at boot: $new"
    # shellcheck disable=SC2086 # a list of words
    systemctl -q disable $new 2>/dev/null
}

# A policy-rc.d that says no, unless the machine has one of its own.
packages_keep_services_down() {
    [ ! -e /usr/sbin/policy-rc.d ] || return 0
    trap packages_let_services_go EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\n# waybill: for the time of one installation\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
}

packages_let_services_go() {
    if grep -qs '^# waybill: for the time' /usr/sbin/policy-rc.d; then
        rm -f /usr/sbin/policy-rc.d
    fi
    trap - EXIT INT TERM HUP
}
