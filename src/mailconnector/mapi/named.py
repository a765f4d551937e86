"""Named properties: property sets, names, and what they are called.

A named property is known by a property set (a GUID) and a name: a number (LID) or a string. The property id
under which a store keeps it, 0x8000 and up, means nothing outside that store. The constants here cover what
mail, contacts, appointments, tasks, journal entries, notes and posts need; `named.tsv` beside this module has
more.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from mailconnector.mapi.types import PropertyType


@dataclass(frozen=True, slots=True, eq=False)
class PropertyName:
    """The name of a named property, [MS-OXCDATA] 2.6.1.

    String names that differ in case only are equal; each keeps its own spelling.

    Attributes:
        guid: Property set.
        name: LID (unsigned 32-bit), or string name.
    """

    guid: uuid.UUID
    name: int | str
    _key: tuple[int, int | str] = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        folded = self.name.lower() if isinstance(self.name, str) else self.name
        key = (self.guid.int, folded)
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "_hash", hash(key))

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, PropertyName) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        # Strings have another hash in another process.
        return PropertyName, (self.guid, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class NamedTag:
    """A named property with its type: the key of a property whose id is private to its store.

    Attributes:
        name: Property set and name.
        type: Property type, a `PropertyType` number.
    """

    name: PropertyName
    type: int
    _hash: int = field(init=False, repr=False)
    _twin: NamedTag | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        # Every look-up of a property asks for it.
        object.__setattr__(self, "_hash", hash((self.name, self.type)))

    def __eq__(self, other: object) -> bool:
        return self.type == other.type and self.name == other.name if isinstance(other, NamedTag) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return NamedTag, (self.name, self.type)

    def with_type(self, property_type: int) -> NamedTag:
        """Return the same property's key with another type."""
        # The last one is kept: strings are looked for under both of their types again and again.
        twin = self._twin
        if twin is None or twin.type != property_type:
            twin = NamedTag(self.name, property_type)
            object.__setattr__(self, "_twin", twin)
        return twin


PS_MAPI = uuid.UUID("00020328-0000-0000-c000-000000000046")
PS_PUBLIC_STRINGS = uuid.UUID("00020329-0000-0000-c000-000000000046")
PS_INTERNET_HEADERS = uuid.UUID("00020386-0000-0000-c000-000000000046")
PSETID_COMMON = uuid.UUID("00062008-0000-0000-c000-000000000046")
PSETID_ADDRESS = uuid.UUID("00062004-0000-0000-c000-000000000046")
PSETID_APPOINTMENT = uuid.UUID("00062002-0000-0000-c000-000000000046")
PSETID_MEETING = uuid.UUID("6ed8da90-450b-101b-98da-00aa003f1305")
PSETID_TASK = uuid.UUID("00062003-0000-0000-c000-000000000046")
PSETID_LOG = uuid.UUID("0006200a-0000-0000-c000-000000000046")
PSETID_NOTE = uuid.UUID("0006200e-0000-0000-c000-000000000046")
PSETID_POSTRSS = uuid.UUID("00062041-0000-0000-c000-000000000046")
PSETID_SHARING = uuid.UUID("00062040-0000-0000-c000-000000000046")
PSETID_UNIFIED_MESSAGING = uuid.UUID("4442858e-a9e3-4e80-b900-317a210cc15b")
PSETID_MESSAGING = uuid.UUID("41f28f13-83f4-4114-a584-eedb5a6b0bff")
PSETID_AIRSYNC = uuid.UUID("71035549-0739-4dcb-9163-00f0580dbbdf")
PSETID_CALENDAR_ASSISTANT = uuid.UUID("11000e07-b51b-40d6-af21-caa85edab1d0")
PSETID_ATTACHMENT = uuid.UUID("96357f7f-59e1-47d0-99a7-46515c183b54")
PSETID_REPORT = uuid.UUID("00062013-0000-0000-c000-000000000046")
PSETID_REMOTE = uuid.UUID("00062014-0000-0000-c000-000000000046")
PSETID_XML_EXTRACTED_ENTITIES = uuid.UUID("23239608-685d-4732-9c55-4c95cb4e8e33")
PSETID_MAIL_CONNECTOR = uuid.UUID("6d8f3c1e-5a0b-4b62-9f3e-2c7a54d1e0b7")
"""This program's own set: what items have and MAPI has no place for."""

PROPERTY_SETS: dict[str, uuid.UUID] = {
    "PS_MAPI": PS_MAPI,
    "PS_PUBLIC_STRINGS": PS_PUBLIC_STRINGS,
    "PS_INTERNET_HEADERS": PS_INTERNET_HEADERS,
    "PSETID_Common": PSETID_COMMON,
    "PSETID_Address": PSETID_ADDRESS,
    "PSETID_Appointment": PSETID_APPOINTMENT,
    "PSETID_Meeting": PSETID_MEETING,
    "PSETID_Task": PSETID_TASK,
    "PSETID_Log": PSETID_LOG,
    "PSETID_Note": PSETID_NOTE,
    "PSETID_PostRss": PSETID_POSTRSS,
    "PSETID_Sharing": PSETID_SHARING,
    "PSETID_UnifiedMessaging": PSETID_UNIFIED_MESSAGING,
    "PSETID_Messaging": PSETID_MESSAGING,
    "PSETID_AirSync": PSETID_AIRSYNC,
    "PSETID_CalendarAssistant": PSETID_CALENDAR_ASSISTANT,
    "PSETID_Attachment": PSETID_ATTACHMENT,
    "PSETID_Report": PSETID_REPORT,
    "PSETID_Remote": PSETID_REMOTE,
    "PSETID_XmlExtractedEntities": PSETID_XML_EXTRACTED_ENTITIES,
}
"""The property sets by the names that [MS-OXPROPS] 1.3.2 and the MAPI headers give them."""


@cache
def _tables() -> tuple[dict[PropertyName, str], dict[str, tuple[PropertyName, int]]]:
    names: dict[PropertyName, str] = {}
    properties: dict[str, tuple[PropertyName, int]] = {}
    text = resources.files("mailconnector.mapi").joinpath("named.tsv").read_text("ascii")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        property_set, text_name, property_type, canonical = line.split("\t")
        name = PropertyName(
            PROPERTY_SETS[property_set], int(text_name, 16) if text_name.startswith("0x") else text_name
        )
        names.setdefault(name, canonical)
        properties.setdefault(canonical, (name, int(property_type, 16)))
    return names, properties


