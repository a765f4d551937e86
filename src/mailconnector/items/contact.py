"""A contact: a person or a firm as Outlook's form shows it ([MS-OXOCNTC] 2.2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum, IntEnum

from mailconnector.items.mail import Attachment, Mail
from mailconnector.mapi import tags

PHOTO_NAME = "ContactPicture.jpg"
"""What Outlook calls the attachment with a contact's photo."""


class Gender(IntEnum):
    """The numbers are those of PidTagGender."""

    UNSPECIFIED = 0
    FEMALE = 1
    MALE = 2


class PhoneRole(Enum):
    """What a telephone number is for."""

    ASSISTANT = "assistant"
    BUSINESS = "business"
    BUSINESS_2 = "business 2"
    BUSINESS_FAX = "business fax"
    CALLBACK = "callback"
    CAR = "car"
    COMPANY = "company"
    HOME = "home"
    HOME_2 = "home 2"
    HOME_FAX = "home fax"
    ISDN = "ISDN"
    MOBILE = "mobile"
    OTHER = "other"
    OTHER_FAX = "other fax"
    PAGER = "pager"
    PRIMARY = "primary"
    RADIO = "radio"
    TELEX = "telex"
    TTY = "TTY/TDD"


class MailingAddress(IntEnum):
    """Which address mail is sent to; the numbers are those of PidLidPostalAddressId."""

    NONE = 0
    HOME = 1
    WORK = 2
    OTHER = 3


class FileAs(IntEnum):
    """How the name under which a contact is filed is made; the numbers are those of PidLidFileUnderId."""

    BEST_MATCH = -3
    DEFAULT = -2
    CUSTOM = -1
    EMPTY = 0
    FULL_NAME = 0x3001
    GIVEN = 0x3A06
    SURNAME = 0x3A11
    COMPANY = 0x3A16
    LAST_FIRST = 0x8017
    COMPANY_LAST_FIRST = 0x8018
    LAST_FIRST_COMPANY = 0x8019
    JOINED = 0x8030
    SPACED = 0x8031
    COMPANY_JOINED = 0x8032
    COMPANY_SPACED = 0x8033
    JOINED_COMPANY = 0x8034
    SPACED_COMPANY = 0x8035
    SPACED_GENERATION = 0x8036
    FIRST_LAST_GENERATION = 0x8037
    JOINED_GENERATION = 0x8038


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name in its parts.

    Attributes:
        prefix: Title before the name ("Dr.").
        given: First name.
        middle: Middle name.
        surname: Last name.
        generation: What follows the name ("Jr.").
        nickname: What friends say.
        initials: Of the name.
        yomi_given: How the first name is read in Japanese.
        yomi_surname: How the last name is read in Japanese.
    """

    prefix: str = ""
    given: str = ""
    middle: str = ""
    surname: str = ""
    generation: str = ""
    nickname: str = ""
    initials: str = ""
    yomi_given: str = ""
    yomi_surname: str = ""

    def joined(self) -> str:
        """Return the parts in the order of western names."""
        return _spaced(self.prefix, self.given, self.middle, self.surname, self.generation)


@dataclass(frozen=True, slots=True)
class ContactEmail:
    """An e-mail address of a contact.

    Attributes:
        address: In the spelling of its kind.
        display: What Outlook shows for it; empty when the address itself.
        kind: Address type, "SMTP" for Internet mail.
    """

    address: str
    display: str = ""
    kind: str = "SMTP"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    r"""A postal address.

    Attributes:
        street: May have several lines, parted by "\n".
        city: Town.
        state: State or province.
        postal_code: Postal code.
        country: Country by its name.
        po_box: Post office box.
        country_code: Two letters of ISO 3166; may be empty.
        text: The whole address where it is known in one piece alone; empty when there are parts.
    """

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    po_box: str = ""
    country_code: str = ""
    text: str = ""

    def has_parts(self) -> bool:
        """Tell whether it is known in parts."""
        return any((self.street, self.city, self.state, self.postal_code, self.country, self.po_box))

    def label(self) -> str:
        """Return the whole address, a line for each line of an envelope."""
        if not self.has_parts():
            return self.text
        place = _spaced(", ".join(filter(None, (self.city, self.state))), self.postal_code)
        return "\n".join(filter(None, (self.po_box, self.street, place, self.country)))


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact.

    Attributes:
        mail: Its notes as bodies, its attachments, categories, sensitivity, and what no field expresses.
        name: The name in its parts.
        full_name: The whole name; empty when it is `PersonName.joined`.
        file_as: Under which name it is filed; empty when `file_as_id` gives it.
        file_as_id: A `FileAs` number; None when it is not said.
        company: Firm.
        yomi_company: How the firm's name is read in Japanese.
        department: Part of the firm.
        job_title: What the person is there.
        office: Where the person sits.
        profession: What the person has learned.
        manager: Name of the superior.
        assistant: Name of the assistant.
        email1: First e-mail address.
        email2: Second e-mail address.
        email3: Third e-mail address.
        phones: Telephone and fax numbers by what they are for; none is empty.
        home: Home address.
        work: Business address.
        other: Another address.
        mailing: Which of the three mail is sent to.
        unplaced: A mailing address that is none of the three, as some programs write.
        web_page: The web page in the form.
        business_home_page: Web page of the firm.
        personal_home_page: Web page of the person.
        ftp_site: FTP site.
        im_address: For instant messages.
        free_busy_url: Where it is told when the person is free.
        birthday: Day of birth.
        anniversary: Wedding day.
        spouse: Name of the partner.
        children: Names of the children.
        hobbies: Hobbies.
        referred_by: Who brought the contact about.
        gender: Gender.
        language: Language.
        location: Where the person is to be found.
        account: Account.
        customer_id: Number of a customer.
        government_id: Number by which the state knows the person.
        organizational_id: Number within an organisation.
        computer_network_name: Network of the person's computer.
        user1: First field for what the user likes.
        user2: Second one.
        user3: Third one.
        user4: Fourth one.
        certificates: Certificates for encrypted mail, as PidTagUserX509Certificate has them.
        billing: Billing information.
        mileage: Mileage.
        companies: Linked firms.
        contacts: Names of linked contacts.
        journal: Activities with the contact go to the journal.
        source: Lines of the card from which it came that no field expresses, for `formats` alone to read.
    """

    mail: Mail
    name: PersonName = PersonName()
    full_name: str = ""
    file_as: str = ""
    file_as_id: int | None = FileAs.LAST_FIRST
    company: str = ""
    yomi_company: str = ""
    department: str = ""
    job_title: str = ""
    office: str = ""
    profession: str = ""
    manager: str = ""
    assistant: str = ""
    email1: ContactEmail | None = None
    email2: ContactEmail | None = None
    email3: ContactEmail | None = None
    phones: dict[PhoneRole, str] = field(default_factory=dict, hash=False)
    home: PostalAddress = PostalAddress()
    work: PostalAddress = PostalAddress()
    other: PostalAddress = PostalAddress()
    mailing: MailingAddress = MailingAddress.NONE
    unplaced: PostalAddress = PostalAddress()
    web_page: str = ""
    business_home_page: str = ""
    personal_home_page: str = ""
    ftp_site: str = ""
    im_address: str = ""
    free_busy_url: str = ""
    birthday: date | None = None
    anniversary: date | None = None
    spouse: str = ""
    children: tuple[str, ...] = ()
    hobbies: str = ""
    referred_by: str = ""
    gender: Gender = Gender.UNSPECIFIED
    language: str = ""
    location: str = ""
    account: str = ""
    customer_id: str = ""
    government_id: str = ""
    organizational_id: str = ""
    computer_network_name: str = ""
    user1: str = ""
    user2: str = ""
    user3: str = ""
    user4: str = ""
    certificates: tuple[bytes, ...] = ()
    billing: str = ""
    mileage: str = ""
    companies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    journal: bool = False
    source: str = ""

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class

    @property
    def emails(self) -> tuple[ContactEmail, ...]:
        """The e-mail addresses that there are, in order."""
        return tuple([one for one in (self.email1, self.email2, self.email3) if one is not None])

    @property
    def photo(self) -> Attachment | None:
        """The photo, if there is one."""
        return next((one for one in self.mail.attachments if is_photo(one)), None)

    def display_name(self) -> str:
        """Return the whole name."""
        return self.full_name or self.name.joined()

    def filed_under(self) -> str:
        """Return the name under which it is filed."""
        return self.file_as or filed_name(self.file_as_id, self.name, self.display_name(), self.company)

    def address(self, which: MailingAddress) -> PostalAddress:
        """Return one of the postal addresses; the mailing address that is none of them for `MailingAddress.NONE`."""
        return {
            MailingAddress.HOME: self.home,
            MailingAddress.WORK: self.work,
            MailingAddress.OTHER: self.other,
        }.get(which, self.unplaced)

    def titled(self) -> Contact:
        """Return it with the name as its mail's subject, as Outlook has it."""
        return replace(self, mail=replace(self.mail, subject=self.display_name() or self.filed_under()))

    def with_photo(self, content: bytes, content_type: str = "image/jpeg") -> Contact:
        """Return it with another photo."""
        photo = Attachment(PHOTO_NAME, content_type, content, leftover={tags.PidTagAttachmentContactPhoto: True})
        others = [one for one in self.mail.attachments if not is_photo(one)]
        return replace(self, mail=replace(self.mail, attachments=(*others, photo)))


