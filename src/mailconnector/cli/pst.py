"""The commands `mailconnector pst ...`."""

import typer

from mailconnector.cli.pst_check import check_command
from mailconnector.cli.pst_compact import compact_command
from mailconnector.cli.pst_create import create_command
from mailconnector.cli.pst_export import export_command
from mailconnector.cli.pst_import import import_command
from mailconnector.cli.pst_info import info_command
from mailconnector.cli.pst_ls import ls_command
from mailconnector.cli.pst_repair import repair_command
from mailconnector.cli.pst_show import show_command

pst_app = typer.Typer(
    help="Look into, fill, empty, check and mend PST files.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done, 1 findings or some items failed, 2 no PST or unusable, 3 in use, 4 disk errors.",
)
pst_app.command("info")(info_command)
pst_app.command("ls")(ls_command)
pst_app.command("show")(show_command)
pst_app.command("export")(export_command)
pst_app.command("import")(import_command)
pst_app.command("create")(create_command)
pst_app.command("check")(check_command)
pst_app.command("repair")(repair_command)
pst_app.command("compact")(compact_command)
