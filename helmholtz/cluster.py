"""A Ray cluster: what the commands that use one share."""

import os
import socket

from helmholtz.errors import MachineError, UsageError
from helmholtz.text import counted

try:
    import ray
except ImportError:
    raise MachineError("Ray is not installed: sh scripts/setup.sh ray") from None

TIMEOUT = 5  # seconds for a cluster to answer


def connect(address: str | None) -> None:
    """Join a cluster, or start one on this machine; MachineError when it does not answer."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # the first is told; Ray prints all
    try:
        if address:
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), TIMEOUT).close()
        ray.init(address, logging_level="error", log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise MachineError(
            f"No Ray cluster answers at {address}: `ray start --head` starts one and prints its "
            f"address ({reason})."
        ) from None


def require_cores(count: int, advice: str) -> None:
    """Raise UsageError unless a node has so many cores."""
    largest = max((node["Resources"].get("CPU", 0) for node in ray.nodes()), default=0)
    if largest < count:
        raise UsageError(
            f"No node has {counted(count, 'core')}, the largest has {largest:.0f}: {advice}"
        )


def cores() -> int:
    """Of all nodes that are there now."""
    return int(ray.cluster_resources().get("CPU", 1))