def is_photo(attachment: Attachment) -> bool:
    """Tell whether an attachment is a contact's photo."""
    return attachment.leftover.get(tags.PidTagAttachmentContactPhoto) is True


def filed_name(how: int | None, name: PersonName, full_name: str, company: str) -> str:
    """Return the name under which a contact is filed ([MS-OXOCNTC] 2.2.1.1.12).

    Args:
        how: A `FileAs` number; where it leaves the choice to the program, the last name comes first.
        name: The contact's name.
        full_name: The whole name.
        company: The firm.
    """
    first = _spaced(name.given, name.middle)
    last_first = ", ".join(filter(None, (name.surname, first)))
    joined = name.surname + first
    spaced = _spaced(name.surname, first)
    made: dict[int | None, tuple[str, ...]] = {
        FileAs.FULL_NAME: (full_name,),
        FileAs.GIVEN: (name.given,),
        FileAs.SURNAME: (name.surname,),
        FileAs.COMPANY: (company,),
        FileAs.BEST_MATCH: (last_first,),
        FileAs.DEFAULT: (last_first,),
        FileAs.LAST_FIRST: (last_first,),
        FileAs.COMPANY_LAST_FIRST: (company, last_first),
        FileAs.LAST_FIRST_COMPANY: (last_first, company),
        FileAs.JOINED: (joined,),
        FileAs.SPACED: (spaced,),
        FileAs.COMPANY_JOINED: (company, joined),
        FileAs.COMPANY_SPACED: (company, spaced),
        FileAs.JOINED_COMPANY: (joined, company),
        FileAs.SPACED_COMPANY: (spaced, company),
        FileAs.SPACED_GENERATION: (_spaced(spaced, name.generation),),
        FileAs.FIRST_LAST_GENERATION: (_spaced(first, name.surname, name.generation),),
        FileAs.JOINED_GENERATION: (_spaced(joined, name.generation),),
    }
    return "\n".join(filter(None, made.get(how, ())))


def _spaced(*parts: str) -> str:
    return " ".join(filter(None, parts))
