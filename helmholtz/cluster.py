"""A Ray cluster: what the commands that use one share."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator

from helmholtz.errors import MachineError, UsageError
from helmholtz.text import counted

# Of a node that dies Ray prints pages, whatever ray.init is told; read when it is imported.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "^")

try:
    import ray
except ImportError:
    raise MachineError("Ray is not installed: sh scripts/setup.sh ray") from None

TIMEOUT = 5  # seconds for a cluster to answer
EVERY = 2  # seconds between two looks at the head
PATIENCE = 20  # seconds without an answer; after 60, Ray ends this process without a word of ours


def connect(address: str | None) -> None:
    """Join a cluster, or start one on this machine; MachineError when it does not answer."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # the first is told; Ray prints all
    try:
        if address:
            _knock(address)
        ray.init(address, logging_level="error", log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        if not address:
            raise MachineError(f"Ray could not be started here ({reason}).") from None
        raise MachineError(
            f"No Ray cluster answers at {address}: `ray start --head` starts one and prints its "
            f"address ({reason})."
        ) from None


class Head:
    """The head of a cluster, by default of the one that was joined; without it nothing goes on."""

    def __init__(self, address: str | None = None):
        self.address = address or ray.get_runtime_context().gcs_address
        self.asked = self.answered = time.monotonic()
        self.lost = False

    def require(self) -> None:
        """Raise MachineError when the head has not answered for a while. Asks now and then."""
        if time.monotonic() < self.asked + EVERY:
            return
        try:
            _knock(self.address)
            self.answered = time.monotonic()
        except OSError as error:
            if time.monotonic() > self.answered + PATIENCE:
                raise self._lost(error) from None
        self.asked = time.monotonic()

    @contextlib.contextmanager
    def needed(self) -> Iterator[None]:
        """Raise MachineError where a call finds that Ray itself has ended on this machine."""
        try:
            yield
        except ray.exceptions.RayTaskError:  # also an OSError, if the task's error was one
            raise
        except (OSError, ray.exceptions.LocalRayletDiedError) as error:
            raise self._lost(error) from None

    def _lost(self, error: Exception) -> MachineError:
        self.lost = True
        reason = str(error).strip().split("\n")[0]
        return MachineError(
            f"The Ray cluster at {self.address} cannot be reached any more ({reason}): start one "
            "again, and the same command goes on there."
        )


def _knock(address: str) -> None:
    """Connect to host:port; OSError where nobody listens."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), TIMEOUT).close()


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
