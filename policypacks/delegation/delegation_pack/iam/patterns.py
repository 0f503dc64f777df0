"""Sets of texts written with wildcards, and whether some text lies in all of these and in none of those.

A pattern is a string whose characters stand for themselves, but for the tokens below, which lie outside Latin-1
(documents with such characters are refused). A language is a union of patterns, run as one bit-parallel automaton: bit
i of a state says that position i can be reached. Intersections and differences are decided by walking the automata
together, so the answers are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from heapq import heappop, heappush

SEPARATOR = "\n"
"""Stands between the ARN and the unique id of a caller; in no value of a document."""

_LATIN = "".join(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100)))
_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_CLASSES = [
    frozenset(_LATIN),
    frozenset(_LATIN) - {":"},
    frozenset(_DIGITS),
    frozenset(_LOWER.upper() + _DIGITS),
    frozenset(_LOWER + _LOWER.upper() + _DIGITS + "_+=,.@-"),
    # IAM lets a path hold colons. Nobody's does, and "*:role/*" would be about such paths too.
    frozenset(chr(code) for code in range(0x21, 0x7F)) - {":"},
    frozenset(_LOWER + _DIGITS + "-"),
]
_FIRST_TOKEN, _FIRST_FOLDED = 0xE000, 0xF000
ANY, FIELD, DIGIT, ID, NAME, PATH, WORD = (chr(_FIRST_TOKEN + 2 * i) for i in range(len(_CLASSES)))
"""One character: any, any but a colon, a digit, of a unique id, of an IAM name, of an IAM path, of an action in lower
case."""
ANYTHING, FIELDS, DIGITS, IDS, NAMES, PATHS, WORDS = (
    chr(ord(token) + 1) for token in (ANY, FIELD, DIGIT, ID, NAME, PATH, WORD)
)
"""Any number of such characters."""

# Tried in this order for "a character that no pattern names", because they show up in counterexamples. Each text holds
# characters that the classes above do not tell apart.
_FRESH = (
    *(
        _LOWER[23:] + _LOWER[:23],
        _DIGITS[::-1],
        _LOWER.upper()[23:] + _LOWER.upper()[:23],
        "-",
        "_.@=+,",
        "/",
        ":",
    ),
    *("!\"#$%&'()*;<>?[\\]^`{|}~", " " + _LATIN[95:]),
)

MAX_STEPS = 150_000
"""Steps that one decision may take: characters fed to automata, and clauses looked at."""
_STEPS_TOGETHER, _MOST_STEPS_TOGETHER = 1_500, 12_000
"""Steps, for each language and at most, after which patterns are no longer run at once but one after the other."""
_STEPS_BROADLY = 1_000
"""Steps after which a text is looked for by going on where the least is missing, no longer the shortest one."""


class TooComplexError(Exception):
    """A decision went beyond its stated bounds."""


class Budget:
    """What one decision may still spend; answers from a cache cost the same, so no verdict depends on earlier ones."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps
        self.asked: set[tuple[frozenset[Language], frozenset[Language]]] = set()

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooComplexError


