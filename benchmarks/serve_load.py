"""`keras-imgdesc serve` under load: answers, memory, latency, throughput, SIGTERM.

    python benchmarks/serve_load.py
    python benchmarks/serve_load.py --minutes 1 --stops 3

Clients send good, broken and too large requests to a server in a process of its own,
and compare every caption with that of `LiteCaptioner`. Latency is that of the good
requests for one image. Memory is the resident memory of all processes of the server;
its mean over the last minute is compared with that over the second (of a short run: the
last and the second fifth).

Throughput is measured in turns, so that any other load of the machine affects both
alike: the same images through the server, and through `LiteCaptioner` on all cores. The
clients compute on the same cores.

Then servers are stopped by SIGTERM under load. Every request that one says to have
accepted must have been answered in full, as counted by the clients.
"""

import base64
import http.client
import itertools
import json
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import click
from folder_speed import tree_mb

MODEL = "captioner"
PREDICT = f"/v1/models/{MODEL}:predict"
MAX_BODY_MB = 4
KINDS = ("good", "two", "broken", "large")
WEIGHTS = (80, 8, 10, 2)


class Requests:
    """Requests and the answers that they must get.

    Args:
        preset: the captioner.
        photos: the contents of image files.
    """

    def __init__(self, preset: str, photos: list[bytes]) -> None:
        from keras_imgdesc.lite import LiteCaptioner

        captions = LiteCaptioner.from_preset(preset, num_threads=1).generate(photos)
        self.good = [
            self._good([photo], [caption])
            for photo, caption in zip(photos, captions, strict=True)
        ]
        self.two = [
            self._good([photo, b"not an image"], [caption, ""])
            for photo, caption in zip(photos, captions, strict=True)
        ]
        self.broken = [
            (PREDICT, b'{"instances": [', 400, None),
            (PREDICT, b"[" * 10_000, 400, None),
            (PREDICT, b'{"instances": [{"b64": "?"}]}', 400, None),
            (PREDICT, b'{"instances": [NaN]}', 400, None),
            (PREDICT, b'{"signature_name": "fly", "instances": ["a"]}', 400, None),
            ("/v1/models/nobody:predict", b"{}", 404, None),
        ]
        self.large = [(PREDICT, b" " * ((MAX_BODY_MB + 1) << 20), 413, None)]

    def _good(self, files: list[bytes], captions: list[str]) -> tuple:
        rows = [{"b64": base64.b64encode(content).decode()} for content in files]
        return PREDICT, json.dumps({"instances": rows}).encode(), 200, captions


