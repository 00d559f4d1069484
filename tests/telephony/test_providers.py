"""Carriers by name, and those of one's own."""

from __future__ import annotations

import pytest

from flows_analytics.errors import TelephonyError
from flows_analytics.telephony import Telephony, extract_telephony, known_providers, providers, register_provider


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch):
    monkeypatch.setattr(providers, "_REGISTERED", {})


def test_names_count_whatever_their_case():
    assert extract_telephony({"call_id": "CA1"}, " Twilio ").provider == "twilio"


@pytest.mark.parametrize("name", ["twillio", "", None, 7])
def test_an_unknown_name_is_refused_with_those_that_are_known(name):
    register_provider("my-trunk", lambda payload: None)
    with pytest.raises(ValueError, match="unknown provider") as refused:
        extract_telephony({}, name)
    assert isinstance(refused.value, TelephonyError)
    for known in ("twilio", "telnyx", "plivo", "exotel", "jambonz", "daily", "my-trunk"):
        assert known in str(refused.value)
        assert known in known_providers()


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (("a@b", {"X-A": "1"}), ("a@b", {"X-A": "1"})),
        (["a@b", [{"name": "X-A", "value": "1"}]], ("a@b", {"X-A": "1"})),
        (("a@b", None), ("a@b", {})),
        ((None, {"X-A": 1}), (None, {"X-A": "1"})),
        ("a@b", ("a@b", {})),
        (Telephony(sip_call_id="a@b"), ("a@b", {})),
    ],
)
def test_an_extractor_of_ones_own_returns_an_id_with_its_headers(returned, expected):
    register_provider("My-Trunk", lambda payload: returned)
    found = extract_telephony({"any": "thing"}, "my-trunk")
    assert (found.provider, found.sip_call_id, found.sip_headers) == ("my-trunk", *expected)
    assert extract_telephony({}, lambda payload: returned).provider is None


async def _coroutine(payload):
    return "a@b"


class _FailingName:
    @property
    def provider(self):
        raise LookupError

    def __call__(self, payload):
        return "a@b"


def test_an_extractor_that_fails_when_asked_for_its_name_costs_nothing():
    assert extract_telephony({}, _FailingName()) is None


@pytest.mark.parametrize(
    "extractor",
    [lambda payload: 1 / 0, lambda payload: None, lambda payload: 7, lambda payload: (1, 2, 3), _coroutine],
    ids=["raises", "none", "a number", "three values", "a coroutine"],
)
def test_an_extractor_of_ones_own_that_fails_costs_nothing(extractor):
    register_provider("broken", extractor)
    assert extract_telephony({"call_id": "x"}, "broken") is None
    assert extract_telephony({"call_id": "x"}, extractor) is None


@pytest.mark.parametrize(("name", "extractor"), [("", print), ("twilio", print), ("x", None), (None, print)])
def test_a_registration_that_cannot_work_is_refused(name, extractor):
    with pytest.raises(TelephonyError) as refused:
        register_provider(name, extractor)
    assert refused.value.code == "provider_not_valid"


def test_registering_again_replaces_what_was_registered():
    register_provider("mine", lambda payload: "a@b")
    register_provider("mine", lambda payload: "c@d")
    assert extract_telephony({}, "mine").id == "c@d"
