"""The rights of access control lists, RFC 4314 and its forerunner RFC 2086, compared as sets.

=====  ==============================================================
right  allows
=====  ==============================================================
``l``  lookup: see the mailbox in lists
``r``  read: select it, fetch, search
``s``  keep what is seen: \\Seen
``w``  write flags other than \\Seen and \\Deleted
``i``  insert: append to it, copy into it
``p``  post: send mail to its address
``k``  create mailboxes in it (RFC 2086: ``c``)
``x``  delete the mailbox (RFC 2086: ``c`` or ``d``)
``t``  mark messages as deleted (RFC 2086: ``d``)
``e``  expunge (RFC 2086: ``d``)
``a``  administer: change the list
=====  ==============================================================

Servers show ``c`` and ``d`` beside the new rights, for clients of the old standard. `Rights` leaves them out where a
new one stands for them, so that ``lrswipkxtea`` and ``lrswipkxteacd`` are one.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailconnector.imap.errors import ImapUsageError

LETTERS = "lrswipkxtea"

_OLD_CREATE = frozenset("kx")
_OLD_DELETE = frozenset("xte")


@dataclass(frozen=True, slots=True)
class Rights:
    """A set of rights.

    Attributes:
        letters: one letter or digit each; never ``c`` or ``d``.
    """

    letters: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str, *, old: bool = False) -> Rights:
        """Read rights in any order.

        Args:
            text: letters and digits.
            old: the server knows RFC 2086 only (it has no RIGHTS= capability). Elsewhere ``c`` and ``d`` say
                nothing that the new rights do not say too, and count only where none of those is there.

        Raises:
            ImapUsageError: there is something else than ASCII letters and digits in it.
        """
        letters = frozenset(text)
        if not all(letter.isascii() and letter.isalnum() for letter in letters):
            raise ImapUsageError(f"{text!r} are no rights")
        plain = letters - {"c", "d"}
        if "c" in letters and (old or not plain & _OLD_CREATE):
            plain |= {"k"} if not old else _OLD_CREATE
        if "d" in letters and (old or not plain & _OLD_DELETE):
            plain |= _OLD_DELETE
        return cls(plain)

    def wire(self, *, old: bool = False) -> str:
        """Write them for SETACL: in the usual order, as ``c`` and ``d`` for a server that knows RFC 2086 only."""
        letters = set(self.letters)
        if old:
            if "k" in letters:
                letters.add("c")
            if letters & {"t", "e"}:
                letters.add("d")
            letters -= _OLD_CREATE | _OLD_DELETE
        order = LETTERS + "cd"
        return "".join(sorted(letters, key=lambda letter: (order.find(letter) % 99, letter)))

    def __contains__(self, letter: object) -> bool:
        return letter in self.letters

    def __bool__(self) -> bool:
        return bool(self.letters)

    def __str__(self) -> str:
        return self.wire()

    def __or__(self, other: Rights) -> Rights:
        return Rights(self.letters | other.letters)

    def __sub__(self, other: Rights) -> Rights:
        return Rights(self.letters - other.letters)

    def __le__(self, other: Rights) -> bool:
        return self.letters <= other.letters


ALL_RIGHTS = Rights(frozenset(LETTERS))
"""What the owner of a mailbox has by default."""
