"""This machine: its processor, its cores, its memory."""

import contextlib
import os
import platform
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")  # control groups, version 2
CPUINFO = Path("/proc/cpuinfo")
DEVICES = Path("/dev")


def cores() -> int:
    """Processor cores that this process may use, by its affinity and its control group's quota."""
    known = hasattr(os, "sched_getaffinity")  # not on macOS
    count = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # ValueError: the quota is "max"
        quota, period = map(int, (CGROUP / "cpu.max").read_text().split())
        count = min(count, max(1, -(-quota // period)))
    return count


def processor() -> str:
    """The processor's name as the system tells it."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def gains_by_bfloat16() -> bool:
    """Whether training in bfloat16 should be faster here than in float32.

    Where it was measured: an AMD EPYC with AVX512_BF16 gained, an Intel Xeon with it but without
    AMX lost, and lost more without it (docs/speed.md). AMX and GPUs are assumed to gain.
    """
    can = _cpuinfo("flags").split()
    amd = _cpuinfo("vendor_id") == "AuthenticAMD"
    return "amx_bf16" in can or (amd and "avx512_bf16" in can) or nvidia()


def nvidia() -> bool:
    """Whether there is an NVIDIA GPU, be it the first or another; dxg is that of WSL2."""
    return any(DEVICES.glob("nvidia[0-9]*")) or (DEVICES / "dxg").exists()


def _cpuinfo(key: str) -> str:
    """What Linux tells of the first core, "" where it does not."""
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    values = (line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == key)
    return next(values, "")


def available_memory() -> int | None:
    """Bytes that this process may still take: the system's, or its control group's if less."""
    found = []
    with contextlib.suppress(OSError, KeyError):
        found.append(1024 * _table(Path("/proc/meminfo"))["MemAvailable:"])
    with contextlib.suppress(OSError, KeyError, ValueError):  # ValueError: the limit is "max"
        limit = int((CGROUP / "memory.max").read_text())
        used, stat = int((CGROUP / "memory.current").read_text()), _table(CGROUP / "memory.stat")
        cache = stat["active_file"] + stat["inactive_file"]  # freed when memory is needed
        found.append(max(0, limit - used + cache))
    return min(found, default=None)


def _table(path: Path) -> dict[str, int]:
    """A file of the kernel with a name and a number in every line."""
    return {row[0]: int(row[1]) for row in map(str.split, path.read_text().splitlines())}
