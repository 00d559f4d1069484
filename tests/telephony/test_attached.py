"""What counts more, of all that is said of a call's telephony."""

from __future__ import annotations

import itertools

from flows_analytics.calls.telephony import Telephony
from flows_analytics.telephony.attached import Attached

CARRIER = Telephony(provider="twilio", carrier_call_id="CA1", sip_headers={"X-A": "derived", "X-B": "1"})
REAL = Telephony(provider="jambonz", sip_call_id="a@b", carrier_call_id="CA2", sip_headers={"x-a": "2", "X-C": ""})


def test_a_real_sip_call_id_takes_the_place_of_the_carriers_own_in_either_order():
    for first, second in itertools.permutations((CARRIER, REAL)):
        known = Attached().with_derived(first).with_derived(second).known
        assert (known.id, known.id_kind, known.sip_call_id) == ("a@b", "sip", "a@b")
        assert known.carrier_call_id == first.carrier_call_id
        assert known.provider == first.provider


def test_a_real_sip_call_id_is_not_replaced_by_another_nor_by_the_carriers_own():
    attached = Attached().with_derived(REAL).with_derived(Telephony(sip_call_id="c@d"))
    assert attached.with_derived(CARRIER).known.sip_call_id == "a@b"


def test_what_the_bot_gives_beats_what_is_derived_in_either_order():
    given = Telephony(sip_call_id="mine@b", sip_headers={"x-A": "given"})
    for attached in (
        Attached().with_given(given).with_derived(REAL).with_derived(CARRIER),
        Attached().with_derived(REAL).with_derived(CARRIER).with_given(given),
    ):
        known = attached.known
        assert (known.sip_call_id, known.carrier_call_id) == ("mine@b", "CA2")
        assert known.sip_headers == {"x-A": "given", "X-B": "1"}


def test_of_two_ids_that_the_bot_gives_the_first_counts():
    attached = Attached().with_given(Telephony(sip_call_id="first")).with_given(Telephony(sip_call_id="second"))
    assert attached.known.sip_call_id == "first"


def test_headers_are_put_together_the_first_value_that_is_not_empty_by_name_whatever_the_case():
    known = Attached().with_derived(CARRIER).with_derived(REAL).known
    assert known.sip_headers == {"X-A": "derived", "X-B": "1"}
    later = Attached().with_derived(REAL).with_derived(Telephony(sip_headers={"X-C": "filled"})).known
    assert later.sip_headers == {"x-a": "2", "X-C": "filled"}


def test_the_carriers_own_id_told_by_another_as_a_sip_call_id_is_still_the_carriers():
    known = Attached().with_given(Telephony(sip_call_id="CA1")).with_derived(CARRIER).known
    assert (known.id, known.id_kind, known.sip_call_id) == ("CA1", "carrier", None)


def test_the_carriers_own_id_in_the_place_of_a_sip_call_id_makes_room_for_a_real_one():
    stand_in, real = Telephony(sip_call_id="CA1"), CARRIER.model_copy(update={"sip_call_id": "a@b"})
    for attached in (
        Attached().with_given(stand_in).with_derived(real),
        Attached().with_derived(real).with_given(stand_in),
        Attached().with_derived(stand_in).with_derived(real),
        Attached().with_given(stand_in).with_given(real),
        Attached().with_derived(stand_in).with_derived(CARRIER).with_derived(Telephony(sip_call_id="a@b")),
    ):
        assert (attached.known.id, attached.known.carrier_call_id) == ("a@b", "CA1")


def test_nothing_said_is_nothing_known():
    assert Attached().known is None
    assert Attached().with_given(Telephony()).known is None
