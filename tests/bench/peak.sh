#!/bin/sh
# Runs a command and writes the greatest memory that it and all its descendants had at one moment.
#   peak.sh FILE COMMAND…     FILE gets "N MiB"; the exit status is the command's
# Sampled every 20 ms: the sum of Pss, so that pages which processes share count once. What is gone
# before the next sample is missed.
exec python3 - "$@" <<'P'
import os, subprocess, sys, threading, time

PERIOD_S = 0.02


def tree(root):
    """The process and its descendants."""
    found = [root]
    for pid in found:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as file:
                    found += map(int, file.read().split())
        except OSError:
            pass
    return found


def pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def watch():
    global peak_kib
    while not ended.wait(PERIOD_S):
        peak_kib = max(peak_kib, sum(map(pss_kib, tree(command.pid))))


peak_kib = 0
ended = threading.Event()
command = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
watcher = threading.Thread(target=watch)
watcher.start()
status = command.wait()
ended.set()
watcher.join()
with open(sys.argv[1], "w") as file:
    file.write(f"{(peak_kib + 512) // 1024} MiB\n")
sys.exit(status if status >= 0 else 128 - status)
P
