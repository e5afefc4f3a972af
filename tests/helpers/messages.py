#!/usr/bin/env python3
"""What every command says when asked for help, and when it is called wrongly, as transcripts.

messages.py SDK OUT_DIR: writes OUT_DIR/<command>.txt for every command that `sdk --help` lists, and
OUT_DIR/sdk.txt for the program itself. The checkout is a small one made here, with nothing built, no
environment and no network; its place, and all else that differs between machines, is written as a
name.

Each command is asked for --help, given an option that there is not, each of its options that takes
a value without one and with a wrong one, and what the file `cases` beside the golden files adds:
other wrong values, packages and boards that are not there. Which options there are is read from its
--help, which the program makes from the table that it parses them by. It is an error, and no
transcript, when

- an option takes a value and nothing is said here of what would be a wrong one;
- the answer to a wrong value has another exit status than 2 or 3, or names neither option nor value;
- a command takes packages, and no case names one that there is not;
- with --json, a call that fails says something else, or has something else than JSON on stdout.
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

sdk, out_dir = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What is wrong for each kind of value, by what --help calls it.
WRONG = {
    "ARCH": "mips",
    "BOARD": "amd64-user",
    "DIR": "/dev/null/dir",
    "FILE": "TMP/nowhere/dir/file",
    "FORMAT": "png",
    "LIST": "wrong",
    "MIB": "little",
    "N": "many",
    "NAME": "../wrong",
    "NAME|URL": "nowhere",
    "PHASE": "shine",
    "PORT": "99999",
    "PROGRAM": "banana",
    "REVISION": "never",
    "RUN": "none",
    "SECONDS": "long",
    "SIZE": "much",
    "TAG": "../up",
    "TEXT": "",
    "WHEN": "maybe",
    "WHERE": "nowhere",
    "[ADDRESS:]PORT": "localhost:http",
}
# Options of which no value is wrong, and why.
FREE = {
    "report --date": "any text is shown as it stands",
}
# What else a command must be given, so that the option's value is all that is wrong.
NEEDED = {
    "binhost keys": "make",
    "binhost push": "--to=file://TMP/nowhere/dir apple",
    "binhost serve": "TMP",
    "bump": "apple",
    "config add": "apple",
    "config remove": "apple",
    "config reset": "memory",
    "config set": "memory=1024",
    "deps": "apple",
    "files": "apple",
    "info": "apple",
    "kernel config": "--package=apple",
    "log": "apple",
    "owns": "/usr/bin/nothing",
    "patch": "apple",
    "rdeps": "apple",
    "repos add": "one https://example.org/one.git",
    "shell": "apple",
    "why": "apple",
}

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


def call(tmp, words, stderr):
    env = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": f"{tmp}/home", "LC_ALL": "C.UTF-8",
           "TERM": "dumb", "SDK_ROOT": f"{tmp}/checkout", "SDK_OUT": f"{tmp}/out",
           "SDK_CACHE": f"{tmp}/cache", "SDK_DATA": f"{tmp}/data",
           "SDK_MIRROR_DEBIAN": f"file://{tmp}/no-mirror"}
    words = [word.replace("TMP", tmp) for word in words]
    return subprocess.run([sdk, *words], cwd=f"{tmp}/checkout", env=env, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)


def tidy(tmp, output):
    text = output.decode(errors="replace")
    for path, name in ((f"{tmp}/checkout", "CHECKOUT"), (tmp, "TMP"), (top, "TOP")):
        text = text.replace(path, name)
    text = re.sub(r"\([0-9.]+ m?s\)$", "(TIME)", text, flags=re.M)
    return text if not text or text.endswith("\n") else text + "\n"


def complaint(text):
    return [line for line in text.splitlines() if re.match("(error|hint): ", line)]


def is_json(text):
    try:
        return not text or json.loads(text) is not None
    except ValueError:
        return False


def check_json(tmp, words, status, text):
    """That it fails in the same way; or that nothing was found, which is an empty list."""
    done = call(tmp, ["--json", *words], subprocess.PIPE)
    same = done.returncode == status and complaint(tidy(tmp, done.stderr)) == complaint(text)
    none = done.returncode == 0 and done.stdout == b"[]\n"
    if not none and not (same and is_json(done.stdout)):
        sys.exit(f"sdk --json {shlex.join(words)}: exit {done.returncode} in place of {status}, "
                 f"or other words, or no JSON:\n{tidy(tmp, done.stdout + done.stderr)}")


def run(tmp, words):
    done = call(tmp, words, subprocess.STDOUT)
    text = tidy(tmp, done.stdout)
    if done.returncode == 0:
        return text
    check_json(tmp, words, done.returncode, text)
    return f"{text}exit {done.returncode}\n"


def show(tmp, words):
    return f"$ {shlex.join(['sdk', *words])}\n{run(tmp, words)}\n"


def commands(text):
    listed = text.split("\nCommands:\n", 1)[1].split("\n\n", 1)[0]
    return [line[2:24].strip() for line in listed.splitlines() if re.match(r"  \S", line)]


def own_options(text):
    """Those that take a value, of `sdk COMMAND --help`, each with what it calls the value."""
    listed = text.split("\nOptions:\n", 1)
    if len(listed) == 1:
        return []
    return re.findall(r"^ +(?:-., +)?(--[a-z0-9-]+)=(\S+)", listed[1].split("\n\n", 1)[0], re.M)


def show_wrong(tmp, command, option, kind):
    if f"{command} {option}" in FREE:
        return ""
    if kind not in WRONG:
        sys.exit(f"sdk {command} {option}={kind}: what would be wrong? See WRONG and FREE")
    value = WRONG[kind]
    needed = [w for w in shlex.split(NEEDED.get(command, "")) if not w.startswith(f"{option}=")]
    text = show(tmp, [*command.split(), f"{option}={value}", *needed])
    error = text.splitlines()[1]
    named = option in error or (value and value in error)
    if not error.startswith("error: ") or not named or not re.search("^exit [23]$", text, re.M):
        sys.exit(f"a wrong value is not told as one:\n{text}")
    return text


def cases(words):
    with open(f"{top}/tests/golden/cases") as file:
        lines = [shlex.split(line, comments=True) for line in file]
    return [line for line in lines if line[:len(words)] == words]


def transcript(tmp, command):
    words = command.split()
    text = show(tmp, [*words, "--help"])
    options, more = own_options(text), cases(words)
    if re.search(r"^Usage: .*[<[]package", text, re.M) and not any("appel" in c for c in more):
        sys.exit(f"sdk {command}: no case names a package that there is not: appel")
    text += show(tmp, [*words, "--no-such-option"])
    for option, kind in options:
        text += show(tmp, [*words, option]) + show_wrong(tmp, command, option, kind)
    return text + "".join(show(tmp, case) for case in more)


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
            write(f"{out_dir}/{command.replace(' ', '-')}.txt", transcript(tmp, command))


main()
