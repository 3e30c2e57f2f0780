"""The page of `keras-imgdesc serve`, in a browser."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
ANSWERED = """() => {
    const found = [...document.querySelectorAll("figcaption")];
    return found.length === 2 && found.every((each) => each.textContent !== "…");
}"""


@pytest.fixture
def address():
    command = [sys.executable, "-m", "keras_imgdesc.cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "painter=scenes_cvae", "captioner=scenes_lstm", "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = iter(process.stderr)
    yield next(line for line in lines if "Listening on " in line).split()[-1]
    process.terminate()
    process.communicate()


def test_photographs_get_captions_and_errors(browser, address, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    page = browser.new_page()
    page.set_default_timeout(120_000)
    troubles = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(address)
    page.wait_for_function("document.getElementById('model').length > 0")
    names = page.eval_on_selector_all("option", "all => all.map(x => x.value)")
    assert names == ["captioner"]
    page.set_input_files("#files", [EXAMPLES / "pictures" / "scene_1.png", broken])
    page.wait_for_function(ANSWERED)
    captions = page.locator("figure").all_text_contents()
    (error,) = page.locator(".error").all_text_contents()
    assert "An image must be" in error
    (caption,) = [text for text in captions if text != error]
    assert len(caption.split()) > 3
    assert not troubles
    page.close()
