"""The number of processor cores that this process may use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Count the cores that this process may use, at least 1.

    A machine may have more: a process can be bound to some of them (`taskset`), and a
    container can have a share of their time (`docker run --cpus 1.5`), which is rounded
    up.

    Args:
        root: where `proc` and `sys` are; another folder in tests.
    """
    count = getattr(os, "process_cpu_count", None)  # since Python 3.13
    if count is not None:
        cores = count() or 1
    elif hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min([cores, *map(math.ceil, _quotas(root))]))


def _quotas(root: Path) -> Iterator[float]:
    """Yield the limits of the control groups of this process, in cores (Linux)."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            mounts = [root / "sys/fs/cgroup"]
        elif "cpu" in controllers.split(","):
            mounts = [root / "sys/fs/cgroup" / name for name in ("cpu", controllers)]
        else:
            continue
        for mount in mounts:
            # A group is limited by the groups that contain it. Inside a container, the
            # path may be that of the machine, and only the mount itself is there.
            group = Path(path.lstrip("/"))
            for folder in (group, *group.parents):
                quota = _quota(mount / folder)
                if quota is not None:
                    yield quota


def _quota(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        cores = float(quota) / float(period)
    except (OSError, ValueError):  # "max" stands for no limit
        return None
    return cores if cores > 0 else None  # -1 does, too
