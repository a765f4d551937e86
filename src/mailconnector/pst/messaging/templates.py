"""Table templates: the empty tables whose columns every new table of their kind has ([MS-PST] 2.4.4.4 and others)."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

from mailconnector.mapi.types import PropertyType

_STRING_TYPES: dict[int, int] = {
    PropertyType.STRING: PropertyType.STRING8,
    PropertyType.MULTIPLE_STRING: PropertyType.MULTIPLE_STRING8,
}


class Template(NamedTuple):
    """A table template: its node, its name in ``templates.tsv`` and its columns."""

    nid: int
    name: str
    columns: tuple[int, ...]


@cache
def templates(*, ansi: bool = False) -> dict[str, Template]:
    """Return the table templates by name."""
    found = {}
    for line in files(__package__).joinpath("templates.tsv").read_text("ascii").splitlines():
        if not line.startswith("#"):
            nid, name, tags = line.split("\t")
            columns = tuple(native_tag(int(tag, 16), ansi=ansi) for tag in tags.split())
            found[name] = Template(int(nid, 16), name, columns)
    return found


def native_tag(tag: int, *, ansi: bool) -> int:
    """Return a tag with the string type that a file of this kind stores."""
    if ansi:
        return tag & ~0xFFFF | _STRING_TYPES.get(tag & 0xFFFF, tag & 0xFFFF)
    return tag
