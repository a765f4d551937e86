"""The tables, and the actions that are made of them."""

from __future__ import annotations

from itertools import product

import pytest

from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.plan import FolderAction, ItemAction, ItemView, SideView, Terms, plan_item, plan_move, text
from mailconnector.sync.rules import (
    FOLDER_RULES,
    FOREIGN_FOLDER_RULES,
    ITEM_RULES,
    MERGE_RULES,
    REFUSED_RULES,
    SPECIAL_FOLDER_RULES,
    Change,
    Conflict,
    Side,
    Step,
)
from mailconnector.sync.store import Rights

PRESENT = (Change.SAME, Change.FLAGS, Change.EDITED, Change.MOVED, Change.GONE)


def view(local: Change, remote: Change, **more: object) -> ItemView:
    ends = [
        SideView() if change is Change.ABSENT else SideView(change, side, frozenset(), frozenset(), "r", bool(kept))
        for change, side, kept in ((local, "L", more.pop("kept", False)), (remote, "R", False))
    ]
    return ItemView(1, 7, ends[0], ends[1], title="a mail", name="<1@x>", size=10, **more)  # type: ignore[arg-type]


def steps(local: Change, remote: Change, terms: Terms | None = None, **more: object) -> list[tuple[Step, Side]]:
    return [(action.step, action.side) for action in plan_item(view(local, remote, **more), terms or Terms())]


def test_the_item_table_is_complete() -> None:
    wanted = set(product(PRESENT, PRESENT)) | {
        (Change.NEW, Change.ABSENT),
        (Change.ABSENT, Change.NEW),
        (Change.NEW, Change.NEW),
    }
    assert set(ITEM_RULES) == wanted


def test_the_folder_tables_are_complete() -> None:
    moved = (Change.SAME, Change.MOVED, Change.GONE)
    wanted = set(product(moved, moved)) | {
        (Change.NEW, Change.ABSENT),
        (Change.ABSENT, Change.NEW),
        (Change.NEW, Change.NEW),
    }
    assert set(FOLDER_RULES) == wanted == set(SPECIAL_FOLDER_RULES) == set(FOREIGN_FOLDER_RULES)


def test_nothing_is_ever_deleted_that_was_edited() -> None:
    for (local, remote), rule in ITEM_RULES.items():
        for step, side in rule.steps:
            if step in (Step.DELETE, Step.REPLACE):
                assert (local if side is Side.LOCAL else remote) is not Change.EDITED


def test_whatever_writes_to_the_remote_side_has_an_answer_when_that_is_refused() -> None:
    for changes, rule in ITEM_RULES.items():
        if any(
            side is Side.REMOTE and step in (Step.ADD, Step.REPLACE, Step.DELETE, Step.SPLIT)
            for step, side in rule.steps
        ):
            assert changes in REFUSED_RULES, changes
    for changes, rule in REFUSED_RULES.items():
        assert all(side is Side.LOCAL for _, side in rule.steps), changes


def test_special_folders_are_never_deleted() -> None:
    assert not [rule for rule in SPECIAL_FOLDER_RULES.values() if any(step is Step.DRAIN for step, _ in rule.steps)]


@pytest.mark.parametrize(
    ("local", "remote", "expected", "conflict"),
    [
        (Change.NEW, Change.ABSENT, [(Step.ADD, Side.REMOTE)], None),
        (Change.SAME, Change.EDITED, [(Step.REPLACE, Side.LOCAL)], None),
        (Change.FLAGS, Change.EDITED, [(Step.REPLACE, Side.LOCAL)], None),
        (Change.EDITED, Change.EDITED, [(Step.SPLIT, Side.REMOTE)], Conflict.BOTH_EDITED),
        (Change.EDITED, Change.GONE, [(Step.READD, Side.REMOTE)], Conflict.EDIT_BEATS_DELETE),
        (Change.GONE, Change.FLAGS, [(Step.DELETE, Side.REMOTE)], Conflict.DELETE_BEATS_FLAGS),
        (Change.GONE, Change.GONE, [(Step.FORGET, Side.REMOTE)], None),
        (Change.SAME, Change.SAME, [], None),
    ],
)
def test_rules_become_actions(
    local: Change, remote: Change, expected: list[tuple[Step, Side]], conflict: Conflict | None
) -> None:
    actions = plan_item(view(local, remote), Terms())
    assert [(action.step, action.side) for action in actions] == expected
    assert [action.conflict for action in actions] == [conflict] * len(actions)


@pytest.mark.parametrize(
    ("local", "remote", "first", "then"),
    [
        (Change.NEW, Change.ABSENT, Step.KEEP, Step.DELETE),
        (Change.EDITED, Change.SAME, Step.KEEP, Step.REPLACE),
        (Change.EDITED, Change.EDITED, Step.KEEP, Step.REPLACE),
        (Change.EDITED, Change.GONE, Step.KEEP, Step.DELETE),
        (Change.GONE, Change.SAME, Step.READD, Step.READD),
    ],
)
def test_in_a_read_only_folder_a_copy_is_kept_first(local: Change, remote: Change, first: Step, then: Step) -> None:
    terms = Terms(remote_rights=Rights.NONE)
    assert steps(local, remote, terms) == [(first, Side.LOCAL)]
    assert steps(local, remote, terms, kept=True) == [(then, Side.LOCAL)]