def name_of_named(name: PropertyName) -> str | None:
    """Return the canonical name, such as "PidLidReminderSet"; None when it has none."""
    return _tables()[0].get(name)


def named_property(canonical: str) -> tuple[PropertyName, int]:
    """Return the name and the type of a canonical name such as "PidLidReminderSet".

    Raises:
        KeyError: There is no such canonical name.
    """
    return _tables()[1][canonical]


def _named(guid: uuid.UUID, name: int | str, property_type: PropertyType) -> NamedTag:
    return NamedTag(PropertyName(guid, name), property_type)


PidNameApplicationName = _named(PS_PUBLIC_STRINGS, "AppName", PropertyType.STRING)
PidNameAuthor = _named(PS_PUBLIC_STRINGS, "Author", PropertyType.STRING)
PidNameCategory = _named(PS_PUBLIC_STRINGS, "Category", PropertyType.STRING)
PidNameComments = _named(PS_PUBLIC_STRINGS, "Comments", PropertyType.STRING)
PidNameCompany = _named(PS_PUBLIC_STRINGS, "Company", PropertyType.STRING)
PidNameRightsManagementLicense = _named(PS_PUBLIC_STRINGS, "DRMLicense", PropertyType.MULTIPLE_BINARY)
PidNamePhishingStamp = _named(
    PS_PUBLIC_STRINGS, "http://schemas.microsoft.com/outlook/phishingstamp", PropertyType.INTEGER32
)
PidNameKeywords = _named(PS_PUBLIC_STRINGS, "Keywords", PropertyType.MULTIPLE_STRING)
PidNameTitle = _named(PS_PUBLIC_STRINGS, "Title", PropertyType.STRING)
PidNameCalendarUid = _named(PS_PUBLIC_STRINGS, "urn:schemas:calendar:uid", PropertyType.STRING)

PidNameAcceptLanguage = _named(PS_INTERNET_HEADERS, "Accept-Language", PropertyType.STRING)
PidNameContentBase = _named(PS_INTERNET_HEADERS, "Content-Base", PropertyType.STRING)
PidNameContentClass = _named(PS_INTERNET_HEADERS, "Content-Class", PropertyType.STRING)
PidNameContentTransferEncoding = _named(PS_INTERNET_HEADERS, "Content-Transfer-Encoding", PropertyType.STRING)
PidNameContentType = _named(PS_INTERNET_HEADERS, "Content-Type", PropertyType.STRING)
PidNameFrom = _named(PS_INTERNET_HEADERS, "From", PropertyType.STRING)
PidNameInternetSubject = _named(PS_INTERNET_HEADERS, "Subject", PropertyType.STRING)

