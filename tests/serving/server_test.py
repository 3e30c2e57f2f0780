"""Starting, stopping and limits of a server that runs."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from keras_imgdesc.errors import InputError
from keras_imgdesc.serving.server import address_of, bind


class Client(threading.Thread):
    """Ask for captions on one connection until the server closes it."""

    def __init__(self, server, body):
        super().__init__()
        self.connection, self.body = server.connect(), body
        self.answers, self.statuses = 0, set()
        self.has_answer = threading.Event()

    def run(self):
        is_last = False
        while not is_last:
            try:
                self.connection.request(
                    "POST", "/v1/models/captioner:predict", self.body
                )
                answer = self.connection.getresponse()
            # The connection was closed before the server had read the request.
            except (ConnectionError, http.client.RemoteDisconnected):
                break
            answer.read()
            self.answers += 1
            self.statuses.add(answer.status)
            self.has_answer.set()
            is_last = answer.getheader("connection") == "close"
        self.connection.close()


def children_of(pid):
    path = f"/proc/{pid}/task/{pid}/children"
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(path.replace(f"task/{pid}", f"task/{thread}")) as file:
            found += map(int, file.read().split())
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_no_accepted_request(
    start_server, picture, b64, number
):
    server = start_server("captioner=scenes_lstm", "--workers", "1")
    body = f'{{"instances": [{{"b64": "{b64(picture)["b64"]}"}}]}}'
    clients = [Client(server, body) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.has_answer.wait(60)
    workers = children_of(server.process.pid)
    assert server.stop(number) == 0
    for client in clients:
        client.join()
    assert set().union(*(client.statuses for client in clients)) == {200}
    total = sum(client.answers for client in clients)
    assert server.lines[-1] == f"Stopped. {total} of {total} requests answered."
    assert workers and not any(os.path.exists(f"/proc/{pid}") for pid in workers)


def test_a_dead_worker_is_replaced_and_loses_nothing(start_server, picture, b64):
    server = start_server("captioner=scenes_lstm", "--workers", "1")
    body = {"instances": [b64(picture)]}
    first = server.predict("captioner", body)
    (worker,) = children_of(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    assert server.predict("captioner", body)[:2] == first[:2]
    assert server.metric("keras_imgdesc_worker_restarts_total") == 1
    assert server.stop() == 0


def test_what_takes_too_long_is_stopped(start_server):
    server = start_server("painter=scenes_cvae", "--workers", "1", "--timeout", "0.05")
    many = {"text": ["a red circle"] * 256, "seed": list(range(256))}
    body = {"signature_name": "paint_one", "inputs": many}
    reply = server.predict("painter", body)
    assert reply.status == 504 and "too long" in reply.error
    assert server.request("GET", "/healthz/live").status == 200


def test_a_full_queue_refuses(start_server):
    server = start_server("painter=scenes_cvae", "--workers", "1", "--queue-size", "1")
    many = {"text": ["a red circle"] * 200, "seed": list(range(200))}
    body = {"signature_name": "paint_one", "inputs": many}
    replies = []
    threads = [
        threading.Thread(target=lambda: replies.append(server.predict("painter", body)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [reply for reply in replies if reply.status == 503]
    assert refused and {reply.status for reply in replies} == {200, 503}
    for reply in refused:
        assert reply.headers["retry-after"] == "1" and "Try again" in reply.error


def test_an_image_of_too_many_pixels_harms_no_other(start_server, picture, b64):
    server = start_server("captioner=scenes_lstm", "--max-megapixels", "0.001")
    reply = server.predict("captioner", {"instances": [b64(picture)]})
    (found,) = reply.json["predictions"]
    assert found["caption"] == "" and "pixels" in found["error"]


def test_health_metrics_and_page(lite_server):
    assert lite_server.request("GET", "/healthz/live").json == {"status": "live"}
    ready = lite_server.request("GET", "/healthz/ready")
    assert ready.json["models"] == ["captioner", "matcher", "painter"]
    lite_server.predict("nobody", {})
    text = lite_server.request("GET", "/metrics").body.decode()
    for line in (
        'keras_imgdesc_requests_total{method="predict",model="",status="404"}',
        "keras_imgdesc_request_seconds_bucket{",
        "keras_imgdesc_queue_depth 0.0",
        "keras_imgdesc_workers 2.0",
        "keras_imgdesc_batch_rows_count",
    ):
        assert line in text
    assert lite_server.request("GET", "/monitoring/prometheus/metrics").status == 200
    page = lite_server.request("GET", "/")
    assert page.status == 200 and b"<!doctype html>" in page.body


def test_a_large_body_in_parts_is_refused(lite_server):
    connection = lite_server.connect()
    parts = iter([b" " * 65536] * 100)
    connection.request("POST", "/v1/models/captioner:predict", parts)
    answer = connection.getresponse()
    assert answer.status == 413 and b"at most" in answer.read()
    connection.close()


def test_a_port_in_use_is_named():
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        assert address_of(taken) == f"http://127.0.0.1:{port}"
        with pytest.raises(InputError, match=f"Another program.*port={port}"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1"])
def test_a_host_of_another_machine_is_refused(host):
    with pytest.raises(InputError, match="--host 127.0.0.1|Use 127.0.0.1"):
        bind(host, 0)


def test_the_server_does_not_load_tensorflow():
    code = (
        "import sys, keras_imgdesc.serving.server\n"
        "for name in ('captioner', 'classifier', 'matcher', 'painter'):\n"
        "    __import__(f'keras_imgdesc.serving.servables.{name}')\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_request_that_never_ends_is_answered(start_server):
    server = start_server("captioner=scenes_lstm", "--timeout", "0.5")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /v1/models/captioner:predict HTTP/1.1\r\nHost: a\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
