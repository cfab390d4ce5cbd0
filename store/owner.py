"""Who holds a lease: a name of this very process, and whether such a process still lives.

On one host a lease whose process is dead is free at once; a lease from another host has to run out.
"""

import os
import secrets
from pathlib import Path
from typing import Final

MACHINE: Final = "/etc/machine-id"
BOOT: Final = "/proc/sys/kernel/random/boot_id"
UNKNOWN: Final = "unknown"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return UNKNOWN


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return UNKNOWN


def _started(pid: int) -> str | None:
    """When process `pid` started, in the kernel's ticks; None where there is none, or only its corpse."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def own_name() -> str:
    """Machine, pid namespace, boot id, pid, start time, and a word of chance."""
    pid = os.getpid()
    about = (_read(MACHINE), _namespace(), _read(BOOT), pid, _started(pid), secrets.token_hex(4))
    return "|".join(map(str, about))


def is_dead(name: str) -> bool:
    """True only where it is certain: this very boot and no such process, or this machine since booted anew. A machine
    without an id (many containers) is known by its boot alone."""
    try:
        machine, namespace, boot, pid, started, _ = name.split("|")
    except ValueError:
        return False
    own_boot, own_machine = _read(BOOT), _read(MACHINE)
    if UNKNOWN in (boot, own_boot, namespace):
        return False
    if boot == own_boot:
        return namespace == _namespace() and _started(int(pid)) != started
    return machine == own_machine and machine not in (UNKNOWN, "")
