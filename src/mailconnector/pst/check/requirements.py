"""Which columns and properties objects must have; ``requirements.tsv`` beside this module lists them."""

from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from mailconnector.mapi.types import PropertyType, make_tag, tag_id, tag_type
from mailconnector.pst.check.node import NodeView

_MOST_COMPLETE: Final = 500


@cache
def _requirements() -> Mapping[tuple[str, bool], list[tuple[int, bool]]]:
    """Return (tag, whether it is required and not only usual) by object, in Unicode and in ANSI files."""
    found: dict[tuple[str, bool], list[tuple[int, bool]]] = {}
    for line in files(__package__).joinpath("requirements.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            what, tag, unicode, ansi = line.split("\t")
            found.setdefault((what, True), []).append((int(tag, 16), unicode == "required"))
            found.setdefault((what, False), []).append((int(tag, 16), ansi == "required"))
    return found


def check_required(view: NodeView, what: str, tags: Collection[int], *, columns: bool, usual: bool = False) -> None:
    """Report what an object lacks.

    Args:
        view: the node.
        what: the kind of object, as in the table.
        tags: what it has.
        columns: whether these are the columns of a table, or else properties.
        usual: whether to report, as a note, what only most files have.
    """
    wide = view.source.layout.wide
    # Most objects of a kind have the same properties: what lacked nothing once is not looked through again.
    complete = (what, usual, frozenset(tags))
    if complete in view.source.complete:
        return
    before = len(view.source.findings)
    for tag, required in _requirements()[what, wide]:
        if tag in tags or (not wide and _ansi(tag) in tags):
            continue
        name = f"{'column' if columns else 'property'} {tag:#010x}"
        if not required and not usual:
            continue
        same = [other for other in tags if tag_id(other) == tag_id(tag)]
        if same:
            view.report("tag-type", f"the {name} has the type {tag_type(same[0]):#06x}")
        elif columns:
            view.report("column-missing" if required else "column-missing-usual", f"a table lacks the {name}")
        else:
            view.report("property-missing" if required else "property-missing-usual", f"the {name} is missing")
    if len(view.source.findings) == before and len(view.source.complete) < _MOST_COMPLETE:
        view.source.complete.add(complete)


def wrong_type(what: str, tag: int, *, wide: bool) -> bool:
    """Say whether a required property of a kind of object has another type than it must have."""
    wanted = _required_tags(what, wide).get(tag_id(tag), tag)
    return tag != wanted and (wide or tag != _ansi(wanted))


@cache
def _required_tags(what: str, wide: bool) -> dict[int, int]:
    return {tag_id(tag): tag for tag, needed in _requirements().get((what, wide), []) if needed}


def _ansi(tag: int) -> int:
    return make_tag(tag_id(tag), PropertyType.STRING8) if tag_type(tag) == PropertyType.STRING else tag
