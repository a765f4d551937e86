"""The two tables that decide: what follows from what changed on either side since the last synchronisation.

They are data, complete, and all there is of policy. `plan` turns a rule into actions; nothing else decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Side(Enum):
    """One of the two stores: the user's own, and the shared one."""

    __hash__ = object.__hash__  # members are looked up in tables for every item

    LOCAL = "local"
    REMOTE = "remote"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.REMOTE if self is Side.LOCAL else Side.LOCAL


class Change(Enum):
    """What happened to an item or a folder on one side since the last synchronisation.

    Attributes:
        ABSENT: It was never on this side.
        NEW: It is on this side, and was not.
        SAME: Nothing.
        FLAGS: An item's flags changed.
        EDITED: An item's content changed, perhaps its flags too.
        MOVED: It is in another folder; a folder: or has another name.
        GONE: It is no longer there.
    """

    __hash__ = object.__hash__  # members are looked up in tables for every item

    ABSENT = "absent"
    NEW = "new"
    SAME = "same"
    FLAGS = "flags"
    EDITED = "edited"
    MOVED = "moved"
    GONE = "gone"


class Step(Enum):
    """What can be done about an item or a folder; the side it is done to is named beside it.

    Attributes:
        ADD: Copy the item from the other side.
        REPLACE: Give it the other side's content.
        MERGE: Give it what the other side's edit and its own make together, field by field.
        FLAGS: Merge the flags into both sides.
        DELETE: Delete it.
        MOVE: Move it to where the other side has it.
        KEEP: Put a copy of the local item into the local folder for edits that may not be sent.
        LINK: Take two items, or folders, for the same; nothing is sent.
        SPLIT: Take a pair for two items from now on, each of which is then new to the other side.
        READD: Take the item for new, so that it comes back to the side that lost it.
        FORGET: Drop the pair; nothing is left of it.
        CREATE: Create the folder.
        DRAIN: Let the items decide: delete them one by one, then the folder if it is empty.
        RESTORE: Create the folder again, and bring its items back.
        WITHDRAW: Take the local copy of somebody else's folder away; what was not sent yet is put aside.
        HIDE: Leave somebody else's folder alone from now on.
        BLOCK: Nothing can be done; report it.
    """

    __hash__ = object.__hash__  # members are looked up in tables for every item

    ADD = "add"
    REPLACE = "replace"
    MERGE = "merge"
    FLAGS = "flags"
    DELETE = "delete"
    MOVE = "move"
    KEEP = "keep"
    LINK = "link"
    SPLIT = "split"
    READD = "re-add"
    FORGET = "forget"
    CREATE = "create"
    DRAIN = "drain"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    HIDE = "hide"
    BLOCK = "block"


