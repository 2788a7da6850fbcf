"""What labs exist on this machine, so that the next one can clear away what a killed one left.

Every lab has a tag (`lbd-PID-N`, the prefix of its namespaces' names), a directory, and a record of both in
/run/lbd-lab. A record whose owner is dead is a leftover, unless it says that it is kept (tools/demo --keep).
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import tempfile

from .process import run
from .wait import TimedOut, wait_for

RECORDS = pathlib.Path("/run/lbd-lab")


def start_time(pid):
    """Tells this process from a later one with the same pid; None if there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def create(tag):
    """A new lab's record and directory."""
    directory = tempfile.mkdtemp(prefix=f"{tag}-", dir="/tmp")
    os.chmod(directory, 0o755)  # nginx's workers are not root
    write({"tag": tag, "owner": os.getpid(), "owner_started": start_time(os.getpid()), "directory": directory,
           "kept": False})
    return pathlib.Path(directory)


def write(record):
    RECORDS.mkdir(mode=0o755, exist_ok=True)
    partial = RECORDS / f".{record['tag']}"
    partial.write_text(json.dumps(record))
    partial.rename(RECORDS / f"{record['tag']}.json")


def read_all():
    found = []
    for path in sorted(RECORDS.glob("lbd-*.json")):
        with contextlib.suppress(FileNotFoundError):  # another lab's end may be just removing its own
            found.append(json.loads(path.read_text()))
    return found


def keep(tag, notes):
    """From now on the lab outlives its owner. `notes`: facts for whoever finds it, by name."""
    record = json.loads((RECORDS / f"{tag}.json").read_text())
    write(record | {"kept": True, "notes": notes})


def sweep():
    """Removes what labs left whose owner was killed."""
    for record in read_all():
        if not record["kept"] and start_time(record["owner"]) != record["owner_started"]:
            remove(record["tag"], record["directory"])


def namespaces(tag):
    names = [line.split()[0] for line in run(["ip", "netns", "list"]).stdout.splitlines() if line.strip()]
    return [name for name in names if name.startswith(f"{tag}-")]


def processes(tag):
    """Pids of all that runs in a lab's namespaces."""
    found = []
    for name in namespaces(tag):
        found += [int(pid) for pid in run(["ip", "netns", "pids", name], check=False).stdout.split()]
    return found


def remove(tag, directory):
    """Ends a lab's processes, deletes its namespaces (their devices go with them), directory and record."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes(tag):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(TimedOut):
            wait_for(lambda: not processes(tag), 5, f"the processes of {tag} to end")
            break
    for name in namespaces(tag):
        run(["ip", "netns", "del", name], check=False)
    shutil.rmtree(directory, ignore_errors=True)
    (RECORDS / f"{tag}.json").unlink(missing_ok=True)
