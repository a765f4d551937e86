"""Made-up values, messages and attachments of every kind, the same for the same numbers."""

from __future__ import annotations

import random
import uuid

from mailconnector.mapi.named import PS_PUBLIC_STRINGS, PSETID_COMMON, PSETID_TASK, NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey, RecipientObject
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import Value

# Around what stands in a heap item (3,580 bytes: 1,790 characters of two bytes), what fills a block, and several.
SIZES = (0, 1, 30, 400, 1789, 1790, 1791, 3579, 3580, 3581, 8176, 8177, 21_000, 90_000)
LATIN = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ 0123456789 äöüßéèçñ€ ,.;:-\r\n\t"
WIDE = LATIN + "Ελληνικά кириллица 日本語テキスト العربية עברית \U0001f600\U0001f4e7"

_SET = uuid.UUID("5f2a1c0e-7d43-4b7e-9a55-0c1d2e3f4a5b")
_KEYWORDS = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Keywords"), PropertyType.MULTIPLE_STRING)

MESSAGE_KEYS: tuple[PropertyKey, ...] = (
    0x0037001F,  # PidTagSubject, which is in the contents table too
    0x1000001F,  # PidTagBody
    0x10130102,  # PidTagHtml
    0x10090102,  # PidTagRtfCompressed
    0x00360003,  # PidTagSensitivity, in the contents table
    0x00390040,  # PidTagClientSubmitTime, in the contents table
    0x0042001F,  # PidTagSentRepresentingName, in the contents table
    0x007D001F,  # PidTagTransportMessageHeaders
    0x300B0102,  # PidTagSearchKey
    _KEYWORDS,
    NamedTag(PropertyName(PSETID_COMMON, 0x8503), PropertyType.BOOLEAN),
    NamedTag(PropertyName(PSETID_TASK, 0x8102), PropertyType.FLOATING64),
    NamedTag(PropertyName(_SET, "Größe"), PropertyType.STRING),
    NamedTag(PropertyName(_SET, "blob"), PropertyType.BINARY),
    NamedTag(PropertyName(_SET, 1), PropertyType.INTEGER64),
    NamedTag(PropertyName(_SET, 2), PropertyType.GUID),
    NamedTag(PropertyName(_SET, 3), PropertyType.MULTIPLE_BINARY),
    NamedTag(PropertyName(_SET, 4), PropertyType.MULTIPLE_INTEGER32),
    NamedTag(PropertyName(_SET, 5), PropertyType.INTEGER16),
    NamedTag(PropertyName(_SET, 6), PropertyType.FLOATING32),
    NamedTag(PropertyName(_SET, 7), PropertyType.CURRENCY),
    NamedTag(PropertyName(_SET, 8), PropertyType.MULTIPLE_TIME),
)
ATTACHMENT_KEYS: tuple[PropertyKey, ...] = (0x3707001F, 0x3704001F, 0x370E001F, 0x3712001F, 0x37020102, 0x370A0102)
RECIPIENT_KEYS: tuple[PropertyKey, ...] = (0x3001001F, 0x3003001F, 0x39FE001F, 0x0FFF0102, 0x5FFF0003, 0x300B0102)
FOLDER_KEYS: tuple[PropertyKey, ...] = (0x3004001F, 0x36DA0102, 0x36E5001F, 0x10F4000B, 0x36150003)
STORE_KEYS: tuple[PropertyKey, ...] = (0x3001001F, 0x3004001F, 0x7C070102, 0x0E380003)


def make_text(seed: int, size: int, *, wide: bool) -> str:
    """Return text of `size` characters; with `wide` of several scripts."""
    return "".join(random.Random(seed).choices(WIDE if wide else LATIN, k=size))


