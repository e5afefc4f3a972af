#!/usr/bin/env python3
"""Boards in all the forms that people write YAML in, changed by `sdk config` and changed back.

boards.py SDK CHECKOUT COUNT: prints what went wrong, and how many boards were tried. Each change
must say what it was to say (by `sdk config list --json`), keep every other byte, and be taken back
to the very bytes there were before."""
import concurrent.futures
import json
import random
import subprocess
import sys

SDK, CHECKOUT, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
MEMORY, ODD = "1536", "a=\"b c\", d: #e"


class Wrong(Exception):
    pass


def sdk(*arguments, board):
    run = subprocess.run([SDK, "config", *arguments, "--board=" + board], capture_output=True,
                         text=True)
    if run.returncode:
        raise Wrong(f"sdk config {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def state(board):
    rows = json.loads(sdk("list", "--all", "--json", board=board))
    return {(row["key"], row["name"]): row.get("value", row.get("on")) for row in rows}


class Generator:
    """One board.yaml; a comment's text is never twice there."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.comments = 0
        self.newline = "\r\n" if self.chance(10) else "\n"

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def comment(self):
        self.comments += 1
        odd = self.random.choice(["", " - item", " key: value", " [", " }", " \"", " ümlaut", ","])
        return f"# note {self.comments}{odd}"

    def behind(self):
        return " " * self.random.randrange(1, 4) + self.comment() if self.chance(30) else ""

    def between(self, lines, indent):
        if self.chance(15):
            lines.append("")
        if self.chance(30):
            lines.append(" " * self.random.choice([0, indent, indent + 2]) + self.comment())

    def scalar(self, text):
        quote = self.random.choice(["", "", "'", '"'])
        return quote + text + quote

    def list(self, lines, key, items, indent):
        pad = " " * indent
        form = self.random.randrange(3)
        if form == 0:
            self.own_line = None
            comma = "," if self.chance(20) else ""
            lines.append(f"{pad}{key}: [{', '.join(map(self.scalar, items))}{comma}]"
                         + self.behind())
        elif form == 1:
            lines.append(f"{pad}{key}: [" + self.behind())
            for i, item in enumerate(items):
                last = i + 1 == len(items)
                if self.chance(20):
                    lines.append(f"{pad}    {self.comment()}")
                lines.append(f"{pad}  {self.scalar(item)}"
                             + ("" if last and not self.chance(40) else ",") + self.behind())
            lines.append(f"{pad}]" + self.behind())
        else:
            lines.append(f"{pad}{key}:" + self.behind())
            deeper = indent + self.random.choice([0, 2, 4])
            for item in items:
                self.between(lines, deeper)
                gap = " " * self.random.randrange(1, 3)
                lines.append(f"{' ' * deeper}-{gap}{self.scalar(item)}" + self.behind())

    def make(self):
        blocks = []
        summary = self.random.choice([["summary: One of many"], ['summary: "One: of # many"'],
                                      ["summary: >-", "  One", "  of many"]])
        blocks.append(summary)
        blocks.append([f"extends: base{self.behind()}"])
        blocks.append([f"arch: amd64{self.behind()}"])
        self.has_packages, self.has_memory = self.chance(70), self.chance(50)
        self.has_options, self.has_cmdline = self.chance(40), self.chance(50)
        if self.has_packages:
            lines = []
            items = ["own"] + self.random.sample(["p3", "p4"], self.random.randrange(3))
            self.random.shuffle(items)
            self.list(lines, "packages", items, 0)
            blocks.append(lines)
        if self.has_options:
            blocks.append([f"options: {{p1.y: on{self.random.choice(['', ', '])}}}"]
                          if self.chance(50)
                          else ["options:" + self.behind(), "  p1.y: on" + self.behind()])
        if self.has_memory or self.has_cmdline:
            blocks.append(self.image())
        self.random.shuffle(blocks)
        lines = ["---"] if self.chance(15) else []
        for block in blocks:
            if self.chance(30):
                lines.append(self.comment())
            if self.chance(30):
                lines.append("")
            lines += block
        if self.chance(30):
            lines.append(self.comment())
        text = self.newline.join(lines)
        return text if self.chance(10) else text + self.newline

    def image(self):
        if self.chance(25):
            parts = ["memory: " + MEMORY] if self.has_memory else []
            parts += ["cmdline: [quiet]"] if self.has_cmdline else []
            return ["image: {" + ", ".join(parts) + "}" + self.behind()]
        lines, body = ["image:" + self.behind()], []
        if self.has_memory:
            body.append([f"  memory: {self.scalar(MEMORY)}{self.behind()}"])
        if self.has_cmdline:
            part = []
            self.list(part, "cmdline", ["quiet"], 2)
            body.append(part)
        self.random.shuffle(body)
        for part in body:
            self.between(lines, 2)
            lines += part
        return lines


def read(path):
    with open(path, "rb") as file:
        return file.read().decode()


def is_within(old, new):
    """Whether the old text is what is left of the new one when parts of it are left out."""
    at = iter(new)
    return all(any(a == b for b in at) for a in old)


def check(condition, what, old, new):
    if not condition:
        raise Wrong(f"{what}\n--- before\n{old}\n--- after\n{new}")


def there_and_back(board, path, there, back, wanted):
    """`there` gives `wanted` and only adds; `back` gives the bytes of before."""
    old = read(path)
    sdk(*there, board=board)
    new, now = read(path), state(board)
    for key, value in wanted.items():
        check(now.get(key) == value, f"{there}: {key} is {now.get(key)}, not {value}", old, new)
    check(is_within(old, new), f"{there}: something went", old, new)
    check(("\r\n" in old) == ("\r\n" in new), f"{there}: ends of lines", old, new)
    sdk(*back, board=board)
    end = read(path)
    check(end.rstrip("\r\n") == old.rstrip("\r\n"), f"{back}: is not as before", old, end)


def comments_of(text):
    return [line[line.index("# note"):].rstrip() for line in text.splitlines() if "# note" in line]


def remove_own(board, path):
    """Only the line that has it goes, with the comment behind it; or the key with its last item."""
    old = read(path)
    sdk("remove", "own", board=board)
    new, now = read(path), state(board)
    check(now.get(("packages", "own")) is False, "own is still there", old, new)
    missing = [text for text in comments_of(old) if text not in comments_of(new)]
    check(all(any(text in line and ("own" in line or "packages:" in line)
                  for line in old.splitlines()) for text in missing),
          f"comments went: {missing}", old, new)
    check(is_within(new, old), "something was added", old, new)
    with open(path, "wb") as file:
        file.write(old.encode())


def set_memory(board, path, generator):
    if not generator.has_memory:
        there_and_back(board, path, ("set", "memory=3000"), ("reset", "image.memory"),
                       {("image.memory", "memory"): "3000"})
        return
    old = read(path)
    sdk("set", "image.memory=3000", board=board)
    new = read(path)
    check(new == old.replace(MEMORY, "3000"), "more than the value was changed", old, new)
    sdk("set", "memory=" + MEMORY, board=board)
    check(read(path) == old, "set again: is not as before", old, read(path))


def try_board(number):
    board, generator = f"g{number}", Generator(number)
    path = f"{CHECKOUT}/board-configs/{board}/board.yaml"
    with open(path, "wb") as file:
        file.write(generator.make().encode())
    changes = [
        (("add", "p2"), ("remove", "p2"), {("packages", "p2"): True}),
        (("remove", "p1"), ("add", "p1"), {("packages", "p1"): False}),
        (("add", "--list=cmdline", ODD), ("remove", "--list=cmdline", ODD),
         {("image.cmdline", ODD): True}),
        (("set", "p1.x=on"), ("reset", "p1.x"), {("options.p1.x", "x"): True}),
        (("set", "os-release.NAME=It's: #1"), ("reset", "os-release.NAME"),
         {("image.os-release.NAME", "NAME"): "It's: #1"}),
    ]
    for there, back, wanted in generator.random.sample(changes, 2):
        there_and_back(board, path, there, back, wanted)
    set_memory(board, path, generator)
    if generator.has_packages:
        remove_own(board, path)


def main():
    wrong = 0

    def result(number):
        try:
            try_board(number)
        except Wrong as what:
            return what

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, what in enumerate(pool.map(result, range(COUNT))):
            if what:
                wrong += 1
                print(f"board g{number}: {what}")
    print(f"{COUNT} boards, {wrong} wrong")


main()