class Client(threading.Thread):
    """Send requests on one connection until a time, or until the server closes it."""

    def __init__(self, port: int, requests: Requests, end: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.requests, self.end = requests, end
        self.random = random.Random(seed)
        self.kinds = KINDS
        self.counts: Counter = Counter()
        self.seconds: list[float] = []
        self.wrong: list[str] = []
        self.has_answer = threading.Event()
        self.known: dict[bytes, tuple[int, bytes]] = {}

    def run(self) -> None:
        while time.perf_counter() < self.end:
            weights = WEIGHTS if self.kinds == KINDS else None
            (kind,) = self.random.choices(self.kinds, weights)
            request = self.random.choice(getattr(self.requests, kind))
            start = time.perf_counter()
            try:
                status, body, is_last = self.ask(*request[:2])
            except (ConnectionError, http.client.HTTPException):
                break  # closed before the server had read the request
            if kind == "good":
                self.seconds.append(time.perf_counter() - start)
            self.counts[kind, status] += 1
            self.check(request, status, body)
            self.has_answer.set()
            if is_last and kind != "large":
                break
        self.connection.close()

    def ask(self, path: str, body: bytes) -> tuple[int, bytes, bool]:
        self.connection.request("POST", path, body)
        answer = self.connection.getresponse()
        is_last = answer.getheader("connection") == "close"
        return answer.status, answer.read(), is_last

    def check(self, request: tuple, status: int, body: bytes) -> None:
        _, content, expected, captions = request
        if self.known.get(content) == (status, body):
            return  # the same as one that was right
        answer = json.loads(body)
        if status != expected:
            self.wrong.append(f"{status}, expected {expected}: {body[:200]!r}")
            return
        if captions is None:
            if list(answer) != ["error"]:
                self.wrong.append(f"no error: {body[:200]!r}")
                return
        else:
            found = [row["caption"] for row in answer["predictions"]]
            if found != captions:
                self.wrong.append(f"{found}, expected {captions}")
                return
        self.known[content] = status, body


@contextmanager
def server(preset: str, workers: int):
    """Start a server; yield its process, port and lines on stderr."""
    command = [sys.executable, "-m", "keras_imgdesc.cli", "serve", f"{MODEL}={preset}"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--workers", str(workers)]
        + ["--max-body-mb", str(MAX_BODY_MB)],
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    try:
        for line in process.stderr:
            lines.append(line.strip())
            if line.startswith("Listening"):
                break
        port = int(lines[-1].rpartition(":")[2])
        yield process, port, lines
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        lines += map(str.strip, process.stderr)
        process.wait()
    finally:
        process.kill()
        process.wait()


def run_clients(port: int, requests: Requests, count: int, seconds: float, kinds):
    """Let clients send requests for some seconds, and return them."""
    end = time.perf_counter() + seconds
    clients = [Client(port, requests, end, seed) for seed in range(count)]
    for client in clients:
        client.kinds = kinds
        client.start()
    return clients


def mixed_load(process, port: int, requests: Requests, count: int, minutes: float):
    """Return the clients of a mixed load, and samples of time and memory."""
    clients = run_clients(port, requests, count, 60 * minutes, KINDS)
    start, samples = time.perf_counter(), []
    while any(client.is_alive() for client in clients):
        samples.append((time.perf_counter() - start, tree_mb(process.pid)))
        time.sleep(0.5)
    return clients, samples


def print_load(clients: list[Client], samples: list, minutes: float) -> None:
    counts = sum((client.counts for client in clients), Counter())
    wrong = [text for client in clients for text in client.wrong]
    seconds = sorted(second for client in clients for second in client.seconds)
    window = min(60.0, 12 * minutes)
    end = 60 * minutes
    second = statistics.mean(mb for t, mb in samples if window <= t < 2 * window)
    last = statistics.mean(mb for t, mb in samples if end - window <= t < end)
    median = statistics.median(seconds)
    p99 = seconds[int(0.99 * len(seconds))]
    by_status = ", ".join(f"{k} {s}: {n}" for (k, s), n in sorted(counts.items()))
    print("| under load | | aim |\n|---|---|---|")
    print(f"| requests | {counts.total()} ({by_status}) | |")
    print(f"| wrong answers | {len(wrong)} | 0 |")
    faults = sum(n for (_, status), n in counts.items() if status >= 500)
    print(f"| status 500 and above | {faults} | 0 |")
    print(f"| median latency | {1000 * median:.0f} ms | |")
    print(f"| p99 latency | {1000 * p99:.0f} ms, {p99 / median:.2f} medians | 3 |")
    print(f"| MiB, second {window:.0f} s | {second:.1f} | |")
    print(f"| MiB, last {window:.0f} s | {last:.1f}, {last / second - 1:+.1%} | 5 % |")
    for text in wrong[:5]:
        print(f"wrong: {text}")


def compare_throughput(preset, port, requests, photos, count, workers, rounds, seconds):
    """Print images per second of the server and of the engine alone."""
    from keras_imgdesc.lite import LiteCaptioner

    captioner = LiteCaptioner.from_preset(preset, num_threads=1)

    def alone() -> float:
        stream = captioner.generate_stream(
            itertools.cycle(photos), return_attention=True, num_workers=workers
        )
        # Its processes start within the first second.
        start, done = None, 0
        begin = time.perf_counter()
        for _ in stream:
            now = time.perf_counter()
            if start is None and now - begin > 2:
                start = now
            elif start is not None:
                done += 1
                if now - start > seconds:
                    break
        stream.close()
        return done / (now - start)

    def served() -> float:
        start = time.perf_counter()
        clients = run_clients(port, requests, count, seconds, ("good",))
        for client in clients:
            client.join()
        taken = time.perf_counter() - start
        return sum(client.counts.total() for client in clients) / taken

    pairs = [(served(), alone()) for _ in range(rounds)]
    ratio = statistics.median(one / other for one, other in pairs)
    ours, engine = (statistics.median(part) for part in zip(*pairs, strict=True))
    print(f"\n| images/s, {rounds} rounds | server | engine alone | ratio | aim |")
    print("|---|---|---|---|---|")
    print(f"| {preset} | {ours:.1f} | {engine:.1f} | {ratio:.2f} | 0.9 |")


def stop_often(preset, requests, count, workers, stops) -> None:
    """Stop servers under load, and print how many lost a request."""
    lost, codes, total = 0, Counter(), 0
    for number in range(stops):
        with server(preset, workers) as (process, port, lines):
            clients = run_clients(port, requests, count, 60, ("good",))
            for client in clients:
                client.has_answer.wait(60)
            time.sleep(random.Random(number).random() / 2)
        for client in clients:
            client.join()
        codes[process.returncode] += 1
        answered = sum(client.counts.total() for client in clients)
        said = re.fullmatch(r"Stopped\. (\d+) of (\d+) requests answered\.", lines[-1])
        total += answered
        lost += said is None or said.groups() != (str(answered),) * 2
    print(f"\n| SIGTERM under load, {stops} times | | aim |\n|---|---|---|")
    print(f"| stops that lost an accepted request | {lost} of {total} requests | 0 |")
    print(f"| exit codes | {dict(codes)} | 0 |")


@click.command()
@click.option("--preset", default="flickr8k_efficientnet_lstm", show_default=True)
@click.option("--images", default="examples/photos", show_default=True)
@click.option("--clients", "count", default=4, show_default=True)
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=15.0, show_default=True, help="Of a round.")
@click.option("--stops", default=20, show_default=True)
def main(preset, images, count, minutes, rounds, seconds, stops) -> None:
    from keras_imgdesc.images import list_images
    from keras_imgdesc.lite.usable_cores import usable_cores

    photos = [Path(path).read_bytes() for path in list_images(images)]
    requests, workers = Requests(preset, photos), usable_cores()
    print(f"{preset}, {count} clients, {workers} workers, {len(photos)} images")
    with server(preset, workers) as (process, port, _):
        clients, samples = mixed_load(process, port, requests, count, minutes)
        print_load(clients, samples, minutes)
        if rounds:
            compare_throughput(
                *(preset, port, requests, photos, count, workers, rounds, seconds)
            )
    stop_often(preset, requests, count, workers, stops)


if __name__ == "__main__":
    main()
