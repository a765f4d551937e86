"""vCards ([RFC 6350], [RFC 2426]) to contacts and distribution lists, and back."""

from mailconnector.formats.card.documents import CardFormatError, parse, render, version_of

__all__ = ["CardFormatError", "parse", "render", "version_of"]
