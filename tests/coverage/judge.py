"""Prints which lines and branches of src ran, and holds those that did not to what is reasoned.

    judge.py LCOV REASONS

LCOV is what llvm-cov exports; REASONS is a page with a table of functions, of which each may have so many lines that
did not run. Fails if a function has more of them, if less than 95 % of all lines ran, or if a line of the files with
the tables of statuses, of retries and of redaction did not, unless its reason begins with "No part of the table".
Tests that stand in src are not counted.
"""

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

ENOUGH = 95.0
IN_FULL = {"src/error.rs", "src/ffi/status.rs", "src/conn/retry.rs", "src/protocol/refusal.rs", "src/protocol/redact.rs"}
ROOT = Path(__file__).resolve().parents[2]


class Source:
    """A file, with how often each of its lines and branches ran."""

    def __init__(self, path):
        self.path = path
        self.text = (ROOT / path).read_text().splitlines()
        # The tests of a file are its end.
        self.end = self.text.index("#[cfg(test)]") if "#[cfg(test)]" in self.text else len(self.text)
        self.lines, self.branches = Counter(), Counter()

    def add(self, kind, fields):
        line = int(fields[0])
        if line <= self.end:
            counter, key, count = (self.lines, line, fields[1]) if kind == "DA" else (
                self.branches, tuple(fields[:3]), fields[3])
            counter[key] = max(counter[key], 0 if count == "-" else int(count))

    def function(self, line):
        """The function that a line is in."""
        for text in reversed(self.text[:line]):
            if found := re.match(r"\s*(?:pub(?:\([^)]*\))? |const |unsafe |extern \"C\" )*fn (\w+)", text):
                return found[1]
        return "-"

    def missed(self):
        """The lines that did not run, by function."""
        missed = defaultdict(list)
        for line in sorted(line for line, count in self.lines.items() if not count):
            missed[self.function(line)].append(line)
        return missed


def read(lcov):
    sources, source = {}, None
    for record in Path(lcov).read_text().splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            path = str(Path(value).relative_to(ROOT))
            source = sources.setdefault(path, Source(path))
        elif kind in ("DA", "BRDA"):
            source.add(kind, value.split(","))
    return [sources[path] for path in sorted(sources)]


def reasoned(page):
    """How many lines of which function may be missed."""
    rows = re.findall(r"^\| `(src/[^`]*)` \| `([^`]*)` \| (\d+) \| (\S.*)", Path(page).read_text(), re.MULTILINE)
    return {(path, function): int(lines) for path, function, lines, why in rows
            if path not in IN_FULL or why.startswith("No part of the table")}


def share(counter):
    return sum(1 for count in counter.values() if count), len(counter)


def percent(ran, of):
    return 100.0 * ran / of if of else 100.0


def shown(name, lines, branches):
    return (f"{name:28} {lines[0]:5} of {lines[1]:5} lines {percent(*lines):6.2f} %"
            f"   {branches[0]:5} of {branches[1]:5} branches {percent(*branches):6.2f} %")


def main(lcov, page):
    sources, allowed, wrong = read(lcov), reasoned(page), []
    for source in sources:
        print(shown(source.path, share(source.lines), share(source.branches)))
    total = [tuple(map(sum, zip(*(share(getattr(s, kind)) for s in sources)))) for kind in ("lines", "branches")]
    print(shown("all", *total), "\n\nLines that did not run:")
    for source in sources:
        for function, lines in source.missed().items():
            most = allowed.pop((source.path, function), 0)
            unreasoned = "" if len(lines) <= most else f"   {page} REASONS FOR {most} OF {len(lines)}"
            wrong += [source.path + " " + function] if unreasoned else []
            print(f"    {source.path} {function}: {', '.join(map(str, lines))}{unreasoned}")
    for path, function in allowed:
        print(f"    {path} {function}: {page} reasons for it, but it ran this time")
    if percent(*total[0]) < ENOUGH:
        wrong.append(f"less than {ENOUGH} % of the lines ran")
    if wrong:
        print("\nNot enough:", *wrong, sep="\n    ")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
