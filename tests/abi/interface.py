"""Writes a C program that names everything in the interface of a header: python3 interface.py HEADER > interface.c

It compiles only with a header that has all of it, with the same types and values, and starts only with a library that
has every function. `freeze` keeps it with the header of a release.
"""

import re
import sys

TOP = """\
/* Everything in the interface of version {version}, written from its header by tests/abi/interface.py. */

#include <stdio.h>
#include <tigergraph_auth.h>
"""

BOTTOM = """\
int main(void) {{
    size_t count = sizeof functions / sizeof *functions;
    for (size_t i = 0; i < count; i++)
        if (functions[i].address == NULL) return printf("%s is not there\\n", functions[i].name);
    return printf("%d functions, version %s\\n", (int)count, tg_version()) < 0;
}}
"""


def read(path):
    """The header without comments: its statements, each in one line, and its macros with a value."""
    with open(path, encoding="utf-8") as file:
        code = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    macros = dict(re.findall(r"^#define (\w+) (\S+)$", code, flags=re.MULTILINE))
    code = re.sub(r"^#.*$|extern \"C\" \{|^\}", "", code, flags=re.MULTILINE)
    code = re.sub(r"TIGERGRAPH_AUTH_DEPRECATED_NOTE\(\".*?\"\)", "", code)
    statements = [" ".join(statement.split()) for statement in code.split(";")]
    return [statement for statement in statements if statement], macros


def pointer(declaration, name):
    """The same declaration, of a constant that points to what was declared."""
    return re.sub(rf"\b{name}(?=\()", f"(*const p_{name})", declaration)


def main():
    statements, macros = read(sys.argv[1])
    version = ".".join(macros[f"TIGERGRAPH_AUTH_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))
    print(TOP.format(version=version))
    for name, value in macros.items():
        if name.startswith("TG_"):
            print(f'_Static_assert({name} == {value}, "{name}");')
    types, functions = [], []
    for statement in statements:
        if callback := re.fullmatch(r"typedef (.*\(\*)(\w+)(\).*)", statement):
            before, name, after = callback.groups()
            types.append(f"{before}const p_{name}{after} = ({name})0;")
        elif opaque := re.fullmatch(r"typedef struct (\w+) (\w+)", statement):
            types.append("struct {} *const p_{} = ({} *)0;".format(*opaque.groups(), opaque[2]))
        elif number := re.fullmatch(r"typedef (\w+) (\w+)", statement):
            types.append("{} *const p_{} = ({} *)0;".format(*number.groups(), number[2]))
        elif function := re.search(r"\b(tg_\w+)\(", statement):
            functions.append((function[1], f"static {pointer(statement, function[1])} = {function[1]};"))
        else:
            sys.exit(f"{sys.argv[1]}: what is this? {statement}")
    print("", "/* Pointers of the types that the header had. */", *types, "", sep="\n")
    print(*(declaration for _, declaration in functions), "", sep="\n")
    print("static const struct { const char *name; void (*address)(void); } functions[] = {")
    print(*(f'    {{"{name}", (void (*)(void))p_{name}}},' for name, _ in functions), sep="\n")
    print("};\n")
    print(BOTTOM.format(), end="")


main()
