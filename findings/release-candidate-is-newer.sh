#!/usr/bin/env bash
# Expected: version 0.2.0-rc.1 is older than 0.2.0, as in Cargo, npm, pip and RubyGems.
# Happens:  where C programs look for libraries it is not. pkgconf and Meson find that 0.2.0-rc.1 satisfies ">=
#           0.2.0", and pkgconf that it does not satisfy "< 0.2.0"; dpkg sorts it behind 0.2.0; for CMake the two
#           are equal. "~rc1", Debian's way out, suits pkgconf and dpkg, but not Meson, pip and RubyGems.
# Versions: pkgconf 1.8.1, CMake 3.25, dpkg, Ruby 3.1 of Debian 12; Meson 1.9.1, packaging 25.0.
# Matters:  a release candidate of a library with a C ABI, written into its .pc file as Cargo.toml has it, is taken
#           for the release by every program that asks for it, and "< 0.2.0" does not protect against it.
# To do:    do not write the suffix into a .pc file or a CMake package: give candidates the number before (0.1.99),
#           or test features, not versions. For a Debian package write 0.2.0~rc.1.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian pkgconf cmake dpkg ruby
pypi meson==1.9.1 packaging==25.0
candidate=0.2.0-rc.1
wins() { "$@" > said 2>&1 && echo yes || echo no; }
with_pkgconf() {
    printf 'Name: x\nDescription: x\nVersion: %s\n' "$1" > x.pc
    PKG_CONFIG_PATH=$work wins pkgconf --exists "x $2"
}
with_cmake() {
    printf 'if("%s" %s "0.2.0")\nmessage(STATUS yes)\nelse()\nmessage(STATUS no)\nendif()\n' "$1" "$2" > compare.cmake
    cmake -P compare.cmake | sed 's/^-- //'
}
with_meson() {
    venv/bin/python -c 'import sys; from mesonbuild.mesonlib import version_compare
print("yes" if version_compare(sys.argv[1], sys.argv[2]) else "no")' "$1" "$2"
}

expect "pip: $candidate < 0.2.0" yes "$(venv/bin/python -c 'from packaging.version import Version
print("yes" if Version("0.2.0-rc.1") < Version("0.2.0") else "no")')"
expect "RubyGems: $candidate < 0.2.0" yes "$(wins ruby -e 'exit Gem::Version.new(ARGV[0]) < Gem::Version.new("0.2.0")' $candidate)"
expect "pkgconf: $candidate >= 0.2.0" yes "$(with_pkgconf $candidate '>= 0.2.0')"
expect "pkgconf: $candidate < 0.2.0" no "$(with_pkgconf $candidate '< 0.2.0')"
expect "Meson: $candidate >= 0.2.0" yes "$(with_meson $candidate '>=0.2.0')"
expect "dpkg: $candidate lt 0.2.0" no "$(wins dpkg --compare-versions $candidate lt 0.2.0)"
expect "CMake: $candidate VERSION_LESS" no "$(with_cmake $candidate VERSION_LESS)"
expect "CMake: $candidate VERSION_EQUAL" yes "$(with_cmake $candidate VERSION_EQUAL)"
expect "pkgconf: 0.2.0~rc.1 >= 0.2.0" no "$(with_pkgconf 0.2.0~rc.1 '>= 0.2.0')"
expect "dpkg: 0.2.0~rc.1 lt 0.2.0" yes "$(wins dpkg --compare-versions 0.2.0~rc.1 lt 0.2.0)"
expect "Meson: 0.2.0~rc.1 >= 0.2.0" yes "$(with_meson 0.2.0~rc.1 '>=0.2.0')"
