"""Resident memory while many images are described.

    python benchmarks/describe_memory.py --images FOLDER

The images of the folder are repeated until `--count` have been described; each is
decoded every time.
"""

import itertools
from pathlib import Path

import click


def resident_mb() -> float:
    """Return the resident memory of this process, in MiB (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("No VmRSS in /proc/self/status")


@click.command()
@click.option("--preset", default="flickr8k_efficientnet_lstm", show_default=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=10_000, show_default=True)
@click.option("--num-beams", default=3, show_default=True)
def main(preset, folder, count, num_beams) -> None:
    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.images import list_images

    captioner = ImageCaptioner.from_preset(preset)
    paths = itertools.islice(itertools.cycle(list_images([Path(folder)])), count)
    print("| images | resident MiB |\n|---|---|")
    peak = 0.0
    results = captioner.generate_stream(paths, num_beams=num_beams)
    for number, _ in enumerate(results, start=1):
        if number in (100, 1000, 2500, 5000, 7500) or number == count:
            print(f"| {number} | {resident_mb():.0f} |", flush=True)
        if number % 100 == 0:
            peak = max(peak, resident_mb())
    print(f"| peak | {peak:.0f} |")


if __name__ == "__main__":
    main()
