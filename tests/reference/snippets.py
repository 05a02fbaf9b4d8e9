#!/usr/bin/env python3
"""Compiles and runs every block of code in docs/*.md, against the stand-in as 3.10 and as 4.2.

    tests/reference/snippets.py [FILE...]

The environment tells where things are: TIGERGRAPH_AUTH_PREFIX (an installed library), TIGERGRAPH_STANDIN (the
stand-in as a program), TIGERGRAPH_RLIB (the folder with the library for Rust) and, if there is one, TIGERGRAPH_PEER (a
Python with pyTigerGraph 2.0.5). With CI=true a block that cannot be run is a failure.

The blocks of a page are run in their order, in an empty folder for each version, by their language:

    c, cpp        A program, told by its `main`, is built with all warnings as errors. If its first line is a comment
                  with a file's name it is saved so, for a shell block to build it as a user would; else it is run.
                  Any other piece of C is put into a function: one that gets a `config` if it uses that word and no
                  `conn`, else one that gets a `conn`. These are made of the environment, and the last call of the
                  piece, and then tg_authorization() after a piece about settings, must succeed.
    sh            bash -euo pipefail
    ruby, go      with the package of this repository; they get TG_CERT_PATH for a server that speaks TLS
    csharp        has to be a block of the package's README, or be on a page that the package's own test names: that test
                  builds and runs it
    python        with TIGERGRAPH_PEER, or as a recipe with what tests/setup/languages installs
    php, lua, js  with php, luajit, and node with what tests/setup/languages installs
    rust          with the library in TIGERGRAPH_RLIB
    java, zig     saved under the name in its first line, for a shell block
    text          what the block before it prints; `…` stands for anything, `$PIN` for the pin of the server's key
    json, cmake, meson, xml, yaml, ini   not run

All see a server in TG_HOST, TG_SECRET and TG_GRAPHNAME. A comment above a block asks for something else,
<!-- run: WORD... -->

    password      a user's password instead of the secret
    tls           the server speaks TLS, and its CA is in the file ca.pem; a piece about settings has to trust it
    pin           PIN is the pin of the server's key
    proxy         TLS, behind a proxy named by MY_PROXY and HTTPS_PROXY, which must have been used
    sleeping      the server is a workspace that is starting, and wakes
    peer          on purpose with pyTigerGraph
    fails STATUS  what is to happen: the name of a status for C, an exit code for shells
    only VERSION  not on the other version
    recipe        once more with a wrong secret: it must tell the reason and the message, and end with 1
    saved         not run but saved, under the name in its first line, for a shell block to build or run it as users do
    once          not again on the next version, for which the page then keeps its folder and what is built in it
    again         once more after all tokens have expired, with a token cache: the server has to refuse the token in it,
                  and the block has to print the same

A shell block finds this repository in CHECKOUT and the installed library in PREFIX, and its Ruby finds the package of this
repository, unless the page has installed the gem. What it builds and installs of a package stays in the folder of its
page, which was empty.
"""

import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What tests/setup/languages installs.
LANGUAGES = ROOT / "target/languages"
# Where the packages keep what they build and fetch.
BUILT = os.path.abspath(os.environ.get("TIGERGRAPH_AUTH_BUILD", ROOT / "target/bindings"))
VERSIONS = ["3.10", "4.2"]
NOT_RUN = {"json", "cmake", "meson", "xml", "yaml", "ini"}
# What a command in a shell block needs.
NEEDED = {"java": ["java"], "zig": ["zig"], "go": ["go"], "gem": ["ruby", "gem"], "puma": ["puma"],
          "dotnet": ["npm", "pip3", "mono"]}
# Nothing is fetched, whatever the user's own settings say.
GO = {"GOENV": "off", "GO111MODULE": "on", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local",
      "GOCACHE": f"{BUILT}/go/cache"}
# The SDK with which the package is tested, as the command `dotnet`. A program's packages are those of its nuget.config;
# what builds the package itself needs none.
DOTNET = """
export TIGERGRAPH_AUTH_PREFIX=$PREFIX TIGERGRAPH_AUTH_BUILD=$TOOLS packages=$NUGET_PACKAGES
. "$CHECKOUT/bindings/common"
. "$CHECKOUT/bindings/dotnet/toolchain"
fetch >&2
unset TIGERGRAPH_AUTH_PREFIX
export TIGERGRAPH_AUTH_BUILD=$PWD/.home/build NUGET_PACKAGES=$packages HOME=$PWD/.home path=
dotnet() {
    local feed=()
    [ "$1" != pack ] || feed=("-p:RestoreSources=$tools/feed")
    LD_LIBRARY_PATH=$tools/openssl "$tools/sdk/dotnet" "$@" "${feed[@]}"
}
"""
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-fsanitize=address,undefined", "-pthread"]
# The packages, as pkg-config knows them, of these headers.
PACKAGES = {"<curl/curl.h>": ["libcurl"], "<httplib.h>": ["cpp-httplib", "openssl"]}

