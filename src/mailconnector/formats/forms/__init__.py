"""The forms in which other programs put items on servers."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred

if TYPE_CHECKING:
    from mailconnector.formats.forms.known import FORMS
else:
    __getattr__ = deferred(__name__, FORMS="known")

__all__ = ["FORMS"]
