"""Seconds that `keras-imgdesc --help` takes, against `import tensorflow`.

python benchmarks/help_speed.py
"""

import statistics
import subprocess
import sys
import time

import click

OURS = [sys.executable, "-m", "keras_imgdesc.cli", "--help"]
BASELINE = [sys.executable, "-c", "import tensorflow"]


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


@click.command()
@click.option("--repeats", default=7, show_default=True)
def main(repeats) -> None:
    pairs = [(seconds(OURS), seconds(BASELINE)) for _ in range(repeats)]
    ours, baseline = (statistics.median(times) for times in zip(*pairs, strict=True))
    print("| | seconds, median |")
    print("|---|---|")
    print(f"| ours: `keras-imgdesc --help` | {ours:.2f} |")
    print(f"| `import tensorflow` | {baseline:.2f} |")
    print(f"| ratio | {ours / baseline:.3f} |")


if __name__ == "__main__":
    main()
