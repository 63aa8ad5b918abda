#!/usr/bin/env python3
"""Checks that a program makes only those system calls that its unit permits, by watching it at work.

    deploy/checks/system_calls.py UNIT PROGRAM [ARGUMENT...]     where FOLDER in an argument is one that it may write in
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Start, some seconds of work, and the end by SIGTERM.
SECONDS = 6
# Not root, as which SQLite would give files away, which no unit permits.
UID = 10001


def main() -> None:
    unit, command = Path(sys.argv[1]), sys.argv[2:]
    permitted, forbidden = set(), set()
    for value in re.findall(r"^SystemCallFilter=(.+)$", unit.read_text(), re.MULTILINE):
        calls = set().union(*(members(name) for name in value.lstrip("~").split()))
        if value.startswith("~"):
            forbidden |= calls
        else:
            permitted |= calls
    made = calls_of(command)
    outside = sorted((made - permitted) | (made & forbidden))
    if len(made) < 20:
        sys.exit(f"{command[0]} made {len(made)} kinds of system calls; it cannot have started")
    if outside:
        sys.exit(f"{unit.name} does not permit {', '.join(outside)}, which {command[0]} calls")
    print(f"{unit.name} permits all {len(made)} kinds of system calls that were seen")


def members(name: str) -> set[str]:
    """The system calls of a set such as @system-service, or the one that is named."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager", name], check=True, capture_output=True, text=True
    ).stdout
    words = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(members(word) for word in words if word and not word.startswith("#")))


def calls_of(command: list[str]) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        user = {}
        if os.geteuid() == 0:
            os.chown(folder, UID, UID)
            user = {"user": UID, "group": UID, "extra_groups": []}
        log = Path(folder, "strace.log")
        words = [word.replace("FOLDER", folder) for word in command]
        watched = ["timeout", "--signal=TERM", str(SECONDS), "strace", "-f", "-qq", "-o", str(log), *words]
        subprocess.run(watched, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, **user)
        return set(re.findall(r"^\d+ +([a-z0-9_]+)\(", log.read_text(), re.MULTILINE))


if __name__ == "__main__":
    main()
