"""CPU seconds and memory of whole commands for one item, from a cold start.

    python benchmarks/cold_start.py --images examples/photos
    python benchmarks/cold_start.py --images examples/photos --before OTHER/bin/python

Each command is a process of its own: it captions, classifies or paints one image, or
searches the index of the folder for one text. All take turns, run by run. With
`--before`, the python of an environment with another version of the package, each run
is followed by the same one there, without `--runtime` where that version lacks it; the
ratio is the median over the pairs.

A first round is not counted: it fills the disk cache and compiles Python's bytecode
into a folder of this benchmark, because not every installation has it.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import click

RUNTIMES = ("litert", "tensorflow")


@dataclass
class Command:
    """A command in an environment, and what its runs took.

    Attributes:
        python: the python of the environment.
        arguments: of `keras-imgdesc`.
        seconds: CPU seconds of each counted run.
        mebibytes: peak memory of each counted run.
    """

    python: str
    arguments: list[str]
    seconds: list[float] = field(default_factory=list)
    mebibytes: list[float] = field(default_factory=list)

    def run(self, folder: Path, is_counted: bool = True) -> str:
        """Run it in a folder; return what it wrote to stderr if it failed."""
        environment = dict(os.environ, PYTHONPYCACHEPREFIX=str(folder / "bytecode"))
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with open(folder / "stderr.txt", "w+") as errors:
            process = subprocess.Popen(
                [self.python, "-m", "keras_imgdesc.cli", *self.arguments],
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            message = errors.read()
        if process.returncode:
            return message or f"exit code {process.returncode}"
        if is_counted:
            self.seconds.append(used.ru_utime + used.ru_stime)
            self.mebibytes.append(used.ru_maxrss / 1024)
        return ""


def knows_runtimes(python: str, folder: Path) -> bool:
    shown = subprocess.run(
        [python, "-m", "keras_imgdesc.cli", "describe", "--help"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return "--runtime" in shown.stdout


def verbs(images: Path, index: str) -> dict[str, list[str]]:
    """Return the arguments of each verb; `index` is the folder that search reads."""
    photo = str(sorted(p for p in images.iterdir() if p.suffix == ".jpg")[0])
    return {
        "index": ["index", str(images), "-o", index],
        "describe": ["describe", photo],
        "classify": ["classify", photo],
        "paint": ["paint", "a red circle", "-n", "1", "--sheet", f"{index}.png"],
        "search": ["search", index, "a dog", "--rerank", "0"],
    }


def row(verb: str, runtime: str, now: Command, before: Command | None) -> str:
    cells = [verb, runtime]
    figures = ["seconds", "mebibytes"]
    for form, figure in zip(("{:.2f}", "{:.0f}"), figures, strict=True):
        mine = getattr(now, figure)
        cells.append(form.format(statistics.median(mine)))
        if before is not None:
            theirs = getattr(before, figure)
            ratio = statistics.median(m / t for m, t in zip(mine, theirs, strict=True))
            cells += [form.format(statistics.median(theirs)), f"{ratio:.3f}"]
    return f"| {' | '.join(cells)} |"


@click.command()
@click.option(
    "--images",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of photographs; the first JPEG is captioned and classified.",
)
@click.option("--repeats", default=5, show_default=True)
@click.option("--before", help="Python of an environment to compare with.")
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    type=click.Choice(RUNTIMES),
    default=RUNTIMES,
    show_default=True,
)
@click.option(
    "--verb",
    "chosen",
    multiple=True,
    type=click.Choice(["describe", "classify", "paint", "search"]),
    default=["describe", "classify", "paint", "search"],
    show_default=True,
)
def main(images, repeats, before, runtimes, chosen) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        is_equal = before is not None and knows_runtimes(before, folder)
        pairs: dict[tuple[str, str], tuple[Command, Command | None]] = {}
        for runtime in runtimes:
            now = verbs(images.resolve(), f"now_{runtime}")
            then = verbs(images.resolve(), f"before_{runtime}")
            options = ["--runtime", runtime]
            for verb in ("index", *chosen):
                if verb == "index" and "search" not in chosen:
                    continue
                one = Command(sys.executable, now[verb] + options)
                other = None
                if before is not None:
                    same = options if is_equal else []
                    other = Command(before, then[verb] + same)
                problem = one.run(folder, is_counted=False)
                if other is not None and not problem:
                    problem = other.run(folder, is_counted=False)
                if problem:
                    click.echo(f"{verb} in {runtime}: {problem}", err=True)
                elif verb != "index":
                    pairs[verb, runtime] = one, other
        for _ in range(repeats):
            for pair in pairs.values():
                for command in filter(None, pair):
                    if problem := command.run(folder):
                        raise SystemExit(problem)
    print(f"One item, cold; medians of {repeats} runs")
    heads = ["", "runtime"]
    for figure in ("CPU s", "peak MiB"):
        heads += [figure] if before is None else [figure, "before", "ratio"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for (verb, runtime), (one, other) in pairs.items():
        print(row(verb, runtime, one, other))


if __name__ == "__main__":
    main()
