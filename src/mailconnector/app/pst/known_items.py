"""Which items a folder has had already, by the ids that copies of an item have in common."""

from collections import defaultdict

from mailconnector import mapping
from mailconnector.items import Appointment, Item, mail_of, message_id_of
from mailconnector.mapi import MapiError, tags
from mailconnector.pst import Folder, PstDiskError, PstError, Store


def has_id(item: Item) -> bool:
    """Tell whether an item has an id of its own: a UID, a message id or a search key."""
    mail = mail_of(item)
    has_uid = isinstance(item, Appointment) and bool(item.uid)
    return has_uid or bool(mail.message_id.strip()) or tags.PidTagSearchKey in mail.leftover


class KnownItems:
    """The items that a folder has by now, by their ids.

    Of one id a folder may have several items, since some programs give all that they write the same one. So each item
    stands for one entry of a file alone: what a file has more than the folder is new. What comes into the folder later
    is not known here: what lies twice in a source was two items where it came from.

    Args:
        store: the open PST.
        folder: the folder.
    """

    def __init__(self, store: Store, folder: Folder) -> None:
        self._by_id: defaultdict[str, list[int]] = defaultdict(list)
        self._file = ""
        self._taken: set[int] = set()
        for nid in folder.message_nids():
            try:
                item = mapping.from_mapi(store.message(nid).to_object())
            except PstDiskError:
                raise
            except (PstError, MapiError):
                continue
            if has_id(item):
                self._by_id[message_id_of(item)].append(nid)

    def take(self, item: Item, file: str) -> int | None:
        """Return the NID of an item that is an entry of a file; None when the folder did not have it.

        Args:
            item: what the file says.
            file: its path.
        """
        if file != self._file:
            self._file, self._taken = file, set()
        if not has_id(item):
            return None
        for nid in self._by_id.get(message_id_of(item), ()):
            if nid not in self._taken:
                self._taken.add(nid)
                return nid
        return None

    def replaced(self, item: Item, nid: int, by: int) -> None:
        """Note that an item has another NID now."""
        known = self._by_id[message_id_of(item)]
        known[known.index(nid)] = by
        self._taken.add(by)