def make_value(key: PropertyKey, seed: int, size: int, *, wide: bool) -> Value:
    """Return a value for a property; `size` counts where the type has a length."""
    ptype = key & 0xFFFF if isinstance(key, int) else key.type
    chance = random.Random(seed)
    number = chance.randrange(1 << 31)
    values: dict[int, Value] = {
        PropertyType.BOOLEAN: bool(seed & 1),
        PropertyType.INTEGER16: number & 0x7FFF,
        PropertyType.INTEGER32: number,
        PropertyType.INTEGER64: number << 20,
        PropertyType.CURRENCY: number,
        PropertyType.FLOATING32: seed / 8,
        PropertyType.FLOATING64: number / 7,
        PropertyType.TIME: FileTime(132_000_000_000_000_000 + number),
        PropertyType.GUID: uuid.UUID(int=number),
    }
    if ptype in values:
        return values[ptype]
    if ptype == PropertyType.STRING:
        return make_text(seed, size, wide=wide)
    if ptype == PropertyType.BINARY:
        return chance.randbytes(size)
    count = seed % 4
    if ptype == PropertyType.MULTIPLE_STRING:
        return [make_text(seed + item, size // (item + 1), wide=wide) for item in range(count)]
    if ptype == PropertyType.MULTIPLE_BINARY:
        return [chance.randbytes(size // (item + 1)) for item in range(count)]
    if ptype == PropertyType.MULTIPLE_TIME:
        return [FileTime(number + item) for item in range(count)]
    assert ptype == PropertyType.MULTIPLE_INTEGER32
    return [number - item for item in range(size // 4)]


def make_recipient(seed: int, *, wide: bool) -> RecipientObject:
    """Return a recipient; the seed decides whether To, Cc or Bcc."""
    name = make_text(seed, 12, wide=wide).strip() or "Somebody"
    address = f"person{seed}@example.org"
    return RecipientObject(
        {0x3001001F: name, 0x3002001F: "SMTP", 0x3003001F: address, 0x39FE001F: address, 0x0C150003: 1 + seed % 3}
    )


def make_attachment(seed: int, size: int, *, wide: bool, depth: int = 0) -> AttachmentObject:
    """Return an attachment: by value, an OLE object, by reference, or an embedded message."""
    name = f"attachment {seed}.bin"
    properties: Properties = {0x3707001F: name, 0x3704001F: f"ATT{seed}.BIN", 0x370E001F: "application/octet-stream"}
    kind = seed % 8
    if kind == 1 and depth < 3:
        return AttachmentObject(
            {0x3001001F: name, 0x37050003: 5}, embedded=make_message(seed // 8, size, wide=wide, depth=depth + 1)
        )
    if kind == 2:
        return AttachmentObject({**properties, 0x37050003: 6}, data=random.Random(seed).randbytes(size))
    if kind == 3:
        return AttachmentObject({**properties, 0x37050003: 2, 0x3708001F: f"\\\\server\\share\\{name}"})
    return AttachmentObject({**properties, 0x37050003: 1}, data=random.Random(seed).randbytes(size))


def make_message(seed: int, size: int, *, wide: bool, depth: int = 0, associated: bool = False) -> MessageObject:
    """Return a message with some of every kind of property, recipients and attachments."""
    chance = random.Random(seed)
    properties: Properties = {
        0x001A001F: "IPM.Note" if not associated else "IPM.Configuration.Test",
        0x0037001F: f"{chance.choice(('', 'RE: ', 'WG: '))}{make_text(seed, 20, wide=wide).strip()} {seed}",
        0x0E070003: chance.choice((0, 1)),
        0x1000001F: make_text(seed, size, wide=wide),
    }
    for key in chance.sample(MESSAGE_KEYS[2:], 3):
        properties[key] = make_value(key, seed, min(size, 4000), wide=wide)
    return MessageObject(
        properties,
        [make_recipient(seed + number, wide=wide) for number in range(seed % 4)],
        [make_attachment(seed + number, size, wide=wide, depth=depth) for number in range(seed // 4 % 3)],
        associated=associated,
    )
