import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from shopchat.live.bus.base import bus, packed, unpacked
from shopchat.live.bus.local import LocalBus


@given(st.lists(st.text(max_size=60)), st.integers(min_value=20, max_value=200))
def test_topics_arrive_as_they_were_sent_or_mean_everything(topics, limit):
    texts = list(packed(topics, limit=limit))
    arrived = [unpacked(text) for text in texts]

    assert all(len(text) <= limit and text.isascii() for text in texts)
    assert [topic for part in arrived for topic in part] == topics or () in map(tuple, arrived)


def test_topics_that_fit_are_named():
    assert list(packed(["a", "b"], limit=100)) == ['["a", "b"]']
    assert len(list(packed(["a" * 40, "b" * 40], limit=50))) == 2
    assert list(packed([], limit=100)) == []


def test_a_name_that_fits_nowhere_means_everything_and_ends_the_list():
    assert list(packed(["x" * 100], limit=50)) == ["[]"]


@pytest.mark.parametrize("text", ["", "hello", "{}", "[1]", '"a"', b"\xff\xfe", json.dumps(None)])
def test_what_somebody_else_wrote_means_everything(text):
    assert list(unpacked(text)) == []


def test_one_configuration_is_one_bus_for_the_whole_process(settings):
    settings.SHOPCHAT = {"BUS": {"BACKEND": "shopchat.live.bus.local.LocalBus"}}
    one, same = bus(), bus()
    settings.SHOPCHAT = {"BUS": {"BACKEND": "shopchat.live.bus.local.LocalBus", "OPTIONS": {}}}

    assert isinstance(one, LocalBus)
    assert one is same
    assert bus() is not one


def test_a_wrong_configuration_is_refused(settings):
    settings.SHOPCHAT = {"BUS": {"BACKEND": "shopchat.live.stamps.CacheStamps"}}

    with pytest.raises(ImproperlyConfigured):
        bus()
