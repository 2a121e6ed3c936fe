from abc import ABC, abstractmethod

import pytest
from django.core.exceptions import ImproperlyConfigured

from shopchat.core.backends import load, load_once

HERE = __name__


class Lamp(ABC):
    @abstractmethod
    def shine(self): ...


class DeskLamp(Lamp):
    def __init__(self, WATTS: int = 5):  # noqa: N803 options are in upper case
        self.watts = WATTS

    def shine(self):
        return self.watts


class BrokenLamp(Lamp):
    pass


def test_a_back_end_is_made_with_its_options():
    lamp = load({"BACKEND": f"{HERE}.DeskLamp", "OPTIONS": {"WATTS": 7}}, Lamp)

    assert isinstance(lamp, DeskLamp)
    assert lamp.shine() == 7
    assert load({"BACKEND": f"{HERE}.DeskLamp"}, Lamp).shine() == 5


def test_what_says_the_same_is_made_once():
    def config(watts):
        return {"BACKEND": f"{HERE}.DeskLamp", "OPTIONS": {"WATTS": watts}}

    lamp = load_once(config([7]), Lamp)  # a list has no hash

    assert load_once(config([7]), Lamp) is lamp
    assert load_once(config([8]), Lamp).shine() == [8]
    assert load(config([7]), Lamp) is not lamp


@pytest.mark.parametrize(
    ("config", "remedy"),
    [
        ({}, rf"BACKEND is missing: set it to the dotted path of a subclass of {HERE}.Lamp"),
        ({"BACKEND": 7}, "BACKEND is missing"),
        ({"BACKEND": f"{HERE}.DeskLamp", "OPTION": {}}, "Unknown key OPTION .*Only BACKEND and OPTIONS"),
        ({"BACKEND": "no.such.Lamp"}, "cannot be imported: No module named 'no'.* install the package"),
        ({"BACKEND": f"{HERE}.NoLamp"}, "cannot be imported: .*NoLamp"),
        ({"BACKEND": "lamp"}, "cannot be imported"),
        ({"BACKEND": f"{HERE}.HERE"}, "not a subclass of"),
        ({"BACKEND": "decimal.Decimal"}, "not a subclass of"),
        ({"BACKEND": f"{HERE}.BrokenLamp"}, "cannot be used until it has: shine"),
        ({"BACKEND": f"{HERE}.DeskLamp", "OPTIONS": ["WATTS"]}, "OPTIONS of .*DeskLamp must be a dict"),
        ({"BACKEND": f"{HERE}.DeskLamp", "OPTIONS": {"VOLTS": 1}}, "unexpected .*'VOLTS'.* It takes: WATTS"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(config, remedy):
    with pytest.raises(ImproperlyConfigured, match=remedy):
        load(config, Lamp)
