"""Milliseconds per image, one at a time: `.tflite` files against the SavedModel.

    python benchmarks/lite_speed.py --preset flickr8k_vgg16_lstm --images FOLDER

All forms run in one process and take turns, image by image, so that any other load of
the machine affects them alike. Each is given the bytes of a file; the SavedModel
decodes them in its graph, `LiteCaptioner` with Pillow. What the search adds is the time
of the signature `caption` over that of `encode`, on the same pixels, and what attention
adds to that is seen in `describe`. These are CPU times of all threads, the shortest of
three: other load stretches the wall clock more than what is measured.
"""

import statistics
import tempfile
import time
from pathlib import Path

import click

FORMS = ("float32", "float16", "dynamic", "int8")
SEARCHES = ("caption", "describe")


def taken(function, *args, clock=time.perf_counter, **kwargs) -> float:
    start = clock()
    function(*args, **kwargs)
    return 1e3 * (clock() - start)


def cpu_taken(function, **kwargs) -> float:
    return min(taken(function, clock=time.process_time, **kwargs) for _ in range(3))


@click.command()
@click.option("--preset", default="flickr8k_vgg16_lstm", show_default=True)
@click.option("--images", "folder", required=True, type=click.Path(exists=True))
@click.option("--count", default=50, show_default=True)
@click.option("--threads", default=2, show_default=True)
@click.option(
    "--form",
    "forms",
    multiple=True,
    type=click.Choice(FORMS),
    default=FORMS,
    help="A form of the .tflite file; may be repeated.  [default: all]",
)
def main(preset, folder, count, threads, forms) -> None:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from keras_imgdesc import ImageCaptioner
    from keras_imgdesc.export import export_saved_model, export_tflite
    from keras_imgdesc.images import list_images, load_image, resize_image
    from keras_imgdesc.lite import LiteCaptioner

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    paths = list_images([Path(folder)])[: count + 1]
    captioner = ImageCaptioner.from_preset(preset)
    with tempfile.TemporaryDirectory() as name:
        saved = export_saved_model(captioner, Path(name) / "served", warm_up=False)
        loaded = tf.saved_model.load(str(saved))
        serve = loaded.signatures["serving_default"]
        forms = {
            "SavedModel float32": lambda content: serve(
                image_bytes=tf.constant([content])
            )
        }
        lites = {}
        for form in forms:
            title, quantize = f"tflite {form}", None if form == "float32" else form
            path = Path(name) / form / "c.tflite"
            # Few images are enough for the ranges of int8, which do not affect speed.
            few = paths[:4] if quantize == "int8" else None
            export_tflite(captioner, path, quantize=quantize, representative_images=few)
            lites[title] = Interpreter(str(path), num_threads=threads)
            forms[title] = LiteCaptioner(path, threads).generate
        times: dict[str, list[float]] = {title: [] for title in forms}
        signatures = ("encode", *SEARCHES)
        runs = {
            title: [lite.get_signature_runner(name) for name in signatures]
            for title, lite in lites.items()
        }
        parts = {title: tuple([] for _ in signatures) for title in lites}
        for path in paths:
            content = path.read_bytes()
            for title, function in forms.items():
                times[title].append(taken(function, content))
            pixels = resize_image(load_image(path), captioner.image_encoder.image_size)
            for title, functions in runs.items():
                for function, values in zip(functions, parts[title]):
                    values.append(cpu_taken(function, image=pixels[None]))
    # The first image pays for what is compiled once.
    medians = {title: statistics.median(t[1:]) for title, t in times.items()}
    base = medians["SavedModel float32"]
    settings = captioner.generation
    print(
        f"{preset}, {len(paths) - 1} images, {settings.num_beams} beams, "
        f"{threads} threads"
    )
    adds = " | ".join(f"`{name}` adds" for name in SEARCHES)
    print(f"| | ms per image, median | SavedModel over it | encode, CPU | {adds} |")
    print("|---|---|---|---|---|---|")
    for title, value in medians.items():
        row = f"| {title} | {value:.1f} | {base / value:.2f} |"
        if title in parts:
            encode, *searches = (statistics.median(t[1:]) for t in parts[title])
            shares = [f"{100 * (each / encode - 1):.0f} %" for each in searches]
            row += f" {encode:.1f} | {' | '.join(shares)} |"
        else:
            row += " | | |"
        print(row)


if __name__ == "__main__":
    main()
