# SPDX-License-Identifier: LGPL-2.1-or-later
# Shell functions that the tools share. Sourced with $tool and $root set; leaves nothing behind but installed packages.

fail() {
	echo "$tool: $*" >&2
	exit 1
}

# The build needs packages and the tests need network namespaces: both are root's.
need_root_on_debian() {
	[ "$(id -u)" = 0 ] || fail "run it as root: it installs packages and makes network namespaces."
	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
		fail "made for Debian 12 (there is no apt-get here). Install what is listed in HACKING.md, then use meson directly."
}

# install_packages PACKAGE...: installs what is missing, without starting any of their services.
install_packages() {
	local missing="" package policy=/usr/sbin/policy-rc.d log
	for package; do
		case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" in
		*" installed") ;;
		*) missing="$missing $package" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	echo "Installing from Debian:$missing"
	log=$(mktemp)
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	else
		policy=""
	fi
	export DEBIAN_FRONTEND=noninteractive
	if { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
		rm -f "$log" $policy
	else
		rm -f $policy
		tail -n 20 "$log" >&2
		rm -f "$log"
		fail "apt-get could not install:$missing"
	fi
}

# What it takes to build, and to run the daemon with a bus and polkit. Read from HACKING.md by nobody: it only repeats these.
build_packages="gcc libc6-dev meson ninja-build pkg-config python3-docutils systemd
	libglib2.0-dev libsystemd-dev nettle-dev libnl-3-dev libnl-route-3-dev libnftnl-dev libmnl-dev"
run_packages="dbus polkitd libglib2.0-bin iproute2 util-linux mount passwd python3 python3-gi"
test_packages="python3-pytest clang clang-format libclang-rt-14-dev binutils procps keepalived nftables jq
	zsh python3-prometheus-client openssh-server openssh-client"
