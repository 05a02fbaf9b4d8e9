#!/usr/bin/env bash
# Expected: musl-gcc links a program that unwinds its stack, as C++, Rust and pthread_cancel do, with the libgcc that GCC
#           brings.
# Happens:  neither way works. With -static, libgcc_eh.a asks for _dl_find_object, which glibc has had since 2.35 and musl has
#           not; with the shared libgcc_s nothing is found, because musl-gcc looks into musl's folder alone.
# Versions: musl-tools 1.2.3 and GCC 12.2 of Debian 12.
# Matters:  a static archive of Rust for musl, whose panics unwind, cannot be linked with Debian's musl-gcc, while plain C
#           can: the archive looks broken, and is not.
# To do:    link with Zig's compiler (`-target x86_64-linux-musl -lunwind`, ziglang of PyPI), or on a system whose GCC was
#           built for musl; or bring a _dl_find_object that asks dl_iterate_phdr, and link with `-static -Wl,--eh-frame-hdr -lgcc_eh`.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian musl-tools gcc
cat > walk.c << 'C'
#include <stdio.h>
#include <unwind.h>

static _Unwind_Reason_Code count(struct _Unwind_Context *frame, void *number) {
    (void)frame;
    ++*(int *)number;
    return _URC_NO_REASON;
}

int main(void) {
    int number = 0;
    _Unwind_Backtrace(count, &number);
    puts(number > 0 ? "unwinds" : "finds no frame");
    return 0;
}
C

# What the program prints, or the linker's complaint.
linked() { # compiler options libraries
    local said
    # Without quotes: options.
    said=$($1 $2 walk.c -o walk $3 2>&1) || { grep -E 'undefined reference|cannot find' <<< "$said" | head -n 1; return 0; }
    ./walk
}

expect "gcc, static" unwinds "$(linked gcc -static -lgcc_eh)"
expect "gcc, shared" unwinds "$(linked gcc "" -lgcc_s)"
expect "musl-gcc, static" '*undefined reference to `_dl_find_object'\' "$(linked musl-gcc -static -lgcc_eh)"
expect "musl-gcc, shared" "*cannot find libgcc_s*" "$(linked musl-gcc "" -lgcc_s)"
