"""The page of `examples/web`, built, served and open in a browser."""

import functools
import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from keras_imgdesc import CaptionTokenizer, CompactTextEncoder, TextToImage, Vocabulary
from keras_imgdesc.captioning import ImageCaptioner
from keras_imgdesc.export import export_tflite
from keras_imgdesc.painting import Generator

ROOT = Path(__file__).parents[2]
PRESET = ROOT / "saved_models" / "flickr8k_efficientnet_lstm"
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PAINTED_WORDS = (
    *("a", "small", "large", "red", "blue", "green", "star", "circle", "cross"),
    *("above", "below", "to", "the", "left", "right", "of"),
)
# What the summary says of the tests that are left out.
LEFT_OUT = pytest.StashKey[str]()
TIMEOUT = 120_000  # milliseconds: two slow cores may be busy with other work
READ_CANVASES = """() =>
    [...document.querySelectorAll("#gallery canvas")].map((canvas) => {
        const { width, height } = canvas;
        const context = canvas.getContext("2d");
        return Array.from(context.getImageData(0, 0, width, height).data);
    })"""


def missing_tool() -> str | None:
    """Say which tool the browser tests need and do not find."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed (`pip install playwright`)"
    if shutil.which("chromium") is None:
        return "there is no Chromium (`apt-get install chromium`)"
    if shutil.which("npm") is None:
        return "there is no npm (`apt-get install npm`)"
    return None


def is_browser_required() -> bool:
    return os.environ.get("KERAS_IMGDESC_REQUIRE_BROWSER") == "1"


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Without a browser, leave its tests out; the summary says how many."""
    reason = missing_tool()
    if reason is None or is_browser_required():
        return
    in_browser = [
        item for item in items if "browser" in getattr(item, "fixturenames", ())
    ]
    if in_browser:
        config.stash[LEFT_OUT] = (
            f"Tests in a browser, left out: {len(in_browser)}. {reason}"
        )
        config.hook.pytest_deselected(items=in_browser)
        items[:] = [item for item in items if item not in in_browser]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if LEFT_OUT in config.stash:
        terminalreporter.write_line(config.stash[LEFT_OUT], yellow=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    reason = missing_tool()
    if reason is not None:
        pytest.fail(f"A browser is required, but {reason}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `examples/web` after `npm ci`."""
    copy = tmp_path_factory.mktemp("web") / "examples"
    ignored = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(ROOT / "examples", copy, ignore=ignored)
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=copy / "web", capture_output=True, text=True)
    if done.returncode != 0:
        reason = f"npm cannot install LiteRT: {done.stderr.strip()}"
        pytest.fail(reason) if is_browser_required() else pytest.skip(reason)
    return copy / "web"


@pytest.fixture(scope="session")
def tools(browser: Any, web_folder: Path) -> None:
    """Check the tools before a model is exported, which takes time."""


@pytest.fixture(scope="session")
def dynamic_model(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that ships with the preset, or a new one."""
    shipped = PRESET / "captioner.tflite"
    if shipped.is_file():
        return shipped
    path = tmp_path_factory.mktemp("dynamic") / "captioner.tflite"
    captioner = ImageCaptioner.from_preset(PRESET)
    return export_tflite(captioner, path, quantize="dynamic", name=PRESET.name)


@pytest.fixture(scope="session")
def float_model(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("float") / "captioner.tflite"
    return export_tflite(ImageCaptioner.from_preset(PRESET), path, name=PRESET.name)


@pytest.fixture(scope="session")
def painter() -> TextToImage:
    """Return an untrained painter that paints every text differently."""
    keras.utils.set_random_seed(0)
    tokenizer = CaptionTokenizer(Vocabulary(PAINTED_WORDS), 14)
    encoder = CompactTextEncoder(tokenizer, embedding_dim=16, num_layers=1)
    generator = Generator(
        16,
        resolution=32,
        width=4,
        noise_dim=6,
        condition_dim=8,
        refined_size=8,
        word_dim=16,
        attended_size=8,
        prior_layers=2,
    )
    texts = [
        f"a {size} {what}"
        for size in ("small", "large")
        for what in ("red star", "blue circle")
    ]
    generator.whitening.adapt(encoder.encode(texts).sentences)
    # Grey levels, because black and white would hide differences.
    kernel = generator.get_layer("picture").kernel
    kernel.assign(0.1 * kernel)
    return TextToImage(encoder, generator)


@pytest.fixture(scope="session")
def painter_model(
    tools: None, painter: TextToImage, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("painter") / "painter.tflite"
    return export_tflite(painter, path, name="toy_painter")


@pytest.fixture(scope="session")
def build(
    web_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """Builds the page with a captioner and, if there is one, a painter: the folder."""

    @functools.cache
    def build(model: Path, painter: Path | None = None) -> Path:
        out = tmp_path_factory.mktemp("dist")
        options = ["--model", str(model), "--out", str(out)]
        if painter is not None:
            options += ["--painter", str(painter)]
        command = ["npm", "run", "build", "--", *options]
        done = subprocess.run(command, cwd=web_folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return out

    return build


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def serve() -> Callable[[Path], AbstractContextManager[str]]:
    """Serve a folder as `python -m http.server` does, and yield its address."""
    return _served


@pytest.fixture
def address(
    dynamic_model: Path,
    painter_model: Path,
    build: Callable[..., Path],
    serve: Callable[[Path], AbstractContextManager[str]],
) -> Iterator[str]:
    """Yield the address of the page with both models."""
    with serve(build(dynamic_model, painter_model)) as address:
        yield address


class WebPage:
    """The page in a new browser context, and the lines of its console."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(TIMEOUT)
        self.page = self.context.new_page()
        self.console: list[str] = []
        self.errors: list[str] = []
        self.page.on("console", lambda line: self.console.append(line.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.address = address

    def load(self) -> "WebPage":
        self.page.goto(self.address)
        self.page.wait_for_selector("#status:text('Ready.')")
        return self

    def describe(self, path: Path) -> tuple[list[int], np.ndarray]:
        """Choose an image, and return token ids and log-probabilities."""
        self.page.set_input_files("#choose", path)
        return self.caption_of(path.name)

    def caption_of(self, name: str) -> tuple[list[int], np.ndarray]:
        """Wait for the caption of the image with this name."""
        caption = self.page.wait_for_selector(f"#caption[data-picture='{name}']")
        ids = caption.get_attribute("data-token-ids").split()
        log_probs = caption.get_attribute("data-log-probs").split()
        return [int(i) for i in ids], np.array([float(p) for p in log_probs])

    def open_paint(self) -> "WebPage":
        """Load the page and open its second tab."""
        self.page.goto(self.address)
        self.page.click("#tab-paint")
        self.page.wait_for_selector("#paint-status:text('Ready.')")
        return self

    def paint(self, text: str, seed: int = 0, count: int = 1) -> np.ndarray:
        """Paint a text: uint8 (count, resolution, resolution, 4)."""
        self.page.fill("#seed", str(seed))
        self.page.locator(f"input[name=count][value='{count}']").set_checked(True)
        self.page.fill("#text", text)
        self.page.click("#brief [type=submit]")
        return self.painted(text, seed, count)

    def painted(self, text: str, seed: int, count: int) -> np.ndarray:
        """Wait for the images of this text."""
        self.page.wait_for_selector(
            f"#gallery[data-seed='{seed}'][data-count='{count}'][data-text='{text}']"
        )
        rgba = np.array(self.page.evaluate(READ_CANVASES), np.uint8)
        side = round((rgba.shape[1] / 4) ** 0.5)
        return rgba.reshape(count, side, side, 4)

    def problems(self) -> list[str]:
        lines = [line for line in self.console if "ERROR:" in line]
        return lines + self.errors


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., WebPage]]:
    """Open the page at an address; at the end there must be no errors."""
    pages: list[WebPage] = []

    def open_page(address: str, **options: Any) -> WebPage:
        pages.append(WebPage(browser, address, **options))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()
    assert [page.problems() for page in pages] == [[]] * len(pages)
