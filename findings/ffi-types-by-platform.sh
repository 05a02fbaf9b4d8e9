#!/usr/bin/env bash
# Expected: the gem ffi knows uintptr_t on every platform, as C has it in <stdint.h> everywhere.
# Happens:  the names of types come from a list for each platform. That for Linux on x86-64 has uintptr_t; that for Linux on
#           arm64 has not, nor have those for riscv64, ppc64le and s390x. attach_function is then a TypeError when the file
#           is loaded. size_t and pointer are known everywhere.
# Versions: ruby-ffi 1.15.5 of Debian 12, with Ruby 3.1.
# Matters:  a Ruby wrapper that passes addresses as uintptr_t passes every test on x86-64, and cannot be loaded on arm64.
# To do:    :size_t for an address that is passed as a number; it is as wide on all of these platforms.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian ruby ruby-ffi
gem=$(ruby -e 'puts Gem::Specification.find_by_name("ffi").gem_dir')

# How wide ffi finds a type, with the list of another 64-bit platform of Linux in place of this one's.
width() { # type platform
    rm -rf lib
    cp -r "$gem/lib" lib
    cp "$gem/lib/ffi/platform/$2-linux/types.conf" lib/ffi/platform/x86_64-linux/types.conf
    ruby -I lib -e '
        require "ffi"
        begin
          puts "#{FFI.find_type(ARGV[0].to_sym).size} bytes"
        rescue TypeError => error
          puts error.message
        end' "$1"
}

[ "$(uname -m)" = x86_64 ] || { echo "needed: a machine with x86-64" >&2; exit 2; }
expect "uintptr_t, x86-64" "8 bytes" "$(width uintptr_t x86_64)"
for platform in aarch64 riscv64 powerpc64le s390x; do
    expect "uintptr_t, $platform" "unable to resolve type 'uintptr_t'" "$(width uintptr_t "$platform")"
    expect "size_t, $platform" "8 bytes" "$(width size_t "$platform")"
done
