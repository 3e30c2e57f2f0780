"""Packaging of keras-imgdesc-lite: the same sources, without TensorFlow.

All of `keras_imgdesc` is included, also what cannot run without TensorFlow. That is
1.5 MB of an installation of more than a hundred; in return every command shows its
help, and no list of modules has to be kept right. The presets are those with a
`.tflite` file, without their weights.
"""

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = runpy.run_path(str(ROOT / "keras_imgdesc" / "version.py"))["__version__"]
PRESET_FILES = ("*.tflite", "config.json", "vocabulary.txt", "README.md")
PRESETS = sorted({path.parent.name for path in ROOT.glob("saved_models/*/*.tflite")})


class BuildAnew(build_py):
    """Build without what an earlier build left behind."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(
    name="keras-imgdesc-lite",
    version=VERSION,
    description="Caption, classify, search and paint images, without TensorFlow.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    # None of its presets has layers of VGG16.
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[
        *find_packages(str(ROOT), include=["keras_imgdesc", "keras_imgdesc.*"]),
        "keras_imgdesc.saved_models",
    ],
    package_dir={
        "keras_imgdesc": "../../keras_imgdesc",
        "keras_imgdesc.saved_models": "../../saved_models",
    },
    package_data={
        "keras_imgdesc": [
            "py.typed",
            "serving/page.html",
            "vision/imagenet_labels.txt",
        ],
        "keras_imgdesc.saved_models": [
            f"{name}/{pattern}" for name in PRESETS for pattern in PRESET_FILES
        ],
    },
    install_requires=[
        "ai-edge-litert>=2.3",
        "click>=8.1",
        "numpy>=2",
        "pillow>=11.3",
        "tqdm>=4.66",
    ],
    # As in the setup.py of keras-imgdesc.
    extras_require={
        "heic": ["pillow-heif>=1"],
        "jxl": ["pillow-jxl-plugin>=1.3"],
        "serve": ["prometheus-client>=0.20", "starlette>=0.40", "uvicorn>=0.30"],
    },
    entry_points={"console_scripts": ["keras-imgdesc=keras_imgdesc.cli:main"]},
    cmdclass={"build_py": BuildAnew},
)