@cache
def _members(token: str) -> frozenset[str]:
    code = ord(token)
    if code < _FIRST_TOKEN:
        return frozenset(token)
    if code < _FIRST_FOLDED:
        return _CLASSES[(code - _FIRST_TOKEN) // 2]
    letter = chr(code - _FIRST_FOLDED)
    return frozenset({letter, letter.upper()})


def _is_star(token: str) -> bool:
    return _FIRST_TOKEN <= ord(token) < _FIRST_FOLDED and ord(token) % 2 == 1


def is_literal(pattern: str) -> bool:
    """Whether the pattern matches itself only."""
    return max(pattern, default="") < chr(_FIRST_TOKEN)


def folded(text: str) -> str:
    """The pattern of a text in any mix of cases."""
    return "".join(
        chr(_FIRST_FOLDED + ord(c.lower())) if c.lower() != c.upper() and c.upper() <= "\xff" else c for c in text
    )


def fields(pattern: str) -> str | None:
    """The pattern with ARN semantics: six fields, wildcards staying within the first five; None if it has not six."""
    if pattern == ANYTHING:
        return ":".join([FIELDS] * 5) + ":" + ANYTHING
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return None
    return ":".join(part.replace(ANY, FIELD).replace(ANYTHING, FIELDS) for part in parts[:5]) + ":" + parts[5]


class _Automaton:
    """All patterns of a union run at once."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.named: dict[str, int] = {}
        self.classes: list[tuple[frozenset[str], int, int]] = []
        self.open = self.skipped = self.accepting = self.endless = start = 0
        self._patterns = tuple(patterns)
        self._tokens = SEPARATOR.join(self._patterns)
        """The token at each position; a separator stands for the end of a pattern too."""
        places: dict[str, list[int]] = {}
        position = 0
        for pattern in self._patterns:
            start |= 1 << position
            for token in pattern:
                places.setdefault(token, []).append(position)
                position += 1
            self.accepting |= 1 << position
            if pattern.endswith(ANYTHING):
                self.endless |= 1 << position - 1
            position += 1
        for token, where in places.items():
            mask = _mask(where, position)
            if _FIRST_TOKEN <= ord(token) < _FIRST_FOLDED:
                self.open |= mask
                self.skipped |= mask if _is_star(token) else 0
                self.classes.append((_members(token), 0, mask) if _is_star(token) else (_members(token), mask, 0))
                continue
            for char in _members(token):
                self.named[char] = self.named.get(char, 0) | mask
        self.moves: dict[str, tuple[int, int]] = {}
        self.start = self._closed(start)
        self._by_name = 0
        for mask in self.named.values():
            self._by_name |= mask
        self._missing: dict[int, int] = {}
        self._distances: dict[int, int] = {}

    def distance(self, state: int) -> int:
        """How many characters are at least missing until a pattern matches."""
        known = self._distances.get(state)
        if known is None:
            missing = self._missing or self._count_missing()
            known = self._distances[state] = min(count for count, mask in missing.items() if mask & state)
        return known

    def _count_missing(self) -> dict[int, int]:
        """The positions, as a mask, by the number of characters that are at least missing there."""
        end = 0
        for pattern in self._patterns:
            end += len(pattern)
            missing = 0
            for i in range(len(pattern) + 1):
                missing += i > 0 and not _is_star(pattern[-i])
                self._missing[missing] = self._missing.get(missing, 0) | 1 << end - i
            end += 1
        return self._missing

    def _closed(self, state: int) -> int:
        while (wider := state | (state & self.skipped) << 1) != state:
            state = wider
        return state

    def names(self, state: int) -> frozenset[str]:
        """The characters that a pattern asks for by name here."""
        found = set[str]()
        left = state & self._by_name
        while left:
            lowest = left & -left
            found |= _members(self._tokens[lowest.bit_length() - 1])
            left ^= lowest
        return frozenset(found)

    def step(self, state: int, char: str) -> int:
        moves = self.moves.get(char)
        if moves is None:
            onward, stay = self.named.get(char, 0), 0
            for members, more, loop in self.classes:
                if char in members:
                    onward |= more
                    stay |= loop
            moves = self.moves[char] = onward, stay
        state = (state & moves[0]) << 1 | state & moves[1]
        return self._closed(state) if state & self.skipped else state

    def accepts(self, text: str) -> bool:
        state = self.start
        for char in text:
            state = self.step(state, char)
            if not state:
                return False
        return bool(state & self.accepting)


def _mask(positions: Sequence[int], length: int) -> int:
    if len(positions) < 16:
        return sum(1 << position for position in positions)
    bits = bytearray(length // 8 + 1)
    for position in positions:
        bits[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(bits, "little")


class Language:
    """A union of patterns. Make it with `union`, so that equal ones are one object."""

    __slots__ = ("_automaton", "_known", "_wild", "literals", "patterns")

    def __init__(self, patterns: frozenset[str]) -> None:
        self.patterns = patterns
        self.literals = frozenset(filter(is_literal, patterns))
        self._known: dict[str, bool] = {}
        self._automaton: _Automaton | None = None
        self._wild: _Automaton | None = None

    @property
    def is_finite(self) -> bool:
        """Whether no pattern matches more than itself."""
        return len(self.literals) == len(self.patterns)

    def __contains__(self, text: str) -> bool:
        if text in self.literals:
            return True
        if self.is_finite:
            return False
        known = self._known.get(text)
        if known is None:
            if self._wild is None:
                self._wild = _Automaton(self.patterns - self.literals)
            known = self._known[text] = self._wild.accepts(text)
        return known

    @property
    def automaton(self) -> _Automaton:
        if self._automaton is None:
            self._automaton = _Automaton(self.patterns)
        return self._automaton


@lru_cache(maxsize=1 << 12)
def _language(patterns: frozenset[str]) -> Language:
    return Language(patterns)


def union(patterns: Iterable[str]) -> Language:
    """The language of these patterns."""
    return _language(frozenset(patterns))


def nonempty(language: Language) -> Language:
    """The language of a document's texts without the empty text."""
    kept = (pattern for pattern in language.patterns if pattern)
    return union(ANY + ANYTHING if not pattern.strip(ANYTHING) else pattern for pattern in kept)


def word(inside: Iterable[Language], without: Iterable[Language], budget: Budget) -> str | None:
    """A short text that is in each of the first languages and in none of the others; None if there is none.

    Raises:
        TooComplexError: the budget is spent.
    """
    asked = frozenset(inside), frozenset(without)
    text, steps = _word(*asked)
    if asked not in budget.asked:
        budget.asked.add(asked)
        budget.spend(steps)
    return text


@lru_cache(maxsize=1 << 12)
def _word(inside: frozenset[Language], without: frozenset[Language]) -> tuple[str | None, int]:
    if inside & without:
        return None, 1
    finite = next((one for one in inside if one.is_finite), None)
    if finite is None:
        return _search(inside, without)
    fitting = (
        t for t in sorted(finite.literals) if all(t in one for one in inside) and not any(t in one for one in without)
    )
    return next(fitting, None), len(finite.literals)


def _search(inside: frozenset[Language], without: frozenset[Language]) -> tuple[str | None, int]:
    """`_word` among languages with wildcards, by what is cheap first."""
    budget = Budget()
    try:
        text = _in_steps(inside, without, budget)
    except TooComplexError:
        return None, MAX_STEPS + 1
    return text, MAX_STEPS - budget.left


def _in_steps(inside: frozenset[Language], without: frozenset[Language], budget: Budget) -> str | None:
    """Walk a little; if that does not tell, leave out what is covered anyway; then take patterns one by one."""
    most = min(_STEPS_TOGETHER * (len(inside) + len(without)), _MOST_STEPS_TOGETHER)
    if not without and sum(len(one.patterns) > 1 for one in inside) < 2:
        # Nothing to leave out, and little to take apart.
        most = budget.left
    text, steps = _walk(inside, without, most)
    budget.spend(steps)
    if steps <= most:
        return text
    rest = frozenset(_uncovered(one, without, budget) for one in inside)
    if not all(one.patterns for one in rest):
        return None
    if rest != inside:
        text, steps = _word(rest, without)
        budget.spend(steps)
        return text
    return _one_by_one(inside, without, budget)


def _one_by_one(inside: frozenset[Language], without: frozenset[Language], budget: Budget) -> str | None:
    """Take the patterns of the widest language in turn, each against only those of the others that share a text."""
    split = max(inside, key=lambda one: (len(one.patterns), sorted(one.patterns)))
    for pattern in sorted(split.patterns):
        chosen = union([pattern])
        narrowed = frozenset(_meeting(one, chosen, budget) for one in inside - {split}) | {chosen}
        if not all(one.patterns for one in narrowed):
            continue
        rest = without
        for wanted in narrowed:
            rest = frozenset(_meeting(one, wanted, budget) for one in rest)
        if not all(_uncovered(wanted, rest, budget).patterns for wanted in narrowed):
            continue
        text, steps = _word(narrowed, rest) if len(split.patterns) > 1 else _walk(narrowed, rest, budget.left)
        budget.spend(steps)
        if text is not None:
            return text
    return None


def _meeting(language: Language, other: Language, budget: Budget) -> Language:
    """The patterns of a language that share a text with one of the other's."""

    def meets(pattern: str, another: str) -> bool:
        seen = _pairs(pattern, another)
        budget.spend(len(seen))
        return (len(another), len(pattern)) in seen

    return union(p for p in language.patterns if any(meets(p, q) for q in sorted(other.patterns)))


def _uncovered(language: Language, others: Iterable[Language], budget: Budget) -> Language:
    """The patterns of a language that cannot be read as one that a pattern of the others takes in."""
    wide = frozenset(pattern for other in others for pattern in other.patterns)

    def covers(pattern: str, another: str) -> bool:
        budget.spend(1)
        if _literal_start(pattern)[: len(start := _literal_start(another))] != start[: len(_literal_start(pattern))]:
            return False
        seen = _pairs(pattern, another, whole=True)
        budget.spend(len(seen))
        return (len(another), len(pattern)) in seen

    return union(p for p in language.patterns if p not in wide and not any(covers(q, p) for q in sorted(wide)))


@lru_cache(maxsize=1 << 12)
def _literal_start(pattern: str) -> str:
    """What a pattern begins with, up to its first token."""
    return pattern[: next((i for i, char in enumerate(pattern) if char >= chr(_FIRST_TOKEN)), len(pattern))]


_State = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]


