"""`account list`: the accounts of the profile."""

from rich.text import Text

from mailconnector.app.account.managing import servers_of, warnings_about
from mailconnector.app.account.profile import Profile
from mailconnector.cli.account_show import account_json
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AsJson, ProfileFile
from mailconnector.cli.terminal import clean, cut_text, list_table, print_json, print_notice, print_warning, stdout


@ends_well
def list_command(profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """List the accounts of the profile."""
    loaded = Profile.load(profile)
    accounts = loaded.accounts.values()
    if as_json:
        print_json({"profile": str(loaded.path), "accounts": [account_json(loaded, account) for account in accounts]})
        return
    if not accounts:
        print_notice(f"There is no account in {clean(str(loaded.path))}. `mailconnector account add` makes one.")
        return
    table = list_table("Account", "Address", "Servers", "PST", "Mapping", folding=("Address", "Servers", "PST"))
    for account in accounts:
        table.add_row(
            account.key,
            cut_text(clean(account.address)),
            cut_text(clean(", ".join(str(server) for server in servers_of(account)))),
            cut_text(clean(account.pst)),
            Text("on" if account.mapping else "off", style="" if account.mapping else "yellow"),
        )
    stdout().print(table)
    for account in accounts:
        for warning in warnings_about(loaded, account):
            print_warning(warning)
