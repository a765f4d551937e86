"""Items as MAPI messages and back, one module a message class."""

from mailconnector.mapping.dispatch import from_mapi, is_mail, to_mapi
from mailconnector.mapping.marks import FLAG_KEYS, flag_changes, flag_keys, read_flags

__all__ = ["FLAG_KEYS", "flag_changes", "flag_keys", "from_mapi", "is_mail", "read_flags", "to_mapi"]
