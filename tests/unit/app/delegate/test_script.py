"""The rule for delegates in a user's filter."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.delegate.record import Delegate
from mailconnector.app.delegate.script import with_rule
from mailconnector.app.errors import AppUsageError

USERS = """# my filters, require nothing
require ["fileinto"];
/* more
   require "x"; */
require "envelope";

if header :contains "subject" "spam" { fileinto "Junk"; stop; }
keep;
"""


def to(*addresses: str) -> list[Delegate]:
    return [Delegate(address.partition("@")[0], address, requests=True) for address in addresses]


def redirected(text: str) -> list[str]:
    return re.findall(r'redirect :copy "([^"]*)";', text)


def test_the_rule_stands_behind_what_is_required_and_before_the_users_own_rules() -> None:
    made = with_rule(USERS, to("bob@example.org"))
    assert made.index('require "envelope"') < made.index("redirect") < made.index("if header")
    assert made.count("require") == USERS.count("require") + 1
    assert redirected(made) == ["bob@example.org"]


def test_it_is_changed_and_taken_out_again_and_the_rest_is_as_it_was() -> None:
    for text in (USERS, "", "keep;", "keep;\r\n", 'require "copy";', "# nothing\r\n", USERS.replace("\n", "\r\n")):
        made = with_rule(text, to("bob@example.org", "carol@example.org"))
        assert redirected(made) == ["bob@example.org", "carol@example.org"]
        again = with_rule(made, to("dave@example.org"))
        assert redirected(again) == ["dave@example.org"]
        assert again.count("redirect") == 1
        assert with_rule(made, []).replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").rstrip("\n")


def test_a_copy_goes_no_further_and_nothing_goes_back_to_whose_filter_sent_it() -> None:
    made = with_rule("", to("bob@example.org", "carol@example.org"))
    assert 'not exists "X-MailConnector-Copy"' in made
    for address in ("bob@example.org", "carol@example.org"):
        line = next(line for line in made.splitlines() if f'redirect :copy "{address}"' in line)
        login = address.partition("@")[0]
        assert f'not header :is "X-Sieve-Redirected-From" ["{address}", "{login}"]' in line


def test_any_login_is_quoted() -> None:
    made = with_rule("", [Delegate('b"o\\b', "bob@example.org")])
    assert '"b\\"o\\\\b"' in made
    with pytest.raises(AppUsageError):
        with_rule("", [Delegate("b\r\nkeep;", "bob@example.org")])


def test_a_rule_of_an_earlier_version_is_replaced() -> None:
    old = (
        '# Mail Connector: what its rule needs.\nrequire ["body", "copy"];\n'
        "# Mail Connector: meeting requests for delegates. Changed by `mailconnector delegate`; the rest is yours.\n"
        'if body :content "text/calendar" :contains ["METHOD:REQUEST", "METHOD:CANCEL"] {\n'
        '  redirect :copy "bob@example.org";\n}\n# Mail Connector: end.\nkeep;\n'
    )
    assert with_rule(old, []) == "keep;\n"
    assert with_rule(old, to("bob@example.org")) == with_rule("keep;\n", to("bob@example.org"))


@pytest.mark.parametrize(
    "address", ["bob", 'bob"@example.org', "bob@example.org\r\n", "a b@example.org", "", "<bob@x>"]
)
def test_what_is_no_address_does_not_get_into_a_script(address: str) -> None:
    with pytest.raises(AppUsageError):
        with_rule("", to(address))


@given(st.text(st.sampled_from('require "copy";#/*\n\r[],x'), max_size=60))
def test_taking_it_out_brings_back_any_script(text: str) -> None:
    assert with_rule(with_rule(text, to("b@x.org")), []).rstrip("\r\n") == text.rstrip("\r\n")
