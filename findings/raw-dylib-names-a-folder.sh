#!/usr/bin/env bash
# Expected: the same sources, compiler and command give the same library; --remap-path-prefix keeps the paths of the build
#           out of it.
# Happens:  for x86_64-pc-windows-gnu a Rust library with a raw-dylib, as the standard library and windows-sys have them, is
#           another one each time: rustc has dlltool make an import library in a folder with a random name, and dlltool
#           puts the path of that file, with _ for every other sign, into symbols. No flag that maps paths sees those.
#           Where dlltool is called in that folder, with bare names, both builds are the same.
# Versions: Debian 12: rustc-web 1.96.0, dlltool of binutils 2.40 for mingw.
# Matters:  a static library for Windows is never the same twice, and tells where it was built. Who looks at DLLs alone
#           does not notice: these symbols are gone once one is linked.
# To do:    a dlltool that changes to the folder of its output first, before the real one in PATH (packaging/prebuilt).
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian rustc-web binutils-mingw-w64-x86-64
cat > names.rs << 'RUST'
#![feature(no_core, lang_items)]
#![allow(internal_features)]
#![no_core]
#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[link(name = "bcryptprimitives", kind = "raw-dylib")]
unsafe extern "system" {
    pub fn ProcessPrng(data: *mut u8, length: usize) -> i32;
}
RUST

# build NAME: the library; all are built in one place, one after the other.
build() {
    RUSTC_BOOTSTRAP=1 /usr/bin/rustc --edition 2024 --target x86_64-pc-windows-gnu --crate-type rlib \
        --remap-path-prefix="$PWD=." names.rs -o libnames.rlib
    mv libnames.rlib "$1.rlib"
}
compared() { if cmp -s "$1.rlib" "$2.rlib"; then echo same; else echo different; fi; }
symbol() { strings -a "$1.rlib" | grep -m 1 '^_head_'; }

build first
build second
expect "two builds" different "$(compared first second)"
expect "a symbol of one" "_head_${work//[!A-Za-z0-9]/_}_rustc??????_bcryptprimitives_dll_imports_lib" "$(symbol first)"

mkdir tools
cat > tools/x86_64-w64-mingw32-dlltool << 'DLLTOOL'
#!/usr/bin/env bash
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
    -l | --temp-prefix) folder=$(dirname "$2") && arguments+=("$1" "$(basename "$2")") && shift ;;
    *) arguments+=("$1") ;;
    esac
    shift
done
cd "$folder" && exec /usr/bin/x86_64-w64-mingw32-dlltool "${arguments[@]}"
DLLTOOL
chmod 755 tools/x86_64-w64-mingw32-dlltool
PATH=$PWD/tools:$PATH
build third
build fourth
expect "in that folder, two builds" same "$(compared third fourth)"
expect "a symbol of one" "_head_bcryptprimitives_dll_imports_lib" "$(symbol third)"
