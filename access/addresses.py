"""Sets of source addresses, as policies cut them out."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from delegation_pack.iam import Span, merged

_LAST = {4: (1 << 32) - 1, 6: (1 << 128) - 1}
_SHOWN = 6


@dataclass(frozen=True)
class Addresses:
    """A set of IPv4 and IPv6 addresses, and whether requests without one (through VPC endpoints) belong to it."""

    spans: tuple[Span, ...]
    """In order, neither overlapping nor adjacent."""
    endpoints: bool = False

    @classmethod
    def of(cls, spans: Iterable[Span], *, endpoints: bool = False) -> Addresses:
        """Make a set of spans in any order."""
        return cls(merged(spans), endpoints)

    def __bool__(self) -> bool:
        return bool(self.spans) or self.endpoints

    def __or__(self, other: Addresses) -> Addresses:
        return Addresses.of((*self.spans, *other.spans), endpoints=self.endpoints or other.endpoints)

    def __and__(self, other: Addresses) -> Addresses:
        return ~(~self | ~other)

    def __sub__(self, other: Addresses) -> Addresses:
        return self & ~other

    def __invert__(self) -> Addresses:
        found = []
        for version, end in _LAST.items():
            start = 0
            for _, first, last in (span for span in self.spans if span[0] == version):
                if first > start:
                    found.append((version, start, first - 1))
                start = last + 1
            if start <= end:
                found.append((version, start, end))
        return Addresses(tuple(found), not self.endpoints)

    def __contains__(self, address: str) -> bool:
        number = ipaddress.ip_address(address)
        return any(v == number.version and first <= int(number) <= last for v, first, last in self.spans)

    @property
    def unrestricted(self) -> bool:
        """Whether every address belongs to it."""
        return not (~self).spans

    @cached_property
    def networks(self) -> Sequence[str]:
        """The addresses as CIDRs."""
        return [str(network) for span in self.spans for network in _networks(span)]

    def __str__(self) -> str:
        if not self:
            return "nowhere"
        if self.unrestricted:
            return "anywhere" if self.endpoints else "anywhere but VPC endpoints"
        rest = ~self
        inverse = len(rest.spans) < len(self.spans)
        spans, shown = (rest.spans, "anywhere but ") if inverse else (self.spans, "")
        networks = [str(network) for span in spans for network in _networks(span)]
        more = f" and {len(networks) - _SHOWN} more networks" if len(networks) > _SHOWN else ""
        texts = [*filter(None, [", ".join(networks[:_SHOWN]) + more])]
        if (self.endpoints and not inverse) or (inverse and not self.endpoints):
            texts.append("VPC endpoints")
        return shown + " and ".join(texts)


def _networks(span: Span) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    version, first, last = span
    if version == 4:
        return ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last))
    return ipaddress.summarize_address_range(ipaddress.IPv6Address(first), ipaddress.IPv6Address(last))


NOWHERE = Addresses(())
EVERYWHERE = ~NOWHERE
