"""Sets of texts with wildcards, against enumeration of short texts."""

from __future__ import annotations

import itertools

import pytest
from delegation_pack.iam import patterns
from delegation_pack.iam.patterns import (
    ANY,
    ANYTHING,
    SEPARATOR,
    Budget,
    TooComplexError,
    between,
    fields,
    folded,
    union,
    word,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ALPHABET = "ab:"
SHORT = ["".join(letters) for length in range(6) for letters in itertools.product(ALPHABET, repeat=length)]
PATTERNS = st.lists(st.sampled_from([*ALPHABET, ANY, ANYTHING]), max_size=4).map("".join)
UNIONS = st.frozensets(PATTERNS, min_size=1, max_size=2)


def matches(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == ANYTHING:
        return matches(pattern[1:], text) or (bool(text) and matches(pattern, text[1:]))
    return bool(text) and pattern[0] in (ANY, text[0]) and matches(pattern[1:], text[1:])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(UNIONS, min_size=1, max_size=2), st.lists(UNIONS, max_size=2), st.booleans())
def test_word_is_found_exactly_if_there_is_one(
    inside: list[frozenset[str]], without: list[frozenset[str]], together: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patterns, "_STEPS_TOGETHER", patterns.MAX_STEPS if together else 0)
        patterns._word.cache_clear()
        check_word(inside, without)
    patterns._word.cache_clear()


def check_word(inside: list[frozenset[str]], without: list[frozenset[str]]) -> None:
    found = word(map(union, inside), map(union, without), Budget())
    fitting = [
        text
        for text in SHORT
        if all(any(matches(p, text) for p in one) for one in inside)
        and not any(matches(p, text) for one in without for p in one)
    ]
    if found is None:
        assert not fitting
    else:
        assert all(any(matches(p, found) for p in one) for one in inside)
        assert not any(matches(p, found) for one in without for p in one)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(PATTERNS, PATTERNS, PATTERNS, st.sampled_from(SHORT[:121]))
def test_between_holds_what_can_stand_there(whole: str, before: str, after: str, middle: str) -> None:
    """If a text fits as a whole, its middle is in one of the parts."""
    outer = (
        [text for text in SHORT[:40] if matches(before, text)],
        [text for text in SHORT[:40] if matches(after, text)],
    )
    fits = any(matches(whole, start + middle + end) for start, end in itertools.product(*outer))
    if fits:
        assert any(matches(part, middle) for part in between(whole, before, after))


@pytest.mark.parametrize(
    ("whole", "before", "after", "parts"),
    [
        ("pq", "p", "", {"q"}),
        ("pq", "x", "", set()),
        ("p" + ANYTHING, "p", "q", {"", ANYTHING}),
        ("p:" + ANY + ":q", "p:", ":q", {ANY}),
    ],
)
def test_parts_between(whole: str, before: str, after: str, parts: set[str]) -> None:
    assert between(whole, before, after) == parts


@pytest.mark.parametrize(
    ("pattern", "text", "fits"), [("aB-1", "Ab-1", True), ("aB", "abc", False), ("\xe9", "\xc9", True)]
)
def test_folded_patterns_ignore_case(pattern: str, text: str, fits: bool) -> None:
    assert (text in union([folded(pattern)])) is fits


def test_wildcards_of_an_arn_stay_in_their_field() -> None:
    pattern = fields(f"arn:{ANYTHING}:iam::{ANY}:role/{ANYTHING}")
    assert pattern is not None
    assert "arn:aws:iam::1:role/a:b" in union([pattern])
    assert "arn:aws:x:iam::1:role/a" not in union([pattern])
    assert fields("arn:aws:iam") is None


def test_unwanted_end_does_not_reach_over_the_separator() -> None:
    whole = "a" + ANYTHING + SEPARATOR + "b"
    assert word([union([whole])], [union(["a" + ANYTHING])], Budget()) == f"a{SEPARATOR}b"
    assert word([union([whole])], [union(["a" + ANYTHING + SEPARATOR + ANYTHING])], Budget()) is None


def test_alternatives_that_cannot_meet_cost_little() -> None:
    stages = [ANYTHING.join(f"-{kind}-{i}-" for i in range(4)) for kind in ("deploy", "file", "image", "lookup")]
    wanted = [union(f"r/x{kind}" + ANYTHING + stage + ANYTHING for kind in "abcd" for stage in stages)]
    unwanted = [union(f"r/y{kind}" + ANYTHING + stage for kind in "abcd" for stage in stages)]
    assert word([*wanted, union(["r/" + ANYTHING + "!"])], unwanted, Budget(60_000))
    assert word([*wanted, union(["r/y" + ANYTHING])], unwanted, Budget(100)) is None


def test_many_patterns_that_all_meet_stay_within_the_bound() -> None:
    many = [union(ANYTHING.join(["", *f"{i:04d}", letter]) for i in range(1000)) for letter in "ab"]
    with pytest.raises(TooComplexError):
        word(many, [], Budget())


def test_walk_beyond_the_budget_is_an_error() -> None:
    wide = [union([ANYTHING + letter + ANY * 12]) for letter in "abcdef"]
    with pytest.raises(TooComplexError):
        word([union([ANYTHING + "!" + ANYTHING + "?"])], wide, Budget(steps=50))
