"""What a check says: findings with stable codes, and the report that holds them.

``codes.tsv`` beside this module lists every code with its severity and its meaning. An *error* is something that loses
data, that a reader may stumble over, or that the next writer would make worse; a *warning* is against the format
but harms nobody yet; a *note* is worth knowing and may well be what Outlook itself left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

Progress = Callable[[str, int, int], None]
"""Called as a long run goes on, with the name of the stage, what is done of it, and its total."""

LIMIT = 200
"""Findings of one code that a report holds; more are only counted."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: what kind of thing, in kebab case; stable, so that programs may depend on it.
        severity: how bad it is.
        text: the same for people, with the figures.
        nid: the node concerned, for a subnode the node that it belongs to.
        bid: the block or page concerned.
        offset: the place in the file, in bytes.
    """

    code: str
    severity: Severity
    text: str
    nid: int | None = None
    bid: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        named = (("nid", self.nid), ("bid", self.bid), ("offset", self.offset))
        place = ", ".join(f"{name} {value:#x}" for name, value in named if value is not None)
        return f"{self.severity} {self.code}: {self.text}" + (f" ({place})" if place else "")


@dataclass(frozen=True, slots=True)
class Counts:
    """What a check saw."""

    bytes: int = 0
    pages: int = 0
    blocks: int = 0
    nodes: int = 0
    folders: int = 0
    search_folders: int = 0
    messages: int = 0
    associated: int = 0
    embedded: int = 0
    recipients: int = 0
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    Attributes:
        findings: in the order in which they were made, at most `LIMIT` of each code.
        counts: what was looked at.
        suppressed: by code, how many findings there were beyond `LIMIT`.
    """

    findings: tuple[Finding, ...]
    counts: Counts
    suppressed: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def clean(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all errors and warnings."""
        return frozenset(finding.code for finding in self.findings if finding.severity is not Severity.NOTE)

    def count(self, severity: Severity) -> int:
        """Return how many findings there are of a severity, those left out of the report included."""
        more = sum(count for code, count in self.suppressed.items() if severity_of(code) is severity)
        return sum(1 for finding in self.findings if finding.severity is severity) + more


class Findings:
    """Findings while they are being made.

    Args:
        limit: findings of one code that are kept; of the rest only the number is.

    Attributes:
        by_node: by NID, the codes of all errors and warnings about it, also beyond `LIMIT`.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._made: list[Finding] = []
        self._counts: dict[str, int] = {}
        self._total = 0
        self.by_node: dict[int, set[str]] = {}

    def add(
        self, code: str, text: str, *, nid: int | None = None, bid: int | None = None, offset: int | None = None
    ) -> None:
        """Note a finding; the code says its severity."""
        severity = severity_of(code)
        count = self._counts.get(code, 0) + 1
        self._counts[code] = count
        self._total += 1
        if nid is not None and severity is not Severity.NOTE:
            self.by_node.setdefault(nid, set()).add(code)
        if count <= self._limit:
            self._made.append(Finding(code, severity, text, nid, bid, offset))

    def __len__(self) -> int:
        return self._total

    def report(self, counts: Counts) -> Report:
        """Return the report of what was found."""
        suppressed = {code: count - self._limit for code, count in self._counts.items() if count > self._limit}
        return Report(tuple(self._made), counts, MappingProxyType(suppressed))


@cache
def codes() -> Mapping[str, tuple[Severity, str]]:
    """Return severity and meaning of every code that a finding may have."""
    table = {}
    for line in files(__package__).joinpath("codes.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            code, severity, meaning = line.split("\t")
            table[code] = Severity(severity), meaning
    return MappingProxyType(table)


def severity_of(code: str) -> Severity:
    """Return the severity of a code.

    Raises:
        KeyError: there is no such code.
    """
    return codes()[code][0]
