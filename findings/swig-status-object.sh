#!/usr/bin/env bash
# Expected: SWIG reads "int32_t tg_ping(void)" from a header that includes <stdint.h>, and Python gets an int.
# Happens:  SWIG does not follow #include and says nothing about a type it does not know. int32_t and int64_t become
#           objects: a result of 0 is "Swig Object of type 'int32_t *'", which is never equal to 0 and always true,
#           and an int is refused for an int64_t argument. size_t, int and the header's #defines work, so half of
#           the interface does.
# Versions: SWIG 4.1.0 of Debian 12 with Python 3.11. SWIG 4.5.1 from PyPI was tried by hand: the same.
# Matters:  a C ABI that avoids int and long, as it should, is misread without a warning: "if status != OK" is true
#           for every successful call.
# To do:    %include <stdint.i> in front of the header.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$(readlink -f "$0")")/common.sh"

debian swig python3-dev gcc
cat > ping.h << 'C'
#include <stddef.h>
#include <stdint.h>
#define STATUS_OK 0
int32_t ping(void);
void wait_for(int64_t milliseconds);
size_t count(void);
C
cat > ping.c << 'C'
#include "ping.h"
int32_t ping(void) { return STATUS_OK; }
void wait_for(int64_t milliseconds) { (void)milliseconds; }
size_t count(void) { return 7; }
C
module() {
    mkdir "$1"
    printf '%s\n' "%module $1" '%{' '#include "ping.h"' '%}' "${@:2}" '%include "ping.h"' > "$1/$1.i"
    swig -Wall -python -outdir "$1" -o "$1/wrap.c" "$1/$1.i" > "$1/said" 2>&1
    # shellcheck disable=SC2046
    gcc -w -shared -fPIC -I. $(/usr/bin/python3-config --includes) "$1/wrap.c" ping.c -o "$1/_$1.so"
}
shows() { PYTHONPATH=$work/$1 "$python" -c "import $1 as m
try: print($2)
except TypeError as error: print(error)" | grep -v "detected a memory leak"; }

module bare
module mended '%include <stdint.i>'
expect "warnings of swig -Wall" 0 "$(wc -l < bare/said)"
expect "size_t" 7 "$(shows bare 'm.count()')"
expect "int32_t 0" "<Swig Object of type 'int32_t \*' at *" "$(shows bare 'm.ping()')"
expect "int32_t 0 == STATUS_OK" "False True" "$(shows bare 'm.ping() == m.STATUS_OK, bool(m.ping())' | tr -d '(,)')"
expect "int64_t argument 5" "*argument 1 of type 'int64_t'*" "$(shows bare 'm.wait_for(5)')"
expect "with stdint.i, int32_t 0" "True" "$(shows mended 'm.ping() == m.STATUS_OK')"
expect "with stdint.i, int64_t 5" None "$(shows mended 'm.wait_for(5)')"
