"""The captions of a model in the browser, against the same file in Python.

    cd examples/web && npm ci && npm run build -- --model captioner.tflite && cd ../..
    python benchmarks/web_report.py --page examples/web/dist \
        --annotations Flickr8k.token.txt --images images/ \
        --image-list Flickr_8k.devImages.txt

Images are chosen on the page one at a time, in Chromium, without animation. Seconds are
those of the model only, medians, on one thread each.
"""

import functools
import shutil
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import numpy as np

FILE = click.Path(exists=True, path_type=Path)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Log nothing."""


def describe_on_page(page, path: Path) -> dict:
    page.set_input_files("#choose", path)
    caption = page.wait_for_selector(f"#caption[data-picture='{path.name}']")
    data = caption.evaluate("(element) => ({ ...element.dataset })")
    return {
        "token_ids": [int(i) for i in data["tokenIds"].split()],
        "log_probs": np.array([float(p) for p in data["logProbs"].split()]),
        "text": page.inner_text("#spoken"),
        "seconds": float(data["seconds"]),
    }


def describe_natively(lite, path: Path) -> dict:
    start = time.perf_counter()
    caption = lite.generate(path, return_details=True)
    return {
        "token_ids": caption.token_ids.tolist(),
        "log_probs": caption.token_log_probs,
        "text": caption.text,
        "seconds": time.perf_counter() - start,
    }


def print_table(ours: list[dict], theirs: list[dict], references: list) -> None:
    from keras_imgdesc.evaluation.captions.bleu import bleu

    print("| | BLEU-1 / 2 / 3 / 4 | log-probability | seconds |")
    print("|---|---|---|---|")
    for name, answers in (("the page", ours), ("LiteCaptioner", theirs)):
        scores = bleu([a["text"] for a in answers], references)
        orders = " / ".join(f"{scores[f'bleu_{n}']:.2f}" for n in range(1, 5))
        log_prob = np.mean([a["log_probs"].sum() for a in answers])
        seconds = np.median([a["seconds"] for a in answers])
        print(f"| {name} | {orders} | {log_prob:.3f} | {seconds:.3f} |")
    same = [(a, b) for a, b in zip(ours, theirs) if a["token_ids"] == b["token_ids"]]
    worst = max(np.abs(a["log_probs"] - b["log_probs"]).max() for a, b in same)
    print(
        f"\nThe same tokens for {len(same)} of {len(ours)} images; their "
        f"log-probabilities differ by at most {worst:.1e}."
    )


@click.command()
@click.option(
    "--page", "folder", required=True, type=FILE, help="Folder of the built page."
)
@click.option("--annotations", required=True, type=FILE)
@click.option("--images", required=True, type=FILE)
@click.option("--image-list", type=FILE)
@click.option("--limit", type=int, help="Number of images.")
def main(folder, annotations, images, image_list, limit) -> None:
    from playwright.sync_api import sync_playwright

    from keras_imgdesc.data.readers import read_captions
    from keras_imgdesc.lite import LiteCaptioner

    collection = read_captions(annotations, images, image_list=image_list)
    examples = collection.examples[:limit]
    paths = [Path(e.source) for e in examples]
    lite = LiteCaptioner(folder / "model" / "captioner.tflite", num_threads=1)
    handler = functools.partial(QuietHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--headless", "--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_context(reduced_motion="reduce").new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_selector("#status:text('Ready.')")
        ours = [describe_on_page(page, path) for path in paths]
        browser.close()
    server.shutdown()
    theirs = [describe_natively(lite, path) for path in paths]
    print_table(ours, theirs, [e.captions for e in examples])


if __name__ == "__main__":
    main()
