"""The two encodings of data blocks ([MS-PST] 5.1 and 5.2). They hide text from a casual look; they are no protection.

Cyclic encoding is a chain of byte additions and table look-ups whose key word grows by one a byte. Byte ``i`` uses the
key word ``w = key + i``: its low byte is added before and taken away after the tables, its high byte is used between
them. Within a run of bytes that share the high byte the middle step is one 256-byte table, so a block is encoded with
two additions over the whole block (done on one large integer, byte lanes kept apart) and one ``bytes.translate`` a run.
"""

from functools import lru_cache
from importlib.resources import files

NONE = 0
PERMUTE = 1
CYCLIC = 2
METHODS = {NONE: "none", PERMUTE: "permute", CYCLIC: "cyclic"}

_tables = bytes.fromhex(
    "".join(
        line
        for line in files(__package__).joinpath("crypt.hex").read_text("ascii").splitlines()
        if not line.startswith("#")
    )
)
_R, _S = _tables[:256], _tables[256:]
_I = bytes(_R.index(value) for value in range(256))

_LANES = 16384  # bytes a cyclic pass handles at once; more than the largest block of 8 KB
_RAMP = bytes(range(256)) * (_LANES // 256 + 1)


def encode(method: int, data: bytes, key: int) -> bytes:
    """Encode the data of a block.

    Args:
        method: bCryptMethod of the file: 0, 1 or 2.
        data: the plain bytes.
        key: the low 32 bits of the block's BID (used by the cyclic method only).
    """
    if method == PERMUTE:
        return data.translate(_R)
    if method == CYCLIC:
        return _cyclic(data, key)
    return data


def decode(method: int, data: bytes, key: int) -> bytes:
    """Decode what :func:`encode` made, with the same method and key."""
    if method == PERMUTE:
        return data.translate(_I)
    if method == CYCLIC:
        return _cyclic(data, key)
    return data


@lru_cache(maxsize=256)
def _middle(high: int) -> bytes:
    return bytes(_I[(_S[(_R[value] + high) & 0xFF] - high) & 0xFF] for value in range(256))


@lru_cache(maxsize=64)
def _masks(length: int) -> tuple[int, int]:
    return int.from_bytes(b"\x7f" * length, "little"), int.from_bytes(b"\x80" * length, "little")


def _add(left: bytes, right: bytes) -> bytes:
    """Add two byte strings lane by lane, modulo 256."""
    low, top = _masks(len(left))
    a = int.from_bytes(left, "little")
    b = int.from_bytes(right, "little")
    return (((a & low) + (b & low)) ^ ((a ^ b) & top)).to_bytes(len(left), "little")


def _cyclic(data: bytes, key: int) -> bytes:
    if len(data) > _LANES:
        return b"".join(_cyclic(data[at : at + _LANES], key_after(key, at)) for at in range(0, len(data), _LANES))
    word = (key ^ key >> 16) & 0xFFFF
    low = word & 0xFF
    ramp = _RAMP[low : low + len(data)]
    shifted = _add(data, ramp)
    out = bytearray()
    at = 0
    high = word >> 8
    end = 256 - low
    while at < len(shifted):
        out += shifted[at:end].translate(_middle(high))
        at = end
        end += 256
        high = (high + 1) & 0xFF
    return _add(bytes(out), ramp.translate(_NEGATE))


def key_after(key: int, count: int) -> int:
    """Return a key that continues ``key`` after ``count`` bytes."""
    return ((key ^ key >> 16) + count) & 0xFFFF


_NEGATE = bytes(-value & 0xFF for value in range(256))
