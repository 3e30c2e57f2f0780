"""Photographs a second of one encoder in TensorFlow, LiteRT, ONNX Runtime, OpenVINO.

    python benchmarks/peers/encoders.py --preset flickr8k_vgg16_lstm --images FOLDER

Each engine runs in a process of its own, and they take turns. Times are medians over
the turns, CPU milliseconds are those of all threads. Peak MiB are those of the process
after its turns of one image, imports included. The differences are those from the
features of TensorFlow in float32: the largest one, over the largest feature, and the
root of the mean square, over that of the features. "Over our best" compares an engine
with the better one of ours in the same precision: first in images a second, then in
images per CPU second. Ranges of int8 come from other photographs than those measured.
"""

import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import click
import encoder_engines
import encoder_models
import numpy as np
from turns import Contestant, Turn, describe_machine, print_table

PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "openvino", "nncf")
# Turns that pay for what is compiled once.
WARM_UP = 1


class Engine(NamedTuple):
    """An engine: who made it, its precision, whether it takes batches."""

    name: str
    is_ours: bool
    precision: str
    takes_batches: bool
    contestant: Contestant


def start_engines(preset: str, folder: Path, threads: int) -> list[Engine]:
    engines = []

    def add(name, precision, build, *arguments) -> None:
        is_ours = name in ("TensorFlow", "LiteRT")
        contestant = Contestant(build, *arguments, threads)
        takes_batches = name != "LiteRT"
        engines.append(Engine(name, is_ours, precision, takes_batches, contestant))

    build = encoder_engines.build_tensorflow
    add("TensorFlow", "float32", build, preset, "float32")
    add("TensorFlow", "bfloat16", build, preset, "mixed_bfloat16")
    build = encoder_engines.build_litert
    for title, name in (("float32", "float32"), ("int8, dynamic", "dynamic")):
        add("LiteRT", title, build, str(folder / f"{name}.tflite"))
    add("LiteRT", "int8, static", build, str(folder / "int8.tflite"))
    build = encoder_engines.build_onnxruntime
    add("ONNX Runtime", "float32", build, str(folder / "float32.onnx"))
    add("ONNX Runtime", "int8, dynamic", build, str(folder / "dynamic.onnx"))
    add("ONNX Runtime", "int8, static", build, str(folder / "static.onnx"))
    build = encoder_engines.build_openvino
    add("OpenVINO", "float32", build, str(folder / "float32.xml"), "f32")
    add("OpenVINO", "bfloat16", build, str(folder / "float32.xml"), "bf16")
    add("OpenVINO", "int8, static", build, str(folder / "int8.xml"), "f32")
    path = folder / "float_depthwise.xml"
    if path.exists():
        add("OpenVINO", "int8, static, depthwise float", build, str(path), "f32")
    return engines


def take_turns(
    engines: list[Engine], pixels: np.ndarray, batch_size: int
) -> dict[Engine, list[Turn]]:
    turns: dict[Engine, list[Turn]] = {engine: [] for engine in engines}
    batches = pixels[: len(pixels) // batch_size * batch_size]
    batches = batches.reshape(-1, batch_size, *pixels.shape[1:])
    for batch in (*batches[:WARM_UP], *batches):
        for engine in engines:
            turns[engine].append(engine.contestant(batch))
    return {engine: each[WARM_UP:] for engine, each in turns.items()}


def rate(turns: list[Turn], batch_size: int) -> float:
    return batch_size / statistics.median(turn.seconds for turn in turns)


def rate_of_cpu(turns: list[Turn]) -> float:
    return 1 / statistics.median(turn.cpu_seconds for turn in turns)


def over_our_best(rates: dict[Engine, float]) -> dict[Engine, float]:
    """Divide each rate by the largest of our engines of the same precision."""

    def kind(engine: Engine) -> str:
        return engine.precision.split(",")[0]

    return {
        engine: value
        / max(
            ours
            for other, ours in rates.items()
            if other.is_ours and kind(other) == kind(engine)
        )
        for engine, value in rates.items()
    }


def differences(turns: list[Turn], expected: list[Turn]) -> tuple[float, float]:
    found, exact = (
        np.concatenate([turn.result for turn in each]) for each in (turns, expected)
    )
    errors = found - exact
    largest = np.abs(errors).max() / np.abs(exact).max()
    return float(largest), float(np.sqrt(np.mean(errors**2) / np.mean(exact**2)))


@click.command()
@click.option("--preset", default="flickr8k_vgg16_lstm", show_default=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=24, show_default=True, help="Photographs measured.")
@click.option("--calibration", default=64, show_default=True, help="Photographs.")
@click.option("--batch-size", default=4, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(preset, folder, count, calibration, batch_size, threads) -> None:
    from keras_imgdesc.images import list_images

    machine = describe_machine(*PACKAGES)
    paths = [str(path) for path in list_images([Path(folder)])]
    measured, others = paths[:count], paths[count : count + calibration]
    with tempfile.TemporaryDirectory() as name:
        writer = Contestant(encoder_models.build_writer)
        size = writer(preset, name, others).result
        writer.close()
        pixels = encoder_models.read_pixels(measured, size)
        engines = start_engines(preset, Path(name), threads)
        singles = take_turns(engines, pixels, 1)
        several = take_turns(
            [engine for engine in engines if engine.takes_batches], pixels, batch_size
        )
        for engine in engines:
            engine.contestant.close()
    rates = {engine: rate(turns, 1) for engine, turns in singles.items()}
    per_cpu = {engine: rate_of_cpu(turns) for engine, turns in singles.items()}
    faster, thriftier = over_our_best(rates), over_our_best(per_cpu)
    print(f"{preset}, {count} photographs, {threads} threads; {machine}\n")
    rows = []
    for engine, turns in singles.items():
        largest, mean = differences(turns, singles[engines[0]])
        rows.append(
            (
                f"{'ours: ' if engine.is_ours else ''}{engine.name}",
                engine.precision,
                f"{rates[engine]:.1f}",
                f"{faster[engine]:.2f}",
                f"{1e3 / per_cpu[engine]:.0f}",
                f"{thriftier[engine]:.2f}",
                f"{rate(several[engine], batch_size):.1f}" if engine in several else "",
                f"{max(turn.peak_mib for turn in turns):.0f}",
                f"{100 * largest:.2f} %",
                f"{100 * mean:.2f} %",
            )
        )
    header = ("engine", "precision", "images/s", "over our best")
    header += ("CPU ms an image", "over our best")
    header += (f"images/s, batches of {batch_size}", "peak MiB")
    print_table((*header, "largest difference", "RMS difference"), rows)


if __name__ == "__main__":
    main()
