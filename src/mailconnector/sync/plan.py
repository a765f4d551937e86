"""Planning: from what changed on either side to what shall be done. Pure; the policy is in `rules`.

`plan_item` and `plan_move` look at one item at a time, so a plan of any length takes no memory. An action carries all
that its execution needs, and `text` says it in words: a rehearsal (`--dry-run`) is the same actions, printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from mailconnector.sync.flags import EVERY_FLAG, FlagDomain, FlagSet, merge
from mailconnector.sync.options import Form
from mailconnector.sync.rules import ITEM_RULES, MERGE_RULES, REFUSED_RULES, Change, Conflict, Rule, Side, Step
from mailconnector.sync.store import Rights


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of an item, as planning sees it.

    Attributes:
        change: What happened.
        id: Its id; empty when it is not on this side.
        flags: Its flags now.
        base_flags: Its flags at the last synchronisation.
        revision: Its revision now.
        kept: A copy of this very revision was put aside already.
    """

    change: Change = Change.ABSENT
    id: str = ""
    flags: FlagSet = frozenset()
    base_flags: FlagSet = frozenset()
    revision: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with something to do about it.

    Attributes:
        folder: The pair of folders that it is in.
        pair: The pair of items; None when it is on one side only.
        local: Its local side.
        remote: Its remote side.
        title: What a user calls it; empty when unknown.
        name: By what it is known again; empty when unknown.
        size: Bytes.
        date: When it was received, POSIX seconds; None when unknown.
        partial: The local one has headers only.
        has_base: What its fields were at the last synchronisation is known: two edits of it can be merged.
    """

    folder: int
    pair: int | None
    local: SideView
    remote: SideView
    title: str = ""
    name: str = ""
    size: int = 0
    date: float | None = None
    partial: bool = False
    has_base: bool = False

    def side(self, side: Side) -> SideView:
        """Return one side."""
        return self.local if side is Side.LOCAL else self.remote


@dataclass(frozen=True, slots=True)
class Terms:
    """What a folder allows, and how much of it is wanted.

    Attributes:
        local_rights: What may be done with local items.
        remote_rights: What may be done with remote items.
        local_flags: The flags that last locally.
        remote_flags: The flags that last remotely.
        max_size: Of remote items above so many bytes only the headers are taken; None takes all.
        form: How items are written that came in another program's form.
    """

    local_rights: Rights = Rights.ALL
    remote_rights: Rights = Rights.ALL
    local_flags: FlagDomain = EVERY_FLAG
    remote_flags: FlagDomain = EVERY_FLAG
    max_size: int | None = None
    form: Form = Form.AUTHOR

    def rights(self, side: Side) -> Rights:
        """Return the rights on one side."""
        return self.local_rights if side is Side.LOCAL else self.remote_rights

    def flags(self, side: Side) -> FlagDomain:
        """Return the flags that last on one side; none where they may not be changed."""
        domain = self.local_flags if side is Side.LOCAL else self.remote_flags
        return domain if Rights.FLAGS in self.rights(side) else domain.unchangeable()


@dataclass(frozen=True, slots=True)
class ItemAction:
    """Something to do about an item.

    Attributes:
        step: What.
        side: To which side.
        view: The item.
        local_flags: Of FLAGS: what the local side should have.
        remote_flags: Of FLAGS: what the remote side should have.
        headers_only: Of ADD and REPLACE: take no more than the headers.
        target: Of MOVE: the pair of folders that it goes to.
        conflict: What to report.
    """

    step: Step
    side: Side
    view: ItemView
    local_flags: FlagSet = frozenset()
    remote_flags: FlagSet = frozenset()
    headers_only: bool = False
    target: int | None = None
    conflict: Conflict | None = None


@dataclass(frozen=True, slots=True)
class FolderAction:
    """Something to do about a folder.

    Attributes:
        step: What.
        side: To which side.
        path: The folder, from the top.
        target: Of MOVE and CREATE: where it will be, from the top.
        conflict: What to report.
    """

    step: Step
    side: Side
    path: tuple[str, ...]
    target: tuple[str, ...] = ()
    conflict: Conflict | None = None


_NEEDS: Mapping[Step, Rights] = {
    Step.ADD: Rights.ADD,
    Step.REPLACE: Rights.ADD | Rights.DELETE,
    Step.MERGE: Rights.ADD | Rights.DELETE,
    Step.DELETE: Rights.DELETE,
    Step.SPLIT: Rights.ADD,
}


def plan_item(view: ItemView, terms: Terms) -> list[ItemAction]:
    """Decide what to do about an item.

    Args:
        view: What changed.
        terms: What its folder allows.

    Returns:
        The next actions. After SPLIT, READD, KEEP, MERGE and REPLACE the item has to be looked at again.
    """
    changes = (view.local.change, view.remote.change)
    rule = (MERGE_RULES if view.has_base else ITEM_RULES)[changes]
    if view.partial and (Step.ADD, Side.REMOTE) in rule.steps:
        return []  # the headers of what is gone, or not wanted, or not yet seen: no mail to send
    if _is_refused(rule, view, terms):
        refused = REFUSED_RULES.get(changes)
        if refused is None:
            return [ItemAction(Step.BLOCK, Side.REMOTE, view)]
        rule = _next_refused(refused, view)
    for step, side in rule.steps:
        if side is Side.LOCAL and _lacks(terms.local_rights, step):
            return [ItemAction(Step.BLOCK, side, view)]
    if any(step is Step.FLAGS for step, _ in rule.steps) and len(rule.steps) > 1:
        # The content goes first. What is left of the item's change afterwards is its flags.
        rule = Rule(tuple(done for done in rule.steps if done[0] is not Step.FLAGS), rule.conflict)
    return [_action(step, side, view, terms, rule.conflict) for step, side in rule.steps]


def plan_move(view: ItemView, target: int, terms: Terms, target_terms: Terms) -> ItemAction | None:
    """Decide what to do about a pair that was moved to another folder on one side, or on both to the same one or two.

    Args:
        view: The item; the sides that it was moved on have the change MOVED.
        target: The pair of folders that it goes to.
        terms: What the folder allows that it is moved from.
        target_terms: What the folder allows that it is moved to.

    Returns:
        MOVE; or None where that is not allowed, so that it is treated as gone from one folder and new in the other.
    """
    rule = ITEM_RULES[view.local.change, view.remote.change]
    (step, side), *_ = rule.steps
    if step is not Step.MOVE or Rights.DELETE not in terms.rights(side) or Rights.ADD not in target_terms.rights(side):
        return None
    return ItemAction(Step.MOVE, side, view, target=target, conflict=rule.conflict)


def text(action: ItemAction | FolderAction) -> str:
    """Return an action in words, on one line."""
    if isinstance(action, FolderAction):
        place = f" -> {'/'.join(action.target)}" if action.target else ""
        words = f"{action.step.value:<8} {action.side.value:<6} folder {'/'.join(action.path)}{place}"
    else:
        view = action.view
        when = datetime.fromtimestamp(view.date, UTC).strftime(" %Y-%m-%d") if view.date is not None else ""
        known = view.title or view.name or f"{view.local.id or view.remote.id}"
        part = ", headers only" if action.headers_only else ""
        marks = _marks(action) if action.step is Step.FLAGS else ""
        words = f"{action.step.value:<8} {action.side.value:<6} {known}{when} ({view.size} bytes{part}){marks}"
    return f"{words} [{action.conflict.value}]" if action.conflict else words


def _marks(action: ItemAction) -> str:
    parts: list[str] = []
    for side, after in ((Side.LOCAL, action.local_flags), (Side.REMOTE, action.remote_flags)):
        now = action.view.side(side).flags
        parts.extend(f" {side.value} +{flag}" for flag in sorted(after - now))
        parts.extend(f" {side.value} -{flag}" for flag in sorted(now - after))
    return ":" + ",".join(parts) if parts else ": nothing to send"


def allows(terms: Terms, side: Side, step: Step) -> bool:
    """Tell whether a step may be done to items on one side."""
    return not _lacks(terms.rights(side), step)


@cache
def _lacks(rights: Rights, step: Step) -> bool:
    return bool(_NEEDS.get(step, Rights.NONE) & ~rights)


def _is_refused(rule: Rule, view: ItemView, terms: Terms) -> bool:
    for step, side in rule.steps:
        # What is merged is sent afterwards.
        if (side is Side.REMOTE or step is Step.MERGE) and _lacks(terms.remote_rights, step):
            return True
        # A headers-only copy must never overwrite what it was made of.
        if view.partial and side is Side.REMOTE and step in (Step.REPLACE, Step.SPLIT, Step.READD):
            return True
        if step is Step.READD and Rights.ADD & ~terms.rights(side):
            return side is Side.REMOTE
    return False


def _next_refused(rule: Rule, view: ItemView) -> Rule:
    """Of KEEP and what follows it, take what is next."""
    if rule.steps[0][0] is not Step.KEEP:
        return rule
    if view.local.kept:
        return Rule(rule.steps[1:])
    return Rule(rule.steps[:1], rule.conflict)


def _action(step: Step, side: Side, view: ItemView, terms: Terms, conflict: Conflict | None) -> ItemAction:
    if step is Step.FLAGS:
        to_local, to_remote = merge(
            view.local.flags,
            view.local.base_flags,
            view.remote.flags,
            view.remote.base_flags,
            terms.flags(Side.LOCAL),
            terms.flags(Side.REMOTE),
        )
        return ItemAction(step, side, view, to_local, to_remote, conflict=conflict)
    headers_only = (
        side is Side.LOCAL
        and step in (Step.ADD, Step.REPLACE)
        and terms.max_size is not None
        and view.size > terms.max_size
    )
    return ItemAction(step, side, view, headers_only=headers_only, conflict=conflict)
