"""Packaging of keras_imgdesc."""

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
VERSION = runpy.run_path(str(ROOT / "keras_imgdesc" / "version.py"))["__version__"]
SHIPPED = runpy.run_path(str(ROOT / "packaging" / "shipped_presets.py"))

EXTRAS = {
    # Reads a BERT in Hugging Face layout.
    "bert": ["safetensors>=0.4"],
    # pycocoevalcap brings Java programs with licences of their own, among them the GPL.
    "eval": [
        "sacrebleu>=2.4",
        "pycocoevalcap>=1.2",
        "scikit-learn>=1.5",
        "scipy>=1.13",
    ],
    # Empty, for those who name it: what it had is always installed.
    "demo": [],
    "lite": [],
    # Photographs of iPhones.
    "heic": ["pillow-heif>=1"],
    # Its licence is the GPL, version 3 or later.
    "jxl": ["pillow-jxl-plugin>=1.3"],
    "int8": ["ai-edge-quantizer>=0.10"],
    "plots": ["matplotlib>=3.9"],
    # `keras-imgdesc serve`
    "serve": ["prometheus-client>=0.20", "starlette>=0.40", "uvicorn>=0.30"],
    "serving": ["tensorflow-serving-api>=2.21,<2.22"],
    # Its licence is the GPL, version 3.
    "xmp": ["pyexiv2>=2.15"],
}
# One notebook exports every form of a captioner and compares them.
EXTRAS["notebooks"] = [
    *EXTRAS["eval"],
    *EXTRAS["serving"],
    *EXTRAS["int8"],
    *EXTRAS["plots"],
    "jupyterlab>=4",
]
EXTRAS["test"] = [
    *EXTRAS["bert"],
    *EXTRAS["eval"],
    *EXTRAS["serve"],
    *EXTRAS["serving"],
    *EXTRAS["int8"],
    *EXTRAS["plots"],
    *EXTRAS["xmp"],
    "build>=1.2",
    "pytest>=8",
    "import-linter>=2",
    "ipykernel>=6",
    # Its training steps are compared with TensorFlow's.
    "jax>=0.7",
    "mypy>=1.11",
    "nbclient>=0.10",
    "playwright>=1.49",
    "ruff>=0.6",
    "tensorboard>=2.19",
]


class BuildAnew(build_py):
    """Build without what an earlier build left behind."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(
    name="keras-imgdesc",
    version=VERSION,
    description="Caption images, match them with text, and paint images from text.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    # None of the presets in this wheel has layers of VGG16.
    license="Apache-2.0",
    python_requires=">=3.11",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    keywords="image captioning, image retrieval, text to image, keras, litert",
    # Presets and recipes are at the top of the repository and are installed in the
    # package.
    packages=[
        *find_packages(include=["keras_imgdesc", "keras_imgdesc.*"]),
        "keras_imgdesc.recipes",
        "keras_imgdesc.saved_models",
    ],
    package_dir={
        "keras_imgdesc.recipes": "recipes",
        "keras_imgdesc.saved_models": "saved_models",
    },
    package_data={
        "keras_imgdesc": [
            "py.typed",
            "serving/page.html",
            "vision/imagenet_labels.txt",
        ],
        "keras_imgdesc.recipes": ["*.json", "*/*.json"],
        "keras_imgdesc.saved_models": SHIPPED["main_files"](),
    },
    install_requires=[
        "ai-edge-litert>=2.3",
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<3.16",
        "keras-nlp>=0.32,<0.33",
        "tensorflow-datasets>=4.9.8",
        "importlib_resources>=6",  # an undeclared dependency of tensorflow-datasets
        "pillow>=11.3",
        "numpy>=2",
        "click>=8.1",
        "h5py>=3.11",
        "tqdm>=4.66",
    ],
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["keras-imgdesc=keras_imgdesc.cli:main"]},
    cmdclass={"build_py": BuildAnew},
)