PidLidDayOfMonth = _named(PSETID_COMMON, 0x1000, PropertyType.INTEGER32)
PidLidICalendarDayOfWeekMask = _named(PSETID_COMMON, 0x1001, PropertyType.INTEGER32)
PidLidOccurrences = _named(PSETID_COMMON, 0x1005, PropertyType.INTEGER32)
PidLidMonthOfYear = _named(PSETID_COMMON, 0x1006, PropertyType.INTEGER32)
PidLidNoEndDateFlag = _named(PSETID_COMMON, 0x100B, PropertyType.BOOLEAN)
PidLidRecurrenceDuration = _named(PSETID_COMMON, 0x100D, PropertyType.INTEGER32)
PidLidPromptSendUpdate = _named(PSETID_COMMON, 0x8045, PropertyType.BOOLEAN)
PidLidReminderDelta = _named(PSETID_COMMON, 0x8501, PropertyType.INTEGER32)
PidLidReminderTime = _named(PSETID_COMMON, 0x8502, PropertyType.TIME)
PidLidReminderSet = _named(PSETID_COMMON, 0x8503, PropertyType.BOOLEAN)
PidLidReminderTimeTime = _named(PSETID_COMMON, 0x8504, PropertyType.TIME)
PidLidReminderTimeDate = _named(PSETID_COMMON, 0x8505, PropertyType.TIME)
PidLidPrivate = _named(PSETID_COMMON, 0x8506, PropertyType.BOOLEAN)
PidLidAgingDontAgeMe = _named(PSETID_COMMON, 0x850E, PropertyType.BOOLEAN)
PidLidFormStorage = _named(PSETID_COMMON, 0x850F, PropertyType.BINARY)
PidLidSideEffects = _named(PSETID_COMMON, 0x8510, PropertyType.INTEGER32)
PidLidRemoteStatus = _named(PSETID_COMMON, 0x8511, PropertyType.INTEGER32)
PidLidPageDirStream = _named(PSETID_COMMON, 0x8513, PropertyType.BINARY)
PidLidSmartNoAttach = _named(PSETID_COMMON, 0x8514, PropertyType.BOOLEAN)
PidLidCommonStart = _named(PSETID_COMMON, 0x8516, PropertyType.TIME)
PidLidCommonEnd = _named(PSETID_COMMON, 0x8517, PropertyType.TIME)
PidLidTaskMode = _named(PSETID_COMMON, 0x8518, PropertyType.INTEGER32)
PidLidTaskGlobalId = _named(PSETID_COMMON, 0x8519, PropertyType.BINARY)
PidLidAutoProcessState = _named(PSETID_COMMON, 0x851A, PropertyType.INTEGER32)
PidLidFormPropStream = _named(PSETID_COMMON, 0x851B, PropertyType.BINARY)
PidLidReminderOverride = _named(PSETID_COMMON, 0x851C, PropertyType.BOOLEAN)
PidLidReminderType = _named(PSETID_COMMON, 0x851D, PropertyType.INTEGER32)
PidLidReminderPlaySound = _named(PSETID_COMMON, 0x851E, PropertyType.BOOLEAN)
PidLidReminderFileParameter = _named(PSETID_COMMON, 0x851F, PropertyType.STRING)
PidLidVerbStream = _named(PSETID_COMMON, 0x8520, PropertyType.BINARY)
PidLidVerbResponse = _named(PSETID_COMMON, 0x8524, PropertyType.STRING)
PidLidFlagRequest = _named(PSETID_COMMON, 0x8530, PropertyType.STRING)
PidLidMileage = _named(PSETID_COMMON, 0x8534, PropertyType.STRING)
PidLidBilling = _named(PSETID_COMMON, 0x8535, PropertyType.STRING)
PidLidNonSendableTo = _named(PSETID_COMMON, 0x8536, PropertyType.STRING)
PidLidNonSendableCc = _named(PSETID_COMMON, 0x8537, PropertyType.STRING)
PidLidNonSendableBcc = _named(PSETID_COMMON, 0x8538, PropertyType.STRING)
PidLidCompanies = _named(PSETID_COMMON, 0x8539, PropertyType.MULTIPLE_STRING)
PidLidContacts = _named(PSETID_COMMON, 0x853A, PropertyType.MULTIPLE_STRING)
PidLidPropertyDefinitionStream = _named(PSETID_COMMON, 0x8540, PropertyType.BINARY)
PidLidScriptStream = _named(PSETID_COMMON, 0x8541, PropertyType.BINARY)
PidLidCustomFlag = _named(PSETID_COMMON, 0x8542, PropertyType.INTEGER32)
PidLidNonSendToTrackStatus = _named(PSETID_COMMON, 0x8543, PropertyType.MULTIPLE_INTEGER32)
PidLidNonSendCcTrackStatus = _named(PSETID_COMMON, 0x8544, PropertyType.MULTIPLE_INTEGER32)
PidLidNonSendBccTrackStatus = _named(PSETID_COMMON, 0x8545, PropertyType.MULTIPLE_INTEGER32)
PidLidNonSendableBccTrackStatus = _named(PSETID_COMMON, 0x8545, PropertyType.MULTIPLE_INTEGER32)
PidLidRecallTime = _named(PSETID_COMMON, 0x8549, PropertyType.TIME)
PidLidCurrentVersion = _named(PSETID_COMMON, 0x8552, PropertyType.INTEGER32)
PidLidCurrentVersionName = _named(PSETID_COMMON, 0x8554, PropertyType.STRING)
PidLidReminderSignalTime = _named(PSETID_COMMON, 0x8560, PropertyType.TIME)
PidLidImapDeleted = _named(PSETID_COMMON, 0x8570, PropertyType.INTEGER32)
PidLidHeaderItem = _named(PSETID_COMMON, 0x8578, PropertyType.INTEGER32)
PidLidInternetAccountName = _named(PSETID_COMMON, 0x8580, PropertyType.STRING)
PidLidInternetAccountStamp = _named(PSETID_COMMON, 0x8581, PropertyType.STRING)
PidLidUseTnef = _named(PSETID_COMMON, 0x8582, PropertyType.BOOLEAN)
PidLidContactLinkSearchKey = _named(PSETID_COMMON, 0x8584, PropertyType.BINARY)
PidLidContactLinkEntry = _named(PSETID_COMMON, 0x8585, PropertyType.BINARY)
PidLidContactLinkName = _named(PSETID_COMMON, 0x8586, PropertyType.STRING)
PidLidImageAttachmentsCompressionLevel = _named(PSETID_COMMON, 0x8593, PropertyType.INTEGER32)
PidLidIsInterpersonalFax = _named(PSETID_COMMON, 0x859B, PropertyType.BOOLEAN)
PidLidSpamOriginalFolder = _named(PSETID_COMMON, 0x859C, PropertyType.BINARY)
PidLidToDoOrdinalDate = _named(PSETID_COMMON, 0x85A0, PropertyType.TIME)
PidLidToDoSubOrdinal = _named(PSETID_COMMON, 0x85A1, PropertyType.STRING)
PidLidToDoTitle = _named(PSETID_COMMON, 0x85A4, PropertyType.STRING)
PidLidFShouldTNEF = _named(PSETID_COMMON, 0x85A5, PropertyType.BOOLEAN)
PidLidInfoPathFormName = _named(PSETID_COMMON, 0x85B1, PropertyType.STRING)
PidLidClassified = _named(PSETID_COMMON, 0x85B5, PropertyType.BOOLEAN)
PidLidClassification = _named(PSETID_COMMON, 0x85B6, PropertyType.STRING)
PidLidClassificationDescription = _named(PSETID_COMMON, 0x85B7, PropertyType.STRING)
PidLidClassificationGuid = _named(PSETID_COMMON, 0x85B8, PropertyType.STRING)
PidLidOfflineStatus = _named(PSETID_COMMON, 0x85B9, PropertyType.INTEGER32)
PidLidClassificationKeep = _named(PSETID_COMMON, 0x85BA, PropertyType.BOOLEAN)
PidLidReferenceEntryId = _named(PSETID_COMMON, 0x85BD, PropertyType.BINARY)
PidLidValidFlagStringProof = _named(PSETID_COMMON, 0x85BF, PropertyType.TIME)
PidLidFlagString = _named(PSETID_COMMON, 0x85C0, PropertyType.INTEGER32)
PidLidConversationActionMoveFolderEid = _named(PSETID_COMMON, 0x85C6, PropertyType.BINARY)
PidLidConversationActionMoveStoreEid = _named(PSETID_COMMON, 0x85C7, PropertyType.BINARY)
PidLidConversationActionMaxDeliveryTime = _named(PSETID_COMMON, 0x85C8, PropertyType.TIME)
PidLidConversationProcessed = _named(PSETID_COMMON, 0x85C9, PropertyType.INTEGER32)
PidLidConversationActionLastAppliedTime = _named(PSETID_COMMON, 0x85CA, PropertyType.TIME)
PidLidConversationActionVersion = _named(PSETID_COMMON, 0x85CB, PropertyType.INTEGER32)
PidLidPendingStateForSiteMailboxDocument = _named(PSETID_COMMON, 0x85E0, PropertyType.INTEGER32)

