"""Photographs a second over a folder, whole processes: LiteRT against TensorFlow.

    python benchmarks/folder_speed.py --images FOLDER
    python benchmarks/folder_speed.py --images FOLDER --other "OLD/bin/keras-imgdesc"
    python benchmarks/folder_speed.py --images FOLDER --memory 10000

Each row is a process of its own, start included; the rows take turns, round by round,
so that any other load of the machine affects them alike. CPU seconds are those of the
process and all it started. Peak MiB is the largest sum of the resident memory of all of
them; what they share is counted in each. Compare CPU seconds on a machine that does
other work.

Two rows are what was measured to choose processes: LiteRT with one process, and with
threads, one interpreter in each. The last line states how much of the CPU time of an
image Pillow spends on decoding it, which one thread can do at a time: the inverse is
the number of cores that threads cannot exceed.
"""

import itertools
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

SAMPLES = (200, 1000, 2500, 5000, 7500)


def processes() -> dict[int, tuple[int, float]]:
    """Return parent and resident MiB of every process (Linux)."""
    found = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        found[int(entry.name)] = int(fields[1]), int(fields[21]) * page / 2**20
    return found


def tree_mb(root: int) -> float:
    """Return the resident MiB of a process and all its descendants."""
    found = processes()
    tree, total = {root}, 0.0
    # A child may have a lower number than its parent.
    while grown := {p for p, (parent, _) in found.items() if parent in tree} - tree:
        tree |= grown
    for pid in tree & found.keys():
        total += found[pid][1]
    return total


def measured(command: list[str]) -> tuple[float, float, float]:
    """Run a command; return seconds, CPU seconds and peak MiB of its processes."""
    start, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, tree_mb(process.pid))
            time.sleep(0.1)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{command} failed:\n{output.read()[-2000:].decode()}")
    return seconds, usage.ru_utime + usage.ru_stime, peak


def run_in_threads(preset: str, paths: list[Path], num_threads: int) -> None:
    """Describe images with an interpreter in each of several threads."""
    from keras_imgdesc.lite import LiteCaptioner

    own = threading.local()

    def start() -> None:
        own.captioner = LiteCaptioner.from_preset(preset, num_threads=1)

    def describe(path: Path) -> str:
        return own.captioner.generate(path)

    pending: deque = deque()
    with ThreadPoolExecutor(num_threads, initializer=start) as pool:
        for path in paths:
            pending.append((path, pool.submit(describe, path)))
            if len(pending) == 4 * num_threads:
                path, caption = pending.popleft()
                print(f"{path}: {caption.result()}", flush=True)
        for path, caption in pending:
            print(f"{path}: {caption.result()}", flush=True)


def run_in_one_process(preset: str, paths: list[Path]) -> None:
    from keras_imgdesc.lite import LiteCaptioner

    captioner = LiteCaptioner.from_preset(preset, num_threads=1)
    for path, caption in captioner.generate_stream(paths, num_workers=1):
        print(f"{path}: {caption}", flush=True)


def print_memory(preset: str, paths: list[Path], count: int) -> None:
    """Print the memory of all processes while images are described over and over."""
    from keras_imgdesc.lite import LiteCaptioner

    captioner = LiteCaptioner.from_preset(preset)
    print("| images | resident MiB of all processes |\n|---|---|")
    stream = captioner.generate_stream(
        itertools.islice(itertools.cycle(paths), count), num_workers=None
    )
    peak = 0.0
    for number, _ in enumerate(stream, start=1):
        if number % 50 == 0:
            peak = max(peak, tree_mb(os.getpid()))
        if number in SAMPLES or number == count:
            print(f"| {number} | {tree_mb(os.getpid()):.0f} |", flush=True)
    print(f"| peak | {peak:.0f} |")


def share_of_decoding(preset: str, paths: list[Path]) -> float:
    """Return the share of an image's CPU time in which Pillow decodes it."""
    from keras_imgdesc.images.file_formats import MAX_PIXELS, open_image
    from keras_imgdesc.lite import LiteCaptioner

    captioner = LiteCaptioner.from_preset(preset, num_threads=1)
    captioner.generate(paths[0])
    decoding, all_of_it = 0.0, 0.0
    for path in paths:
        with open(path, "rb") as file:
            start = time.process_time()
            open_image(file, MAX_PIXELS).load()
            decoding += time.process_time() - start
        start = time.process_time()
        captioner.generate(path)
        all_of_it += time.process_time() - start
    return decoding / all_of_it


@click.command()
@click.option("--preset", default="flickr8k_efficientnet_lstm", show_default=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--rounds", default=3, show_default=True)
@click.option("--other", help="keras-imgdesc of another version, as a further row.")
@click.option("--memory", type=int, metavar="COUNT", help="Measure memory instead.")
@click.option("--only", type=click.Choice(["threads", "one"]), hidden=True)
def main(preset, folder, rounds, other, memory, only) -> None:
    from keras_imgdesc.images import list_images
    from keras_imgdesc.lite.usable_cores import usable_cores

    paths, cores = list_images(folder), usable_cores()
    if memory:
        return print_memory(preset, paths, memory)
    if only == "threads":
        return run_in_threads(preset, paths, cores)
    if only == "one":
        return run_in_one_process(preset, paths)
    describe = ["describe", folder, "--preset", preset]
    ours = [sys.executable, "-m", "keras_imgdesc.cli", *describe]
    myself = [sys.executable, __file__, "--images", folder, "--preset", preset]
    commands = {
        "TensorFlow": [*ours, "--runtime", "tensorflow"],
        "LiteRT": [*ours, "--runtime", "litert"],
        "LiteRT, one process": [*myself, "--only", "one"],
        "LiteRT, threads": [*myself, "--only", "threads"],
    }
    if other:
        commands = {"the other version": [*shlex.split(other), *describe]} | commands
    runs: dict[str, list] = {title: [] for title in commands}
    for _ in range(rounds):
        for title, command in commands.items():
            runs[title].append(measured(command))
    print(f"{preset}, {len(paths)} images, {cores} cores, {rounds} rounds, medians")
    print("| | photographs/s | CPU seconds | ratio | seconds, ratio | peak MiB |")
    print("|---|---|---|---|---|---|")
    first = next(iter(runs.values()))
    for title, values in runs.items():
        seconds, cpu, peak = (statistics.median(part) for part in zip(*values))
        # In pairs of one round: the machine's other work changes between rounds.
        slower, more = (
            statistics.median(v[part] / f[part] for v, f in zip(values, first))
            for part in (0, 1)
        )
        print(
            f"| {title} | {len(paths) / seconds:.1f} | {cpu:.1f} | {more:.3f} | "
            f"{slower:.3f} | {peak:.0f} |"
        )
    share = share_of_decoding(preset, paths[:40])
    print(f"Decoding is {share:.0%} of the CPU time of an image.")


if __name__ == "__main__":
    main()
