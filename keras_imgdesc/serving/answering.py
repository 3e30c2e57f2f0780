"""From requests to answers, by the models of a process."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping

import numpy as np

from keras_imgdesc.errors import InputError
from keras_imgdesc.serving.documents import metadata_document
from keras_imgdesc.serving.json_response import error_json, predict_json, to_json
from keras_imgdesc.serving.predict_request import (
    PredictRequest,
    parse_examples,
    parse_predict,
)
from keras_imgdesc.serving.request import Answer, Request
from keras_imgdesc.serving.rest_error import RestError, invalid
from keras_imgdesc.serving.servables.servable import Arrays, Servable
from keras_imgdesc.serving.tensor_spec import PREDICT

Key = tuple[str, int]


class RequestAnswerer:
    """Answer requests, several at once where a model gains by it.

    Args:
        servables: models by name and version.
        most_rows: the largest number of instances in a request.
        max_batch: the largest number of rows of several requests that are computed at
            once.

    Attributes:
        batches: numbers of rows that were computed at once, since the last `answer`.
    """

    def __init__(
        self, servables: Mapping[Key, Servable], most_rows: int, max_batch: int
    ) -> None:
        self._servables = servables
        self._most_rows = most_rows
        self._max_batch = max_batch
        self.batches: list[int] = []

    def answer(self, requests: list[Request]) -> list[Answer]:
        """Answer requests. One that is wrong does not affect the others.

        Args:
            requests: the requests.

        Returns:
            The answers in the same order.
        """
        self.batches = []
        answers: dict[int, Answer] = {}
        parsed: dict[int, PredictRequest] = {}
        for index, request in enumerate(requests):
            try:
                parsed_request = self._parse(request)
            except Exception as error:
                answers[index] = _failed(error)
                continue
            if isinstance(parsed_request, Answer):
                answers[index] = parsed_request
            else:
                parsed[index] = parsed_request
        for key, group in self._groups(requests, parsed):
            answers |= self._run(key, {index: parsed[index] for index in group})
        return [answers[index] for index in range(len(requests))]

    def _parse(self, request: Request) -> PredictRequest | Answer:
        servable = self._servables[request.model, request.version]
        if request.method == "metadata":
            document = metadata_document(*request[:2], servable.signatures)
            return Answer(200, to_json(document))
        if request.method == "predict":
            return parse_predict(request.body, servable.signatures, self._most_rows)
        signature = parse_examples(request.body)
        if signature not in servable.signatures:
            raise invalid("No signature was found with the name: ", signature)
        # The models of this package have signatures to predict only.
        kind = {"classify": "classification", "regress": "regression"}[request.method]
        raise invalid(
            f"Expected {kind} signature method_name to be tensorflow/serving/"
            f"{request.method}. Was: {PREDICT}"
        )

    def _groups(
        self, requests: list[Request], parsed: dict[int, PredictRequest]
    ) -> list[tuple[Key, list[int]]]:
        """Return what is computed at once: requests for one signature, by index."""
        groups: dict[object, list[tuple[Key, list[int]]]] = {}
        rows: dict[int, int] = {}
        for index, request in parsed.items():
            key = requests[index].model, requests[index].version
            servable = self._servables[key]
            spec = servable.signatures[request.signature]
            lengths = {len(x) for x in request.inputs.values() if x.ndim}
            if not (servable.gains_by_batches and spec.has_rows and len(lengths) == 1):
                groups[index] = [(key, [index])]
                continue
            shapes = tuple(x.shape[1:] for x in request.inputs.values())
            several = groups.setdefault((key, request.signature, shapes), [])
            last = several[-1][1] if several else []
            count = request.num_rows
            if last and rows[last[0]] + count <= self._max_batch:
                last.append(index)
                rows[last[0]] += count
            else:
                several.append((key, [index]))
                rows[index] = count
        return [group for several in groups.values() for group in several]

    def _run(self, key: Key, group: dict[int, PredictRequest]) -> dict[int, Answer]:
        servable = self._servables[key]
        requests = list(group.values())
        signature = requests[0].signature
        if len(requests) == 1:
            ((index, request),) = group.items()
            self.batches.append(request.num_rows)
            return {
                index: _answered(
                    request, lambda: servable.run(signature, request.inputs)
                )
            }
        inputs = {
            name: np.concatenate([request.inputs[name] for request in requests])
            for name in requests[0].inputs
        }
        try:
            outputs = servable.run(signature, inputs)
        except Exception:
            # One of them may be the cause. Each alone shows which.
            found: dict[int, Answer] = {}
            for index, request in group.items():
                found |= self._run(key, {index: request})
            return found
        self.batches.append(sum(request.num_rows for request in requests))
        answers, start = {}, 0
        for index, request in group.items():
            stop = start + request.num_rows
            own = {name: array[start:stop] for name, array in outputs.items()}
            answers[index] = _answered(request, lambda own=own: own)  # type: ignore[misc]
            start = stop
        return answers


def _answered(request: PredictRequest, compute: Callable[[], Arrays]) -> Answer:
    try:
        return Answer(200, predict_json(compute(), request.is_row))
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> Answer:
    if isinstance(error, RestError):
        return Answer(error.status, error_json(error.message))
    if isinstance(error, InputError):
        return Answer(400, error_json(str(error)))
    if isinstance(error, MemoryError):
        return Answer(413, error_json("There is too little memory for the request"))
    traceback.print_exception(error)
    return Answer(500, error_json(f"{type(error).__name__}: {error}"))
