"""Preparation of many photographs in shards: throughput, peak memory, and a node that is lost.

python benchmarks/shards.py [--items 2000 20000] [--quality 0 5 25 50 75] [--cores 1 2]
    [--nodes whole killed]

Photographs: windows of 224 x 224 pixels at different places of the two that scikit-learn brings,
as JPEG files of quality 95. Memory: that of all processes together which no file stands behind
(Pss_Anon, where a page that several share counts once). --nodes: also on a Ray cluster of two nodes
of a core each on this machine, undisturbed, or with one of them killed when half of the shards are
there. All runs over the same photographs must end with the same index.
"""

import argparse
import contextlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from measure import header, headline, row
from PIL import Image
from sklearn.datasets import load_sample_images

ROOT = Path(__file__).parents[1]
SIDE = 224  # pixels
SHARD = "64M"  # of 440 photographs


def make_photos(folder: Path, count: int) -> Path:
    """A folder of two classes, a photograph each, of count windows together."""
    for name, photo in zip(("china", "flower"), load_sample_images().images, strict=True):
        (folder / name).mkdir(parents=True)
        height, width = (side - SIDE + 1 for side in photo.shape[:2])
        places = np.random.default_rng(0).permutation(height * width)[: count // 2]
        for i, place in enumerate(places):
            y, x = divmod(int(place), width)
            window = Image.fromarray(photo[y : y + SIDE, x : x + SIDE])
            window.save(folder / name / f"{i:06}.jpg", quality=95)
    return folder


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    with contextlib.suppress(OSError):
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(one for child in below for one in tree(int(child)))]
    return []


def private(pid: int) -> int:
    """kB of a process and all below it that no file stands behind."""
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]
            table = dict(line.split(":") for line in lines)
            total += int(table["Pss_Anon"].split()[0])
    return total


def prepare(photos: Path, data: Path, qualities: list, cores: set, *flags, meanwhile=None):
    """Run prepare.py on some cores; gives seconds, core-seconds, peak MB, and the indices."""
    words = ["--source", photos, "--size", SIDE, "--quality", *qualities, "--data_dir", data]
    words += ["--shard_size", SHARD]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cifar.prepare", *map(str, [*words, *flags])],
        cwd=ROOT, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )  # fmt: skip
    if meanwhile:
        threading.Thread(target=meanwhile, args=(data,)).start()
    peak = 0
    while process.poll() is None:
        peak = max(peak, private(process.pid))
        time.sleep(0.3)
    seconds = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"prepare.py ended with exit code {process.returncode}.")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    indices = [path.read_bytes() for path in sorted(data.glob("cifar/*/*/index.json"))]
    assert len(indices) == len(qualities), "there are no shards"
    shutil.rmtree(data)
    return seconds, busy, peak / 1e3, indices


def on_ray(photos: Path, data: Path, qualities: list, cores: set, shards: int):
    """As prepare, on two nodes of a core each; core-seconds and memory are of the driver alone.

    shards: files to be made, after half of which a node is killed; 0 for none.
    """
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]

    def lose(folder: Path) -> None:
        while len([*folder.glob("cifar/*/*/t*.h5")]) < shards // 2:
            time.sleep(0.1)
        cluster.remove_node(nodes[1], allow_graceful=False)

    flags = ["--engine", "ray", "--address", cluster.address]
    try:
        return prepare(photos, data, qualities, cores, *flags, meanwhile=lose if shards else None)
    finally:
        cluster.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--items", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--quality", type=int, nargs="+", default=[0, 5, 25, 50, 75])
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--nodes", nargs="+", choices=["whole", "killed"], default=[])
    args = parser.parse_args()
    headline(f"{len(args.quality)} qualities of {SIDE} pixels", "pillow", "numpy")
    header("photographs", "where", "s", "photographs/s", "core-ms a photograph", "peak MB", "index")
    everywhere = sorted(os.sched_getaffinity(0))
    for items in args.items:
        with tempfile.TemporaryDirectory() as name:
            photos, data = make_photos(Path(name) / "photos", items), Path(name) / "data"
            known = []

            def show(where, seconds, busy, peak, found, known=known, items=items):
                known.append(found)
                same = "the same" if found == known[0] else "ANOTHER"
                row(items, where, seconds, items / seconds, 1e3 * busy / items, peak, same)

            for count in args.cores:
                cores = set(everywhere[:count])
                show(f"{count} cores", *prepare(photos, data, args.quality, cores))
            shards = sum(text.count(b".h5") for text in known[0]) if known else 0
            for nodes in args.nodes:
                kill = shards if nodes == "killed" else 0
                found = on_ray(photos, data, args.quality, set(everywhere), kill)
                show(f"2 nodes, {nodes}", *found)


if __name__ == "__main__":
    main()
