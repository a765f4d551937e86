"""The certificate inside of what Outlook keeps of one ([MS-OXOABK] 2.2.4.36).

OFFSET  SIZE  FIELD
0       2     TAG     what it is; 3 is the certificate for encrypted mail, 8 that for signatures
2       2     LENGTH  of the setting, these four bytes included
4       ...   DATA    a certificate is DER
"""

from __future__ import annotations

import struct

_SETTING = struct.Struct("<HH")
_FOR_ENCRYPTION, _FOR_SIGNATURES = 3, 8
_SEQUENCE = b"\x30"


def certificate_in(stored: bytes) -> bytes:
    """Return the X.509 certificate in DER of a stored one, that for encrypted mail first; b"" when there is none.

    Args:
        stored: A value of PidTagUserX509Certificate; one that is a certificate already is returned as it is.
    """
    if stored.startswith(_SEQUENCE):
        return stored
    found: dict[int, bytes] = {}
    position = 0
    while position + _SETTING.size <= len(stored):
        tag, length = _SETTING.unpack_from(stored, position)
        data = stored[position + _SETTING.size : position + length]
        if length < _SETTING.size or len(data) < length - _SETTING.size:
            break
        if data.startswith(_SEQUENCE):
            found.setdefault(tag, data)
        position += length
    return found.get(_FOR_ENCRYPTION) or found.get(_FOR_SIGNATURES) or b""
