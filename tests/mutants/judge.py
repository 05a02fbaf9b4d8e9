"""Holds the outcome of mutation testing to what is reasoned, and writes it into a page.

    judge.py REPORT SURVIVORS PAGE

REPORT is the JSON of cargo-gamma; SURVIVORS a table of mutants that no unit test notices, each with the reason; PAGE
has a table with a row for each file, of which those of the files in REPORT are written anew. Fails if a mutant is
neither noticed nor reasoned, and if the tests were not run with one.
"""

import datetime
import json
import re
import sys
from collections import Counter
from pathlib import Path

# What becomes of a mutant, and the column that counts it.
COLUMNS = ["noticed by a failure", "noticed by an endless loop", "do not compile", "not noticed"]
COLUMN = {"Killed": 0, "CompileError": 2, "Survived": 3, "NoCoverage": 3}
# How the reason of one begins that "survived" because it was stopped.
STOPPED = ("timed out: ", "out of memory: ")


def column_of(mutant):
    """The number of the column that counts a mutant; None: it was not judged."""
    if mutant["status"] == "Survived" and (mutant.get("statusReason") or "").startswith(STOPPED):
        return 1
    return COLUMN.get(mutant["status"])


def words(mutant):
    """A mutant in words that stay the same where lines move."""
    return " ".join(mutant["description"].split()) + f" [{mutant['mutatorName']}]"


def reasoned(path):
    """How many mutants of these words in this file are reasoned."""
    rows = [line.split("\t") for line in Path(path).read_text().splitlines() if line and not line.startswith("#")]
    for row in rows:
        if len(row) != 4 or not row[3].strip():
            sys.exit(f"{path}: not a file, a number, a mutant and a reason: {row}")
    return {(file, mutant): int(number) for file, number, mutant, _ in rows}


def write(page, rows):
    text = Path(page).read_text()
    today = datetime.date.today()
    for file, counts in rows.items():
        row = f"| `{file}` | {sum(counts.values())} | " + " | ".join(str(counts[n]) for n in range(len(COLUMNS)))
        row += f" | {today:%-d %B %Y} |"
        text, found = re.subn(rf"^\| `{re.escape(file)}` \|.*$", row, text, flags=re.MULTILINE)
        if not found:
            sys.exit(f"{page} has no row for {file}")
    Path(page).write_text(text)


def main(report, survivors, page):
    files = json.loads(Path(report).read_text())["files"]
    allowed, found, rows, wrong = reasoned(survivors), Counter(), {}, []
    for file, about in sorted(files.items()):
        counts = Counter()
        for mutant in about["mutants"]:
            column = column_of(mutant)
            place = f"{file}:{mutant['location']['start']['line']}"
            if column is None:
                wrong.append(f"{place}: {mutant['status']}: {words(mutant)}")
                continue
            counts[column] += 1
            if column == 3:
                found[file, words(mutant)] += 1
                if found[file, words(mutant)] > allowed.get((file, words(mutant)), 0):
                    wrong.append(f"{place}: not noticed, and not reasoned: {words(mutant)}")
        rows[file] = counts
        print(f"{file:32} " + ", ".join(f"{counts[n]} {column}" for n, column in enumerate(COLUMNS)))
    for (file, mutant), number in allowed.items():
        if file in rows and found[file, mutant] < number:
            left = found[file, mutant]
            print(f"{survivors} reasons for {number} of these, of which {left} are left: {file}\t{mutant}")
    if wrong:
        print("\nWrong:", *wrong, sep="\n    ")
        return 1
    write(page, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
