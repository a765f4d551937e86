"""Items as MAPI messages and back, one module a message class."""

from mailconnector.mapping.dispatch import from_mapi, to_mapi

__all__ = ["from_mapi", "to_mapi"]
