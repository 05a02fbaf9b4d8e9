#!/usr/bin/env python3
"""Looks for dead links: in every Markdown file of the repository (--markdown), or in target/reference (--site).

A link has to lead to a file that is there and, with a #, to a heading or anchor in it. Addresses of other hosts are
not asked for."""

import html.parser
import os
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / "target/reference"
NOT_OURS = {"target", ".git", "node_modules", "bin", "obj"}


def is_elsewhere(link):
    return re.match(r"[a-z]+:", link) is not None


def without_code(text):
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"``.+?``|`[^`\n]*`", "code", text)


def anchors_of_markdown(path):
    """The anchors that repositories give to headings."""
    found, seen = set(), {}
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()).replace(" ", "-")
        number = seen.get(slug, 0)
        seen[slug] = number + 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


def markdown_files():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield from (pathlib.Path(folder, name) for name in sorted(names) if name.endswith(".md"))


class Html(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]
        self.anchors |= {attributes[name] for name in ("id", "name") if attributes.get(name)}


def links_of_site(path):
    """Those of a page, or those of the navigation beside all pages."""
    if path.suffix == ".js":
        # Behind the tree is where its pieces begin, which nobody follows; Doxygen names values of an enum there
        # that have no heading.
        tree = path.read_text().partition("var NAVTREEINDEX")[0]
        return re.findall(r'"([\w-]+\.html(?:#[^"]*)?)"', tree)
    return Html(path).links


def dead(path, link, anchors):
    """Why a link in this file is dead, or None."""
    target, _, anchor = link.partition("#")
    target = (path.parent / urllib.parse.unquote(target)).resolve() if target else path
    if not target.exists():
        return "there is no such file"
    if anchor and target.suffix in (".md", ".html") and urllib.parse.unquote(anchor) not in anchors(target):
        return "there is no such heading"
    return None


def check(files, links_of, anchors):
    """Prints the dead links of these files; gives how many there are of all."""
    known = {}

    def kept(path):
        if path not in known:
            known[path] = anchors(path)
        return known[path]

    count, dead_ones = 0, 0
    for path in files:
        for link in links_of(path):
            if is_elsewhere(link):
                continue
            count += 1
            if why := dead(path, link, kept):
                print(f"{path.relative_to(ROOT)}: {link}: {why}")
                dead_ones += 1
    return count, dead_ones


def main():
    if sys.argv[1:] == ["--markdown"]:
        files = list(markdown_files())
        # The text of an image or a link may stand over two lines.
        counts = check(files, lambda path: re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text())),
                       anchors_of_markdown)
    elif sys.argv[1:] == ["--site"]:
        files = sorted(SITE.glob("**/*.html")) + [SITE / "navtreedata.js"]
        counts = check(files, links_of_site, lambda path: Html(path).anchors)
    else:
        sys.exit(__doc__)
    print(f"{len(files)} files, {counts[0]} links, {counts[1]} of them dead")
    # None at all would mean that they were not found.
    return int(counts[1] > 0 or counts[0] == 0)


if __name__ == "__main__":
    sys.exit(main())
