"""vCards ([RFC 6350], [RFC 2426]) to contacts and distribution lists, and back."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred

if TYPE_CHECKING:
    from mailconnector.formats.card.documents import CardFormatError, parse, render, uid_of, version_of
else:
    __getattr__ = deferred(
        __name__,
        CardFormatError="documents",
        parse="documents",
        render="documents",
        uid_of="documents",
        version_of="documents",
    )

__all__ = ["CardFormatError", "parse", "render", "uid_of", "version_of"]
