"""The page turns pictures as Python does, also those that a browser does not turn."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from keras_imgdesc.images import load_image
from keras_imgdesc.lite.resizing import stretch

PAGE = Path(__file__).parents[2] / "examples/web/page"
XMP = '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{}></rdf:Description>'
READ = """async ([name, content]) => {
    const { uprightFile } = await import("./orientation.js");
    const { loadPixels } = await import("./pixels.js");
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const file = await uprightFile(new File([bytes], name));
    const shown = new Image();
    shown.src = URL.createObjectURL(file);
    await shown.decode();
    const size = Math.max(shown.naturalWidth, shown.naturalHeight);
    const pixels = Array.from(await loadPixels(file, size));
    return [shown.naturalWidth, shown.naturalHeight, file.name, pixels];
}"""


def exif(orientation: int | None) -> Image.Exif:
    found = Image.Exif()
    found[0x010F] = "A maker of phones"
    if orientation is not None:
        found[0x0112] = orientation
    return found


def files(image: np.ndarray) -> dict[str, bytes]:
    """Return files by a name that says what is in them."""
    pixels = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}}
    made = {}
    for kind in pixels:
        for orientation in range(1, 9):
            attribute = f' tiff:Orientation="{orientation}"'
            element = f"><tiff:Orientation>{orientation}</tiff:Orientation"
            made[f"{kind} XMP {orientation}"] = {"xmp": XMP.format(attribute)}
            made[f"{kind} XMP <{orientation}>"] = {"xmp": XMP.format(element)}
            made[f"{kind} EXIF {orientation}"] = {"exif": exif(orientation)}
        xmp = XMP.format(' tiff:Orientation="6"')
        made[f"{kind} XMP 6 EXIF"] = {"xmp": xmp, "exif": exif(None)}
        made[f"{kind} XMP 6 EXIF 1"] = {"xmp": xmp, "exif": exif(1)}
        made[f"{kind} XMP 6 EXIF 8"] = {"xmp": xmp, "exif": exif(8)}
        made[f"{kind} XMP none"] = {"xmp": XMP.format("")}
    contents = {}
    for name, data in made.items():
        kind, file = name.split()[0], io.BytesIO()
        options = pixels[kind] | data
        if kind == "PNG" and "xmp" in data:
            options["pnginfo"] = PngInfo()
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", options.pop("xmp"))
        elif "xmp" in data:
            options["xmp"] = options["xmp"].encode()
        Image.fromarray(image).save(file, kind, **options)
        contents[name] = file.getvalue()
    return contents


@pytest.fixture
def page(serve, open_page):
    with serve(PAGE) as address:
        web = open_page(address)
        web.page.route("**/blank", lambda route: route.fulfill(body="<p></p>"))
        web.page.goto(f"{address}blank")
        yield web.page


def test_pictures_are_upright_as_in_python(page, toy_image):
    for name, content in files(toy_image).items():
        expected = load_image(content)
        width, height, shown, pixels = page.evaluate(
            READ, [name, base64.b64encode(content).decode()]
        )
        assert (height, width, shown) == (*expected.shape[:2], name)
        found = np.array(pixels, np.uint8).reshape(40, 40, 3)
        difference = np.abs(found.astype(int) - stretch(expected, (40, 40)))
        # The browser's JPEG decoder may differ by a level.
        assert difference.max() <= (2 if name.startswith("JPEG") else 0), name
