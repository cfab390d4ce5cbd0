"""Who holds a lease: a name of this very process, and whether such a process still lives.

On one host a lease whose process is dead is free at once; a lease from another host has to run out.
"""

import os
import secrets
from pathlib import Path


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _host() -> str:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = "unknown"
    return f"{_read('/etc/machine-id')}/{namespace}"


def _started(pid: int) -> str | None:
    """When process `pid` started, in the kernel's ticks; None where there is none, or only its corpse."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def own_name() -> str:
    """Machine and pid namespace, boot id, pid, start time, and a word of chance."""
    pid = os.getpid()
    boot = _read("/proc/sys/kernel/random/boot_id")
    return f"{_host()}|{boot}|{pid}|{_started(pid)}|{secrets.token_hex(4)}"


def is_dead(name: str) -> bool:
    """True only where it is certain: same host, and another boot or no such process."""
    try:
        host, boot, pid, started, _ = name.split("|")
    except ValueError:
        return False
    if host != _host() or "unknown" in host:
        return False
    return boot != _read("/proc/sys/kernel/random/boot_id") or _started(int(pid)) != started
