"""The page tells damaged images from whole ones as Python does."""

import base64
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.errors import DamagedImageWarning, ImageError
from keras_imgdesc.images import load_image
from tests.trials.image_mutants import (
    jpeg_scans,
    mutants,
    png_chunks,
    png_of,
    seeds,
    split_pixels,
)

PAGE = Path(__file__).parents[2] / "examples/web/page"
NOTICE = "This image is damaged: parts are missing."
READ = """async (contents) => {
    const { readableFile } = await import("./readable_file.js");
    const { uprightFile } = await import("./orientation.js");
    const { loadPixels } = await import("./pixels.js");
    const verdicts = [];
    for (const content of contents) {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        try {
            const { file, damage } = await readableFile(new File([bytes], "picture"));
            const pixels = await loadPixels(await uprightFile(file), 32);
            verdicts.push([damage ? "damaged" : "read", damage, Array.from(pixels)]);
        } catch (error) {
            verdicts.push(["refused", error.message, []]);
        }
    }
    return verdicts;
}"""


@pytest.fixture
def read(serve, open_page):
    """Read files in the page: a verdict, what is missing or wrong, and pixels."""
    with serve(PAGE) as address:
        web = open_page(address)
        web.page.route("**/blank", lambda route: route.fulfill(body="<p></p>"))
        web.page.goto(f"{address}blank")

        def read(contents):
            encoded = [base64.b64encode(content).decode() for content in contents]
            return web.page.evaluate(READ, encoded)

        yield read


def verdict(content: bytes) -> tuple[str, str]:
    """Return what Python says of a file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            image = load_image(content)
        except ImageError as error:
            return "refused", error.rule
    is_warned = any(issubclass(one.category, DamagedImageWarning) for one in caught)
    return ("damaged", image.damage) if is_warned else ("read", "")


def large_photo(**options: object) -> bytes:
    """Return a JPEG larger than what a decoder reads at once."""
    rows, columns = np.mgrid[0:1000, 0:1400]
    noise = np.random.default_rng(0).integers(0, 60, (1000, 1400, 3))
    waves = 90 + 80 * np.sin(rows / 31 + columns / 57)[..., None] + noise
    file = io.BytesIO()
    Image.fromarray(waves.astype(np.uint8)).save(file, "JPEG", **options)
    return file.getvalue()


def damaged_files() -> dict[str, bytes]:
    """Return files by what was done to them."""
    files = {f"whole {name}": content for name, content in seeds().items()}
    exif = Image.Exif()
    exif[0x0112] = 6
    files["whole large"] = large_photo()
    files["whole large sideways"] = large_photo(exif=exif)
    for name in [name for name in files if " jpeg " in name or " large" in name]:
        content = files[name]
        name = name.removeprefix("whole ")
        parts = jpeg_scans(content)
        first_scan = next(at for at in parts if content[at + 1] == 0xDA)
        middle = (first_scan + len(content)) // 2
        files[f"half with an end {name}"] = content[:middle] + b"\xff\xd9"
        files[f"without the end {name}"] = content[:-2]
        files[f"half {name}"] = content[:middle]
        files[f"longer {name}"] = content + b"more"
        if "progressive" in name:
            start, end = parts[-4], parts[-3]
            files[f"without a scan {name}"] = content[:start] + content[end:]
    png = seeds()["png rgb"]
    at = png.index(b"IDAT")
    files["wrong sum"] = png[: at + 100] + bytes([png[at + 100] ^ 1]) + png[at + 101 :]
    files["without IEND"] = png[:-12]
    files["half a png"] = png[: len(png) // 2]
    name, pixels = png_chunks(png)[1]
    ends = {"wrong": bytes([pixels[-1] ^ 1]), "right": pixels[-1:]}
    for which, end in ends.items():
        changed = png_of(
            [png_chunks(png)[0], (name, pixels[:-1] + end), (b"IEND", b"")]
        )
        files[f"{which} sum of pixels"] = changed
        files[f"{which} sum of pixels, split"] = split_pixels(changed, len(pixels) - 4)
    chunks = png_chunks(seeds()["png many chunks"])
    files["more behind the pixels"] = png_of([*chunks[:-1], *chunks[-2:]])
    palette = png_chunks(seeds()["png palette"])
    files["palette behind the pixels"] = png_of(
        [palette[0], *palette[2:-1], palette[1], palette[-1]]
    )
    animated = seeds()["gif animated"]
    files["cut animation"] = animated[:-100]
    files["zeros behind a gif"] = animated + bytes(9)
    files["half a gif"] = seeds()["gif still"][:1500]
    files["half a bmp"] = seeds()["bmp rgb"][:15000]
    return files


def test_verdicts_are_those_of_python(read):
    files = damaged_files()
    answers = read(files.values())
    for (name, content), (found, reason, pixels) in zip(
        files.items(), answers, strict=True
    ):
        expected, damage = verdict(content)
        assert found == expected, (name, reason, damage)
        if found == "damaged":
            assert reason == damage, name
        elif found == "refused" and damage.startswith("The image is damaged"):
            assert reason == (
                f"“picture” cannot be used. {damage}. "
                "Copy it again, or open and save it in an image editor."
            ) or not content.startswith(b"\x89PNG"), name
        if name.startswith("whole"):
            assert (found, len(pixels)) == ("read", 32 * 32 * 3), name


def test_mutants_have_the_verdicts_of_python(read):
    chosen = list(mutants(60, formats=("jpeg", "png")))
    answers = read([mutant.content for mutant in chosen])
    for mutant, (found, reason, _) in zip(chosen, answers, strict=True):
        assert found == verdict(mutant.content)[0], (str(mutant), reason)
    assert {answer[0] for answer in answers} == {"read", "damaged", "refused"}


def test_a_damaged_image_is_described_with_a_notice(
    dynamic_model, build, serve, open_page, tmp_path
):
    whole = (PAGE.parents[1] / "photos/cat.jpg").read_bytes()
    photo, half = tmp_path / "whole.jpg", tmp_path / "half.jpg"
    photo.write_bytes(whole)
    half.write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")
    png = seeds()["png rgb"]
    broken = tmp_path / "broken.png"
    broken.write_bytes(png[:-20] + b"\0" + png[-19:])
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    with serve(build(dynamic_model)) as address:
        web = open_page(address).load()
        assert web.describe(half)[0]
        assert web.page.inner_text("#damage") == NOTICE
        assert web.describe(photo)[0]
        assert not web.page.is_visible("#damage")
        for path, words in ((broken, "the checksum of a chunk is wrong"), (cut, "")):
            web.page.set_input_files("#choose", path)
            error = web.page.wait_for_selector(f".is-error:has-text('{path.name}')")
            assert re.search(words, error.inner_text())
            assert web.page.get_attribute("#caption", "data-picture") == photo.name
