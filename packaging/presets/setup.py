"""Packaging of keras-imgdesc-presets: the presets that keras-imgdesc leaves out."""

import runpy
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VERSION = runpy.run_path(str(ROOT / "keras_imgdesc" / "version.py"))["__version__"]
SHIPPED = runpy.run_path(str(HERE.parent / "shipped_presets.py"))


class DataOnly(build_py):
    """Build anew, without the module that `keras-imgdesc` has too."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()

    def find_all_modules(self) -> list:
        return []

    def build_packages(self) -> None:
        pass


setup(
    name="keras-imgdesc-presets",
    version=VERSION,
    description="More presets for keras-imgdesc, and the weights of its presets.",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    # The second is that of VGG16's layers, in two of the presets.
    license="Apache-2.0 AND CC-BY-4.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=["keras_imgdesc.saved_models"],
    package_dir={"keras_imgdesc.saved_models": "../../saved_models"},
    package_data={"keras_imgdesc.saved_models": SHIPPED["more_files"]()},
    # Of another version, weights and configurations would not fit.
    install_requires=[f"keras-imgdesc=={VERSION}"],
    cmdclass={"build_py": DataOnly},
)