PIECE = """#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <tigergraph_auth.h>

static void piece({kind} *{name}) {{
    (void){name};
#line 1 "piece"
{text}
}}
#line 1 "around the piece"

static int ends(const char *wanted) {{
    const tg_error *error = tg_last_error();
    int good = strcmp(tg_status_name(tg_error_status(error)), wanted) == 0;
    if (!good) fprintf(stderr, "%s: %s\\n", tg_error_reason(error), tg_error_message(error));
    return good;
}}

int main(void) {{
    tg_config *config = tg_config_new(NULL);
    tg_conn *conn = NULL;
    tg_token *token = NULL;
    int good;
    tg_config_load_env(config);
    {before};
    tg_conn_new(config, &conn, NULL);
    tg_config_free(config);
    good = ends("OK");
    if (good) {{
        {after};
        good = ends("{wanted}");
    }}
    tg_token_free(token);
    tg_conn_free(conn);
    return !good;
}}
"""


class Failure(Exception):
    """What is wrong with a block."""


class Skipped(Exception):
    """Why a block cannot be run here."""


class Block:
    def __init__(self, language, text, line, words):
        self.language, self.text, self.line, self.words = language, text, line, words
        self.expected = None

    def word_after(self, word, otherwise):
        return self.words[self.words.index(word) + 1] if word in self.words else otherwise

    def file(self):
        """The name in its first line."""
        found = re.match(r"(?:/\*|//|#|<!--) (\S+\.\w+)(?: (?:\*/|-->))?\n", self.text)
        return found and found[1]


def blocks(page):
    """The blocks of a page, each with what it prints."""
    found, open_block, words = [], None, []
    for number, line in enumerate(page.read_text().splitlines(keepends=True), 1):
        if open_block is None and line.startswith("```"):
            open_block = Block(line[3:].strip(), "", number, words)
        elif open_block is not None and line.startswith("```"):
            if open_block.language != "text":
                found.append(open_block)
            elif not found or found[-1].expected is not None:
                raise Failure(f"{page.name}:{open_block.line}: text that no block prints")
            else:
                found[-1].expected = open_block.text
            open_block = None
        elif open_block is not None:
            open_block.text += line
        if open_block is None:
            asked = re.fullmatch(r"<!-- run: (.*) -->\n", line)
            words = asked[1].split() if asked else []
    return found


