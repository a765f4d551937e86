"""The demonstration, step by step; each step is told to whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailconnector import lab
from mailconnector.app.account.model import Account
from mailconnector.app.demo import deeds, letters, office
from mailconnector.app.demo.comparison import FolderView, compare
from mailconnector.app.demo.deeds import Deed, DemoError
from mailconnector.app.demo.place import clear, place_at, servers, write_profile
from mailconnector.app.sync.accounts import job_for
from mailconnector.app.sync.round import Onlooker, Outcome, run_round
from mailconnector.app.sync.verdict import Verdict
from mailconnector.pst.care import check_file
from mailconnector.pst.check import Report


@dataclass(frozen=True, slots=True)
class Begun:
    """The servers run, and both sides are filled.

    Attributes:
        directory: where all of it is.
        lab: where the servers are.
        server: what the mail server is, and where it listens.
        on_server: messages that were put there.
        in_pst: messages that were put there.
        in_office: appointments, contacts, notes and tasks that were put there.
        views: both sides, folder by folder.
    """

    directory: Path
    lab: Path
    server: str
    on_server: int
    in_pst: int
    in_office: int
    views: tuple[FolderView, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """Things happened on both sides.

    Attributes:
        deeds: what.
        views: both sides, folder by folder.
    """

    deeds: tuple[Deed, ...]
    views: tuple[FolderView, ...]


@dataclass(frozen=True, slots=True)
class Synchronised:
    """Both sides were synchronised.

    Attributes:
        number: the how manieth time.
        outcome: what came of it.
        views: both sides, folder by folder.
    """

    number: int
    outcome: Outcome
    views: tuple[FolderView, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """All is shown.

    Attributes:
        profile: the profile to go on with.
        pst: the PST file.
        lab: where the servers are.
        quiet: whether one more run found nothing to do.
        check: what the check of the PST found.
        same: whether both sides hold the same.
    """

    profile: Path
    pst: Path
    lab: Path
    quiet: bool
    check: Report
    same: bool

    @property
    def good(self) -> bool:
        """Whether all went as it should."""
        return self.same and self.quiet and self.check.clean


Step = Begun | Changed | Synchronised | Ended


def show(directory: Path, tell: Callable[[Step], None], onlooker: Onlooker | None = None) -> Ended:
    """Show all of it: fill a server and a PST, synchronise, change both, synchronise again, compare, check.

    Args:
        directory: where; what an earlier demonstration left there is removed. The server does not run on, its mail, the
            PST and the profile stay.
        tell: is told of each step when it is done.
        onlooker: who looks on while it synchronises.

    Returns:
        The last step.

    Raises:
        LabError: the servers could not be had.
        DemoError: something did not go as it always goes.
        MailConnectorError: as well, from what is shown.
    """
    place = place_at(directory)
    lab.install(("dovecot",))
    clear(place)
    now = deeds.moment()
    with servers(place) as standing:
        account = write_profile(place, standing)
        on_server = deeds.fill_server(account, letters.on_server(now))
        in_pst = deeds.fill_pst(account, letters.in_pst(now))
        in_office = office.fill_pst(account, now)
        mail = standing.server("dovecot")
        address = f"Dovecot on {mail.host}, port {mail.ports['imaps']}" if mail else ""
        tell(Begun(place.directory, place.lab, address, on_server, in_pst, in_office, compare(account)))
        tell(_synchronise(account, 1, onlooker))
        done = (
            *deeds.change_server(account, standing, now),
            *office.change_server(account, now),
            *deeds.change_pst(account, now),
            *office.change_pst(account),
        )
        tell(Changed(done, compare(account)))
        second = _synchronise(account, 2, onlooker)
        tell(second)
        third = run_round(job_for(account), onlooker=onlooker)
        quiet = third.report is not None and third.report.is_quiet
        ended = Ended(
            place.profile, place.pst, place.lab, quiet, check_file(place.pst), all(view.same for view in second.views)
        )
        tell(ended)
    return ended


def _synchronise(account: Account, number: int, onlooker: Onlooker | None) -> Synchronised:
    outcome = run_round(job_for(account), onlooker=onlooker)
    if outcome.error is not None:
        raise outcome.error
    if outcome.verdict is not Verdict.IN_STEP:
        trouble = outcome.report.troubles[0].error if outcome.report and outcome.report.troubles else ""
        raise DemoError(f"synchronisation ended with: {outcome.verdict.value} {trouble}")
    return Synchronised(number, outcome, compare(account))
