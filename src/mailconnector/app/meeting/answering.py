"""A meeting request in one of an account's folders is answered, for its user or for an owner who lets them.

The entry goes into the calendar of whoever was invited, the answer into the Outbox, and from there to the organizer.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mailconnector.app.account.model import Account
from mailconnector.app.errors import AppUsageError
from mailconnector.app.item.finding import opened_sides
from mailconnector.app.lock import held_lock
from mailconnector.app.meeting.answers import Answer, answer_to, request_in
from mailconnector.app.pst.folder_kinds import default_path
from mailconnector.app.send.authorship import NotAllowedError
from mailconnector.app.send.delivering import Means
from mailconnector.app.send.fates import Told
from mailconnector.app.send.sending import send_item
from mailconnector.app.send.trust import Trusted
from mailconnector.app.sync.job import Job
from mailconnector.app.sync.paths import folder_paths
from mailconnector.items import Address, FolderKind
from mailconnector.items.appointment import Appointment, Response
from mailconnector.mapi import named
from mailconnector.mapi.global_ids import GlobalIdFormatError, GlobalObjectId
from mailconnector.mapping import to_mapi
from mailconnector.pst import Folder, Message, Store
from mailconnector.stores.pst.errors import open_for_sync
from mailconnector.sync import Side, State
from mailconnector.sync.state import FolderPair
from mailconnector.sync.store import SpecialUse

_WAIT = 60.0  # seconds for a round of the account to end


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered.

    Attributes:
        response: ACCEPTED, TENTATIVE or DECLINED.
        on_behalf_of: the address of whoever was invited, where it is not the user nor the folder's owner.
        text: what is said beside it.
        notify: whether the organizer is told.
    """

    response: Response
    on_behalf_of: str = ""
    text: str = ""
    notify: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer.

    Attributes:
        answer: the answer.
        calendar: the path of the calendar that was changed.
        told: what became of the message; None where none was wanted.
    """

    answer: Answer
    calendar: tuple[str, ...]
    told: Told | None


def answer_request(
    account: Account, job: Job, folder: str, wanted: str, reply: Reply, means: Means | None = None
) -> Answered:
    """Answer a meeting request.

    Args:
        account: whose user answers.
        job: its job.
        folder: the path of the folder that the request is in. In an owner's folder it is answered for the owner.
        wanted: its title or a part of it, its message id, or its number.
        reply: what is answered.
        means: what sending goes by.

    Raises:
        NoRequestError: it is no meeting request.
        NotAllowedError: the owner does not let the user send on their behalf.
        AppUsageError: there is no such item, or no calendar of the owner's.
        MailConnectorError: the PST or the server cannot be used.
    """
    means = means or Means()
    trusted = Trusted(account, job)
    with opened_sides(job, folder, wanted, (Side.LOCAL,)) as sides:
        if sides.here is None:
            raise AppUsageError(f"{sides.pair.title or wanted} is not there any more")
        request = request_in(sides.here)
        pairs, paths = _folders(job)
    owner = next((pair.owner for pair in pairs if paths[pair.row] == sides.pair.folder), "")
    on_behalf_of = _represented(account, trusted, owner, reply.on_behalf_of, means)
    myself = Address(account.name, account.address)
    invited, answering = (_named(request, on_behalf_of), myself) if on_behalf_of else (myself, None)
    now = datetime.fromtimestamp(means.clock(), UTC)
    answer = answer_to(request, reply.response, invited, answering, now, reply.text)
    calendar: tuple[str, ...] = ()
    if on_behalf_of:
        calendar = _owners_calendar(owner or trusted.owner_of(on_behalf_of), pairs, paths)
    with (
        held_lock(job.lock_path, f"the account {job.account}", wait=_WAIT),
        open_for_sync(account.pst_path) as store,
        store.transaction(),
    ):
        calendar = calendar or default_path(store, FolderKind.CALENDAR)
        _enter(store, store.folder_at(calendar, create=not on_behalf_of), answer)
    if not reply.notify:
        return Answered(answer, calendar, None)
    if on_behalf_of:
        means = replace(means, may_act_for=lambda address: address.lower() == on_behalf_of.lower())
    return Answered(answer, calendar, send_item(answer.message, account, job, None, means))


def _represented(account: Account, trusted: Trusted, owner: str, on_behalf_of: str, means: Means) -> str:
    """Return the address of whoever is answered for; empty where the user answers for themselves.

    Args:
        account: the user's.
        trusted: who lets the user act for them.
        owner: the owner of the folder that the request is in; empty where it is the user's.
        on_behalf_of: the address that the user names, if any.
        means: what sending goes by.
    """
    if owner and not on_behalf_of:
        on_behalf_of = trusted.address_of(owner)
        if not on_behalf_of:
            raise NotAllowedError(
                f"{owner} does not let you answer for them",
                owner=owner,
                hint="They can, with `mailconnector delegate`.",
            )
    if not on_behalf_of or on_behalf_of.lower() in account.own_addresses:
        return ""
    may_act_for = means.may_act_for or trusted.may_act_for
    if not may_act_for(on_behalf_of):
        raise NotAllowedError(
            f"{on_behalf_of} does not let you send on their behalf",
            owner=on_behalf_of,
            hint="They can, with `mailconnector delegate add ACCOUNT YOU --on-behalf`.",
        )
    return on_behalf_of


def _folders(job: Job) -> tuple[list[FolderPair], dict[int, tuple[str, ...]]]:
    with closing(State(str(job.state_path))) as state:
        return list(state.folders()), folder_paths(state)


def _named(request: Appointment, address: str) -> Address:
    """Return an invited person as the request has them."""
    for one in request.attendees:
        if one.address.email.lower() == address.lower():
            return Address(one.address.name, one.address.email)
    return Address("", address)


def _owners_calendar(owner: str, pairs: Iterable[FolderPair], paths: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the path of an owner's own calendar in the user's PST."""
    found = [one for one in pairs if one.owner == owner and one.kind is FolderKind.CALENDAR and one.local.id]
    # The owner's main one is the one nearest to the top.
    found.sort(key=lambda one: (one.special is not SpecialUse.CALENDAR, len(paths[one.row]), paths[one.row]))
    if not owner or not found:
        raise AppUsageError(
            f"there is no calendar of {owner or 'whoever was invited'} here",
            hint="Synchronise first. They can share it with `mailconnector delegate add`.",
        )
    return paths[found[0].row]


# -- the calendar ------------------------------------------------------------------------------------------------------


def _enter(store: Store, folder: Folder, answer: Answer) -> None:
    """Put the meeting into a calendar in place of what is known of it there; nothing, where it was declined."""
    for message in [one for one in folder.messages() if _is_of(one, answer)]:
        message.move_to(store.deleted_items)
    if answer.entry is not None:
        folder.add_message(to_mapi(answer.entry))


def _is_of(message: Message, answer: Answer) -> bool:
    """Tell whether an entry of a calendar is of the same meeting, and of the same instance."""
    data = message.properties.get(named.PidLidGlobalObjectId)
    try:
        known = GlobalObjectId.parse(data if isinstance(data, bytes) else b"")
    except GlobalIdFormatError:
        return False
    return known.uid() == answer.uid and known.day() == answer.message.instance
