"""Whether the private items of a shared folder are hidden from those whom it is shared with.

They are moved where nobody else sees them before anybody is given rights, and back by the same hand. An account that is
being synchronised meanwhile would put in order what is half done, so its lock is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mailconnector.app.errors import AppUsageError
from mailconnector.app.lock import held_lock
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.sharing import Sharing
from mailconnector.app.sync.job import Job
from mailconnector.items import FolderKind
from mailconnector.stores.imap.companions import HIDING_KINDS
from mailconnector.stores.imap.hiding import Hiding
from mailconnector.stores.imap.kinds import content_kind

_WAIT = 60.0  # seconds for a run that goes on


class Privacy(Enum):
    """What becomes of private items where others may read a folder.

    Attributes:
        HIDE: Others see when private appointments are, and nothing else of them or of other private items.
        SHOW: They are items like any others.
    """

    HIDE = "hide"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class PrivacyChange:
    """What came of a change.

    Attributes:
        folder: the folder.
        to: what was done.
        items: how many private items it has.
    """

    folder: Folder
    to: Privacy
    items: int


def can_hide(folder: Folder) -> bool:
    """Tell whether private items of a folder can be hidden: it is one's own, and not for mail."""
    return folder.own and folder.selectable and folder.kind in HIDING_KINDS


def to_change(folders: Iterable[Folder], to: Privacy) -> list[Folder]:
    """Return those of some folders where it is not so yet, and can be."""
    if to is Privacy.SHOW:
        return [folder for folder in folders if folder.companion is not None]
    return [folder for folder in folders if can_hide(folder) and folder.companion is None]


def with_kinds(sharing: Sharing, folders: Iterable[Folder]) -> list[Folder]:
    """Return folders with their kinds: where the server keeps no annotations, as what is in them tells."""
    if sharing.client.annotations.available:
        return list(folders)
    return [
        replace(folder, kind=content_kind(sharing.client, folder.mailbox))
        if folder.own and folder.selectable and folder.kind is FolderKind.MAIL and folder.use is None
        else folder
        for folder in folders
    ]


def change_privacy(sharing: Sharing, job: Job, folders: Sequence[Folder], to: Privacy) -> list[PrivacyChange]:
    """Hide the private items of folders, or show them again.

    Args:
        sharing: the rights on the account's folders.
        job: the account's job.
        folders: those of `to_change`.
        to: what is to be.

    Raises:
        AppInUseError: the account is being synchronised, and goes on to be.
        SyncError: the server refuses; folders before that one are done.
    """
    if not folders:
        return []
    names = [folder.mailbox for folder in sharing.folders.all if folder.own]
    done: list[PrivacyChange] = []
    with held_lock(job.lock_path, f"the account {job.account}", wait=_WAIT):
        hiding = Hiding(sharing.client, sharing.login, names)
        for folder in folders:
            if to is Privacy.HIDE:
                done.append(PrivacyChange(folder, to, hiding.hide(folder.mailbox, folder.kind)))
            elif folder.companion is not None:
                done.append(PrivacyChange(folder, to, hiding.show(folder.companion)))
    sharing.look_again()
    return done


def refuse_mail(folders: Iterable[Folder]) -> None:
    """Say why nothing can be hidden in folders none of which can hide anything.

    Raises:
        AppUsageError: none can.
    """
    found = list(folders)
    if found and not any(can_hide(folder) or folder.companion is not None for folder in found):
        raise AppUsageError(
            f"private items of {found[0].shown} cannot be hidden",
            hint="It is done for calendars, contacts, tasks, notes and journals of your own, not for mail.",
        )
