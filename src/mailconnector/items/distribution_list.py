"""A personal distribution list ([MS-OXOCNTC] 2.2.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from mailconnector.items.mail import Mail


class MemberKind(Enum):
    """What a member of a list is, and so where its address comes from."""

    ADDRESS = "address"
    CONTACT = "contact"
    LIST = "list"
    DIRECTORY_USER = "directory user"
    DIRECTORY_LIST = "directory list"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a list.

    Attributes:
        name: What it is called; may be empty.
        address: In the spelling of its type; empty for another list.
        address_type: "SMTP", "EX", "FAX" ...
        kind: What it is.
        entry_id: Entry id of the contact, the list or the directory entry; empty for an address.
        slot: Which address of a contact: 0-2 business, home and other fax, 4-6 e-mail 1-3.
    """

    name: str
    address: str
    address_type: str = "SMTP"
    kind: MemberKind = MemberKind.ADDRESS
    entry_id: bytes = b""
    slot: int = 4


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A distribution list.

    Attributes:
        mail: Its notes as bodies, its attachments, categories, sensitivity, and what no field expresses.
        name: What it is called.
        members: In order.
        billing: Billing information.
        mileage: Mileage.
        companies: Linked firms.
        contacts: Names of linked contacts.
        source: Lines of the card from which it came that no field expresses, for `formats` alone to read.
    """

    mail: Mail
    name: str = ""
    members: tuple[Member, ...] = ()
    billing: str = ""
    mileage: str = ""
    companies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    source: str = ""

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class

    def titled(self) -> DistributionList:
        """Return it with the name as its mail's subject, as Outlook has it."""
        return replace(self, mail=replace(self.mail, subject=self.name))
