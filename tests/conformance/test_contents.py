"""Contents drawn from a seed: unguessable, repeatable, and saying nothing of the kit."""

from __future__ import annotations

import unicodedata

import pytest

from tmfkit_conformance.drive.naming import Naming, agent
from tmfkit_conformance.payloads.attributes import is_prose
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.payloads.words import THINGS
from tmfkit_models import contracts

SEEDS = ["", "a", "b", *(str(number) for number in range(40))]
V1 = contracts.load("tmf629-v1")


def test_a_seed_gives_the_same_contents_each_time_and_another_seed_others() -> None:
    one, again, other = Contents("a"), Contents("a"), Contents("b")
    drawn = [
        (each.text("/name", 0), each.long_text("/name", 330), each.large_integer("/n")) for each in (one, again, other)
    ]
    assert drawn[0] == drawn[1]
    assert all(mine != theirs for mine, theirs in zip(drawn[0], drawn[2], strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_plain_texts_are_short_and_plain_and_the_second_is_another(seed: str) -> None:
    texts = [Contents(seed).text("/name", variant) for variant in (0, 1)]
    assert texts[0] != texts[1]
    assert all(text.isascii() and len(text) <= 40 for text in texts)
    assert all({*text.split()} & {*THINGS} for text in texts)


@pytest.mark.parametrize("seed", SEEDS)
def test_long_texts_have_marks_that_combine_and_characters_beyond_the_basic_plane(seed: str) -> None:
    text = Contents(seed).long_text("/name", 330)
    assert 330 <= len(text) <= 460
    assert any(letter > "\uffff" for letter in text)
    assert any(unicodedata.combining(letter) for letter in text)
    assert text == " ".join(text.split())
    scripts = {unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()}
    assert len(scripts) >= 3
    assert 1_100 <= len(Contents(seed).long_text("/name", 1_100)) <= 1_250


@pytest.mark.parametrize("seed", SEEDS)
def test_large_integers_have_32_bits_and_are_not_kept_in_single_precision(seed: str) -> None:
    number = Contents(seed).large_integer("/n")
    assert 2**30 <= abs(number) < 2**31
    assert number % 2 == 1


def test_names_of_a_run_say_nothing_of_the_kit_unless_it_announces_itself() -> None:
    for announce in (False, True):
        naming = Naming(Contents("a"), announce=announce)
        made = (
            naming.text_of_its_own(),
            naming.mark("name"),
            naming.unused_id(),
            naming.path(),
            *agent(announce=announce).values(),
        )
        assert ["tmfkit" in name for name in made] == [announce] * 5


def test_texts_of_a_run_rise_and_are_known_again() -> None:
    naming = Naming(Contents("a"), announce=False)
    texts = [naming.text_of_its_own() for _ in range(20)]
    assert texts == sorted(set(texts))
    assert all(naming.is_in(text) for text in (*texts, naming.mark("name"), naming.unused_id()))
    assert not naming.is_in("quiet harbour 10017")


@pytest.mark.parametrize(
    ("pointer", "is_it"),
    [
        pytest.param("/description", True, id="words"),
        pytest.param("/relatedParty/role", True, id="one-word"),
        pytest.param("/relatedParty/id", False, id="id"),
        pytest.param("/relatedParty/href", False, id="address"),
        pytest.param("/status", False, id="listed"),
        pytest.param("/contactMedium/*/medium/number", False, id="telephone"),
        pytest.param("/validFor/startDateTime", False, id="format"),
    ],
)
def test_prose_is_what_people_read(pointer: str, *, is_it: bool) -> None:
    assert is_prose(V1.at("Customer", pointer), pointer) is is_it


def test_demanding_value_is_none_where_the_vendor_configured_one() -> None:
    customer = V1.resource("customer")
    free = Payloads(V1, customer, {}, {}, {}, Contents("a"))
    told = Payloads(V1, customer, {}, {"/description": ["short", "brief"]}, {}, Contents("a"))
    assert free.demanding("/description") == Contents("a").long_text("customer/description", 330)
    assert not isinstance(told.demanding("/description"), str)
    assert len(free.demanding("/characteristic")) == 2


def test_demanding_period_has_its_end_alone_with_an_offset_and_a_list_has_a_full_member() -> None:
    customer = Payloads(V1, V1.resource("customer"), {}, {}, {}, Contents("a"))
    [(name, end)] = customer.demanding("/validFor").items()
    assert (name, end[10:]) == ("endDateTime", "T23:30:00+05:30")
    assert customer.less_demanding("/validFor") == {"endDateTime": f"{end[:10]}T18:00:00Z"}
    assert [sorted(member) for member in customer.demanding("/characteristic")] == [["name", "value"]] * 2
    contacts = Payloads(V1, V1.resource("customerAccount"), {}, {}, {}, Contents("a")).demanding("/contact")
    assert set(contacts[0]) < set(contacts[1])
