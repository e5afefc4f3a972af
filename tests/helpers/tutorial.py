#!/usr/bin/env python3
"""Follows a tutorial as its reader would, and prints TAP.

    tutorial.py FILE.md [--with boot] [--with arm64]

In the current directory, which is a checkout. What counts in the text:

    ```sh           commands, run together as one script; each must succeed
    ```sh fails     the last of them must fail
    ```sh boot      takes an image or a kernel: skipped without --with boot
    ```sh arm64     takes a package for arm64: skipped without --with arm64
    ```text         what the commands before it print: these lines, one after another. A line
                    `…` stands for any lines, `…` within a line for any text.
    `path`:         and any other block after it: the file is written, or (`path`, at the end:)
                    the block is added to it
What is none of these is a mistake in the text, and fails: nothing is left out silently.
"""
import argparse
import os
import re
import subprocess
import sys

FENCE = re.compile(r"^```([a-z]*) ?([a-z0-9]*)$")
FLAGS = {"sh": ("", "fails", "boot", "arm64")}
NEEDS = {"boot": "builds an image or a kernel, and boots it: TUTORIAL_BOOT=1",
         "arm64": "the C library is not built for arm64: sdk build --arch=arm64 glibc"}
FILE = re.compile(r"`([^`]+)`(, at the end)?:$")


class Block:
    def __init__(self, language, flag, line, before):
        self.language, self.flag, self.line, self.before = language, flag, line, before
        self.lines = []

    def text(self):
        return "\n".join(self.lines) + "\n"


def blocks_of(path):
    block, before = None, ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            fence = FENCE.match(line)
            if block and line == "```":
                yield block
                block, before = None, ""
            elif block:
                block.lines.append(line)
            elif fence and fence[2] in FLAGS.get(fence[1], ("",)):
                block = Block(fence[1], fence[2], number, before)
            elif line.lstrip().startswith(("```", "~~~")):
                sys.exit(f"{path}:{number}: no block that is known: {line}")
            elif line:
                before = line
    if block:
        sys.exit(f"{path}:{block.line}: this block has no end")


def wildcard(line):
    return ".*".join(re.escape(part) for part in line.rstrip().split("…"))


def pattern_of(lines):
    """The lines as a regular expression over whole lines of output."""
    parts = ["(?:^.*\n)*?" if line.strip() == "…" else f"^{wildcard(line)}[ ]*\n"
             for line in lines]
    return re.compile("".join(parts), re.MULTILINE)


class Follower:
    def __init__(self, name, have):
        self.name, self.have = name, have
        self.count = self.failed = 0
        self.output, self.is_skipped = "", False

    def result(self, good, block, what, details=""):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {self.name}:{block.line}: {what}")
        if not good:
            self.failed += 1
            for line in details.splitlines():
                print(f"# {line}")
        sys.stdout.flush()

    def skip(self, block, why):
        self.count += 1
        print(f"ok {self.count} - {self.name}:{block.line}: {block.lines[0]} # SKIP {why}")

    def run(self, block):
        self.is_skipped = block.flag in NEEDS and block.flag not in self.have
        if self.is_skipped:
            return self.skip(block, NEEDS[block.flag])
        done = subprocess.run(["sh", "-ec", block.text()], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.output = done.stdout.decode("utf-8", "replace")
        wanted = block.flag == "fails"
        self.result((done.returncode != 0) == wanted, block,
                    block.lines[-1] if wanted else block.lines[0],
                    f"exit {done.returncode}\n{self.output}")

    def compare(self, block):
        if self.is_skipped:
            return
        self.result(pattern_of(block.lines).search(self.output), block, "prints that",
                    f"wanted:\n{block.text()}\ngot:\n{self.output}")

    def write(self, block):
        file = FILE.search(block.before)
        if not file:
            return self.result(False, block, "is a file of no name: no `path`: before it")
        os.makedirs(os.path.dirname(file[1]) or ".", exist_ok=True)
        with open(file[1], "a" if file[2] else "w", encoding="utf-8") as out:
            out.write(block.text())

    def follow(self, block):
        if block.language == "sh":
            self.run(block)
        elif block.language == "text":
            self.compare(block)
        else:
            self.write(block)


def main():
    options = argparse.ArgumentParser(description="follow a tutorial")
    options.add_argument("file")
    options.add_argument("--with", dest="have", action="append", default=[], choices=NEEDS)
    options = options.parse_args()
    follower = Follower(os.path.basename(options.file), options.have)
    for block in blocks_of(options.file):
        follower.follow(block)
    print(f"1..{follower.count}")
    return 1 if follower.failed else 0


if __name__ == "__main__":
    sys.exit(main())
