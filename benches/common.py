"""What the scripts here share: programs that print JSON, the machine, and tables in Markdown."""

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path


def run(command, **more):
    """What a program printed; it has to succeed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def figures_of(command, **more):
    return json.loads(run(command, **more).stdout)


class Server:
    """The server with these arguments; `ports` are those that it listens on."""

    def __init__(self, command):
        self.command = [str(part) for part in command]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def version(*command):
    return run(command).stdout.splitlines()[0]


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())[1])
    return {"cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(), "memory_gib": round(memory / 2**20),
            "system": platform.freedesktop_os_release()["PRETTY_NAME"], "kernel": platform.release().split("-")[0],
            "rustc": version("rustc", "--version"), "cc": version("cc", "--version"),
            "load_before": f"{os.getloadavg()[0]:.1f}"}


def machine_text(machine):
    return (f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB; {machine['system']}, Linux "
            f"{machine['kernel']}; {machine['rustc']}; {machine['cc']}")


def table(head, rows):
    lines = [head, ["---"] + ["--:"] * (len(head) - 1)] + rows
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines[1] = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    pad = lambda line: [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
    return "\n".join("| " + " | ".join(pad(line)) + " |" for line in lines)


def count(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def write_between(file, begin, end, text):
    """Replaces what a file has between two marks."""
    before, rest = file.read_text().split(begin)
    _, after = rest.split(end, 1)
    file.write_text(f"{before}{begin}\n{text}\n{end}{after}")
