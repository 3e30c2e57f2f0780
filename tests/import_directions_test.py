import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def copy_package(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "keras_imgdesc", tmp_path / "keras_imgdesc")
    return tmp_path


def test_rooms_import_only_along_the_arrows():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_an_upward_import_is_found(tmp_path):
    folder = copy_package(tmp_path)
    file = folder / "keras_imgdesc/vision/image_encoder.py"
    file.write_text("from keras_imgdesc.captioning import Caption\n" + file.read_text())
    result = lint(folder)
    assert result.returncode == 1
    assert "keras_imgdesc.vision is not allowed to import" in result.stdout