def _walk(inside: Iterable[Language], without: Iterable[Language], most: int) -> tuple[str | None, int]:
    """Run all automata side by side; of the unwanted ones only those that still can match.

    Breadth first, so that the text is short; where that takes long, towards what all the wanted ones accept.
    """
    wanted, unwanted = ([one.automaton for one in languages] for languages in (inside, without))
    start: _State = (
        tuple(a.start for a in wanted),
        tuple((i, a.start) for i, a in enumerate(unwanted)),
    )
    # What a last `*` of an unwanted pattern has taken hold of stays unwanted, unless the text can go on to a caller's
    # unique id.
    ends = not any(SEPARATOR in a.named for a in wanted)
    texts = {start: ""}
    queue: list[tuple[int, int, _State]] = [(0, 0, start)]
    steps = 0
    while queue and steps <= most:
        _, _, here = heappop(queue)
        good, bad = here
        if ends and any(state & unwanted[i].endless for i, state in bad):
            continue
        if all(s & a.accepting for s, a in zip(good, wanted, strict=True)) and not any(
            s & unwanted[i].accepting for i, s in bad
        ):
            return texts[here], steps
        for char in _choices(list(zip(good, wanted, strict=True)), [(s, unwanted[i]) for i, s in bad]):
            steps += len(good) + len(bad)
            onward = tuple(a.step(s, char) for s, a in zip(good, wanted, strict=True))
            if not all(onward):
                continue
            there = (
                onward,
                tuple((i, after) for i, s in bad if (after := unwanted[i].step(s, char))),
            )
            if there not in texts:
                texts[there] = texts[here] + char
                far = sum(a.distance(s) for s, a in zip(onward, wanted, strict=True)) if steps > _STEPS_BROADLY else 0
                heappush(queue, (far, len(texts), there))
    return None, steps


