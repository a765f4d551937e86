"""What changes a message's fingerprint and what does not, and that a draft and the stored message have the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, RecipientObject
from mailconnector.pst import Fingerprints, Message, MessageDraft, PstFormatError, PstUsageError, Store, open_store

MARKS = (tags.PidTagIconIndex, named.PidNameKeywords)
Format = Literal["unicode", "ansi"]


def store_of(format: Format = "unicode") -> Store:
    return Store.create(io.BytesIO(), format=format)


def full(depth: int = 1) -> MessageObject:
    """A message with everything, and one inside it."""
    inner = [AttachmentObject({tags.PidTagAttachMethod: 5}, embedded=full(depth - 1))] if depth else []
    return MessageObject(
        {
            tags.PidTagSubject: "Re: Grüße",
            tags.PidTagBody: "long " * 3000,
            tags.PidTagHtml: b"<p>" * 20000,
            tags.PidTagImportance: 2,
            tags.PidTagReadReceiptRequested: True,
            named.PidLidPrivate: False,
            named.PidNameKeywords: ["red"],
            tags.PidTagConversationIndex: b"\1" * 22,
        },
        [
            RecipientObject({tags.PidTagDisplayName: name, tags.PidTagEmailAddress: f"{name}@example.org"})
            for name in ("b", "a")
        ],
        [
            AttachmentObject({tags.PidTagAttachMethod: 1, tags.PidTagAttachLongFilename: "a"}, data=b"small"),
            AttachmentObject({tags.PidTagAttachMethod: 1}, data=io.BytesIO(b"large" * 50000)),
            AttachmentObject({tags.PidTagAttachMethod: 6}, data=b"ole" * 5000),
            *inner,
        ],
    )


def added(store: Store, message: MessageObject) -> tuple[Message, str]:
    """Add a message; return it with the fingerprint of its draft."""
    with store.ipm_subtree.compose() as draft:
        draft.fill(message)
    return store.message(draft.node.nid), Fingerprints(store, MARKS).of_draft(draft)


def now(store: Store, message: Message) -> str:
    return Fingerprints(store, MARKS).of(store.message(message.nid))


@pytest.mark.parametrize("format", ["unicode", "ansi"])
def test_a_draft_has_the_fingerprint_of_the_stored_message(format: Format) -> None:
    store = store_of(format)
    for message in (MessageObject(), full(0), full(3)):
        stored, drafted = added(store, message)
        assert now(store, stored) == drafted


@pytest.mark.parametrize("format", ["unicode", "ansi"])
def test_an_edited_draft_has_the_fingerprint_of_the_stored_message(format: Format) -> None:
    store = store_of(format)
    stored, _ = added(store, full())
    with stored.edit() as draft:
        draft.set(tags.PidTagBody, "other")
        draft.add_recipient({tags.PidTagDisplayName: "c"})
        draft.remove_attachment(draft.attachment_nids[0])
        with draft.edit_attachment(draft.attachment_nids[-1]) as attachment, attachment.edit_embedded() as inner:
            inner.set(tags.PidTagSubject, "changed inside")
        draft.add_attachment(AttachmentObject({tags.PidTagAttachMethod: 1}, data=b"new"))
    assert Fingerprints(store, MARKS).of_draft(draft) == now(store, stored)
    with store.message(stored.nid).edit() as draft:
        draft.clear()
        draft.fill(full())
    assert Fingerprints(store, MARKS).of_draft(draft) == now(store, stored)
    _, fresh = added(store, full())
    assert now(store, stored) == fresh  # another message that says the same


CHANGES: dict[str, Callable[[MessageDraft], object]] = {
    "subject": lambda draft: draft.set(tags.PidTagSubject, "Re: Gruß"),
    "body": lambda draft: draft.set(tags.PidTagBody, "long " * 2999 + "lone "),
    "importance": lambda draft: draft.set(tags.PidTagImportance, 1),
    "type alone": lambda draft: draft.set(tags.PidTagHtml & ~0xFFFF | 0x1F, "<p>"),
    "a property less": lambda draft: draft.delete(named.PidLidPrivate),
    "a named property": lambda draft: draft.set(named.PidLidPrivate, True),
    "a recipient less": lambda draft: draft.remove_recipient(0),
    "an attachment less": lambda draft: draft.remove_attachment(draft.attachment_nids[0]),
    "the order of recipients": lambda draft: draft.set_recipients(
        [{tags.PidTagDisplayName: name, tags.PidTagEmailAddress: f"{name}@example.org"} for name in ("a", "b")]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_content_changes_it(change: str) -> None:
    store = store_of()
    stored, before = added(store, full())
    with stored.edit() as draft:
        CHANGES[change](draft)
    assert now(store, stored) != before


def test_what_is_inside_attachments_changes_it() -> None:
    store = store_of()
    stored, first = added(store, full())
    small, large, ole, embedded = stored.attachment_nids
    seen = {first}
    for nid, data in ((small, b"smalL"), (large, b"large" * 49999 + b"largE"), (ole, b"ole" * 4999 + b"olE")):
        with store.message(stored.nid).edit() as draft, draft.edit_attachment(nid) as attachment:
            attachment.set_data(data)
        seen.add(now(store, stored))
    with (
        store.message(stored.nid).edit() as draft,
        draft.edit_attachment(embedded) as attachment,
        attachment.edit_embedded() as inner,
    ):
        inner.set(tags.PidTagBody, "other")
    seen.add(now(store, stored))
    assert len(seen) == 5


def test_marks_and_notes_of_programs_do_not_change_it() -> None:
    store = store_of()
    stored, before = added(store, full())
    notes: Properties = {
        tags.PidTagMessageFlags: 0x101,
        tags.PidTagMessageStatus: 8,
        tags.PidTagIconIndex: 0x105,
        tags.PidTagChangeKey: b"x" * 22,
        tags.PidTagLastModifierName: "Somebody",
        named.PidNameKeywords: ["red", "blue"],
        named.PidLidSmartNoAttach: True,
        named.PidLidCurrentVersion: 165000,
    }
    stored.set_properties(notes)
    assert now(store, stored) == before
    stored.set_read(False)
    stored.move_to(store.deleted_items)
    assert now(store, stored) == before
    with (
        stored.edit() as draft,
        draft.edit_attachment(draft.attachment_nids[-1]) as attachment,
        attachment.edit_embedded() as inner,
    ):
        inner.set(tags.PidTagMessageFlags, 0)
    assert now(store, stored) == before


def test_it_does_not_depend_on_the_file() -> None:
    one, other = store_of(), store_of()
    added(other, MessageObject({named.PidLidTaskStatus: 1, named.PidLidPercentComplete: 0.5}))  # takes the next ids
    assert added(one, full())[1] == added(other, full())[1]


def test_a_forged_message_cannot_keep_it_busy() -> None:
    store = store_of()
    stored, _ = added(store, MessageObject())
    with stored.edit() as draft:
        nid = draft.add_attachment(AttachmentObject({tags.PidTagAttachMethod: 1}, data=b"x" * 300_000))
    db = store.db
    entry = db.node(stored.nid)
    subnodes = db.subnodes(entry.bid_sub)
    attachment = subnodes[nid]
    # The same large attachment under many ids, each named by the table.
    with store.transaction(), store.message(stored.nid).edit() as draft:
        for _ in range(200):
            other = draft.add_attachment(AttachmentObject({tags.PidTagAttachMethod: 1}, data=b"x"))
            draft.node.drop_subnode(other)
            db.add_reference(attachment.bid_data)
            db.add_reference(attachment.bid_sub)
            draft.node.put_subnode(other, attachment.bid_data, attachment.bid_sub)
    with pytest.raises(PstFormatError, match="many times"):
        now(store, stored)


def test_composing_is_undone_when_it_fails() -> None:
    store = store_of()
    with pytest.raises(PstUsageError), store.ipm_subtree.compose() as draft:
        draft.set(tags.PidTagImportance, "high")
    assert store.ipm_subtree.message_nids() == []


def test_real_messages_have_the_same_when_they_are_written_again(pst_sample: Path) -> None:
    target = store_of()
    compared = 0
    with open_store(pst_sample) as source:
        for folder in source.walk():
            if folder.is_search_folder:
                continue
            for nid in folder.message_nids()[:20]:
                try:
                    message = source.message(nid).to_object()
                    stored, drafted = added(target, message)
                except (PstFormatError, PstUsageError):
                    continue  # damaged, or with values that are
                assert now(target, stored) == drafted
                compared += 1
            if compared > 60:
                break