class Standin:
    """A stand-in server, two secrets of a user's on it, and its CA in a folder."""

    def __init__(self, version, tls, folder):
        command = [os.environ["TIGERGRAPH_STANDIN"], "--version", version, "--gateway-port", "0", "--restpp-port", "0",
                   "--control-port", "0", "--print-json", "--exit-with-parent"] + ["--tls"] * tls
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self.process.stdout.readline())
        self.variables = {"TG_HOST": self.told["gateway_url"], "TG_GRAPHNAME": "MyGraph"}
        trust = {}
        if tls:
            shutil.copy(self.told["ca_file"], folder / "ca.pem")
            trust = {"TG_CERT_PATH": str(folder / "ca.pem")}
        self.login = {"TG_USERNAME": "alice", "TG_PASSWORD": "opensesame"}
        admin = {**self.variables, **self.login, **trust}
        run(["tg-auth", "secret", "create", "reporting_1"], folder, admin)
        made = run(["tg-auth", "secret", "create", "mine", "--json"], folder, admin)
        self.secret = {"TG_SECRET": json.loads(made.stdout)[0]["value"]}
        if tls:
            said = run(["tg-auth", "doctor"], folder, {**self.variables, **self.secret}, None).stdout
            self.pin = re.search(r"The pin of the key it shows is (\S+)\.$", said, re.MULTILINE)[1]

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.told["control_url"]).netloc)
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise Failure(f"{method} {path}: {answer.status} {told}")
        return json.loads(told)

    def sleep(self):
        """Four requests find a workspace that is starting: one call with all its repetitions, and one more."""
        self.control("POST", "/faults", {"path_prefix": "/", "times": 4, "action": "Reply", "status": 503,
                                         "body": "<html><title>Starting workspace</title></html>",
                                         "content_type": "text/html"})

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Proxy:
    """Makes tunnels and counts them."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.tunnels = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.tunnel, args=(client,), daemon=True).start()

    def tunnel(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        host, port = head.split()[1].decode().rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        self.tunnels += 1
        back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
        back.start()
        self.copy(client, server)

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def prefix():
    return pathlib.Path(os.environ["TIGERGRAPH_AUTH_PREFIX"]).resolve()


def run(command, folder, variables, wanted=0):
    """Runs a command with these variables and no TG_ variable else; it must end as wanted, if that is not None."""
    is_other = re.compile(r"^TG_|proxy$", re.IGNORECASE)
    mine = {name: value for name, value in os.environ.items() if not is_other.search(name)}
    mine["PATH"] = search_path()
    mine["LD_LIBRARY_PATH"] = f"{prefix()}/lib"
    mine["PKG_CONFIG_PATH"] = f"{prefix()}/lib/pkgconfig"
    mine["ZIG_GLOBAL_CACHE_DIR"] = str(LANGUAGES / "zig-cache")
    ended = subprocess.run(command, cwd=folder, env={**mine, **variables}, capture_output=True, text=True, timeout=120,
                           stdin=subprocess.DEVNULL)
    if wanted is not None and ended.returncode != wanted:
        raise Failure(f"ended with {ended.returncode} instead of {wanted}\n{(ended.stdout + ended.stderr)[-2000:]}")
    return ended


def build(compiler, source, program, folder):
    """Builds a program, unless that was done for the version before."""
    if program.exists():
        return
    text = source.read_text()
    packages = [name for header, names in PACKAGES.items() if header in text for name in names]
    others = run(["pkg-config", "--cflags", "--libs", *packages], folder, {}).stdout.split() if packages else []
    run([compiler, *STRICT, f"-I{prefix()}/include", str(source), "-o", str(program), f"-L{prefix()}/lib",
         "-ltigergraph_auth", *others], folder, {})


class Page:
    """The blocks of a page, one after the other, on one version."""

    def __init__(self, page, version, folder, programs):
        self.page, self.version, self.folder, self.programs = page, version, folder, programs
        self.servers = {}
        # What the program of a recipe has to end with.
        self.wanted = 0

    def server(self, tls):
        if tls not in self.servers:
            self.servers[tls] = Standin(self.version, tls, self.folder)
        return self.servers[tls]

    def stop(self):
        for server in self.servers.values():
            server.stop()

    def run(self, block):
        """The pieces that this block asks for, around it."""
        server = self.server(bool({"tls", "pin", "proxy"} & set(block.words)))
        variables = {**server.variables, **(server.login if "password" in block.words else server.secret)}
        if "pin" in block.words:
            variables["PIN"] = server.pin
        proxy = None
        if "proxy" in block.words:
            proxy = Proxy()
            variables.update(MY_PROXY=proxy.url, HTTPS_PROXY=proxy.url, TG_CERT_PATH="ca.pem")
        if "sleeping" in block.words:
            server.sleep()
        if "again" in block.words:
            variables["TG_TOKEN_CACHE"] = str(self.folder / "cache")
        ended = self.start(block, variables)
        if "sleeping" in block.words:
            server.control("DELETE", "/faults")
        if proxy and not proxy.tunnels:
            raise Failure("the proxy was not used")
        if ended is not None and block.expected is not None:
            self.compare(block.expected.replace("$PIN", getattr(server, "pin", "")), ended.stdout)
        if "again" in block.words:
            server.control("POST", "/expire-tokens")
            server.control("DELETE", "/requests")
            self.compare(block.expected, self.start(block, variables).stdout)
            sent = [sent["status"] for sent in server.control("GET", "/requests") if "/graph/" in sent["path"]]
            if len(sent) != 2 or sent[0] not in (401, 403) or sent[1] != 200:
                raise Failure(f"after the tokens had expired, the database answered {sent}")
        if "recipe" in block.words:
            self.refused(block, variables)

    def start(self, block, variables):
        if "saved" in block.words:
            file = self.folder / block.file()
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
            return None
        return getattr(self, block.language)(block, variables)

    def refused(self, block, variables):
        """The same with a secret that the server does not know."""
        self.wanted = 1
        ended = self.start(block, {**variables, "TG_SECRET": "0" * 32})
        self.wanted = 0
        if not re.search(r"^auth\.bad_secret: \w+ \w+ ", ended.stderr, re.MULTILINE) or ended.stdout:
            raise Failure(f"with a wrong secret it printed:\n{ended.stdout}{ended.stderr}")

    @staticmethod
    def compare(expected, printed):
        pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
        if not re.fullmatch(pattern, printed.strip(), re.DOTALL):
            raise Failure(f"printed:\n{printed}")

    def c(self, block, variables):
        source = self.folder / (block.file() or f"piece_{block.line}.c")
        program = self.programs / f"built_{block.line}"
        wanted = "OK"
        if "int main(" in block.text:
            source.write_text(block.text)
        else:
            is_setting = re.search(r"\bconfig\b", block.text) and not re.search(r"\bconn\b", block.text)
            wanted = block.word_after("fails", "OK")
            source.write_text(PIECE.format(
                text=block.text, wanted=wanted, kind="tg_config" if is_setting else "tg_conn",
                name="config" if is_setting else "conn", before="piece(config)" if is_setting else "(void)0",
                after="tg_authorization(conn, &token, NULL)" if is_setting else "piece(conn)"))
        build("cc", source, program, self.folder)
        return None if block.file() else run([str(program)], self.folder, variables)

    def cpp(self, block, variables):
        if not (prefix() / "include/tigergraph_auth.hpp").exists():
            skip("tigergraph_auth.hpp is not installed")
        source = self.folder / (block.file() or f"piece_{block.line}.cpp")
        source.write_text(block.text)
        program = self.programs / f"built_{block.line}"
        build("c++", source, program, self.folder)
        return None if block.file() else run([str(program)], self.folder, variables)

    def sh(self, block, variables):
        if "c++ " in block.text and not (prefix() / "include/tigergraph_auth.hpp").exists():
            skip("tigergraph_auth.hpp is not installed")
        used = [tool for tool in NEEDED if re.search(rf"^([A-Z_]+=\S+ )*{tool} ", block.text, re.MULTILINE)]
        for tool in used:
            needed(*NEEDED[tool])
        text = DOTNET + block.text if "dotnet" in used else block.text
        return run(["bash", "-euo", "pipefail", "-c", text], self.folder, {**self.places(), **variables},
                   int(block.word_after("fails", str(self.wanted))))

    def places(self):
        """Where a user's tools look for packages, and put what they make."""
        own = self.folder / ".home"
        ruby = {} if (own / "gems").exists() else {"RUBYLIB": str(ROOT / "bindings/ruby/lib")}
        return {"CHECKOUT": str(ROOT), "PREFIX": str(prefix()), "TOOLS": BUILT, **GO, "GOPATH": f"{own}/go",
                "GEM_HOME": f"{own}/gems", **ruby, "NUGET_PACKAGES": f"{own}/nuget"}

    def ruby(self, block, variables):
        needs = ["-rffi"] + ["-rfaraday"] * ("faraday" in block.text)
        if not shutil.which("ruby") or subprocess.run(["ruby", *needs, "-e", ""], capture_output=True).returncode:
            skip("ruby with ffi and faraday is not installed")
        (self.folder / "program.rb").write_text(block.text)
        if "tls" in block.words:
            variables = {**variables, "TG_CERT_PATH": "ca.pem"}
        return run(["ruby", "-w", "-I", str(ROOT / "bindings/ruby/lib"), "program.rb"], self.folder, variables)

    def go(self, block, variables):
        package = ROOT / "bindings/go"
        if not shutil.which("go") or not package.exists():
            skip("go is not installed" if package.exists() else "bindings/go is not here")
        name = re.search(r"^module (\S+)", (package / "go.mod").read_text(), re.MULTILINE)[1]
        here = self.folder / f"go_{block.line}"
        here.mkdir()
        (here / "main.go").write_text(block.text)
        (here / "go.mod").write_text(
            f"module snippet\n\ngo 1.19\n\nrequire {name} v0.0.0\n\nreplace {name} => {package}\n")
        variables = {**variables, **self.places()}
        if {"tls", "proxy"} & set(block.words):
            variables["TG_CERT_PATH"] = str(self.folder / "ca.pem")
        if run(["gofmt", "-l", "main.go"], here, {}).stdout:
            raise Failure("gofmt would write it in another way")
        run(["go", "build", "-buildvcs=false", "-o", "program", "."], here, variables)
        return run([str(here / "program")], here, variables)

    def csharp(self, block, _variables):
        readme = ROOT / "bindings/dotnet/README.md"
        if not readme.exists():
            skip("bindings/dotnet is not here")
        if f"docs/{self.page.name}" in (ROOT / "bindings/dotnet/test").read_text():
            return None
        text = block.text.split("\n", 1)[1] if block.file() else block.text
        if f"\n{text}```" not in readme.read_text():
            raise Failure("is no block of bindings/dotnet/README.md")
        return None

    def program(self, block, variables, name, *command):
        """Runs a recipe, which is the last argument of a command."""
        needed(command[0])
        (self.folder / name).write_text(block.text)
        return run([*command, name], self.folder, variables, self.wanted)

    def php(self, block, variables):
        return self.program(block, variables, "token.php", "php", "-d", "error_reporting=-1", "-d", "display_errors=1")

    def lua(self, block, variables):
        return self.program(block, variables, "token.lua", "luajit")

    def js(self, block, variables):
        needed(LANGUAGES / "node/node_modules/koffi")
        variables = {**variables, "NODE_PATH": str(LANGUAGES / "node/node_modules")}
        return self.program(block, variables, "token.js", "node")

    def rust(self, block, variables):
        library = os.environ.get("TIGERGRAPH_RLIB")
        if not library:
            skip("there is no TIGERGRAPH_RLIB")
        (self.folder / "token.rs").write_text(block.text)
        run(["rustfmt", "--edition", "2024", "--check", "token.rs"], self.folder, {})
        run(["rustc", "--edition", "2024", "-D", "warnings", "token.rs", "-o", "token_rust", "-L",
             f"dependency={library}", "--extern", f"tigergraph_auth={library}/libtigergraph_auth.rlib"], self.folder, {})
        return run([str(self.folder / "token_rust")], self.folder, variables, self.wanted)

    def java(self, block, _variables):
        (self.folder / block.file()).write_text(block.text)

    zig = java

    def python(self, block, variables):
        if "recipe" in block.words:
            return self.program(block, variables, "recipe.py", str(LANGUAGES / "python/bin/python"), "-W", "error")
        peer = os.environ.get("TIGERGRAPH_PEER")
        if not peer:
            skip("there is no TIGERGRAPH_PEER")
        (self.folder / "program.py").write_text(block.text)
        return run([peer, "-W", "ignore", "program.py"], self.folder, {**variables, "NO_PROXY": "*"})


