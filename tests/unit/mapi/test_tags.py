"""Tag constants and the table of names."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi import tags
from mailconnector.mapi.types import MULTIPLE, NAMED_ID_FIRST, PropertyType, tag_id, tag_type

CONSTANTS = {name: value for name, value in vars(tags).items() if name.startswith("PidTag")}
ROWS = [
    line.split("\t")
    for line in resources.files("mailconnector.mapi").joinpath("properties.tsv").read_text("ascii").splitlines()
    if not line.startswith("#")
]


def test_there_are_constants_for_all_that_outlook_stores() -> None:
    assert len(CONSTANTS) > 500
    assert len(ROWS) > 1300


def test_the_constants_agree_with_the_table() -> None:
    assert {name: tags.tag_named(name) for name in CONSTANTS} == CONSTANTS


def test_the_table_is_well_formed() -> None:
    types = set(PropertyType) - {PropertyType.STRING8, PropertyType.MULTIPLE_STRING8}
    for row in ROWS:
        property_id, property_type, name, alternate = row
        assert int(property_type, 16) in types, row
        assert int(property_id, 16) < NAMED_ID_FIRST, row
        assert len(property_id) == len(property_type) == 4
        assert name.isidentifier(), row
        assert not alternate or alternate.isidentifier(), row
        assert name.startswith(("PidTag", "PR")), row


def test_a_name_stands_in_the_table_once_and_rows_are_in_order_of_their_tags() -> None:
    names = [row[2].casefold() for row in ROWS]
    assert len(set(names)) == len(names)
    ordered = [(row[0], row[1]) for row in ROWS]
    assert ordered == sorted(ordered)


def test_each_name_is_found_from_its_tag_and_back() -> None:
    for row in ROWS:
        tag = int(row[0] + row[1], 16)
        assert tags.tag_named(row[2]) == tag, row
        named = tags.name_of(tag)
        assert named is not None, row
        assert tags.tag_named(named) == tag, row


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (0x0037001F, "PidTagSubject"),
        (0x0037001E, "PidTagSubject"),
        (0x10130102, "PidTagHtml"),
        (0x1013001F, "PidTagBodyHtml"),
        (0x0E080003, "PidTagMessageSize"),
        (0x0E080014, "PidTagMessageSizeExtended"),
        (0x37010102, "PidTagAttachDataBinary"),
        (0x3701000D, "PidTagAttachDataObject"),
        (0x00010003, "PidTagAcknowledgementMode"),
        (0x3A58101E, "PidTagChildrensNames"),
        (0x67F20003, "PidTagLtpRowId"),
    ],
)
def test_tags_have_names(tag: int, name: str) -> None:
    assert tags.name_of(tag) == name


@pytest.mark.parametrize("tag", [0x00370003, 0x0037101F, 0x7FFF0102, 0x8123001F])
def test_a_tag_of_another_type_or_unknown_id_has_none(tag: int) -> None:
    assert tags.name_of(tag) is None


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("PR_SUBJECT", 0x0037001F),
        ("pr_display_name", 0x3001001F),
        ("pidtagipmsubtreeentryid", 0x35E00102),
        ("PR_RTF_COMPRESSED", 0x10090102),
        ("PidTagNoSuchThing", None),
        ("", None),
    ],
)
def test_names_have_tags(name: str, tag: int | None) -> None:
    assert tags.tag_named(name) == tag


@given(st.integers(0, 0xFFFFFFFF))
def test_any_number_may_be_asked_for(tag: int) -> None:
    name = tags.name_of(tag)
    if name is not None:
        found = tags.tag_named(name)
        assert found is not None
        assert tag_id(found) == tag_id(tag)
        # The name of a STRING8 is that of the STRING.
        assert tag_type(found) == (tag_type(tag) | 1 if tag & ~MULTIPLE & 0xFFFF == 0x1E else tag_type(tag))


# [MS-PST] 2.4.3 to 2.4.6: what the PST engine cannot do without, checked against the specification's own tables.
@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("PidTagRecordKey", 0x0FF90102),
        ("PidTagIpmSubtreeEntryId", 0x35E00102),
        ("PidTagIpmWastebasketEntryId", 0x35E30102),
        ("PidTagFinderEntryId", 0x35E70102),
        ("PidTagDisplayName", 0x3001001F),
        ("PidTagContentCount", 0x36020003),
        ("PidTagContentUnreadCount", 0x36030003),
        ("PidTagSubfolders", 0x360A000B),
        ("PidTagContainerClass", 0x3613001F),
        ("PidTagPstHiddenCount", 0x66350003),
        ("PidTagPstHiddenUnread", 0x66360003),
        ("PidTagPstBestBodyProptag", 0x661D0003),
        ("PidTagPstIpmsubTreeDescendant", 0x6705000B),
        ("PidTagPstSubTreeContainer", 0x67720003),
        ("PidTagPstPassword", 0x67FF0003),
        ("PidTagLtpParentNid", 0x67F10003),
        ("PidTagLtpRowId", 0x67F20003),
        ("PidTagLtpRowVer", 0x67F30003),
        ("PidTagItemTemporaryFlags", 0x10970003),
        ("PidTagSecureSubmitFlags", 0x65C60003),
        ("PidTagReplChangenum", 0x0E330014),
        ("PidTagReplVersionHistory", 0x0E340102),
        ("PidTagReplFlags", 0x0E380003),
        ("PidTagMessageClass", 0x001A001F),
        ("PidTagMessageFlags", 0x0E070003),
        ("PidTagMessageStatus", 0x0E170003),
        ("PidTagClientSubmitTime", 0x00390040),
        ("PidTagMessageDeliveryTime", 0x0E060040),
        ("PidTagSearchKey", 0x300B0102),
        ("PidTagRecipientType", 0x0C150003),
        ("PidTagResponsibility", 0x0E0F000B),
        ("PidTagObjectType", 0x0FFE0003),
        ("PidTagEntryId", 0x0FFF0102),
        ("PidTagAddressType", 0x3002001F),
        ("PidTagEmailAddress", 0x3003001F),
        ("PidTagDisplayType", 0x39000003),
        ("PidTag7BitDisplayName", 0x39FF001F),
        ("PidTagSendRichInfo", 0x3A40000B),
        ("PidTagAttachSize", 0x0E200003),
        ("PidTagAttachFilename", 0x3704001F),
        ("PidTagAttachMethod", 0x37050003),
        ("PidTagRenderingPosition", 0x370B0003),
        ("PidTagNameidBucketCount", 0x00010003),
        ("PidTagNameidStreamGuid", 0x00020102),
        ("PidTagNameidStreamEntry", 0x00030102),
        ("PidTagNameidStreamString", 0x00040102),
        ("PidTagNameidBucketBase", 0x10000102),
        ("PidTagOfflineAddressBookName", 0x6800001F),
        ("PidTagSendOutlookRecallReport", 0x6803000B),
        ("PidTagOfflineAddressBookTruncatedProperties", 0x68051003),
        ("PidTagViewDescriptorFlags", 0x70030003),
        ("PidTagViewDescriptorName", 0x7006001F),
        ("PidTagMapiFormComposeCommand", 0x682F001F),
    ],
)
def test_the_properties_of_the_pst_specification(name: str, tag: int) -> None:
    assert CONSTANTS[name] == tag
