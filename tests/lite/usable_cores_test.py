import os

import pytest

from keras_imgdesc.lite.usable_cores import usable_cores


@pytest.fixture
def on_eight_cores(monkeypatch):
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_it_is_the_number_of_cores_that_the_process_is_bound_to(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 6}, raising=False)
    assert usable_cores(tmp_path) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores(tmp_path) == 1


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("150000 100000", 2), ("400000 100000", 4), ("5000 100000", 1), ("max 100000", 8)],
)
@pytest.mark.usefixtures("on_eight_cores")
def test_a_control_group_limits_it(tmp_path, quota, expected):
    files = {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": quota}
    assert usable_cores(write(tmp_path, files)) == expected


@pytest.mark.usefixtures("on_eight_cores")
def test_the_groups_above_limit_it_too(tmp_path):
    files = {
        "proc/self/cgroup": "0::/a/b\n",
        "sys/fs/cgroup/a/b/cpu.max": "400000 100000",
        "sys/fs/cgroup/a/cpu.max": "300000 100000",
    }
    assert usable_cores(write(tmp_path, files)) == 3


@pytest.mark.parametrize("folder", ["cpu/a", "cpu,cpuacct/a", "cpu,cpuacct"])
@pytest.mark.usefixtures("on_eight_cores")
def test_a_control_group_of_version_1(tmp_path, folder):
    files = {
        "proc/self/cgroup": "5:memory:/m\n4:cpu,cpuacct:/a\n0::/a\n",
        f"sys/fs/cgroup/{folder}/cpu.cfs_quota_us": "250000\n",
        f"sys/fs/cgroup/{folder}/cpu.cfs_period_us": "100000\n",
    }
    assert usable_cores(write(tmp_path, files)) == 3
    files[f"sys/fs/cgroup/{folder}/cpu.cfs_quota_us"] = "-1\n"
    assert usable_cores(write(tmp_path, files)) == 8
