from shopchat.live.bus.base import bus
from tests.live.bus.contract import BusContract
from tests.live.bus.ears import listening


class TestLocalBus(BusContract):
    config = {"BACKEND": "shopchat.live.bus.local.LocalBus"}
    crosses_processes = False

    def test_a_listener_whose_loop_is_gone_does_not_hinder(self, carrier, monkeypatch):
        class Closed:
            def call_soon_threadsafe(self, *call):
                raise RuntimeError("Event loop is closed")

        carrier._listeners["gone"] = (Closed(), None)
        try:
            with listening(carrier) as ears:
                bus().publish(["a"])

                assert ears.hears("a")
        finally:
            del carrier._listeners["gone"]

    def test_nothing_to_say_wakes_nobody(self, carrier):
        with listening(carrier) as ears:
            carrier.publish([])
            quiet = ears.hears_nothing(0.1)
            carrier.publish(["a"])

            assert quiet
            assert ears.hears("a")