PidLidFileUnder = _named(PSETID_ADDRESS, 0x8005, PropertyType.STRING)
PidLidFileUnderId = _named(PSETID_ADDRESS, 0x8006, PropertyType.INTEGER32)
PidLidContactItemData = _named(PSETID_ADDRESS, 0x8007, PropertyType.MULTIPLE_INTEGER32)
PidLidDepartment = _named(PSETID_ADDRESS, 0x8010, PropertyType.STRING)
PidLidHasPicture = _named(PSETID_ADDRESS, 0x8015, PropertyType.BOOLEAN)
PidLidHomeAddress = _named(PSETID_ADDRESS, 0x801A, PropertyType.STRING)
PidLidWorkAddress = _named(PSETID_ADDRESS, 0x801B, PropertyType.STRING)
PidLidOtherAddress = _named(PSETID_ADDRESS, 0x801C, PropertyType.STRING)
PidLidPostalAddressId = _named(PSETID_ADDRESS, 0x8022, PropertyType.INTEGER32)
PidLidContactCharacterSet = _named(PSETID_ADDRESS, 0x8023, PropertyType.INTEGER32)
PidLidAutoLog = _named(PSETID_ADDRESS, 0x8025, PropertyType.BOOLEAN)
PidLidFileUnderList = _named(PSETID_ADDRESS, 0x8026, PropertyType.MULTIPLE_INTEGER32)
PidLidEmailList = _named(PSETID_ADDRESS, 0x8027, PropertyType.MULTIPLE_INTEGER32)
PidLidAddressBookProviderEmailList = _named(PSETID_ADDRESS, 0x8028, PropertyType.MULTIPLE_INTEGER32)
PidLidAddressBookProviderArrayType = _named(PSETID_ADDRESS, 0x8029, PropertyType.INTEGER32)
PidLidHtml = _named(PSETID_ADDRESS, 0x802B, PropertyType.STRING)
PidLidYomiFirstName = _named(PSETID_ADDRESS, 0x802C, PropertyType.STRING)
PidLidYomiLastName = _named(PSETID_ADDRESS, 0x802D, PropertyType.STRING)
PidLidYomiCompanyName = _named(PSETID_ADDRESS, 0x802E, PropertyType.STRING)
PidLidBusinessCardDisplayDefinition = _named(PSETID_ADDRESS, 0x8040, PropertyType.BINARY)
PidLidBusinessCardCardPicture = _named(PSETID_ADDRESS, 0x8041, PropertyType.BINARY)
PidLidWorkAddressStreet = _named(PSETID_ADDRESS, 0x8045, PropertyType.STRING)
PidLidWorkAddressCity = _named(PSETID_ADDRESS, 0x8046, PropertyType.STRING)
PidLidWorkAddressState = _named(PSETID_ADDRESS, 0x8047, PropertyType.STRING)
PidLidWorkAddressPostalCode = _named(PSETID_ADDRESS, 0x8048, PropertyType.STRING)
PidLidWorkAddressCountry = _named(PSETID_ADDRESS, 0x8049, PropertyType.STRING)
PidLidWorkAddressPostOfficeBox = _named(PSETID_ADDRESS, 0x804A, PropertyType.STRING)
PidLidDistributionListChecksum = _named(PSETID_ADDRESS, 0x804C, PropertyType.INTEGER32)
PidLidBirthdayEventEntryId = _named(PSETID_ADDRESS, 0x804D, PropertyType.BINARY)
PidLidAnniversaryEventEntryId = _named(PSETID_ADDRESS, 0x804E, PropertyType.BINARY)
PidLidContactUserField1 = _named(PSETID_ADDRESS, 0x804F, PropertyType.STRING)
PidLidContactUserField2 = _named(PSETID_ADDRESS, 0x8050, PropertyType.STRING)
PidLidContactUserField3 = _named(PSETID_ADDRESS, 0x8051, PropertyType.STRING)
PidLidContactUserField4 = _named(PSETID_ADDRESS, 0x8052, PropertyType.STRING)
PidLidDistributionListName = _named(PSETID_ADDRESS, 0x8053, PropertyType.STRING)
PidLidDistributionListOneOffMembers = _named(PSETID_ADDRESS, 0x8054, PropertyType.MULTIPLE_BINARY)
PidLidDistributionListMembers = _named(PSETID_ADDRESS, 0x8055, PropertyType.MULTIPLE_BINARY)
PidLidInstantMessagingAddress = _named(PSETID_ADDRESS, 0x8062, PropertyType.STRING)
PidLidDistributionListStream = _named(PSETID_ADDRESS, 0x8064, PropertyType.BINARY)
PidLidEmail1DisplayName = _named(PSETID_ADDRESS, 0x8080, PropertyType.STRING)
PidLidEmail1AddressType = _named(PSETID_ADDRESS, 0x8082, PropertyType.STRING)
PidLidEmail1EmailAddress = _named(PSETID_ADDRESS, 0x8083, PropertyType.STRING)
PidLidEmail1OriginalDisplayName = _named(PSETID_ADDRESS, 0x8084, PropertyType.STRING)
PidLidEmail1OriginalEntryId = _named(PSETID_ADDRESS, 0x8085, PropertyType.BINARY)
PidLidEmail1RichTextFormat = _named(PSETID_ADDRESS, 0x8086, PropertyType.BOOLEAN)
PidLidEmail1EmailType = _named(PSETID_ADDRESS, 0x8087, PropertyType.STRING)
PidLidEmail2DisplayName = _named(PSETID_ADDRESS, 0x8090, PropertyType.STRING)
PidLidEmail2AddressType = _named(PSETID_ADDRESS, 0x8092, PropertyType.STRING)
PidLidEmail2EmailAddress = _named(PSETID_ADDRESS, 0x8093, PropertyType.STRING)
PidLidEmail2OriginalDisplayName = _named(PSETID_ADDRESS, 0x8094, PropertyType.STRING)
PidLidEmail2OriginalEntryId = _named(PSETID_ADDRESS, 0x8095, PropertyType.BINARY)
PidLidEmail2RichTextFormat = _named(PSETID_ADDRESS, 0x8096, PropertyType.BOOLEAN)
PidLidEmail2EmailType = _named(PSETID_ADDRESS, 0x8097, PropertyType.STRING)
PidLidEmail3DisplayName = _named(PSETID_ADDRESS, 0x80A0, PropertyType.STRING)
PidLidEmail3AddressType = _named(PSETID_ADDRESS, 0x80A2, PropertyType.STRING)
PidLidEmail3EmailAddress = _named(PSETID_ADDRESS, 0x80A3, PropertyType.STRING)
PidLidEmail3OriginalDisplayName = _named(PSETID_ADDRESS, 0x80A4, PropertyType.STRING)
PidLidEmail3OriginalEntryId = _named(PSETID_ADDRESS, 0x80A5, PropertyType.BINARY)
PidLidEmail3RichTextFormat = _named(PSETID_ADDRESS, 0x80A6, PropertyType.BOOLEAN)
PidLidEmail3EmailType = _named(PSETID_ADDRESS, 0x80A7, PropertyType.STRING)
PidLidFax1DisplayName = _named(PSETID_ADDRESS, 0x80B0, PropertyType.STRING)
PidLidFax1EntryId = _named(PSETID_ADDRESS, 0x80B1, PropertyType.BINARY)
PidLidFax1AddressType = _named(PSETID_ADDRESS, 0x80B2, PropertyType.STRING)
PidLidFax1EmailAddress = _named(PSETID_ADDRESS, 0x80B3, PropertyType.STRING)
PidLidFax1OriginalDisplayName = _named(PSETID_ADDRESS, 0x80B4, PropertyType.STRING)
PidLidFax1OriginalEntryId = _named(PSETID_ADDRESS, 0x80B5, PropertyType.BINARY)
PidLidFax1RichTextFormat = _named(PSETID_ADDRESS, 0x80B6, PropertyType.BOOLEAN)
PidLidFax1EmailType = _named(PSETID_ADDRESS, 0x80B7, PropertyType.STRING)
PidLidFax2DisplayName = _named(PSETID_ADDRESS, 0x80C0, PropertyType.STRING)
PidLidFax2EntryId = _named(PSETID_ADDRESS, 0x80C1, PropertyType.BINARY)
PidLidFax2AddressType = _named(PSETID_ADDRESS, 0x80C2, PropertyType.STRING)
PidLidFax2EmailAddress = _named(PSETID_ADDRESS, 0x80C3, PropertyType.STRING)
PidLidFax2OriginalDisplayName = _named(PSETID_ADDRESS, 0x80C4, PropertyType.STRING)
PidLidFax2OriginalEntryId = _named(PSETID_ADDRESS, 0x80C5, PropertyType.BINARY)
PidLidFax2RichTextFormat = _named(PSETID_ADDRESS, 0x80C6, PropertyType.BOOLEAN)
PidLidFax2EmailType = _named(PSETID_ADDRESS, 0x80C7, PropertyType.STRING)
PidLidFax3DisplayName = _named(PSETID_ADDRESS, 0x80D0, PropertyType.STRING)
PidLidFax3EntryId = _named(PSETID_ADDRESS, 0x80D1, PropertyType.BINARY)
PidLidFax3AddressType = _named(PSETID_ADDRESS, 0x80D2, PropertyType.STRING)
PidLidFax3EmailAddress = _named(PSETID_ADDRESS, 0x80D3, PropertyType.STRING)
PidLidFax3OriginalDisplayName = _named(PSETID_ADDRESS, 0x80D4, PropertyType.STRING)
PidLidFax3OriginalEntryId = _named(PSETID_ADDRESS, 0x80D5, PropertyType.BINARY)
PidLidFax3RichTextFormat = _named(PSETID_ADDRESS, 0x80D6, PropertyType.BOOLEAN)
PidLidFax3EmailType = _named(PSETID_ADDRESS, 0x80D7, PropertyType.STRING)
PidLidFreeBusyLocation = _named(PSETID_ADDRESS, 0x80D8, PropertyType.STRING)
PidLidUserX509Certificate = _named(PSETID_ADDRESS, 0x80D9, PropertyType.MULTIPLE_BINARY)
PidLidHomeAddressCountryCode = _named(PSETID_ADDRESS, 0x80DA, PropertyType.STRING)
PidLidWorkAddressCountryCode = _named(PSETID_ADDRESS, 0x80DB, PropertyType.STRING)
PidLidOtherAddressCountryCode = _named(PSETID_ADDRESS, 0x80DC, PropertyType.STRING)
PidLidAddressCountryCode = _named(PSETID_ADDRESS, 0x80DD, PropertyType.STRING)
PidLidBirthdayLocal = _named(PSETID_ADDRESS, 0x80DE, PropertyType.TIME)
PidLidWeddingAnniversaryLocal = _named(PSETID_ADDRESS, 0x80DF, PropertyType.TIME)
PidLidIsContactLinked = _named(PSETID_ADDRESS, 0x80E0, PropertyType.BOOLEAN)
PidLidContactLinkedGlobalAddressListEntryId = _named(PSETID_ADDRESS, 0x80E2, PropertyType.BINARY)
PidLidContactLinkSMTPAddressCache = _named(PSETID_ADDRESS, 0x80E3, PropertyType.MULTIPLE_STRING)
PidLidContactLinkLinkRejectHistory = _named(PSETID_ADDRESS, 0x80E5, PropertyType.MULTIPLE_BINARY)
PidLidContactLinkGlobalAddressListLinkState = _named(PSETID_ADDRESS, 0x80E6, PropertyType.INTEGER32)
PidLidContactLinkGlobalAddressListLinkId = _named(PSETID_ADDRESS, 0x80E8, PropertyType.GUID)

