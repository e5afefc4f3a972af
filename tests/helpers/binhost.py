#!/usr/bin/env python3
"""What a hostile or broken binhost may hand out, for the tests of its readers.

binhost.py evil KIND PACKAGE KEY HOST: writes an archive of that KIND to HOST/objects and prints the
    line of the index that names it, with the archive's true size and digest: only its content is bad.
    KIND: good, symlink, dotdot, absolute, device, bomb, setuid, extra, short
binhost.py index ARCH SERIAL <LINES: prints an index with those lines, to be signed.
binhost.py corrupt SEED INDEX OBJECTS: changes one thing in an index or in one of its objects and
    prints what. "signature" alone may change nothing: armor and unsigned parts lie there, too.
"""
import glob
import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
import time


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def member(tar, name, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o644
    for key, value in fields.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


def directory(tar, name):
    member(tar, name, type=tarfile.DIRTYPE, mode=0o755)


def evil(kind, package, key, host):
    content = b"good\n"
    size = len(content)
    lines = [f"package {package}", "version 1.0", "output run", "arch amd64",
             "d\t755\t0\t\tusr", "d\t755\t0\t\tusr/share"]
    if kind == "symlink":  # that a file is to be written through, and the manifest names both
        size += len(b"evil\n")
        lines.append("l\t777\t0\t/etc\tusr/share/dir")
        lines.append(f"f\t644\t5\t{sha256(b'evil' + bytes([10]))}\tusr/share/dir/evil")
    lines.append(f"f\t644\t{len(content)}\t{sha256(content)}\tusr/share/{package}")
    manifest = ("\n".join(lines) + "\n").encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member(tar, ".manifest", manifest)
        directory(tar, "usr")
        directory(tar, "usr/share")
        if kind == "symlink":
            member(tar, "usr/share/dir", type=tarfile.SYMTYPE, linkname="/etc")
            member(tar, "usr/share/dir/evil", b"evil\n")
        if kind == "dotdot":
            member(tar, "usr/../../../evil", b"evil\n")
        if kind == "absolute":
            member(tar, "/tmp/sdk-test-evil", b"evil\n")
        if kind == "device":
            member(tar, "usr/share/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
        if kind == "extra":
            member(tar, "usr/share/extra", b"evil\n")
        if kind == "bomb":  # 64 MiB of zeros in a few kilobytes, where 5 bytes are announced
            content = bytes(64 << 20)
        if kind != "short":
            mode = 0o4755 if kind == "setuid" else 0o644
            member(tar, "usr/share/" + package, content, mode=mode)
    packed = subprocess.run(["zstd", "-q", "-c"], input=out.getvalue(), stdout=subprocess.PIPE,
                            check=True).stdout
    digest = sha256(manifest)
    path = f"{host}/objects/{digest[:2]}/{digest}.pkg.tar.zst"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(packed)
    print(f"{key} {package} 1.0 1.0 {int(time.time())} run={digest}:{size}:{len(packed)}:{sha256(packed)}")


def index(arch, serial):
    lines = sorted(sys.stdin.read().splitlines())
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"dray-binhost-index 1\narch {arch}\nserial {serial}\ndate {date}\nentries {len(lines)}\n")
    for line in lines:
        print(line)


def flip(path, first, last):
    with open(path, "r+b") as file:
        at = random.randrange(first, last)
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << random.randrange(8)]))
    return f"bit at {at}"


def flip_around(path, body, size):
    """Armor or signature: anything but the text, and so also what signs nothing."""
    if random.randrange(size - body[1] + body[0]) < body[0]:
        return flip(path, 0, body[0])
    return flip(path, body[1], size)


def corrupt(seed, index_path, objects):
    random.seed(seed)
    paths = sorted(glob.glob(objects + "/*/*.zst"))
    path = random.choice(paths)
    with open(index_path, "rb") as file:
        text = file.read()
    body = text.index(b"\n\n") + 2, text.rindex(b"-----BEGIN PGP SIGNATURE") - 1
    kind = random.choice(["object", "object", "cut object", "longer object", "swap objects", "index",
                          "signature", "cut index", "swap lines", "drop line", "empty index"])
    what = ""
    if kind == "object":
        what = flip(path, 0, os.path.getsize(path))
    elif kind == "cut object":
        os.truncate(path, random.randrange(os.path.getsize(path)))
    elif kind == "longer object":
        with open(path, "ab") as file:
            file.write(b"\0" * random.randrange(1, 100))
    elif kind == "swap objects":
        other = random.choice([p for p in paths if p != path])
        os.rename(path, path + "~")
        os.rename(other, path)
        os.rename(path + "~", other)
    elif kind == "index":
        what = flip(index_path, *body)
    elif kind == "signature":
        what = flip_around(index_path, body, len(text))
    elif kind == "cut index":
        os.truncate(index_path, random.randrange(len(text) - 40))
    elif kind == "empty index":
        os.truncate(index_path, 0)
    else:
        lines = text[body[0]:body[1]].split(b"\n")
        entries = [i for i, line in enumerate(lines) if len(line) > 200]
        one, two = random.sample(entries, 2)
        if kind == "swap lines":  # what one key gave under the name of another
            lines[one], lines[two] = (lines[one][:64] + lines[two][64:],
                                      lines[two][:64] + lines[one][64:])
        else:
            del lines[one]
        with open(index_path, "wb") as file:
            file.write(text[:body[0]] + b"\n".join(lines) + text[body[1]:])
    print(kind, what)


if __name__ == "__main__":
    {"evil": evil, "index": index, "corrupt": corrupt}[sys.argv[1]](*sys.argv[2:])
