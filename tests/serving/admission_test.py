"""Requests are counted, and more than allowed are refused."""

import pytest

from keras_imgdesc.serving.admission import Admission
from keras_imgdesc.serving.rest_error import RestError


def refused(status, call, *arguments):
    with pytest.raises(RestError) as error:
        call(*arguments)
    return error.value.status == status


def test_so_many_requests_at_a_time():
    admission = Admission(most_requests=2, max_body=10)
    admission.enter()
    admission.enter()
    assert refused(503, admission.enter)
    admission.leave(0)
    admission.enter()
    assert (admission.count, admission.accepted) == (2, 3)


def test_so_many_bytes_of_a_body():
    admission = Admission(most_requests=2, max_body=10)
    admission.enter()
    admission.add(0, 6)
    assert refused(413, admission.add, 6, 5)
    admission.add(6, 4)
    admission.check(10)
    assert refused(413, admission.check, 11)


def test_so_many_bytes_of_all_bodies():
    admission = Admission(most_requests=100, max_body=10)
    for _ in range(8):
        admission.add(0, 10)
    assert refused(503, admission.add, 0, 1)
    admission.leave(10)
    admission.add(0, 10)
