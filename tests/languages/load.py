"""The header for readers without a preprocessor, as Python's cffi reads it: load.py HEADER. Standard input has a line for
each constant, NAME VALUE, and for each function, NAME. Prints how many of both there were."""

import sys

from cffi import FFI

ffi = FFI()
with open(sys.argv[1]) as header:
    ffi.cdef(header.read())
tg = ffi.dlopen("libtigergraph_auth.so.0.1")
count = 0
for line in sys.stdin:
    name, *value = line.split()
    if value and getattr(tg, name) != int(value[0]):
        sys.exit(f"{name} is {getattr(tg, name)}")
    if not value and ffi.typeof(getattr(tg, name)).kind != "function":
        sys.exit(f"{name} is no function")
    count += 1
print(count, ffi.string(tg.tg_version()).decode())
