#!/usr/bin/env python3
"""What `sdk bump --check` asks of the world, in small: a page for each recipe, and a source index.

upstreams.py RECIPES WWW URL: lets the recipes in the directory RECIPES ask URL/pages/<name>, and writes
those pages below WWW: listings in which the recipe's version is not the newest. Writes WWW/Sources, an
index as long as Debian's, with the recipes' packages in it, and WWW/asked, all pages' addresses.
"""
import hashlib
import os
import re
import sys

recipes, www, url = sys.argv[1:4]
STANZAS = 37000  # of trixie's main


def newer(version, by):
    """1.2.3 -> 1.2.5, with 2; what stands behind the last number stays."""
    *_, last = re.finditer(r"\d+", version)
    return version[:last.start()] + str(int(last.group()) + by) + version[last.end():]


def example(match, version):
    """A text that the expression finds the version in."""
    start = match.index("(")
    text = match[:start] + "\0" + match[match.index(")", start) + 1:]
    text = text.replace("[0-9]{8}", "20260102").replace("\\", "")
    return text.replace("\0", version)


def page(match, version):
    lines = [f'<html><title>Index of releases</title><body><pre>{example(match, version)}\n']
    for by in range(3):
        for ending in ("", ".asc", ".sig", ".sha256"):
            name = example(match, newer(version, by))
            lines.append(f'<a href="{name}{ending}">{name}{ending}</a>  2026-0{by + 1}-11 10:00  2.1M\n')
    # Others' files, as a listing of a host with many projects has them.
    for i in range(800):
        lines.append(f'<a href="other-{i}.{i % 7}.zip">other-{i}.{i % 7}.zip</a>  2019-04-05 10:00  1.3M\n')
    return "".join(lines)


def stanza(package, version):
    digest = hashlib.sha256(f"{package} {version}".encode()).hexdigest()
    orig = f"{package}_{version}.orig.tar.xz"
    needs = ", ".join(f"lib{digest[i:i + 5]}-dev (>= {i}.{digest[i]})" for i in range(0, 40))
    return (f"Package: {package}\nBinary: {package}, lib{package}, lib{package}-dev\nVersion: {version}-1\n"
            f"Maintainer: Somebody <{package}@example.org>\nBuild-Depends: debhelper-compat (= 13), {needs}\n"
            f"Architecture: any\nStandards-Version: 4.7.0\nFormat: 3.0 (quilt)\nFiles:\n"
            f" {digest[:32]} 1234 {package}_{version}-1.dsc\n {digest[:32]} 123456 {orig}\n"
            f"Checksums-Sha256:\n {digest} 1234 {package}_{version}-1.dsc\n {digest} 123456 {orig}\n"
            f"Homepage: https://example.org/{package}\nDirectory: pool/main/{package[0]}/{package}\n"
            f"Priority: optional\nSection: misc\n\n")


os.makedirs(f"{www}/pages", exist_ok=True)
packages, asked = {}, []
for name in sorted(os.listdir(recipes)):
    path = f"{recipes}/{name}/recipe.yaml"
    if not os.path.exists(path):
        continue
    with open(path) as file:
        text = file.read()
    version = re.search(r'^version: *["\']?([^"\'\s]+)', text, re.M).group(1)
    source = re.search(r"mirror://debian/\S*/([^/_]+)_", text)
    packages[source.group(1) if source else name] = newer(version, 1)
    match = re.search(r"match: *'([^']*)'", text)
    if not match:
        continue
    asked.append(f"{url}/pages/{name}")
    with open(f"{www}/pages/{name}", "w") as file:
        file.write(page(match.group(1), version))
    with open(path, "w") as file:
        file.write(re.sub(r'check: *"[^"]*"', f'check: "{asked[-1]}"', text))
with open(f"{www}/Sources", "w") as file:
    for i in range(STANZAS):
        file.write(stanza(f"package{i}", f"{i % 9}.{i % 31}.{i % 5}"))
    for name, version in packages.items():
        file.write(stanza(name, version))
with open(f"{www}/asked", "w") as file:
    file.write("\n".join(asked) + "\n")
