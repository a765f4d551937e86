"""`account remove`: an account goes; its mail stays where it is."""

from mailconnector.app.account.managing import Leftovers, leftovers, remove_account
from mailconnector.app.account.profile import Profile
from mailconnector.app.errors import AppUsageError
from mailconnector.cli.account_options import AccountName
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AsJson, ProfileFile, Yes
from mailconnector.cli.questions import at_terminal, confirm
from mailconnector.cli.terminal import clean, counted, print_json, print_line, print_notice, size_text


@ends_well
def remove_command(
    account: AccountName,
    profile: ProfileFile = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove an account from the profile.

    The PST and the mail on the server stay. What goes are the account's lines in the profile, its password in the
    keyring, and what the program knows of earlier synchronisations: an account that is added again later is compared
    by content once more.
    """
    loaded = Profile.load(profile)
    found = loaded.account(account)
    if not yes:
        for line in _lines(leftovers(loaded, found)):
            print_notice(line)
        if not at_terminal():
            raise AppUsageError(
                f"nobody is here to ask whether {found.key} is to go", hint="Say --yes if it is. Nothing was changed."
            )
        if not confirm(f"Remove the account {found.key}?", default=False):
            print_notice("Nothing was changed.")
            return
    left = remove_account(loaded.path, found.key)
    if as_json:
        print_json(
            {
                "account": found.key,
                "pst": str(left.pst) if left.pst else None,
                "removed_files": [str(file) for file in left.data],
                "removed_passwords": list(left.passwords),
            }
        )
        return
    print_line(f"Removed the account {found.key}.")
    if left.pst:
        print_line(f"The PST stays: {clean(str(left.pst))}.")


def _lines(left: Leftovers) -> list[str]:
    lines = [f"Stays: the PST {left.pst} ({size_text(left.pst_size)})"] if left.pst else []
    lines.append("Stays: the mail on the server")
    if left.data:
        count = counted(len(left.data), "file")
        lines.append(f"Goes: what is known of earlier synchronisations ({count} in {left.data[0].parent})")
    lines += [f"Goes: the password of {one} in the keyring" for one in left.passwords]
    return lines
