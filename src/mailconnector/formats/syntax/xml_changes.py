"""An object in XML written again for its author: what has not changed stays in the author's words.

Three trees are compared, element by element: made of the item now, made of the item as it was read, and the one that
was read. Whatever the item does not know is in the last one alone, and stays.
"""

from __future__ import annotations

from collections.abc import Callable

from mailconnector.formats.syntax.xml_tree import Element

Key = Callable[[Element], str]


def merged(now: Element, before: Element, source: Element, key: Key) -> Element:
    """Return an element as it has to be written.

    Args:
        now: Made of the item.
        before: Made of the item as it was read from the source.
        source: As it was read.
        key: By what one of several elements of a name is the same one.
    """
    text = source.text if now.text == before.text else now.text
    result = Element(source.name, text, attributes=source.attributes | now.attributes, namespace=source.namespace)
    for name in dict.fromkeys([part.name for part in (*source.parts, *now.parts)]):
        mine, earlier, original = now.all(name), before.all(name), source.all(name)
        if mine == earlier:
            result.parts += original
        elif max(len(mine), len(earlier), len(original)) == 1:
            result.parts += _single(mine, earlier, original, key)
        else:
            result.parts += _paired(mine, earlier, original, key)
    return result


def _single(mine: list[Element], earlier: list[Element], original: list[Element], key: Key) -> list[Element]:
    if not original:
        return mine
    (source,) = original
    before = earlier[0] if earlier else Element(source.name)
    if mine:
        return [merged(mine[0], before, source, key)]
    # Of parameters those stay that nobody knows; of anything else nothing is left.
    rest = merged(Element(source.name), before, source, key) if source.name == "parameters" else None
    return [rest] if rest is not None and rest.parts else []


def _paired(mine: list[Element], earlier: list[Element], original: list[Element], key: Key) -> list[Element]:
    """Return elements of which there are many, in their order; those that nobody knows stay behind their neighbours."""
    made, known, given = _by_key(mine, key), _by_key(earlier, key), _by_key(original, key)
    unknown: dict[tuple[str, int] | None, list[Element]] = {}
    neighbour: tuple[str, int] | None = None
    for name, one in given.items():
        if name in made:
            neighbour = name
        elif name not in known:
            unknown.setdefault(neighbour, []).append(one)
    result = unknown.get(None, [])
    for name, now in made.items():
        before, source = known.get(name), given.get(name)
        if source is None or before is None:
            result.append(now)
        else:
            result.append(source if now == before else merged(now, before, source, key))
        result += unknown.get(name, [])
    return result


def _by_key(parts: list[Element], key: Key) -> dict[tuple[str, int], Element]:
    found: dict[tuple[str, int], Element] = {}
    counts: dict[str, int] = {}
    for part in parts:
        name = key(part)
        counts[name] = counts.get(name, -1) + 1
        found[name, counts[name]] = part
    return found