def _choices(wanted: list[tuple[int, _Automaton]], unwanted: list[tuple[int, _Automaton]]) -> Iterable[str]:
    """One character of each kind that the automata tell apart here."""
    closed = [a.names(state) for state, a in wanted if not state & a.open]
    if closed:
        return sorted(frozenset.intersection(*closed))
    named = frozenset().union(
        *(a.names(state) for state, a in wanted),
        *(a.names(state) for state, a in unwanted),
    )
    fresh = (next((char for char in cell if char not in named), None) for cell in _FRESH)
    return [*filter(None, fresh), *sorted(named)]


def between(pattern: str, before: str, after: str) -> set[str]:
    """The parts of `pattern` that are left for a text that stands between one like `before` and one like `after`."""
    length = len(pattern)
    starts = _reach(pattern, before)
    ends = {length - i for i in _reach(pattern[::-1], after[::-1])}
    # A text that ends within a repetition may go on repeating.
    ends = {j + 1 if j < length and _is_star(pattern[j]) else j for j in ends}
    return {pattern[i:j] for i in starts for j in ends if i <= j}


def meet(pattern: str, other: str) -> bool:
    """Whether some text matches both patterns."""
    return (len(other), len(pattern)) in _pairs(pattern, other)


def _reach(pattern: str, prefix: str) -> set[int]:
    """The positions of `pattern` that some text matching all of `prefix` can lead to."""
    return {j for i, j in _pairs(pattern, prefix) if i == len(prefix)}


def _pairs(pattern: str, prefix: str, *, whole: bool = False) -> frozenset[tuple[int, int]]:
    """The positions of `prefix` and `pattern` that one text can lead to; with `whole`, all texts of `prefix`."""
    seen = {(0, 0)}
    stack = [(0, 0)]
    while stack:
        i, j = stack.pop()
        onward = []
        repeats = j < len(pattern) and _is_star(pattern[j])
        if repeats:
            onward.append((i, j + 1))
        if i < len(prefix):
            loops = _is_star(prefix[i])
            if loops and not whole:
                onward.append((i + 1, j))
            if j < len(pattern):
                ours, theirs = _members(pattern[j]), _members(prefix[i])
                if whole:
                    onward += [(i + 1, j + (not repeats))] if theirs <= ours and (repeats or not loops) else []
                elif ours & theirs:
                    onward.append((i + (not loops), j + (not repeats)))
        for place in onward:
            if place not in seen:
                seen.add(place)
                stack.append(place)
    return frozenset(seen)
