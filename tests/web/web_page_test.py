"""The page in `examples/web` gives the captions of `LiteCaptioner`."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_imgdesc.images import load_image
from keras_imgdesc.lite import LiteCaptioner
from keras_imgdesc.lite.resizing import stretch

ROOT = Path(__file__).parents[2]
PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))

DECODE = """async ([encoded, size]) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const { loadPixels } = await import("./pixels.js");
    return Array.from(await loadPixels(new Blob([bytes]), size));
}"""
RESIZE = """async ([values, height, width, size]) => {
    const { stretch } = await import("./resizing.js");
    const rgba = new Uint8ClampedArray(values);
    const rows = Array.from({ length: height }, (_, row) =>
        rgba.subarray(row * width * 4, (row + 1) * width * 4));
    return Array.from(stretch(rows, width, height, size));
}"""
WAIT_UNTIL_KEPT = """async () => {
    const cache = await caches.open("keras-imgdesc");
    const isLarge = ({ url }) => /\\.(tflite|wasm)[?]/.test(url);
    while ((await cache.keys()).filter(isLarge).length < 2) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}"""
HAND_OVER = """async ([encoded, name, kind]) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
    window.dispatchEvent(
        kind === "drop"
            ? new DragEvent("drop", { dataTransfer: transfer, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: transfer }),
    );
}"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    """Return three photographs, a large panorama, and one with an EXIF rotation."""
    folder = tmp_path_factory.mktemp("photos")
    large = folder / "large.jpg"
    Image.open(PHOTOS[1]).resize((4800, 1700)).save(large, quality=92)
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = folder / "sideways.jpg"
    turned = Image.open(PHOTOS[3]).transpose(Image.Transpose.ROTATE_90)
    turned.save(sideways, exif=exif, quality=92)
    return [*PHOTOS[:3], large, sideways]


def test_float32_captions_are_those_of_python(
    float_model, build, serve, open_page, photos
):
    lite = LiteCaptioner(float_model)
    with serve(build(float_model)) as address:
        page = open_page(address).load()
        # Check the very first run too: a failing kernel may leave memory unchanged.
        for path in photos:
            token_ids, log_probs = page.describe(path)
            expected = lite.generate(path, return_details=True)
            assert token_ids == expected.token_ids.tolist(), path.name
            np.testing.assert_allclose(log_probs, expected.token_log_probs, atol=1e-3)
            concepts = json.loads(page.page.get_attribute("#caption", "data-concepts"))
            seen = lite.detect_concepts(path)
            assert [c["noun"] for c in concepts] == [p.label for p in seen]
            np.testing.assert_allclose(
                [c["probability"] for c in concepts],
                [p.probability for p in seen],
                atol=1e-3,
            )
    # The console of the worker is captured, or its errors would be missed too.
    assert any("XNNPACK" in line for line in page.console)


def test_the_nouns_that_guide_a_caption_are_shown(
    dynamic_model, build, serve, open_page, photos
):
    with serve(build(dynamic_model)) as address:
        page = open_page(address).load()
        page.describe(ROOT / "examples" / "photos" / "cat.jpg")
        page.page.wait_for_selector("#detail:has-text('Seen: cat')")


def test_dynamic_captions_are_near_those_of_python(
    dynamic_model, build, serve, open_page, photos
):
    """Kernels round activations to int8 differently, which may change a close call."""
    lite = LiteCaptioner(dynamic_model)
    penalty = lite.metadata["search"]["length_penalty"]
    same = []
    with serve(build(dynamic_model)) as address:
        page = open_page(address).load()
        for path in photos:
            token_ids, log_probs = page.describe(path)
            expected = lite.generate(path, return_details=True)
            same.append(token_ids == expected.token_ids.tolist())
            if same[-1]:
                np.testing.assert_allclose(
                    log_probs, expected.token_log_probs, atol=0.15
                )
            score = log_probs.sum() / len(token_ids) ** penalty
            target = expected.log_prob / len(expected.token_ids) ** penalty
            assert score == pytest.approx(target, abs=0.4), path.name
    assert sum(same) >= 2


def test_it_works_without_a_network(dynamic_model, build, serve, open_page, photos):
    with serve(build(dynamic_model)) as address:
        page = open_page(address).load()
        online = page.describe(photos[0])
        page.page.evaluate(WAIT_UNTIL_KEPT)
    # The server has stopped as well.
    page.context.set_offline(True)
    page.load()
    token_ids, log_probs = page.describe(photos[0])
    assert token_ids == online[0]
    np.testing.assert_array_equal(log_probs, online[1])
    page.page.click("[data-example='examples/rocket.jpg']")
    assert page.caption_of("rocket.jpg")[0]


def test_it_can_be_used_by_keyboard(dynamic_model, build, serve, open_page, photos):
    with serve(build(dynamic_model)) as address:
        web = open_page(address).load()
        page = web.page
        web.describe(photos[0])
        page.wait_for_selector(".word.is-said:last-child")
        words = page.locator(".word")

        def pressed() -> list[int]:
            states = [w.get_attribute("aria-pressed") for w in words.all()]
            return [i for i, state in enumerate(states) if state == "true"]

        # The tabs of the page are the first stop.
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert pressed() == [0]
        page.wait_for_selector("#print.is-attended")
        page.keyboard.press("ArrowRight")
        assert pressed() == [1]
        assert "likely" in page.inner_text("#detail")
        page.keyboard.press("End")
        assert pressed() == [words.count() - 1]
        page.keyboard.press("Escape")
        assert pressed() == []
        page.wait_for_selector("#print:not(.is-attended)")
        # One stop for all words, one to copy them, then the examples.
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        web.caption_of("astronaut.jpg")
        assert page.inner_text("#spoken") == " ".join(words.all_inner_texts())


def test_a_file_that_is_not_an_image_is_named_and_changes_nothing(
    dynamic_model, build, serve, open_page, photos, broken_images
):
    with serve(build(dynamic_model)) as address:
        web = open_page(address).load()
        expected = web.describe(photos[1])
        for what in ("text", "empty", "random", "header only"):
            web.page.set_input_files("#choose", broken_images[what])
            error = web.page.wait_for_selector(f".is-error:has-text('{what}.jpg')")
            assert "is not a picture" in error.inner_text()
            # The previous caption is still shown.
            assert web.caption_of(photos[1].name)[0] == expected[0]
        web.describe(photos[0])
        assert web.page.locator(".is-error").count() == 0


def test_images_can_be_dropped_and_pasted(
    dynamic_model, build, serve, open_page, photos
):
    with serve(build(dynamic_model)) as address:
        web = open_page(address).load()
        for kind, path in zip(("drop", "paste"), photos):
            encoded = base64.b64encode(path.read_bytes()).decode()
            web.page.evaluate(HAND_OVER, [encoded, path.name, kind])
            assert web.caption_of(path.name)[0]


def test_a_missing_model_and_missing_webassembly_are_reported(
    dynamic_model, build, serve, open_page
):
    with serve(build(dynamic_model)) as address:
        web = open_page(address, service_workers="block")
        web.page.route("**/model/*", lambda route: route.fulfill(status=404))
        web.page.goto(address)
        error = web.page.wait_for_selector(".is-error")
        assert "The model is missing" in error.inner_text()

        web = open_page(address)
        web.page.add_init_script("delete globalThis.WebAssembly")
        web.page.goto(address)
        error = web.page.wait_for_selector(".is-error")
        assert "no WebAssembly" in error.inner_text()


@pytest.mark.parametrize("width, height", [(320, 640), (390, 844), (1280, 800)])
def test_it_fits_the_screen(
    width, height, dynamic_model, build, serve, open_page, photos
):
    with serve(build(dynamic_model)) as address:
        viewport = {"width": width, "height": height}
        options = {"viewport": viewport, "has_touch": width < 800}
        web = open_page(address, reduced_motion="reduce", **options).load()
        web.describe(photos[0])
        page = web.page
        # Without animation all words appear at once.
        assert page.locator(".word:not(.is-said)").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("label:visible").count() == (2 if width < 800 else 1)
        for target in page.locator(".word, label:visible, .examples button").all():
            assert target.bounding_box()["height"] >= 44
        controls = page.locator("nav.controls").bounding_box()
        assert controls["y"] + controls["height"] <= height


def test_pixels_are_those_of_python(dynamic_model, build, serve, open_page, photos):
    generator = np.random.default_rng(0)
    with serve(build(dynamic_model)) as address:
        page = open_page(address).load().page
        for height, width in ((37, 91), (300, 200), (96, 96), (1, 1), (5, 700)):
            rgba = generator.integers(0, 256, (height, width, 4), dtype=np.uint8)
            got = page.evaluate(RESIZE, [rgba.ravel().tolist(), height, width, 96])
            expected = stretch(rgba[..., :3], (96, 96))
            np.testing.assert_array_equal(np.reshape(got, expected.shape), expected)
        for path in photos:
            encoded = base64.b64encode(path.read_bytes()).decode()
            got = page.evaluate(DECODE, [encoded, 96])
            expected = stretch(load_image(path), (96, 96))
            np.testing.assert_array_equal(np.reshape(got, expected.shape), expected)


def test_transparency_becomes_white(dynamic_model, build, serve, open_page, save_image):
    alpha = np.tile(np.linspace(0, 255, 40).astype("uint8"), (30, 1))
    image = np.stack([alpha[:, ::-1], alpha // 2, alpha, alpha], axis=-1)
    path = save_image("transparent.png", Image.fromarray(image))
    with serve(build(dynamic_model)) as address:
        page = open_page(address).load().page
        encoded = base64.b64encode(path.read_bytes()).decode()
        got = np.reshape(page.evaluate(DECODE, [encoded, 32]), (32, 32, 3))
    expected = stretch(load_image(path), (32, 32))
    assert np.abs(got - expected.astype(int)).max() <= 2


def test_litert_is_pinned_and_comes_from_the_npm_registry():
    folder = ROOT / "examples" / "web"
    package = json.loads((folder / "package.json").read_text())
    assert package["dependencies"] == {"@litertjs/core": "2.5.3"}
    lock = json.loads((folder / "package-lock.json").read_text())
    for name, entry in lock["packages"].items():
        if name:
            assert entry["version"] == "2.5.3"
            address = entry.get("resolved", "https://registry.npmjs.org/")
            assert address.startswith("https://registry.npmjs.org/")