PidLidSendMeetingAsIcal = _named(PSETID_APPOINTMENT, 0x8200, PropertyType.BOOLEAN)
PidLidAppointmentSequence = _named(PSETID_APPOINTMENT, 0x8201, PropertyType.INTEGER32)
PidLidAppointmentSequenceTime = _named(PSETID_APPOINTMENT, 0x8202, PropertyType.TIME)
PidLidAppointmentLastSequence = _named(PSETID_APPOINTMENT, 0x8203, PropertyType.INTEGER32)
PidLidChangeHighlight = _named(PSETID_APPOINTMENT, 0x8204, PropertyType.INTEGER32)
PidLidBusyStatus = _named(PSETID_APPOINTMENT, 0x8205, PropertyType.INTEGER32)
PidLidFExceptionalBody = _named(PSETID_APPOINTMENT, 0x8206, PropertyType.BOOLEAN)
PidLidAppointmentAuxiliaryFlags = _named(PSETID_APPOINTMENT, 0x8207, PropertyType.INTEGER32)
PidLidLocation = _named(PSETID_APPOINTMENT, 0x8208, PropertyType.STRING)
PidLidMeetingWorkspaceUrl = _named(PSETID_APPOINTMENT, 0x8209, PropertyType.STRING)
PidLidForwardInstance = _named(PSETID_APPOINTMENT, 0x820A, PropertyType.BOOLEAN)
PidLidLinkedTaskItems = _named(PSETID_APPOINTMENT, 0x820C, PropertyType.MULTIPLE_BINARY)
PidLidAppointmentStartWhole = _named(PSETID_APPOINTMENT, 0x820D, PropertyType.TIME)
PidLidAppointmentEndWhole = _named(PSETID_APPOINTMENT, 0x820E, PropertyType.TIME)
PidLidAppointmentStartTime = _named(PSETID_APPOINTMENT, 0x820F, PropertyType.TIME)
PidLidAppointmentEndTime = _named(PSETID_APPOINTMENT, 0x8210, PropertyType.TIME)
PidLidAppointmentEndDate = _named(PSETID_APPOINTMENT, 0x8211, PropertyType.TIME)
PidLidAppointmentStartDate = _named(PSETID_APPOINTMENT, 0x8212, PropertyType.TIME)
PidLidAppointmentDuration = _named(PSETID_APPOINTMENT, 0x8213, PropertyType.INTEGER32)
PidLidAppointmentColor = _named(PSETID_APPOINTMENT, 0x8214, PropertyType.INTEGER32)
PidLidAppointmentSubType = _named(PSETID_APPOINTMENT, 0x8215, PropertyType.BOOLEAN)
PidLidAppointmentRecur = _named(PSETID_APPOINTMENT, 0x8216, PropertyType.BINARY)
PidLidAppointmentStateFlags = _named(PSETID_APPOINTMENT, 0x8217, PropertyType.INTEGER32)
PidLidResponseStatus = _named(PSETID_APPOINTMENT, 0x8218, PropertyType.INTEGER32)
PidLidAppointmentReplyTime = _named(PSETID_APPOINTMENT, 0x8220, PropertyType.TIME)
PidLidRecurring = _named(PSETID_APPOINTMENT, 0x8223, PropertyType.BOOLEAN)
PidLidIntendedBusyStatus = _named(PSETID_APPOINTMENT, 0x8224, PropertyType.INTEGER32)
PidLidAppointmentUpdateTime = _named(PSETID_APPOINTMENT, 0x8226, PropertyType.TIME)
PidLidExceptionReplaceTime = _named(PSETID_APPOINTMENT, 0x8228, PropertyType.TIME)
PidLidFInvited = _named(PSETID_APPOINTMENT, 0x8229, PropertyType.BOOLEAN)
PidLidFExceptionalAttendees = _named(PSETID_APPOINTMENT, 0x822B, PropertyType.BOOLEAN)
PidLidOwnerName = _named(PSETID_APPOINTMENT, 0x822E, PropertyType.STRING)
PidLidFOthersAppointment = _named(PSETID_APPOINTMENT, 0x822F, PropertyType.BOOLEAN)
PidLidAppointmentReplyName = _named(PSETID_APPOINTMENT, 0x8230, PropertyType.STRING)
PidLidRecurrenceType = _named(PSETID_APPOINTMENT, 0x8231, PropertyType.INTEGER32)
PidLidRecurrencePattern = _named(PSETID_APPOINTMENT, 0x8232, PropertyType.STRING)
PidLidTimeZoneStruct = _named(PSETID_APPOINTMENT, 0x8233, PropertyType.BINARY)
PidLidTimeZoneDescription = _named(PSETID_APPOINTMENT, 0x8234, PropertyType.STRING)
PidLidClipStart = _named(PSETID_APPOINTMENT, 0x8235, PropertyType.TIME)
PidLidClipEnd = _named(PSETID_APPOINTMENT, 0x8236, PropertyType.TIME)
PidLidOriginalStoreEntryId = _named(PSETID_APPOINTMENT, 0x8237, PropertyType.BINARY)
PidLidAllAttendeesString = _named(PSETID_APPOINTMENT, 0x8238, PropertyType.STRING)
PidLidAutoFillLocation = _named(PSETID_APPOINTMENT, 0x823A, PropertyType.BOOLEAN)
PidLidToAttendeesString = _named(PSETID_APPOINTMENT, 0x823B, PropertyType.STRING)
PidLidCcAttendeesString = _named(PSETID_APPOINTMENT, 0x823C, PropertyType.STRING)
PidLidConferencingCheck = _named(PSETID_APPOINTMENT, 0x8240, PropertyType.BOOLEAN)
PidLidConferencingType = _named(PSETID_APPOINTMENT, 0x8241, PropertyType.INTEGER32)
PidLidDirectory = _named(PSETID_APPOINTMENT, 0x8242, PropertyType.STRING)
PidLidOrganizerAlias = _named(PSETID_APPOINTMENT, 0x8243, PropertyType.STRING)
PidLidAutoStartCheck = _named(PSETID_APPOINTMENT, 0x8244, PropertyType.BOOLEAN)
PidLidAutoStartWhen = _named(PSETID_APPOINTMENT, 0x8245, PropertyType.INTEGER32)
PidLidAllowExternalCheck = _named(PSETID_APPOINTMENT, 0x8246, PropertyType.BOOLEAN)
PidLidCollaborateDoc = _named(PSETID_APPOINTMENT, 0x8247, PropertyType.STRING)
PidLidNetShowUrl = _named(PSETID_APPOINTMENT, 0x8248, PropertyType.STRING)
PidLidOnlinePassword = _named(PSETID_APPOINTMENT, 0x8249, PropertyType.STRING)
PidLidAppointmentProposedStartWhole = _named(PSETID_APPOINTMENT, 0x8250, PropertyType.TIME)
PidLidAppointmentProposedEndWhole = _named(PSETID_APPOINTMENT, 0x8251, PropertyType.TIME)
PidLidAppointmentProposedDuration = _named(PSETID_APPOINTMENT, 0x8256, PropertyType.INTEGER32)
PidLidAppointmentCounterProposal = _named(PSETID_APPOINTMENT, 0x8257, PropertyType.BOOLEAN)
PidLidAppointmentProposalNumber = _named(PSETID_APPOINTMENT, 0x8259, PropertyType.INTEGER32)
PidLidAppointmentNotAllowPropose = _named(PSETID_APPOINTMENT, 0x825A, PropertyType.BOOLEAN)
PidLidAppointmentUnsendableRecipients = _named(PSETID_APPOINTMENT, 0x825D, PropertyType.BINARY)
PidLidAppointmentTimeZoneDefinitionStartDisplay = _named(PSETID_APPOINTMENT, 0x825E, PropertyType.BINARY)
PidLidAppointmentTimeZoneDefinitionEndDisplay = _named(PSETID_APPOINTMENT, 0x825F, PropertyType.BINARY)
PidLidAppointmentTimeZoneDefinitionRecur = _named(PSETID_APPOINTMENT, 0x8260, PropertyType.BINARY)
PidLidForwardNotificationRecipients = _named(PSETID_APPOINTMENT, 0x8261, PropertyType.BINARY)
PidLidInboundICalStream = _named(PSETID_APPOINTMENT, 0x827A, PropertyType.BINARY)
PidLidSingleBodyICal = _named(PSETID_APPOINTMENT, 0x827B, PropertyType.BOOLEAN)

