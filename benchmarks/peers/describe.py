"""Photographs described a second: ours, Hugging Face `transformers`, the tutorials.

    python benchmarks/peers/describe.py --images FOLDER

Each captioner in a process of its own, warm, in turns of a few photographs; then whole
processes, one after the other: `keras-imgdesc describe FOLDER`, and a script that does
the same with `transformers`, in float32. All search with 3 beams, except the loop of
the tutorials, which is greedy, and which takes too long for all photographs. The
captions of `transformers` have as many tokens as ours have on average, and its weights
are random: compare the time, not the words.

Captioners get one thread: PyTorch's threads wait for each other without sleeping, so on
a machine with other work two of them take several times the CPU seconds of one. The
command line of ours has no such limit.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import captioners
import click
import transformers_captioner
from turns import Contestant, describe_machine, print_table

PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "torch", "transformers")
RUNTIMES = {"litert": "LiteRT", "tensorflow": "TensorFlow"}
FORMS = (("small", "float32"), ("base", "float32"), ("base", "bfloat16"))


def run(command: Sequence[str]) -> tuple[float, float, float]:
    """Run a command: seconds, CPU seconds, peak MiB."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{command} ended with {process.returncode}")
    seconds = time.perf_counter() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def time_turns(contestants, paths, turn, loop_turn) -> dict[str, tuple[float, float]]:
    """Return photographs a second and CPU milliseconds a photograph, medians."""
    parts = [paths[start : start + turn] for start in range(0, len(paths), turn)]
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for part in (parts[0], *parts):
        for name, contestant in contestants.items():
            chosen = part[:loop_turn] if name == "the tutorials' loop" else part
            done = contestant(chosen)
            times[name].append(
                (done.seconds / len(chosen), 1e3 * done.cpu_seconds / len(chosen))
            )
    medians = {
        # The first turn pays for what is compiled once.
        name: [statistics.median(column) for column in zip(*values[1:], strict=True)]
        for name, values in times.items()
    }
    return {name: (1 / seconds, cpu) for name, (seconds, cpu) in medians.items()}


@click.command()
@click.option("--preset", default="flickr8k_efficientnet_lstm", show_default=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=200, show_default=True, help="Photographs.")
@click.option("--warm-count", default=48, show_default=True, help="Of them, in turns.")
@click.option("--turn", default=16, show_default=True, help="Photographs in a turn.")
@click.option("--loop-turn", default=2, show_default=True, help="In one of the loop.")
@click.option("--threads", default=1, show_default=True)
def main(preset, folder, count, warm_count, turn, loop_turn, threads) -> None:
    machine = describe_machine(*PACKAGES)
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as name:
        photos = Path(name) / "photos"
        photos.mkdir()
        for path in sorted(Path(folder).glob("*.jpg"))[:count]:
            (photos / path.name).symlink_to(path.absolute())
        paths = [str(path) for path in sorted(photos.iterdir())]
        contestants = {
            f"ours: {title}": Contestant(captioners.build_ours, preset, key, threads)
            for key, title in RUNTIMES.items()
        }
        # Tokens with the end token, as the search computes that too.
        captions = contestants["ours: LiteRT"](paths[:turn]).result
        words = round(statistics.mean(len(text.split()) + 1 for text in captions))
        writer = Contestant(transformers_captioner.build_writer)
        models, sizes = {}, {}
        for size in transformers_captioner.SIZES:
            models[size] = f"{name}/{size}"
            Path(models[size]).mkdir()
            sizes[size] = writer(size, models[size]).result
        writer.close()
        command = [str(Path(sys.executable).parent / "keras-imgdesc"), "describe"]
        command += [str(photos), "--preset", preset]
        commands = {
            f"ours: {title}": [*command, "--runtime", key]
            for key, title in RUNTIMES.items()
        }
        script = [sys.executable, str(here / "transformers_captioner.py")]
        for size, dtype in FORMS:
            title = f"ViT and GPT-2, {size} ({sizes[size] / 1e6:.0f} M), {dtype}"
            contestants[title] = Contestant(
                transformers_captioner.build_captioner,
                *(models[size], dtype, words, threads),
            )
            if dtype == "float32":
                arguments = ["--words", str(words), "--threads", str(threads)]
                commands[title] = [*script, models[size], str(photos), *arguments]
        contestants["the tutorials' loop"] = Contestant(
            captioners.build_tutorial, preset, threads
        )
        warm = time_turns(contestants, paths[:warm_count], turn, loop_turn)
        for contestant in contestants.values():
            contestant.close()
        whole = {title: run(each) for title, each in commands.items()}
    print(
        f"{preset}, {len(paths)} photographs, {len(paths[:warm_count])} warm, {words} "
        f"tokens a caption, {threads} threads; {machine}\n"
    )
    first = "ours: LiteRT"
    rows = []
    for title, (rate, cpu) in warm.items():
        row = [title]
        if title in whole:
            seconds, cpu_seconds, peak = whole[title]
            row += [f"{seconds:.1f}", f"{cpu_seconds:.1f}"]
            row += [f"{cpu_seconds / whole[first][1]:.1f}", f"{peak:.0f}"]
        else:
            row += [""] * 4
        rows.append([*row, f"{rate:.1f}", f"{cpu:.0f}", f"{cpu / warm[first][1]:.1f}"])
    header = ("", "whole process, s", "CPU s", "over ours, LiteRT", "peak MiB")
    warm_header = ("warm, photographs/s", "CPU ms a photograph", "over ours, LiteRT")
    print_table((*header, *warm_header), rows)


if __name__ == "__main__":
    main()
