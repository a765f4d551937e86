"""Rights as a server can grant them."""

from __future__ import annotations

from mailconnector.app.share.fitting import fitted
from mailconnector.imap.responses import GrantableRights
from mailconnector.imap.rights import Rights


def r(letters: str) -> Rights:
    return Rights(frozenset(letters))


def grantable(*groups: str, required: str = "") -> GrantableRights:
    return GrantableRights("it", "bob", r(required), tuple(r(group) for group in groups))


def test_rights_that_stand_alone_are_taken_as_they_are() -> None:
    fit = fitted(r("lrs"), grantable(*"lrswipkxtea"), old=False)
    assert (fit.rights, fit.tied, fit.missing) == (r("lrs"), r(""), r(""))


def test_what_goes_together_comes_along_and_is_told() -> None:
    fit = fitted(r("lrt"), grantable("l", "r", "s", "te"), old=False)
    assert (fit.rights, fit.tied, fit.missing) == (r("lrte"), r("e"), r(""))


def test_the_right_to_administer_never_comes_along() -> None:
    fit = fitted(r("lx"), grantable("l", "xa"), old=False)
    assert (fit.rights, fit.tied, fit.missing) == (r("l"), r(""), r("x"))
    assert fitted(r("la"), grantable("l", "xa"), old=False).rights == r("lxa")


def test_what_the_server_cannot_grant_is_missing() -> None:
    fit = fitted(r("lrp"), grantable("l", "r"), old=False)
    assert (fit.rights, fit.missing) == (r("lr"), r("p"))


def test_what_somebody_has_anyway_is_neither_tied_nor_missing() -> None:
    fit = fitted(r("lra"), grantable("r", required="la"), old=False)
    assert (fit.rights, fit.tied, fit.missing, fit.fixed) == (r("lra"), r(""), r(""), r("la"))


def test_an_old_server_has_its_two_rights_for_four() -> None:
    # The client leaves "c" and "d" out of the answer to LISTRIGHTS, since newer servers repeat themselves with them.
    answer = grantable("l", "r", "s", "w", "i", "p", "a")
    fit = fitted(r("lrte"), answer, old=True)
    assert (fit.rights, fit.tied) == (r("lrxte"), r("x"))
    assert fit.rights.wire(old=True) == "lrd"
    assert fitted(r("lk"), answer, old=True).rights.wire(old=True) == "lc"