def test_what_a_read_only_folder_does_itself_is_followed() -> None:
    terms = Terms(remote_rights=Rights.NONE)
    assert steps(Change.SAME, Change.EDITED, terms) == [(Step.REPLACE, Side.LOCAL)]
    assert steps(Change.SAME, Change.GONE, terms) == [(Step.DELETE, Side.LOCAL)]
    assert steps(Change.ABSENT, Change.NEW, terms) == [(Step.ADD, Side.LOCAL)]


def test_adding_without_deleting_is_enough_for_new_items() -> None:
    terms = Terms(remote_rights=Rights.ADD)
    assert steps(Change.NEW, Change.ABSENT, terms) == [(Step.ADD, Side.REMOTE)]
    assert steps(Change.EDITED, Change.SAME, terms) == [(Step.KEEP, Side.LOCAL)]


def test_a_local_side_that_allows_nothing_blocks() -> None:
    terms = Terms(local_rights=Rights.NONE)
    assert steps(Change.ABSENT, Change.NEW, terms) == [(Step.BLOCK, Side.LOCAL)]


def test_headers_alone_never_replace_the_whole() -> None:
    assert steps(Change.EDITED, Change.SAME, partial=True) == [(Step.KEEP, Side.LOCAL)]
    assert steps(Change.EDITED, Change.EDITED, partial=True) == [(Step.KEEP, Side.LOCAL)]
    assert steps(Change.EDITED, Change.GONE, partial=True) == [(Step.KEEP, Side.LOCAL)]
    assert steps(Change.NEW, Change.ABSENT, partial=True) == []


def test_large_items_come_without_their_bodies() -> None:
    (action,) = plan_item(view(Change.ABSENT, Change.NEW), Terms(max_size=9))
    assert action.headers_only
    (action,) = plan_item(view(Change.ABSENT, Change.NEW), Terms(max_size=10))
    assert not action.headers_only
    (action,) = plan_item(view(Change.NEW, Change.ABSENT), Terms(max_size=9))
    assert not action.headers_only


def test_flags_are_merged_into_both_sides() -> None:
    item = ItemView(
        1,
        7,
        SideView(Change.FLAGS, "L", frozenset((SEEN,)), frozenset(), "r"),
        SideView(Change.FLAGS, "R", frozenset((FLAGGED,)), frozenset(), "r"),
    )
    (action,) = plan_item(item, Terms())
    assert action.local_flags == action.remote_flags == {SEEN, FLAGGED}
    (action,) = plan_item(item, Terms(remote_rights=Rights.NONE))
    assert action.local_flags == {SEEN, FLAGGED}
    assert action.remote_flags == {FLAGGED}


def test_a_move_is_followed_where_that_is_allowed() -> None:
    moved = view(Change.MOVED, Change.EDITED)
    action = plan_move(moved, 3, Terms(), Terms())
    assert action is not None
    assert (action.step, action.side, action.target) == (Step.MOVE, Side.REMOTE, 3)
    assert plan_move(moved, 3, Terms(remote_rights=Rights.ADD), Terms()) is None
    assert plan_move(moved, 3, Terms(), Terms(remote_rights=Rights.DELETE)) is None


def test_a_plan_can_be_read() -> None:
    (action,) = plan_item(view(Change.EDITED, Change.EDITED), Terms())
    assert text(action) == "split    remote a mail (10 bytes) [both edited]"
    marked = ItemAction(Step.FLAGS, Side.REMOTE, view(Change.FLAGS, Change.SAME), frozenset(), frozenset((SEEN,)))
    assert text(marked) == "flags    remote a mail (10 bytes): remote +\\Seen"
    folder = FolderAction(Step.MOVE, Side.LOCAL, ("A", "B"), ("C", "B"), Conflict.REMOTE_PLACE)
    assert text(folder) == "move     local  folder A/B -> C/B [remote place holds]"


# -- Items whose fields are known ------------------------------------------------------------------------------------


def test_only_two_edits_are_another_thing_where_fields_are_known() -> None:
    assert MERGE_RULES.keys() == ITEM_RULES.keys()
    assert {changes for changes in ITEM_RULES if MERGE_RULES[changes] != ITEM_RULES[changes]} == {
        (Change.EDITED, Change.EDITED)
    }


def test_two_edits_are_merged_where_the_fields_are_known() -> None:
    (action,) = plan_item(view(Change.EDITED, Change.EDITED, has_base=True), Terms())
    assert (action.step, action.side, action.conflict) == (Step.MERGE, Side.LOCAL, Conflict.MERGED)
    assert text(action) == "merge    local  a mail (10 bytes) [merged]"
    assert steps(Change.EDITED, Change.EDITED) == [(Step.SPLIT, Side.REMOTE)]


@pytest.mark.parametrize("rights", [Rights.NONE, Rights.ALL & ~Rights.DELETE, Rights.ALL & ~Rights.ADD])
def test_what_is_merged_must_be_sent_as_well(rights: Rights) -> None:
    refused = Terms(remote_rights=rights)
    (action,) = plan_item(view(Change.EDITED, Change.EDITED, has_base=True), refused)
    assert (action.step, action.side, action.conflict) == (Step.KEEP, Side.LOCAL, Conflict.NOT_ALLOWED)
    assert steps(Change.EDITED, Change.EDITED, refused, has_base=True, kept=True) == [(Step.REPLACE, Side.LOCAL)]


def test_what_cannot_be_changed_here_is_not_merged() -> None:
    assert steps(Change.EDITED, Change.EDITED, Terms(local_rights=Rights.NONE), has_base=True) == [
        (Step.BLOCK, Side.LOCAL)
    ]
