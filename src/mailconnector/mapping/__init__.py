"""Items as MAPI messages and back, one module a message class."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred
from mailconnector.mapping.marks import FLAG_KEYS, flag_changes, flag_keys, read_flags

if TYPE_CHECKING:
    from mailconnector.mapping.dispatch import from_mapi, is_mail, to_mapi
else:
    __getattr__ = deferred(__name__, from_mapi="dispatch", is_mail="dispatch", to_mapi="dispatch")

__all__ = ["FLAG_KEYS", "flag_changes", "flag_keys", "from_mapi", "is_mail", "read_flags", "to_mapi"]
