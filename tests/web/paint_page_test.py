"""The Paint tab of the page in `examples/web`, through its controls."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PHOTO = Path(__file__).parents[2] / "examples" / "photos" / "cat.jpg"
TEXT = "a small red star above a large blue circle"
IS_KEPT = """async () => {
    const cache = await caches.open("keras-imgdesc");
    const isKept = async (part) =>
        (await cache.keys()).some(({ url }) => url.includes(part));
    while (!(await isKept("painter.tflite")) || !(await isKept(".wasm"))) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}"""
CONTRAST = """(selectors) => {
    const light = (color) => {
        const parts = color.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
        const [r, g, b] = parts.map((x) =>
            x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const behind = (element) => {
        const { backgroundColor } = getComputedStyle(element);
        const isClear = /, 0\\)$|transparent/.test(backgroundColor);
        return isClear ? behind(element.parentElement) : backgroundColor;
    };
    return selectors.map((selector) => {
        const element = document.querySelector(selector);
        const pair = [light(getComputedStyle(element).color), light(behind(element))];
        return Math.max(...pair) / Math.min(...pair);
    });
}"""


def test_the_next_seed_and_other_counts(address, open_page, painter, tmp_path):
    web = open_page(address).open_paint()
    page = web.page
    four = web.paint(TEXT, seed=5, count=4)
    page.click("#again")
    assert (web.painted(TEXT, 6, 4) != four).any()
    assert page.input_value("#seed") == "6"
    # Another number of images is painted immediately, and starts with the same ones.
    page.locator("input[name=count][value='8']").check()
    eight = web.painted(TEXT, 6, 8)
    page.locator("input[name=count][value='1']").check()
    np.testing.assert_array_equal(web.painted(TEXT, 6, 1)[0], eight[0])
    # The first seed follows the last one, and an invalid seed is refused.
    web.paint(TEXT, seed=2**53 - 1)
    page.click("#again")
    web.painted(TEXT, 0, 1)
    page.fill("#seed", "-1")
    page.click("#again")
    assert page.evaluate("document.activeElement.id") == "seed"


def test_an_image_can_be_saved(address, open_page, tmp_path):
    web = open_page(address).open_paint()
    images = web.paint(TEXT, seed=2, count=4)
    web.page.click(".tile >> nth=2")
    assert "Picture 3, seed 2" in web.page.inner_text("#paint-detail")
    with web.page.expect_download() as download:
        web.page.click("#save")
    name = download.value.suggested_filename
    assert name == "a-small-red-star-above-a-large-blue-circle-2-3.png"
    download.value.save_as(tmp_path / name)
    with Image.open(tmp_path / name) as saved:
        assert saved.format == "PNG"
        np.testing.assert_array_equal(np.asarray(saved.convert("RGBA")), images[2])


def test_it_can_be_used_by_keyboard(address, open_page):
    web = open_page(address)
    page = web.page
    page.goto(address)

    def focused() -> str:
        return page.evaluate(
            "(({ id, dataset, textContent }) => id || dataset.phrase || textContent)"
            "(document.activeElement)"
        )

    def press(*keys: str) -> str:
        for key in keys:
            page.keyboard.press(key)
        return focused()

    assert press("Tab") == "tab-describe"
    for key, tab in [("ArrowRight", "paint"), ("ArrowRight", "describe")]:
        assert press(key) == f"tab-{tab}"
        shown = page.locator("[role=tabpanel]:visible")
        assert shown.count() == 1
        assert shown.get_attribute("aria-labelledby") == f"tab-{tab}"
    assert press("End") == "tab-paint"
    assert press("Home", "ArrowLeft") == "tab-paint"
    states = [tab.get_attribute("aria-selected") for tab in page.locator(".tab").all()]
    assert states == ["false", "true"]
    assert page.url.endswith("#paint") and "Words" in page.title()
    page.wait_for_selector("#paint-status:text('Ready.')")

    # The tabs are one stop, followed by the text, which Enter paints.
    assert press("Tab") == "text"
    page.keyboard.press("Control+A")
    page.keyboard.type(TEXT)
    page.keyboard.press("Enter")
    web.painted(TEXT, 0, 4)
    assert "Painted 4 pictures" in page.inner_text("#paint-spoken")
    assert focused() == "text"

    # The images are one stop as well, and so are the words.
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    press("ArrowRight", "ArrowDown")
    pressed = page.locator(".tile[aria-pressed=true]")
    assert (pressed.get_attribute("aria-label") or "").startswith("Picture 4 of 4")
    assert press("ArrowDown", "Home", "Tab") == "save"
    # The number of images, the seed, and the button that paints the next ones.
    press("Tab", "Tab", "Tab", "ArrowRight")
    web.painted(TEXT, 0, 8)
    assert press("Tab", "Tab") == "again"
    assert press("Tab") == "small" and press("ArrowRight") == "large"
    page.keyboard.press("Enter")
    assert page.input_value("#text") == f"{TEXT} large "
    assert press("Tab") == "back"

    page.reload()
    page.wait_for_selector("#panel-paint #paint-status:text('Ready.')")


def test_unknown_words_are_named(address, open_page):
    web = open_page(address).open_paint()
    page = web.page
    notice = page.locator("#notice")
    # The words of the example are known, and a word being typed is not reported.
    assert page.input_value("#text") == TEXT and notice.inner_text() == ""
    page.fill("#text", "")
    page.locator("#text").press_sequentially("a re")
    assert notice.inner_text() == ""
    page.locator("#text").press_sequentially("b zebra sta")
    assert "know “reb” and “zebra”." in notice.inner_text()
    # A chip completes a word that was begun, and a misspelled word is corrected.
    page.click(".chip[data-phrase='star']")
    page.click("text=Write “red” for “reb”")
    assert page.input_value("#text").strip() == "a red zebra star"
    assert notice.inner_text().strip() == "The painter does not know “zebra”."
    page.click("#brief [type=submit]")
    web.painted("a red zebra star", 0, 4)
    # A text without known words, or without any, is not painted.
    for text, message in [("Zebra?", "Choose words that"), (" ", "Write what the")]:
        page.fill("#text", text)
        page.click("#brief [type=submit]")
        page.wait_for_selector(f"#notice.is-error:has-text('{message}')")
        web.painted("a red zebra star", 0, 4)
    page.fill("#text", "a star " * 7)
    page.wait_for_selector("#notice:has-text('It reads 12 words')")


def test_all_words_are_offered_in_groups(address, open_page):
    page = open_page(address).open_paint().page
    groups = {
        group.get_attribute("aria-label"): group.locator(".chip").all_inner_texts()
        for group in page.locator(".chips").all()
    }
    assert groups["Colours"] == ["red", "green", "blue"]
    assert groups["Shapes"] == ["circle", "star", "cross"]
    assert "to the left of" in groups["Places"]
    offered = {w for chips in groups.values() for c in chips for w in c.split()}
    assert len(offered) == 16
    page.click("#clear")
    for phrase in ("a", "red", "star", "to the left of", "a", "cross"):
        page.click(f".chip[data-phrase='{phrase}']")
    assert page.input_value("#text") == "a red star to the left of a cross "
    # A chip also replaces the selection in the middle of the text.
    page.evaluate("document.getElementById('text').setSelectionRange(2, 5)")
    page.focus("#text")
    page.click(".chip[data-phrase='blue']")
    page.click(".chip[data-phrase='large']")
    assert page.input_value("#text") == "a blue large star to the left of a cross "
    page.click("#back")
    assert page.input_value("#text") == "a blue large star to the left of a "


def test_it_works_without_a_network(
    dynamic_model, painter_model, build, serve, open_page
):
    with serve(build(dynamic_model, painter_model)) as address:
        web = open_page(address).open_paint()
        online = web.paint(TEXT, 1, 4)
        web.page.evaluate(IS_KEPT)
    web.context.set_offline(True)
    web.page.reload()
    web.page.wait_for_selector("#paint-status:text('Ready.')")
    np.testing.assert_array_equal(web.paint(TEXT, 1, 4), online)


def test_a_missing_painter_is_reported(
    dynamic_model, painter_model, address, build, serve, open_page
):
    web = open_page(address, service_workers="block")
    web.page.route("**/painter.tflite", lambda route: route.fulfill(status=404))
    web.page.goto(f"{address}#paint")
    web.page.wait_for_selector("#paint-status:has-text('There is no painter')")
    assert web.page.locator(".is-error").count() == 0
    assert not web.page.is_visible("#brief")
    # The other tab still works, and a captioner is not taken for a painter.
    web.page.click("#tab-describe")
    web.page.wait_for_selector("#status:text('Ready.')")
    with serve(build(dynamic_model, dynamic_model)) as wrong:
        web = open_page(f"{wrong}#paint")
        web.page.goto(web.address)
        error = web.page.wait_for_selector("#paint-status.is-error")
        assert "must be a painter" in error.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, height", [(320, 640), (390, 844), (1280, 800)])
def test_it_fits_the_screen(width, height, scheme, address, open_page, tmp_path):
    is_phone = width < 800
    web = open_page(
        address,
        viewport={"width": width, "height": height},
        has_touch=is_phone,
        is_mobile=is_phone,
        color_scheme=scheme,
        reduced_motion="reduce",
    ).open_paint()
    page = web.page
    is_open = page.locator("#palette-box").is_visible
    assert is_open()
    # By touch only: choose words, paint; the words are hidden to make room for images.
    press = page.tap if is_phone else page.click
    press("#clear")
    for word in ("a", "red", "star"):
        press(f".chip[data-phrase='{word}']")
    press("#brief [type=submit]")
    web.painted("a red star", 0, 4)
    assert is_open() is not is_phone
    side = page.locator(".tile").first.bounding_box()
    assert side["width"] == pytest.approx(side["height"], abs=1)
    assert side["width"] >= 130
    brief = page.locator("#brief").bounding_box()
    assert not is_phone or brief["y"] + brief["height"] <= height
    if is_phone:
        press("#words")
        targets = (
            ".tab, .chip, #words, #again, #save, #count label, #brief [type=submit]"
        )
        for target in page.locator(targets).all():
            assert target.bounding_box()["height"] >= 43.9, target.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    texts = ["#tab-paint", "#tab-describe", ".chip", ".chips-name", "#which", "#save"]
    contrasts = page.evaluate(CONTRAST, [*texts, "#again", ".button.is-primary"])
    assert min(contrasts) >= 4.5, contrasts
    page.screenshot(path=tmp_path / "paint.png")
    with Image.open(tmp_path / "paint.png") as screenshot:
        assert (np.asarray(screenshot.convert("L"))[5, 5] > 128) == (scheme == "light")


def test_an_image_given_on_the_paint_tab_is_described(address, open_page):
    """A file that is chosen while the Paint tab is shown opens the other tab."""
    web = open_page(address).open_paint()
    web.page.set_input_files("#choose", PHOTO)
    assert web.caption_of("cat.jpg")[0]
    assert web.page.is_visible("#panel-describe")
    assert not web.page.url.endswith("#paint")
