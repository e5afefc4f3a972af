#!/usr/bin/env python3
"""What every command says when asked for help, and when it is called wrongly, as transcripts.

messages.py SDK OUT_DIR: writes OUT_DIR/<command>.txt for every command that `sdk --help` lists, and
OUT_DIR/sdk.txt for the program itself. The checkout is a small one made here, with nothing built, no
environment and no network; its place, and all else that differs between machines, is written as a
name.

Each command is asked for --help, given an option that there is not, each of its options that takes
a value without one, and what the file `cases` beside the golden files adds: wrong values, packages
and boards that are not there.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

sdk, out_dir = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

RECIPE = """\
name: {name}
version: "1.0"
summary: For the tests
homepage: https://example.org/
license: MIT
sources: []
build: copy
libc: false
depends: {{target: [{depends}]}}
phases:
  install: |
    mkdir -p "$DEST"/usr/share
"""
BOARD = """\
summary: For the tests
arch: {arch}
packages: [{packages}]
image: {{version: "1.0", date: 2025-11-23, loader: direct, kernel: usr/k, cmdline: [], usr-size: 1MiB,
  verity-size: 1MiB}}
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def make_checkout(root):
    for name in ("bootstrap", "toolchains"):
        os.symlink(f"{top}/{name}", f"{root}/{name}")
    os.makedirs(f"{root}/recipes")
    os.symlink(f"{top}/recipes/.build-systems", f"{root}/recipes/.build-systems")
    for name, depends in (("apple", ""), ("apple-pie", "apple"), ("pear", "")):
        write(f"{root}/recipes/{name}/recipe.yaml", RECIPE.format(name=name, depends=depends))
    for board in ("amd64-usr", "arm64-usr"):
        write(f"{root}/board-configs/{board}/board.yaml",
              BOARD.format(packages="apple-pie", arch=board[:5]))


def commit(root):
    git = ["git", "-C", root, "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    for command in (["init", "--quiet", "--initial-branch=main"], ["add", "recipes", "board-configs"],
                    ["commit", "--quiet", "--message=Orchard"]):
        subprocess.run(git + command, check=True)


def run(tmp, words):
    env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": f"{tmp}/home", "LC_ALL": "C.UTF-8",
           "TERM": "dumb", "SDK_ROOT": f"{tmp}/checkout", "SDK_OUT": f"{tmp}/out",
           "SDK_CACHE": f"{tmp}/cache", "SDK_DATA": f"{tmp}/data",
           "SDK_MIRROR_DEBIAN": f"file://{tmp}/no-mirror"}
    words = [word.replace("TMP", tmp) for word in words]
    done = subprocess.run([sdk, *words], cwd=f"{tmp}/checkout", env=env, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace")
    for path, name in ((f"{tmp}/checkout", "CHECKOUT"), (tmp, "TMP"), (top, "TOP")):
        text = text.replace(path, name)
    text = re.sub(r"\([0-9.]+ m?s\)$", "(TIME)", text, flags=re.M)
    if text and not text.endswith("\n"):
        text += "\n"
    return text + (f"exit {done.returncode}\n" if done.returncode else "")


def show(tmp, words):
    return f"$ {shlex.join(['sdk', *words])}\n{run(tmp, words)}\n"


def commands(text):
    listed = text.split("\nCommands:\n", 1)[1].split("\n\n", 1)[0]
    return [line[2:24].strip() for line in listed.splitlines() if re.match(r"  \S", line)]


def own_options(text):
    """Those that take a value, of `sdk COMMAND --help`."""
    listed = text.split("\nOptions:\n", 1)
    if len(listed) == 1:
        return []
    return re.findall(r"^ +(?:-., +)?(--[a-z0-9-]+)=", listed[1].split("\n\n", 1)[0], re.M)


def cases(words):
    with open(f"{top}/tests/golden/cases") as file:
        lines = [shlex.split(line, comments=True) for line in file]
    return [line for line in lines if line[:len(words)] == words]


def transcript(tmp, words):
    text = show(tmp, [*words, "--help"]) + show(tmp, [*words, "--no-such-option"])
    for option in own_options(text):
        text += show(tmp, [*words, option])
    return text + "".join(show(tmp, case) for case in cases(words))


def main():
    with tempfile.TemporaryDirectory(prefix="sdk-messages.") as tmp:
        tmp = os.path.realpath(tmp)
        for name in ("checkout", "home"):
            os.mkdir(f"{tmp}/{name}")
        make_checkout(f"{tmp}/checkout")
        commit(f"{tmp}/checkout")
        overview = run(tmp, ["--help"])
        write(f"{out_dir}/sdk.txt", show(tmp, ["--help"]) +
              "".join(show(tmp, c[1:]) for c in cases(["sdk"])))
        for command in commands(overview):
            write(f"{out_dir}/{command.replace(' ', '-')}.txt", transcript(tmp, command.split()))


main()
