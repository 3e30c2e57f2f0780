import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.evaluation.captions.requirements import (
    check_references,
    find_java,
    import_package,
    package_file,
)


def write_java(folder, status):
    (folder / "bin").mkdir(parents=True)
    java = folder / "bin/java"
    java.write_text(f"#!/bin/sh\nexit {status}\n")
    java.chmod(0o755)
    return java


def test_java_home_comes_before_the_path(tmp_path, monkeypatch):
    at_home, on_path = write_java(tmp_path / "a", 0), write_java(tmp_path / "b", 0)
    monkeypatch.setenv("PATH", f"{on_path.parent}:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert find_java("METEOR") == str(on_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "a"))
    assert find_java("METEOR") == str(at_home)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert find_java("METEOR") == str(on_path)


def test_a_placeholder_is_not_java(tmp_path, monkeypatch):
    java = write_java(tmp_path, 1)
    monkeypatch.setenv("PATH", f"{java.parent}:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(InputError, match="METEOR runs in Java.*apt install"):
        find_java("METEOR")


def test_missing_packages_and_files_are_named():
    with pytest.raises(InputError, match="needs nowhere.*pip install"):
        import_package("nowhere.at_all")
    assert package_file("meteor", "meteor-1.5.jar").is_file()
    with pytest.raises(InputError, match="gone.jar"):
        package_file("meteor", "gone.jar")


def test_each_caption_needs_references():
    check_references(["a", "b"], [["x"], ["y", "z"]])
    with pytest.raises(InputError, match="index=1"):
        check_references(["a", "b"], [["x"], []])
