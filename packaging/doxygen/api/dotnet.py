#!/usr/bin/env python3
"""Prints what the .NET package offers as a Markdown page for packaging/doxygen/guide: the declarations in its sources,
and the XML comments before them, which are those of its documentation file.

    packaging/doxygen/api/dotnet.py
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

PACKAGE = pathlib.Path("bindings/dotnet")
# The folders of what is in a package.
SOURCES = ("src", "extensions")
TYPE = re.compile(r"(?:\w+ )*(?P<kind>class|struct|enum|interface) (?P<name>\w+)")
# The name of a member stands before its parameters, or else before its accessors or its value.
METHOD = re.compile(r"(\w+)(?:<\w+>)?\(")
PROPERTY = re.compile(r"(\w+)(?:\[.*\])?(?: [{=]|;)")


class Entry:
    """A declaration with its comment: a type, which has members, or one of these."""

    def __init__(self, name, kind, text, comment, owner):
        self.name, self.kind, self.text, self.comment, self.owner = name, kind, text, comment, owner
        self.members = []

    def title(self):
        return f"{self.owner.name}.{self.name}" if self.owner else self.name

    def anchor(self):
        """What the guide makes of its heading."""
        return re.sub(r"[^\w-]", "", self.title().lower())


def declaration(lines):
    """The text of what is declared here, without attributes and without its body."""
    text = ""
    for line in lines:
        line = line.strip()
        if not text and line.startswith("["):
            continue
        text += (" " if text and not text.endswith("(") else "") + line
        is_whole = text.count("(") == text.count(")")
        if line == "{" or is_whole and (re.search(r"[{;,]$|=>", line) or not line):
            break
    return re.sub(r"\s*([{;,]|=>.*)$", "", text).strip()


def as_interface(text, lines):
    """The declaration of a member as an interface has it: without initializers, and a property with its accessors."""
    text = re.sub(r"\b(async|unsafe) ", "", text)
    head = re.split(r" \{| =", text)[0]
    if "(" in head or re.search(r"\b(const|event|readonly)\b", head):
        return re.sub(r" : (this|base)\(.*", "", text) + ";"
    body = " ".join(line.strip() for line in lines[:12]).split("///")[0]
    return head + (" { get; set; }" if re.search(r"\bset\b", body) else " { get; }")


class Source:
    """A file of C#, whose types and members are added to those that are known."""

    def __init__(self, path, types):
        self.lines, self.types = path.read_text().splitlines(), types
        # The types that are open, with their indentation. Members of one that is not public are not shown.
        self.open = []

    def read(self):
        comment = []
        for number, line in enumerate(self.lines):
            stripped = line.strip()
            indent = len(line) - len(line.lstrip())
            if stripped.startswith("///"):
                comment.append(stripped[3:])
            elif stripped and not stripped.startswith("["):
                self.line(indent, stripped, self.lines[number:], "\n".join(comment))
                comment = []

    def line(self, indent, stripped, rest, comment):
        while self.open and stripped != "}" and indent <= self.open[-1][0] and stripped != "{":
            self.open.pop()
        owner = self.open[-1][1] if self.open else None
        found = TYPE.match(stripped)
        if found:
            self.open.append((indent, self.type(found, stripped, rest, comment)))
        elif comment and owner and self.is_shown(owner, stripped):
            self.member(owner, rest, comment)

    def type(self, found, stripped, rest, comment):
        if not stripped.startswith("public ") or any(owner is None for _, owner in self.open):
            return None
        name = found["name"]
        if name not in self.types:
            self.types[name] = Entry(name, found["kind"], declaration(rest).replace("partial ", ""), comment, None)
        known = self.types[name]
        known.comment = known.comment or comment
        return known

    @staticmethod
    def is_shown(owner, stripped):
        return owner.kind in ("enum", "interface") or re.match(r"(public|protected) ", stripped)

    @staticmethod
    def member(owner, rest, comment):
        text = declaration(rest)
        if owner.kind != "enum":
            text = as_interface(text, rest)
        name = METHOD.search(text) or PROPERTY.search(text) or re.match(r"(\w+)", text)
        owner.members.append(Entry(name[1], "", text, comment, owner))


class Page:
    def __init__(self, types):
        self.types = types
        entries = [entry for known in types.values() for entry in (known, *known.members)]
        # A value of an enum has no heading of its own.
        self.known = {entry.title(): entry.owner if entry.owner and entry.owner.kind == "enum" else entry
                      for entry in entries}

    def link(self, name, entry):
        owner = entry.owner or entry
        plain = re.sub(r"\(.*", "", name)
        found = self.known.get(f"{owner.name}.{plain}") or self.known.get(plain)
        # A type of .NET itself is no link.
        return f"[`{plain}`](#{found.anchor()})" if found else f"`{plain}`"

    def text(self, node, entry):
        """What an element of a comment says, as Markdown."""
        said = node.text or ""
        for child in node:
            if child.tag in ("see", "seealso"):
                said += self.link(child.get("cref") or child.get("langword"), entry)
            elif child.tag == "paramref":
                said += f"`{child.get('name')}`"
            elif child.tag == "c":
                said += f"`{child.text}`"
            elif child.tag == "para":
                said += f"\n\n{self.text(child, entry)}\n\n"
            else:
                sys.exit(f"{entry.title()}: <{child.tag}> is not known here")
            said += child.tail or ""
        return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", said.strip()))

    def comment(self, entry):
        if not entry.comment:
            sys.exit(f"{entry.title()} has no comment")
        paragraphs, items = [], []
        for node in xml.etree.ElementTree.fromstring(f"<doc>{entry.comment}</doc>"):
            said = self.text(node, entry)
            if node.tag in ("summary", "remarks"):
                paragraphs.append(said)
            elif node.tag == "inheritdoc":
                twin = node.get("cref")
                paragraphs.append(f"As {self.link(twin, entry)}." if twin else "As in the base type.")
            elif node.tag in ("param", "typeparam"):
                items.append(f"* `{node.get('name')}`: {said}")
            elif node.tag == "returns":
                items.append(f"* returns: {said}")
            elif node.tag == "exception":
                items.append(f"* throws {self.link(node.get('cref'), entry)}: {said}")
            else:
                sys.exit(f"{entry.title()}: <{node.tag}> is not known here")
        return "\n\n".join(paragraphs + ["\n".join(items)] * bool(items))

    def print(self):
        print("# .NET: the package TigerGraphAuth")
        for name in sorted(self.types):
            known = self.types[name]
            print(f"\n## {known.title()}\n\n```csharp\n{known.text}\n```\n\n{self.comment(known)}")
            if known.kind == "enum":
                print()
            for member in known.members:
                if known.kind == "enum":
                    print(f"* `{member.text}`: {self.comment(member)}")
                else:
                    print(f"\n### {member.title()}\n\n```csharp\n{member.text}\n```\n\n{self.comment(member)}")


def main():
    types = {}
    # The file with the constructor comes before those with the other parts of a class.
    paths = [path for folder in SOURCES for path in (PACKAGE / folder).glob("**/*.cs")]
    for path in sorted(paths, key=lambda path: path.stem.split(".")):
        Source(path, types).read()
    Page(types).print()


if __name__ == "__main__":
    main()
