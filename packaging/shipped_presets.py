"""Which files of the presets are in which wheel.

All presets together are larger than the 100 MB that an index takes. `keras-imgdesc` has
the presets that run in LiteRT, and the weights of some, to train on or to try Keras
with. `keras-imgdesc-presets` has all other files, and installs them beside these.
"""

from pathlib import Path

SAVED_MODELS = Path(__file__).resolve().parents[1] / "saved_models"
WEIGHTS = "model.weights.h5"
WITH_WEIGHTS = {
    "imagenet_efficientnet_lite2",
    "scenes_dcgan",
    "scenes_lstm",
    "scenes_matcher",
}


def main_files() -> list[str]:
    """Return the files in the wheel of `keras-imgdesc`, relative to `saved_models`."""
    return [file for file in _all_files() if _is_in_main(Path(file))]


def more_files() -> list[str]:
    """Return the files in the wheel of `keras-imgdesc-presets`."""
    return [file for file in _all_files() if not _is_in_main(Path(file))]


def _is_in_main(file: Path) -> bool:
    preset = file.parts[0]
    if preset in WITH_WEIGHTS:
        return True
    runs_in_litert = any((SAVED_MODELS / preset).glob("*.tflite"))
    return runs_in_litert and file.name != WEIGHTS


def _all_files() -> list[str]:
    configs = sorted(SAVED_MODELS.glob("*/config.json"))
    return [
        file.relative_to(SAVED_MODELS).as_posix()
        for config in configs
        for file in sorted(config.parent.iterdir())
    ]