def needed(*tools):
    """Skips what needs a program that is not here."""
    for tool in tools:
        if not shutil.which(tool, path=search_path()) and not os.path.exists(tool):
            skip(f"{tool} is not here, which tests/setup/install installs")


def search_path():
    zig = next(LANGUAGES.glob("python/lib/python*/site-packages/ziglang"), LANGUAGES)
    standin = pathlib.Path(os.environ["TIGERGRAPH_STANDIN"]).resolve().parent
    return f"{prefix()}/bin:{standin}:{zig}:{os.environ['PATH']}"


def skip(why):
    if os.environ.get("CI"):
        raise Failure(f"{why}, and under CI nothing may be skipped")
    raise Skipped(why)


def is_run(block, version):
    if block.language in NOT_RUN and "saved" not in block.words:
        return False
    return version == VERSIONS[0] if "once" in block.words else version == block.word_after("only", version)


def check(page, version, place):
    """Runs a page; gives how many blocks it ran."""
    count = 0
    is_kept = any("once" in block.words for block in blocks(page))
    folder = place / ("kept" if is_kept else version)
    folder.mkdir(exist_ok=True)
    running = Page(page, version, folder, place)
    try:
        for block in blocks(page):
            if not is_run(block, version):
                continue
            if block.language not in NOT_RUN and not hasattr(running, block.language or "nothing"):
                raise Failure(f"{page.name}:{block.line}: a block of the language {block.language!r}")
            try:
                running.run(block)
                count += 1
            except Skipped as why:
                print(f"skipped: {page.name}:{block.line}: {why}")
                if is_kept:
                    # What comes after it needs it, on the next version too.
                    raise
            except (Failure, subprocess.TimeoutExpired) as failure:
                raise Failure(f"{page.name}:{block.line}: on {version}: {failure}") from None
    finally:
        running.stop()
    return count


def check_versions(page, place):
    """Runs a page on all versions; gives how many blocks it ran on each, and whether all did what they should."""
    counts = []
    for version in VERSIONS:
        try:
            counts.append(check(page, version, place))
        except Skipped:
            break
        except Failure as failure:
            print(failure)
            return counts, False
    return counts, True


def main():
    pages = [pathlib.Path(name) for name in sys.argv[1:]] or sorted((ROOT / "docs").glob("*.md"))
    all_good = True
    for page in pages:
        with tempfile.TemporaryDirectory(prefix="tigergraph-auth-") as place:
            counts, good = check_versions(page, pathlib.Path(place))
        all_good &= good
        if good and any(counts):
            print(f"{page.name}: {' and '.join(map(str, counts))} blocks on {' and '.join(VERSIONS)}")
    return int(not all_good)


if __name__ == "__main__":
    sys.exit(main())
