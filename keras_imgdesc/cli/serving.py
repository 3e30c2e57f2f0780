"""The command that serves models over HTTP."""

import ipaddress
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from keras_imgdesc.cli.output import say
from keras_imgdesc.errors import InputError, check_tensorflow

NEEDED = ("starlette", "uvicorn", "prometheus_client")


@click.command()
@click.argument("models", metavar="[NAME=]PRESET_OR_PATH...", nargs=-1, required=True)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 is every address of this machine.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8501,
    show_default=True,
    help="Port to listen on; 0 is any free one.",
)
@click.option(
    "--runtime",
    type=click.Choice(["litert", "tensorflow"]),
    default="litert",
    show_default=True,
    help="Runtime of presets: litert runs their .tflite files, tensorflow exports them "
    "as SavedModels first. A path always runs in the runtime of its format.",
)
@click.option(
    "--versions",
    "num_versions",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Versions of a SavedModel to serve, the newest.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="Processes that run .tflite files. [default: the number of usable cores]",
)
@click.option(
    "--max-batch",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Instances of waiting requests that a SavedModel computes at once.",
)
@click.option(
    "--queue-size",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Requests in work or waiting; more are refused with status 503.",
)
@click.option(
    "--max-body-mb",
    type=click.FloatRange(0, min_open=True),
    default=32,
    show_default=True,
    help="Megabytes of a request; larger ones are refused with status 413.",
)
@click.option(
    "--max-instances",
    type=click.IntRange(1),
    default=256,
    show_default=True,
    help="Instances of a request, and images that a painter paints for it.",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, min_open=True),
    default=100,
    show_default=True,
    help="Millions of pixels of an image; a larger one gets an error of its own, or "
    "is read smaller.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=30,
    show_default=True,
    help="Seconds for a request; later it is answered with status 504.",
)
@click.option(
    "--access-log", is_flag=True, help="Write a line to stderr for each request."
)
def serve(
    models: tuple[str, ...],
    runtime: str,
    num_versions: int,
    workers: int | None,
    max_body_mb: float,
    max_megapixels: float,
    **limits: Any,
) -> None:
    """Serve models over HTTP.

    The REST API is that of TensorFlow Serving. A model is a preset, a .tflite file, or
    a SavedModel of `export saved-model`. Its name in requests is NAME, or that of the
    preset, file or folder. SIGTERM and Ctrl-C stop the server once all accepted
    requests are answered.

    Example: keras-imgdesc serve captioner=flickr8k_efficientnet_lstm
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise InputError(
            "The server needs packages that are not installed",
            "Run `pip install 'keras-imgdesc[serve]'`",
            missing=missing,
        )
    from keras_imgdesc.lite.usable_cores import usable_cores
    from keras_imgdesc.serving.model_source import SAVED_MODEL, find_models
    from keras_imgdesc.serving.settings import ServerSettings

    settings = ServerSettings(
        workers=workers or usable_cores(),
        max_body=max(1, int(max_body_mb * 2**20)),
        max_pixels=max(1, int(max_megapixels * 1e6)),
        **limits,
    )
    sources = find_models(list(models), runtime, num_versions)
    if any(source.kind == SAVED_MODEL for source in sources):
        check_tensorflow("A SavedModel")
    if not _is_loopback(settings.host):
        say(
            f"Warning: whoever reaches {settings.host} can use the models: the server "
            "has no authentication.",
            err=True,
        )
    from keras_imgdesc.serving.server import run_server

    with tempfile.TemporaryDirectory(prefix="keras_imgdesc_serve_") as folder:
        exported = [
            source
            if source.preset is None
            else replace(source, versions=_export(source.preset, Path(folder)))
            for source in sources
        ]
        for source in exported:
            say(
                f"{source.name}: {source.kind}, versions {sorted(source.versions)}",
                err=True,
            )
        run_server(exported, settings, lambda line: say(line, err=True))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _export(preset: str, folder: Path) -> dict[int, Path]:
    """Write the SavedModel of a preset, in a process that ends afterwards."""
    say(f"Exporting {preset} ...", err=True)
    path = folder / str(len(list(folder.iterdir())))
    command = [sys.executable, "-P", "-m", "keras_imgdesc.cli", "export", "saved-model"]
    done = subprocess.run(
        [*command, "--preset", preset, "--output", str(path), "--no-warm-up"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise InputError(
            "The preset could not be exported",
            "See the reason",
            preset=preset,
            reason=lines[-1],
        )
    return {1: path / "1"}
