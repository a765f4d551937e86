"""Wire formats: bytes to items and items to bytes."""

from mailconnector.formats.errors import FormatError
from mailconnector.formats.mime import MimeFormatError, parse
from mailconnector.formats.rendering import render

__all__ = ["FormatError", "MimeFormatError", "parse", "render"]
