"""How often the rule-based reader reads images of Scenes right, sharp and degraded.

python benchmarks/scene_reader_report.py [number of images]
"""

import sys
import time

import numpy as np
from scipy import ndimage

from keras_imgdesc.data.scenes import draw_scenes
from keras_imgdesc.evaluation.scenes.scene_scoring import score_scenes
from keras_imgdesc.images import resize_image

GENERATOR = np.random.default_rng(0)


def blurred(image: np.ndarray, pixels: float) -> np.ndarray:
    soft = ndimage.gaussian_filter(image.astype(float), (pixels, pixels, 0))
    return np.rint(soft).astype(np.uint8)


def grainy(image: np.ndarray, deviation: float) -> np.ndarray:
    noise = GENERATOR.normal(0, deviation, image.shape)
    return (image + noise).clip(0, 255).astype(np.uint8)


DEGRADATIONS = {
    "96 px": lambda image: image,
    "64 px": lambda image: resize_image(image, 64),
    "32 px": lambda image: resize_image(image, 32),
    "64 px, blurred by 1 px": lambda image: blurred(resize_image(image, 64), 1),
    "64 px, blurred by 1.5 px": lambda image: blurred(resize_image(image, 64), 1.5),
    "64 px, grain of 25": lambda image: grainy(resize_image(image, 64), 25),
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for split in ("test", "composition"):
        scenes = draw_scenes(split, count)
        captions = [example.captions[0] for example in scenes]
        for name, degrade in DEGRADATIONS.items():
            images = [degrade(example.image) for example in scenes]
            start = time.perf_counter()
            scores = score_scenes(images, captions)
            spent = 1000 * (time.perf_counter() - start) / count
            print(
                f"{split}, {name}: all objects right {scores['scene_objects']:.1f} %, "
                f"with sizes and relations {scores['scene_exact']:.1f} %, "
                f"{spent:.0f} ms per image"
            )


if __name__ == "__main__":
    main()
