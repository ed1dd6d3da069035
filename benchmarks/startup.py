"""How long it takes from a command to its first answer.

python benchmarks/startup.py [--quick] [--runs 5]

`-h`, and from `train.py` on prepared data to the first training step, beside the import of Keras
with its backend alone. Medians of the runs, which take turns; --quick makes three.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measure import header, headline, row

ROOT = Path(__file__).parents[1]
FIRST_STEP = """
import sys, time, keras
from {half} import train
class Stop(Exception): pass
def stop(self, *_, **__): raise Stop
keras.callbacks.CallbackList.on_train_batch_end = stop
try: train.main(sys.argv[1:])
except Stop: pass
"""
HALVES = {"cifar": ["--quality", "5"], "audio": ["--bitrate", "32"]}


def seconds(*command) -> float:
    started = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    os.sync()
    subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, check=True, **quiet)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="three runs")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    headline("From a command to its first answer", "keras")
    commands = {"nothing": ["-c", ""], "import keras and its backend": ["-c", "import keras"]}
    with tempfile.TemporaryDirectory() as folder:
        for half, flags in HALVES.items():
            sample = [*flags, "--source", "sample"]
            seconds(f"{half}/prepare.py", *sample)
            commands[f"{half}/train.py -h"] = [f"{half}/train.py", "-h"]
            first = FIRST_STEP.format(half=half)
            flags = ["-c", first, *sample, "--overwrite", "--log_dir", folder]
            commands[f"{half}/train.py to its first step"] = flags
        taken = {name: [] for name in commands}
        for _ in range(3 if args.quick else args.runs):
            for name, command in commands.items():
                taken[name].append(seconds(*command))
    header("command", "seconds")
    for name, some in taken.items():
        row(name, median(some))


if __name__ == "__main__":
    main()