PidLidAttendeeCriticalChange = _named(PSETID_MEETING, 0x0001, PropertyType.TIME)
PidLidWhere = _named(PSETID_MEETING, 0x0002, PropertyType.STRING)
PidLidGlobalObjectId = _named(PSETID_MEETING, 0x0003, PropertyType.BINARY)
PidLidIsSilent = _named(PSETID_MEETING, 0x0004, PropertyType.BOOLEAN)
PidLidIsRecurring = _named(PSETID_MEETING, 0x0005, PropertyType.BOOLEAN)
PidLidRequiredAttendees = _named(PSETID_MEETING, 0x0006, PropertyType.STRING)
PidLidOptionalAttendees = _named(PSETID_MEETING, 0x0007, PropertyType.STRING)
PidLidResourceAttendees = _named(PSETID_MEETING, 0x0008, PropertyType.STRING)
PidLidDelegateMail = _named(PSETID_MEETING, 0x0009, PropertyType.BOOLEAN)
PidLidIsException = _named(PSETID_MEETING, 0x000A, PropertyType.BOOLEAN)
PidLidSingleInvite = _named(PSETID_MEETING, 0x000B, PropertyType.BOOLEAN)
PidLidTimeZone = _named(PSETID_MEETING, 0x000C, PropertyType.INTEGER32)
PidLidStartRecurrenceDate = _named(PSETID_MEETING, 0x000D, PropertyType.INTEGER32)
PidLidStartRecurrenceTime = _named(PSETID_MEETING, 0x000E, PropertyType.INTEGER32)
PidLidEndRecurrenceDate = _named(PSETID_MEETING, 0x000F, PropertyType.INTEGER32)
PidLidEndRecurrenceTime = _named(PSETID_MEETING, 0x0010, PropertyType.INTEGER32)
PidLidDayInterval = _named(PSETID_MEETING, 0x0011, PropertyType.INTEGER16)
PidLidWeekInterval = _named(PSETID_MEETING, 0x0012, PropertyType.INTEGER16)
PidLidMonthInterval = _named(PSETID_MEETING, 0x0013, PropertyType.INTEGER16)
PidLidYearInterval = _named(PSETID_MEETING, 0x0014, PropertyType.INTEGER16)
PidLidMonthOfYearMask = _named(PSETID_MEETING, 0x0017, PropertyType.INTEGER32)
PidLidOldRecurrenceType = _named(PSETID_MEETING, 0x0018, PropertyType.INTEGER16)
PidLidOwnerCriticalChange = _named(PSETID_MEETING, 0x001A, PropertyType.TIME)
PidLidCalendarType = _named(PSETID_MEETING, 0x001C, PropertyType.INTEGER32)
PidLidAllAttendeesList = _named(PSETID_MEETING, 0x001D, PropertyType.STRING)
PidLidCleanGlobalObjectId = _named(PSETID_MEETING, 0x0023, PropertyType.BINARY)
PidLidAppointmentMessageClass = _named(PSETID_MEETING, 0x0024, PropertyType.STRING)
PidLidMeetingType = _named(PSETID_MEETING, 0x0026, PropertyType.INTEGER32)
PidLidOldLocation = _named(PSETID_MEETING, 0x0028, PropertyType.STRING)
PidLidOldWhenStartWhole = _named(PSETID_MEETING, 0x0029, PropertyType.TIME)
PidLidOldWhenEndWhole = _named(PSETID_MEETING, 0x002A, PropertyType.TIME)

