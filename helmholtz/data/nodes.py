"""Tasks of a preparation on the nodes of a Ray cluster, which share folders with this machine."""

from collections.abc import Iterator

from tqdm import tqdm

from helmholtz import cluster
from helmholtz.data.site import Site, mark, on_node
from helmholtz.data.tasks import Problems, Task
from helmholtz.errors import DataError, MachineError, UsageError

LOSSES = 5  # times that a shard may lose its node


class Nodes:
    """An engine for preparation.prepare: every task on a core of some node.

    A task whose node is lost is done again elsewhere: it depends on nothing but its items.
    """

    def __init__(self, address: str | None, site: Site):
        if not cluster.ray.is_initialized():
            cluster.connect(address)
        cluster.require_cores(1, "start Ray with more.")
        self.site, self.head = site, cluster.Head()
        self.remote = cluster.ray.remote(on_node).options(
            num_cpus=1, max_retries=LOSSES, scheduling_strategy="SPREAD"
        )

    def __call__(self, todo: list[Task]) -> Iterator[Problems]:
        waiting, todo_left = [], iter(todo)
        marks = {folder: mark(folder) for task in todo for folder in task.folders.values()}
        with tqdm(total=len(todo), desc="shards on Ray", disable=None) as bar:
            while len(waiting) < 2 * cluster.cores() and (task := next(todo_left, None)):
                waiting.append(self.remote.remote(task, self.site, marks))
            while waiting:
                with self.head.needed():
                    some, waiting = cluster.ray.wait(waiting, timeout=cluster.EVERY)
                self.head.require()
                for done in some:
                    yield _result(done, self.head)
                    bar.update()
                    if task := next(todo_left, None):
                        waiting.append(self.remote.remote(task, self.site, marks))


def _result(reference, head: cluster.Head) -> Problems:
    """What a task gives; its error is this machine's where there is a sentence for it."""
    errors = cluster.ray.exceptions
    try:
        with head.needed():
            return cluster.ray.get(reference)
    except errors.RayTaskError as error:
        if isinstance(error.cause, DataError | MachineError | UsageError | OSError | MemoryError):
            raise error.cause from None
        raise MachineError(f"A node could not do its part: {error.cause}") from error
    except errors.RayError as error:
        reason = str(error).strip().split("\n")[0]
        raise MachineError(
            f"A shard lost its node {LOSSES + 1} times: the same command goes on ({reason})."
        ) from error
