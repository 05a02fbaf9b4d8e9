"""What the debug information of a library says about its functions, for abidiff: python3 library.py LIBRARY > library.abi

abidw writes down every type that a function reaches: two megabytes, nearly all of it private to the library and other
in every version. Kept is what a program can meet: the functions, and of each type as much as they show of it. A struct
behind a pointer is its name.
"""

import subprocess
import sys
import xml.etree.ElementTree as tree

# What has nothing in it that a program could not see: kept with what it leads to.
OPEN = {"type-decl", "pointer-type-def", "qualified-type-def", "typedef-decl", "function-type"}
# Structs that are passed by value: what is in them is part of the interface.
BY_VALUE = {"tg_status"}


def abidw(library):
    command = ["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", library]
    return tree.fromstring(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


class Interface:
    def __init__(self, corpus):
        self.named = {element.get("id"): element for element in corpus.iter() if element.get("id")}
        self.types = {}

    def keep(self, name):
        """Keeps a type, and what it leads to."""
        if name in self.types:
            return
        element = self.named[name]
        kept = tree.Element(element.tag, element.attrib)
        self.types[name] = kept
        if element.tag in OPEN:
            self.follow(element, kept, list(element))
        elif element.get("name") in BY_VALUE:
            self.follow(element, kept, element.findall("data-member"))
        elif element.tag == "class-decl":
            kept.attrib.pop("size-in-bits", None)
            kept.set("is-declaration-only", "yes")
        else:
            # Rust's enums: their names tell all, "Option<unsafe extern "C" fn(...)>" for a callback.
            self.types[name] = tree.Element("type-decl", {"name": element.get("name"), "id": name})

    def follow(self, element, kept, children):
        kept.extend(children)
        for part in [element, *(part for child in children for part in child.iter())]:
            if part.get("type-id"):
                self.keep(part.get("type-id"))


def main():
    corpus = abidw(sys.argv[1])
    symbols = corpus.find("elf-function-symbols")
    interface = Interface(corpus)
    functions = {function.get("elf-symbol-id"): function for function in corpus.iter("function-decl")}
    out = tree.Element("abi-corpus", {"version": corpus.get("version"), "architecture": corpus.get("architecture")})
    out.append(symbols)
    unit = tree.SubElement(out, "abi-instr", {"address-size": "64", "path": "src/ffi", "language": "LANG_C11"})
    found = []
    for symbol in symbols:
        function = functions.get(symbol.get("name"))
        if function is None:
            sys.exit(f"{sys.argv[1]} says nothing about {symbol.get('name')}: was it built without debug information?")
        interface.follow(function, tree.Element("nothing"), list(function))
        found.append(function)
    unit.extend(interface.types.values())
    unit.extend(found)
    # Numbers in the order of their use, so that the file changes only where the interface does.
    numbers = {name: f"type-id-{index}" for index, name in enumerate(interface.types, 1)}
    for element in unit.iter():
        for attribute in ("id", "type-id"):
            if attribute in element.attrib:
                element.set(attribute, numbers[element.get(attribute)])
    tree.indent(out)
    print(tree.tostring(out, encoding="unicode"))


main()