PidLidTaskStatus = _named(PSETID_TASK, 0x8101, PropertyType.INTEGER32)
PidLidPercentComplete = _named(PSETID_TASK, 0x8102, PropertyType.FLOATING64)
PidLidTeamTask = _named(PSETID_TASK, 0x8103, PropertyType.BOOLEAN)
PidLidTaskStartDate = _named(PSETID_TASK, 0x8104, PropertyType.TIME)
PidLidTaskDueDate = _named(PSETID_TASK, 0x8105, PropertyType.TIME)
PidLidTaskResetReminder = _named(PSETID_TASK, 0x8107, PropertyType.BOOLEAN)
PidLidTaskAccepted = _named(PSETID_TASK, 0x8108, PropertyType.BOOLEAN)
PidLidTaskDeadOccurrence = _named(PSETID_TASK, 0x8109, PropertyType.BOOLEAN)
PidLidTaskDateCompleted = _named(PSETID_TASK, 0x810F, PropertyType.TIME)
PidLidTaskActualEffort = _named(PSETID_TASK, 0x8110, PropertyType.INTEGER32)
PidLidTaskEstimatedEffort = _named(PSETID_TASK, 0x8111, PropertyType.INTEGER32)
PidLidTaskVersion = _named(PSETID_TASK, 0x8112, PropertyType.INTEGER32)
PidLidTaskState = _named(PSETID_TASK, 0x8113, PropertyType.INTEGER32)
PidLidTaskLastUpdate = _named(PSETID_TASK, 0x8115, PropertyType.TIME)
PidLidTaskRecurrence = _named(PSETID_TASK, 0x8116, PropertyType.BINARY)
PidLidTaskAssigners = _named(PSETID_TASK, 0x8117, PropertyType.BINARY)
PidLidTaskStatusOnComplete = _named(PSETID_TASK, 0x8119, PropertyType.BOOLEAN)
PidLidTaskHistory = _named(PSETID_TASK, 0x811A, PropertyType.INTEGER32)
PidLidTaskUpdates = _named(PSETID_TASK, 0x811B, PropertyType.BOOLEAN)
PidLidTaskComplete = _named(PSETID_TASK, 0x811C, PropertyType.BOOLEAN)
PidLidTaskFCreator = _named(PSETID_TASK, 0x811E, PropertyType.BOOLEAN)
PidLidTaskOwner = _named(PSETID_TASK, 0x811F, PropertyType.STRING)
PidLidTaskMultipleRecipients = _named(PSETID_TASK, 0x8120, PropertyType.INTEGER32)
PidLidTaskAssigner = _named(PSETID_TASK, 0x8121, PropertyType.STRING)
PidLidTaskLastUser = _named(PSETID_TASK, 0x8122, PropertyType.STRING)
PidLidTaskOrdinal = _named(PSETID_TASK, 0x8123, PropertyType.INTEGER32)
PidLidTaskNoCompute = _named(PSETID_TASK, 0x8124, PropertyType.BOOLEAN)
PidLidTaskLastDelegate = _named(PSETID_TASK, 0x8125, PropertyType.STRING)
PidLidTaskFRecurring = _named(PSETID_TASK, 0x8126, PropertyType.BOOLEAN)
PidLidTaskRole = _named(PSETID_TASK, 0x8127, PropertyType.STRING)
PidLidTaskOwnership = _named(PSETID_TASK, 0x8129, PropertyType.INTEGER32)
PidLidTaskAcceptanceState = _named(PSETID_TASK, 0x812A, PropertyType.INTEGER32)
PidLidTaskFFixOffline = _named(PSETID_TASK, 0x812C, PropertyType.BOOLEAN)
PidLidTaskCustomFlags = _named(PSETID_TASK, 0x8139, PropertyType.INTEGER32)

