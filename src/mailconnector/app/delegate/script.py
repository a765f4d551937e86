"""The rule in a user's filter that sends meeting requests on to delegates (Sieve, RFC 5228).

It stands between two lines of ours, behind the `require` at the top of the script, since none may follow a rule, and
before the user's own rules, which may end the script. All else of the script stays as it is, to the letter. What is
sent on is delivered to the user as well (`redirect :copy`, RFC 3894). What came as a copy itself goes no further, and
nothing goes back to whose filter it came from: two users may be delegates of each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailconnector.app.delegate.record import Delegate
from mailconnector.app.delegate.requests import COPY_FIELD, REDIRECTED_FIELD
from mailconnector.app.errors import AppUsageError

SCRIPT_NAME = "mailconnector"
"""What our script is called where the user has none."""
NEEDED = ("body", "copy")
"""The extensions that the rule needs."""

_BEGIN = "# Mail Connector: meeting requests for delegates. Changed by `mailconnector delegate`; the rest is yours."
_END = "# Mail Connector: end."
_REQUIRE_BEGIN = "# Mail Connector: what its rule needs."
_OURS = re.compile(
    rf"^{re.escape(_REQUIRE_BEGIN)}\r?\n[^\n]*\n|^{re.escape(_BEGIN)}\r?\n.*?^{re.escape(_END)}\r?\n",
    re.MULTILINE | re.DOTALL,
)
# White space, comments and `require` commands.
_TOP = re.compile(r'(?:\s+|#[^\n]*(?:\n|$)|/\*.*?\*/|require\s*(?:"[^"]*"|\[[^\]]*\])\s*;)', re.DOTALL | re.IGNORECASE)


def with_rule(text: str, delegates: Sequence[Delegate]) -> str:
    """Return a script with the rule for these delegates, in place of the one that it had.

    Args:
        text: the user's script; may be empty.
        delegates: who gets copies; none takes the rule out.

    Raises:
        AppUsageError: an address cannot stand in a script.
    """
    rest = _OURS.sub("", text)
    if not delegates:
        return rest
    place, found = 0, _TOP.match(rest)
    last = 0
    while found is not None:
        place = found.end()
        if found[0].lower().startswith("require"):
            last = place
        found = _TOP.match(rest, place)
    top, below = rest[:last], rest[last:]
    if top and not top.endswith("\n"):
        top, below = top + "\n", below.removeprefix("\r").removeprefix("\n")
    needed = ", ".join(f'"{name}"' for name in NEEDED)
    require = f"{_REQUIRE_BEGIN}\nrequire [{needed}];\n"
    actions = "".join(map(_action, delegates))
    test = 'body :content "text/calendar" :contains ["METHOD:REQUEST", "METHOD:CANCEL"]'
    first = f'not exists "{COPY_FIELD}"'
    return f"{require}{top}{_BEGIN}\nif allof ({first}, {test}) {{\n{actions}}}\n{_END}\n{below}"


def _action(delegate: Delegate) -> str:
    address = checked_address(delegate.address)
    # Dovecot names whose filter it was by address, or by login where that has no domain.
    names = f'["{address}", "{_quoted(delegate.login)}"]'
    return f'  if not header :is "{REDIRECTED_FIELD}" {names} {{ redirect :copy "{address}"; }}\n'


def _quoted(login: str) -> str:
    if not login.isprintable():
        raise AppUsageError(f"{login!r} is nobody's login")
    return login.replace("\\", "\\\\").replace('"', '\\"')


def checked_address(address: str) -> str:
    """Return an address that copies can be sent to.

    Raises:
        AppUsageError: it is none.
    """
    if not re.fullmatch(r'[^\s"\\<>(),;:\[\]]+@[^\s"\\<>(),;:\[\]]+', address):
        raise AppUsageError(f"{address!r} is no mail address that copies can be sent to")
    return address
