"""Changes of rights at the command line: shown, asked about, made and told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mailconnector.app.errors import AppUsageError
from mailconnector.app.share.changes import AclChange, Danger, Plan
from mailconnector.app.share.privacy import PrivacyChange
from mailconnector.app.share.sharing import Made, Sharing
from mailconnector.cli.exits import ExitCode
from mailconnector.cli.questions import at_terminal, confirm
from mailconnector.cli.share_private import print_privacy, privacy_json
from mailconnector.cli.share_words import (
    change_json,
    change_text,
    danger_text,
    folder_json,
    rights_json,
    rights_text,
    who_text,
)
from mailconnector.cli.terminal import clean, print_error, print_json, print_line, print_warning
from mailconnector.imap.rights import Rights

_ASKED = (Danger.OWN_RIGHTS, Danger.TIED, Danger.EVERYBODY)


@dataclass(frozen=True, slots=True)
class How:
    """How a change is to be made.

    Attributes:
        dry_run: it is only to be shown.
        yes: nothing is to be asked.
        force: locking somebody out is meant.
        as_json: the answer is for programs.
    """

    dry_run: bool
    yes: bool
    force: bool
    as_json: bool


def carry_out(
    sharing: Sharing,
    account: str,
    plan: Plan,
    how: How,
    before: Callable[[], Sequence[PrivacyChange]] = tuple,
    after: Callable[[], Sequence[PrivacyChange]] = tuple,
) -> ExitCode:
    """Show a plan, and carry it out if it is meant.

    Args:
        sharing: the rights.
        account: the account's name.
        plan: the plan.
        how: how.
        before: hides private items, so that nobody sees them for a moment; what raises stops all.
        after: shows them again, to those who are left.
    """
    if not how.as_json:
        show_plan(sharing, plan)
    if how.dry_run:
        if how.as_json:
            print_json({**plan_json(account, plan, ()), "private": []})
        return ExitCode.OK
    if plan.needed:
        insist(plan, how)
    done = list(before())
    made = sharing.make(plan.needed)
    done += after()
    if how.as_json:
        print_json({**plan_json(account, plan, made), "private": privacy_json(done)})
        return ExitCode.OK if all(one.error is None for one in made) else ExitCode.FINDINGS
    print_privacy(done)
    if made:
        report_made(sharing, made)
    return ExitCode.OK if all(one.error is None for one in made) else ExitCode.FINDINGS


def show_plan(sharing: Sharing, plan: Plan) -> None:
    """Print what would change, what is dangerous about it, and what is left out."""
    for change in plan.changes:
        print_line(clean(change_text(sharing.dialect, change)))
        if change.is_needed:
            for warned in change.dangers:
                print_warning(f"{change.folder.shown}: {danger_text(warned)}")
    for skipped in plan.skipped:
        print_warning(f"{skipped.folder.shown} is left out: {skipped.reason}")
    if not plan.changes:
        print_line("There is nothing to change.")


def insist(plan: Plan, how: How) -> None:
    """Ask where that is called for.

    Raises:
        AppUsageError: nobody is there to answer, or the answer was no.
    """
    if plan.locks_out and not how.force:
        if not at_terminal() or how.as_json:
            raise AppUsageError(
                "nothing was changed: you, or the owner of the folder, would be locked out",
                hint="--force insists. Somebody else with the right to administer it can undo that, and nobody else.",
            )
        if not confirm("This locks you or the owner out. Is that what you want?", default=False):
            raise AppUsageError("nothing was changed")
        return
    many = len(plan.needed) > 1 or bool(plan.skipped)
    if not how.yes and not how.force and (many or any(change.has(*_ASKED) for change in plan.needed)):
        if not at_terminal() or how.as_json:
            raise AppUsageError("nothing was changed: this wants a yes", hint="Add --yes, after --dry-run.")
        if not confirm("Do it?", default=True):
            raise AppUsageError("nothing was changed")


def report_made(sharing: Sharing, made: Sequence[Made]) -> None:
    """Print how many changes were made, and each that failed or that the server made something else of."""
    for one in made:
        if one.error is not None:
            print_error(f"{one.change.folder.shown}: {one.error}", one.error.hint)
        elif one.differs:
            now = rights_text(one.now or Rights())
            who = who_text(sharing.dialect, one.change.identifier)
            print_warning(f"{one.change.folder.shown}: the server made something else of it: {who}: {now}")
    done = [one for one in made if one.error is None]
    print_line(f"Changed: {len(done)} of {len(made)}." if len(made) > 1 else "Changed." if done else "Not changed.")


def plan_json(account: str, plan: Plan, made: Sequence[Made]) -> dict[str, Any]:
    """Return a plan as JSON, each change with what came of it; null where it was not made."""
    outcomes: dict[int, Made] = {id(one.change): one for one in made}

    def one_json(change: AclChange) -> dict[str, Any]:
        outcome = outcomes.get(id(change))
        return {
            **change_json(change),
            "made": outcome is not None and outcome.error is None,
            "now": rights_json(outcome.now) if outcome is not None and outcome.now is not None else None,
            "error": str(outcome.error) if outcome is not None and outcome.error is not None else None,
        }

    return {
        "account": account,
        "changes": [one_json(change) for change in plan.changes],
        "skipped": [{**folder_json(one.folder), "reason": one.reason} for one in plan.skipped],
    }