class Conflict(Enum):
    """Two changes that do not go together, and what became of them; each is reported.

    Attributes:
        BOTH_EDITED: Both were kept, as two items.
        MERGED: Both were edited, but not the same fields of it: it has both edits.
        EDIT_BEATS_DELETE: It was edited here and deleted there: it comes back.
        DELETE_BEATS_FLAGS: It was only marked here and deleted there: it goes.
        REMOTE_PLACE: It was moved or renamed on both sides: the remote place holds.
        NAME_TAKEN: Another folder has the name there: both sides get a new one.
        FOLDER_STAYS: It was deleted here, but there it holds something that must not go, or is needed: it comes back.
        KEPT_ONCE: The user's own mail program received what we had brought already: its copy goes (see `twins`).
        NOT_ALLOWED: The remote folder does not allow the change: it was kept as a local copy, and taken back.
        WITHDRAWN: The folder is somebody else's and not shared any more: the local copy went.
        HIDDEN: The folder is somebody else's and was deleted here: it stays there, and is not shown any more.
    """

    BOTH_EDITED = "both edited"
    MERGED = "merged"
    EDIT_BEATS_DELETE = "edit beats delete"
    DELETE_BEATS_FLAGS = "delete beats flags"
    REMOTE_PLACE = "remote place holds"
    NAME_TAKEN = "name taken"
    FOLDER_STAYS = "folder stays"
    KEPT_ONCE = "kept once"
    NOT_ALLOWED = "not allowed"
    WITHDRAWN = "withdrawn"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do.

    Attributes:
        steps: Each with the side that it is done to.
        conflict: What to report.
    """

    steps: tuple[tuple[Step, Side], ...]
    conflict: Conflict | None = None


_L, _R = Side.LOCAL, Side.REMOTE
_A, _N, _S, _F, _E, _M, _G = (
    Change.ABSENT,
    Change.NEW,
    Change.SAME,
    Change.FLAGS,
    Change.EDITED,
    Change.MOVED,
    Change.GONE,
)


def _do(*steps: tuple[Step, Side], conflict: Conflict | None = None) -> Rule:
    return Rule(steps, conflict)


# local, remote: what to do.
ITEM_RULES: Mapping[tuple[Change, Change], Rule] = {
    (_N, _A): _do((Step.ADD, _R)),
    (_A, _N): _do((Step.ADD, _L)),
    (_N, _N): _do((Step.LINK, _R)),
    (_S, _S): _do(),
    (_S, _F): _do((Step.FLAGS, _L)),
    (_S, _E): _do((Step.REPLACE, _L)),
    (_S, _M): _do((Step.MOVE, _L)),
    (_S, _G): _do((Step.DELETE, _L)),
    (_F, _S): _do((Step.FLAGS, _R)),
    (_F, _F): _do((Step.FLAGS, _R)),
    (_F, _E): _do((Step.REPLACE, _L), (Step.FLAGS, _R)),
    (_F, _M): _do((Step.MOVE, _L)),
    (_F, _G): _do((Step.DELETE, _L), conflict=Conflict.DELETE_BEATS_FLAGS),
    (_E, _S): _do((Step.REPLACE, _R)),
    (_E, _F): _do((Step.REPLACE, _R), (Step.FLAGS, _L)),
    (_E, _E): _do((Step.SPLIT, _R), conflict=Conflict.BOTH_EDITED),
    (_E, _M): _do((Step.MOVE, _L)),
    (_E, _G): _do((Step.READD, _R), conflict=Conflict.EDIT_BEATS_DELETE),
    (_M, _S): _do((Step.MOVE, _R)),
    (_M, _F): _do((Step.MOVE, _R)),
    (_M, _E): _do((Step.MOVE, _R)),
    (_M, _M): _do((Step.MOVE, _L), conflict=Conflict.REMOTE_PLACE),
    (_M, _G): _do((Step.READD, _R), conflict=Conflict.EDIT_BEATS_DELETE),
    (_G, _S): _do((Step.DELETE, _R)),
    (_G, _F): _do((Step.DELETE, _R), conflict=Conflict.DELETE_BEATS_FLAGS),
    (_G, _E): _do((Step.READD, _L), conflict=Conflict.EDIT_BEATS_DELETE),
    (_G, _M): _do((Step.READD, _L), conflict=Conflict.EDIT_BEATS_DELETE),
    (_G, _G): _do((Step.FORGET, _R)),
}
"""A pair that moved is moved first, with its other changes; these are looked at again in its new folder."""

# The same for items whose fields at the last synchronisation are known. The local item gets what the remote edit has;
# what it has beyond that is then its own edit of the remote item as it is now. Should the two clash, they are SPLIT.
MERGE_RULES: Mapping[tuple[Change, Change], Rule] = {
    **ITEM_RULES,
    (_E, _E): _do((Step.MERGE, _L), conflict=Conflict.MERGED),
}

# The same where the remote folder does not allow what the rule above asks of it. KEEP comes before what overwrites.
REFUSED_RULES: Mapping[tuple[Change, Change], Rule] = {
    (_N, _A): _do((Step.KEEP, _L), (Step.DELETE, _L), conflict=Conflict.NOT_ALLOWED),
    (_E, _S): _do((Step.KEEP, _L), (Step.REPLACE, _L), conflict=Conflict.NOT_ALLOWED),
    (_E, _F): _do((Step.KEEP, _L), (Step.REPLACE, _L), conflict=Conflict.NOT_ALLOWED),
    (_E, _E): _do((Step.KEEP, _L), (Step.REPLACE, _L), conflict=Conflict.NOT_ALLOWED),
    (_E, _G): _do((Step.KEEP, _L), (Step.DELETE, _L), conflict=Conflict.NOT_ALLOWED),
    (_G, _S): _do((Step.READD, _L), conflict=Conflict.NOT_ALLOWED),
    (_G, _F): _do((Step.READD, _L), conflict=Conflict.NOT_ALLOWED),
}

# local, remote: what to do about a folder.
FOLDER_RULES: Mapping[tuple[Change, Change], Rule] = {
    (_N, _A): _do((Step.CREATE, _R)),
    (_A, _N): _do((Step.CREATE, _L)),
    (_N, _N): _do((Step.LINK, _R)),
    (_S, _S): _do(),
    (_S, _M): _do((Step.MOVE, _L)),
    (_S, _G): _do((Step.DRAIN, _L)),
    (_M, _S): _do((Step.MOVE, _R)),
    (_M, _M): _do((Step.MOVE, _L), conflict=Conflict.REMOTE_PLACE),
    (_M, _G): _do((Step.RESTORE, _R), conflict=Conflict.FOLDER_STAYS),
    (_G, _S): _do((Step.DRAIN, _R)),
    (_G, _M): _do((Step.RESTORE, _L), conflict=Conflict.FOLDER_STAYS),
    (_G, _G): _do((Step.FORGET, _R)),
}

# The same for folders with a special use: their names are their store's own, and no store can do without them.
SPECIAL_FOLDER_RULES: Mapping[tuple[Change, Change], Rule] = {
    **FOLDER_RULES,
    (_S, _M): _do((Step.LINK, _R)),
    (_M, _S): _do((Step.LINK, _R)),
    (_M, _M): _do((Step.LINK, _R)),
    (_S, _G): _do((Step.RESTORE, _R), conflict=Conflict.FOLDER_STAYS),
    (_G, _S): _do((Step.RESTORE, _L), conflict=Conflict.FOLDER_STAYS),
}

# The same for somebody else's folders. They are not the user's to delete, rename or move, whatever the rights: where
# such a folder stands here, and whether it is seen, is the user's own affair; and that it is gone there means that it
# is not shared any more.
FOREIGN_FOLDER_RULES: Mapping[tuple[Change, Change], Rule] = {
    **FOLDER_RULES,
    (_S, _G): _do((Step.WITHDRAW, _L), conflict=Conflict.WITHDRAWN),
    (_M, _S): _do((Step.LINK, _R)),
    (_M, _M): _do((Step.LINK, _R)),
    (_M, _G): _do((Step.WITHDRAW, _L), conflict=Conflict.WITHDRAWN),
    (_G, _S): _do((Step.HIDE, _L), conflict=Conflict.HIDDEN),
    (_G, _M): _do((Step.HIDE, _L), conflict=Conflict.HIDDEN),
}