PidLidLogType = _named(PSETID_LOG, 0x8700, PropertyType.STRING)
PidLidLogStart = _named(PSETID_LOG, 0x8706, PropertyType.TIME)
PidLidLogDuration = _named(PSETID_LOG, 0x8707, PropertyType.INTEGER32)
PidLidLogEnd = _named(PSETID_LOG, 0x8708, PropertyType.TIME)
PidLidLogFlags = _named(PSETID_LOG, 0x870C, PropertyType.INTEGER32)
PidLidLogDocumentPrinted = _named(PSETID_LOG, 0x870E, PropertyType.BOOLEAN)
PidLidLogDocumentSaved = _named(PSETID_LOG, 0x870F, PropertyType.BOOLEAN)
PidLidLogDocumentRouted = _named(PSETID_LOG, 0x8710, PropertyType.BOOLEAN)
PidLidLogDocumentPosted = _named(PSETID_LOG, 0x8711, PropertyType.BOOLEAN)
PidLidLogTypeDesc = _named(PSETID_LOG, 0x8712, PropertyType.STRING)

PidLidNoteColor = _named(PSETID_NOTE, 0x8B00, PropertyType.INTEGER32)
PidLidNoteWidth = _named(PSETID_NOTE, 0x8B02, PropertyType.INTEGER32)
PidLidNoteHeight = _named(PSETID_NOTE, 0x8B03, PropertyType.INTEGER32)
PidLidNoteX = _named(PSETID_NOTE, 0x8B04, PropertyType.INTEGER32)
PidLidNoteY = _named(PSETID_NOTE, 0x8B05, PropertyType.INTEGER32)

PidLidPostRssChannelLink = _named(PSETID_POSTRSS, 0x8900, PropertyType.STRING)
PidLidPostRssItemLink = _named(PSETID_POSTRSS, 0x8901, PropertyType.STRING)
PidLidPostRssItemHash = _named(PSETID_POSTRSS, 0x8902, PropertyType.INTEGER32)
PidLidPostRssItemGuid = _named(PSETID_POSTRSS, 0x8903, PropertyType.STRING)
PidLidPostRssChannel = _named(PSETID_POSTRSS, 0x8904, PropertyType.STRING)
PidLidPostRssItemXml = _named(PSETID_POSTRSS, 0x8905, PropertyType.STRING)
PidLidPostRssSubscription = _named(PSETID_POSTRSS, 0x8906, PropertyType.STRING)

PidNameAttachmentMacContentType = _named(PSETID_ATTACHMENT, "AttachmentMacContentType", PropertyType.STRING)
PidNameAttachmentMacInfo = _named(PSETID_ATTACHMENT, "AttachmentMacInfo", PropertyType.BINARY)

PidLidResendTime = _named(PSETID_REPORT, 0x8D00, PropertyType.TIME)

PidLidRemoteEntryId = _named(PSETID_REMOTE, 0x8F01, PropertyType.BINARY)
PidLidRemoteMessageClass = _named(PSETID_REMOTE, 0x8F02, PropertyType.STRING)
PidLidRemoteTransport = _named(PSETID_REMOTE, 0x8F03, PropertyType.STRING)
PidLidRemoteTransferTime = _named(PSETID_REMOTE, 0x8F04, PropertyType.INTEGER32)
PidLidRemoteTransferSize = _named(PSETID_REMOTE, 0x8F05, PropertyType.INTEGER32)
PidLidRemoteSearchKey = _named(PSETID_REMOTE, 0x8F06, PropertyType.BINARY)
PidLidRemoteAttachment = _named(PSETID_REMOTE, 0x8F07, PropertyType.BOOLEAN)
