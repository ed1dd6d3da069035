"""A Slurm of our own on this machine, on free ports: munged, slurmctld, and a slurmd a node."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cifar

ROOT = Path(cifar.__file__).parents[1]
DAEMONS = ("munged", "slurmctld", "slurmd")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SlurmdTimeout=10
ReturnToService=2
SchedulerParameters=sched_interval=1,bf_interval=1
PartitionName=main Nodes=ALL Default=YES
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cores}\n"


def wait_for(condition, seconds, what):
    """None when it comes true in time, else what."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return what
        time.sleep(0.2)
    return None


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    """Started by start, in a folder of its own with a short path; nodes: their cores by name."""

    def __init__(self, folder: Path, nodes: dict[str, int]):
        self.folder, self.nodes, self.started = folder, nodes, {}
        path = os.environ["PATH"] + ":/usr/sbin"
        self.programs = {name: shutil.which(name, path=path) for name in DAEMONS}
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def installed(self) -> bool:
        return None not in self.programs.values()

    def start(self) -> str | None:
        """Return what the daemons have said where the nodes do not become idle."""
        (self.folder / "munge.key").write_bytes(os.urandom(128))
        (self.folder / "munge.key").chmod(0o600)
        host, (port, *ports) = socket.gethostname().split(".")[0], free_ports(1 + len(self.nodes))
        values = {"folder": self.folder, "host": host, "user": getpass.getuser(), "port": port}
        text = CONFIGURATION.format(**values)
        for (name, cores), port in zip(self.nodes.items(), ports, strict=True):
            text += NODE.format(name=name, host=host, port=port, cores=cores)
        (self.folder / "slurm.conf").write_text(text)
        files = ("key-file", "socket", "pid-file", "log-file", "seed-file")
        places = [f"--{n}={self.folder}/munge.{n.removesuffix('-file')}" for n in files]
        self._start("munged", "munged", "--foreground", "--force", *places)
        self._start("slurmctld", "slurmctld", "-D")
        for name in self.nodes:
            self.start_node(name)
        if wait_for(lambda: set(self.states().values()) == {"idle"}, 20, "no idle node"):
            return str([p.read_text()[-400:] for p in sorted(self.folder.glob("slurm*.txt"))])
        return None

    def start_node(self, name: str) -> None:
        self._start(name, "slurmd", "-D", "-N", name)

    def _start(self, name: str, program: str, *flags) -> None:
        with open(self.folder / f"slurm-{name}.txt", "a") as log:
            command = [self.programs[program], *flags]
            started = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        self.started[name] = started
        time.sleep(0.5)

    def kill_node(self, name: str) -> int:
        """Kill a slurmd, and what runs under it; how many processes that were."""
        processes = [self.started.pop(name), *self._under(name)]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(getattr(process, "pid", process), signal.SIGKILL)
        processes[0].wait()
        return len(processes)

    def _under(self, name: str) -> list[int]:
        """The jobs of a node, and the slurmstepd over each."""
        ours = {f"SLURMD_NODENAME={name}", f"SLURM_CONF={self.folder}/slurm.conf"}
        found = set()
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if ours <= set((path / "environ").read_text(errors="replace").split("\0")):
                    parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
                    found |= {int(path.name)}
                    if "slurmstepd" in Path(f"/proc/{parent}/comm").read_text():
                        found |= {parent}
        return sorted(found)

    def states(self) -> dict[str, str]:
        """Of the nodes, by name, such as "idle" or "down*"."""
        lines = self.ask("sinfo", "--Node", "--noheader", "--format=%N %t").split("\n")
        return dict(line.split() for line in lines if line)

    def ask(self, *command) -> str:
        words = [str(word) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, env=self.environment, cwd=ROOT)
        return done.stdout

    def stop(self) -> None:
        self.ask("scancel", f"--user={getpass.getuser()}")
        wait_for(lambda: not self.ask("squeue", "--noheader"), 10, "")  # else slurmstepd stay
        for process in reversed(self.started.values()):
            process.terminate()
            process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
