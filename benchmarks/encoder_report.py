"""The quality of encoders: variance explained and a linear probe, one row each.

    python benchmarks/encoder_report.py --teacher-weights mobilenet.npz \
        --photos DEV_FOLDER --flowers OXFORD102_FOLDER \
        --encoder flickr8k_vgg16_lstm --encoder runs/vgg16/vgg16.weights.h5

The first row is the teacher. Variance explained is that of the teacher's `conv_pw_11`
and `conv_pw_12` maps on photographs not used in training (for VGG16 only, which was
distilled from them). The probe is logistic regression on pooled features of Oxford-102
with 10 images per class, its official split `train`, tested on images drawn from its
split `test` with seed 0. `OXFORD102_FOLDER` holds `jpg/` and `labels.csv` (columns
`image`, `label`, `official_split`).
"""

import csv
from pathlib import Path

import click
import numpy as np

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def flowers_split(folder: Path, test_images: int):
    rows = list(csv.DictReader((folder / "labels.csv").open()))

    def of(split):
        return [
            (folder / "jpg" / row["image"], int(row["label"]))
            for row in rows
            if row["official_split"] == split
        ]

    test = of("test")
    chosen = np.random.default_rng(0).permutation(len(test))[:test_images]
    return of("train"), [test[i] for i in sorted(chosen)]


def load_encoder(name: str):
    from keras_imgdesc import ImageCaptioner, VGG16Encoder

    if name.endswith(".h5"):
        return VGG16Encoder(weights=name)
    return ImageCaptioner.from_preset(name).image_encoder


@click.command()
@click.option("--teacher-weights", required=True)
@click.option("--photos", required=True, type=FOLDER)
@click.option("--flowers", required=True, type=FOLDER)
@click.option("--encoder", "encoders", multiple=True)
@click.option("--limit", default=200, show_default=True, help="Number of photographs.")
@click.option("--test-images", default=2000, show_default=True)
def main(teacher_weights, photos, flowers, encoders, limit, test_images) -> None:
    from keras_imgdesc import MobileNetEncoder, VGG16Encoder
    from keras_imgdesc.evaluation.encoders.linear_probe import linear_probe
    from keras_imgdesc.images import list_images
    from keras_imgdesc.training.encoder.explained_variance import explained_variance

    teacher = MobileNetEncoder(weights=teacher_weights)
    train, test = flowers_split(flowers, test_images)
    dev = list_images([photos])[:limit]
    print(f"{len(dev)} photos; probe: {len(train)} to train on, {len(test)} to test on")
    print("| encoder | of conv_pw_11 | of conv_pw_12 | Oxford-102 probe |")
    print("|---|---|---|---|")
    for name in ("teacher", *encoders):
        encoder = teacher if name == "teacher" else load_encoder(name)
        explained = {}
        if isinstance(encoder, VGG16Encoder):
            explained = explained_variance(encoder, teacher, dev)
        shares = " | ".join(
            f"{100 * explained[key]:.1f} %" if key in explained else ""
            for key in ("block5", "tail")
        )
        accuracy = 100 * linear_probe(encoder, train, test)
        print(f"| {name} | {shares} | {accuracy:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
