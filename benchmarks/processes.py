"""CPU time and memory of processes, as Linux counts them (proc(5)); CPU in seconds, memory in MB (10^6)."""

from __future__ import annotations

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12  # fields of /proc/PID/stat counted after the name in brackets


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads since the start of the process; steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / TICK


def rss_mb(pid: int) -> tuple[float, float]:
    """Resident memory now, and the most it ever was."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
    )
    now, most = (int(status[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return now, most


def machine_cpu_seconds() -> float:
    """Busy time of all cores since boot, whoever used it."""
    user, nice, system, _idle, _wait, irq, softirq, steal, *_ = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + steal) / TICK


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))
