"""The values worth telling apart of numbers, times and addresses: those that a document's comparisons tell apart."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from delegation_pack.iam import keys
from delegation_pack.iam.conditions import Check, canonical
from delegation_pack.iam.document import Document
from delegation_pack.iam.operators import Networks, Number, Span, network

_SOME_DAY = 1_767_225_600  # 2026-01-01
_NICE = {
    4: int(ipaddress.ip_address("198.51.100.7")),
    6: int(ipaddress.ip_address("2001:db8::7")),
}
_BITS = {4: 32, 6: 128}


def counts(bounds: Iterable[Number]) -> list[str]:
    """Whole numbers from 0, one for each way they can compare with the bounds."""
    near = {whole for bound in bounds for whole in (floor(bound) - 1, floor(bound), ceil(bound), ceil(bound) + 1)}
    return [str(value) for value in sorted({0, *near}) if value >= 0]


def quantities(bounds: Iterable[Number]) -> list[str]:
    """Numbers, one for each way they can compare with the bounds."""
    cuts = sorted({Fraction(bound) for bound in bounds} | {Fraction(0)})
    middles = [(low + high) / 2 for low, high in pairwise(cuts)]
    return [_decimal(value) for value in (*cuts, *middles, cuts[0] - 1, cuts[-1] + 1)]


def _decimal(value: Fraction) -> str:
    # Bounds are decimals, so the division is exact.
    return format(Decimal(value.numerator) / Decimal(value.denominator), "f")


def times(bounds: Iterable[Number]) -> list[str]:
    """Points in time (ISO 8601, whole seconds), one for each way they can compare with the bounds."""
    seconds = {_SOME_DAY} | {int(text) for text in counts(bounds)} if (bounds := list(bounds)) else {_SOME_DAY}
    start = datetime(1970, 1, 1, tzinfo=UTC)
    latest = int((datetime(9999, 12, 31, tzinfo=UTC) - start).total_seconds())
    return [
        (start + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for second in sorted(seconds)
        if second <= latest
    ]


class AddressValues(tuple[str | None, ...]):
    """IPv4 and IPv6 addresses, one of each cell that some spans cut out, and at the end None for "absent"."""

    places: list[tuple[int, int]]
    """IP version and first address of each cell, in order."""

    @classmethod
    def of(cls, spans: Iterable[Span]) -> AddressValues:
        """The values for the cells of these spans."""
        parts = cells(spans)
        found = cls((*map(_example, parts), None))
        found.places = [(version, first) for version, first, _ in parts]
        return found

    def masks(self, networks: Networks, negated: bool, when_absent: bool) -> tuple[int, int]:
        """The values for which a comparison with networks, cut along the cells, is true and is false."""
        within = 0
        for version, first, last in networks.spans:
            start, end = bisect_left(self.places, (version, first)), bisect_right(self.places, (version, last))
            within |= (1 << end) - (1 << start)
        present, absent = (1 << len(self.places)) - 1, 1 << len(self.places)
        true = (present & ~within if negated else within) | (absent if when_absent else 0)
        return true, (present | absent) & ~true


def cells(spans: Iterable[Span]) -> list[Span]:
    """The parts into which the spans cut the IPv4 and the IPv6 addresses."""
    cuts: dict[int, set[int]] = {version: {0, 1 << bits} for version, bits in _BITS.items()}
    for version, first, last in spans:
        cuts[version] |= {first, last + 1}
    return [(v, first, after - 1) for v, edges in cuts.items() for first, after in pairwise(sorted(edges))]


def _example(cell: Span) -> str:
    version, first, last = cell
    address = _NICE[version] if first <= _NICE[version] <= last else first
    return str(ipaddress.IPv4Address(address) if version == 4 else ipaddress.IPv6Address(address))


@dataclass(frozen=True)
class AddressClass:
    """Source addresses that some documents do not tell apart."""

    example: str | None
    """One of them; None for requests without a source address, as through a VPC endpoint."""
    spans: tuple[Span, ...]
    """All of them, in order."""


def address_classes(documents: Iterable[Document]) -> tuple[AddressClass, ...]:
    """Requests without a source address, then all addresses, by what the conditions on aws:SourceIp make of them."""
    conditions = {
        condition
        for document in documents
        for statement in document.statements
        for condition in statement.conditions
        if canonical(condition.key) == keys.SOURCE_IP
    }
    # No operator that can tell addresses apart knows policy variables.
    checks = [Check(condition, False, lambda _: None) for condition in conditions]
    spans = [span for condition in conditions for value in condition.values if (span := network(value))]
    found: dict[tuple[bool | None, ...], list[Span]] = {}
    for cell in cells(spans):
        found.setdefault(tuple(check.holds((_example(cell),)) for check in checks), []).append(cell)
    return (AddressClass(None, ()), *(AddressClass(_example(those[0]), tuple(those)) for those in found.values()))
