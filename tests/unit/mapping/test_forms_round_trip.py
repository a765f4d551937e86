"""Contacts, distribution lists, tasks, notes, journal entries and articles to MAPI messages and back."""

from __future__ import annotations

from hypothesis import given

from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.items.note import Note
from mailconnector.items.post import Post
from mailconnector.items.task import Task
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapping import contact, distribution_list, from_mapi, journal_entry, note, post, task, to_mapi
from mailconnector.mapping.leftovers import identity
from tests.unit.items import forms

NOBODY: frozenset[str] = frozenset()


def each_once(message: MessageObject) -> bool:
    ids = [identity(key) for key in message.properties]
    return len(ids) == len(set(ids))


@given(forms.contacts())
def test_a_contact_comes_back(item: Contact) -> None:
    message = contact.to_object(item, to_mapi, NOBODY)
    assert each_once(message)
    again = contact.from_object(message, from_mapi)
    assert again == item
    assert contact.to_object(again, to_mapi, NOBODY) == message


@given(forms.distribution_lists)
def test_a_distribution_list_comes_back(item: DistributionList) -> None:
    message = distribution_list.to_object(item, to_mapi, NOBODY)
    assert each_once(message)
    again = distribution_list.from_object(message, from_mapi)
    assert again == item
    assert distribution_list.to_object(again, to_mapi, NOBODY) == message


@given(forms.tasks)
def test_a_task_comes_back(item: Task) -> None:
    message = task.to_object(item, to_mapi, NOBODY)
    assert each_once(message)
    again = task.from_object(message, from_mapi)
    assert again == item
    assert task.to_object(again, to_mapi, NOBODY) == message


@given(forms.notes)
def test_a_note_comes_back(item: Note) -> None:
    message = note.to_object(item, to_mapi, NOBODY)
    assert each_once(message)
    assert note.from_object(message, from_mapi) == item


@given(forms.journal_entries)
def test_a_journal_entry_comes_back(item: JournalEntry) -> None:
    message = journal_entry.to_object(item, to_mapi, NOBODY)
    assert each_once(message)
    assert journal_entry.from_object(message, from_mapi) == item


@given(forms.posts)
def test_an_article_comes_back(item: Post) -> None:
    message = post.to_object(item, to_mapi, NOBODY)
    assert each_once(message)
    assert post.from_object(message, from_mapi) == item
