"""Swaps directories and files of a service with links that lead outside, as fast as it can, and back.

    swap-links.py <services directory>

Each swap is atomic (RENAME_EXCHANGE), so that at any time there is either the real thing or the link. Ends when its
standard input ends, and prints how often it has swapped what."""

import ctypes
import json
import os
import random
import select
import sys

EXCHANGE = 2
libc = ctypes.CDLL(None, use_errno=True)


def exchange(directory, left, right):
    if libc.renameat2(directory, left.encode(), directory, right.encode(), EXCHANGE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def ensure_link(directory, name, target):
    """A push replaces whatever has the name, also the link."""
    try:
        if os.path.islink(f"/proc/self/fd/{directory}/{name}"):
            return
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass
    os.symlink(target, name, dir_fd=directory)


services = sys.argv[1]
outside = os.path.join(os.path.dirname(services), "outside")
places = []
parent = os.open(services, os.O_DIRECTORY)
for name, target in [
    ("web", outside),
    ("mid", os.path.join(outside, "mid")),
    ("inner", os.path.join(outside, "mid/inner")),
    ("file.txt", os.path.join(outside, "mid/inner/file.txt")),
]:
    places.append((parent, name, target))
    if name != "file.txt":
        parent = os.open(name, os.O_DIRECTORY, dir_fd=parent)
counts = {name: 0 for _, name, _ in places}
print("swapping", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(100):
        directory, name, target = random.choice(places)
        other = f"{name}.swapped"
        ensure_link(directory, other, target)
        try:
            exchange(directory, name, other)
            for _ in range(random.randrange(200)):
                pass
            exchange(directory, name, other)
            counts[name] += 1
        except FileNotFoundError:
            pass
        for _ in range(random.randrange(2000)):
            pass
print(json.dumps(counts))
