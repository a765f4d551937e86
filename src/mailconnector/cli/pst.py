"""The commands `mailconnector pst ...`."""

import typer

from mailconnector.cli.late import Late, late_group

pst_app = typer.Typer(
    cls=late_group(
        Late("info", "pst_info:info_command", "Show what a PST file is: format, size, state, and how much it holds."),
        Late(
            "ls",
            "pst_ls:ls_command",
            "List the folders of a PST file, with how many messages they hold and how many of these are unread.",
        ),
        Late(
            "show",
            "pst_show:show_command",
            "Show what stands in a node: a message, a folder, an attachment, a table, the store itself.",
        ),
        Late(
            "export",
            "pst_export:export_command",
            "Write the items of a PST file into files; its folders become directories. Nothing is overwritten.",
        ),
        Late("import", "pst_import:import_command", "Bring messages, calendars and cards into folders of a PST file."),
        Late(
            "create",
            "pst_create:create_command",
            "Make a new, empty PST file. An existing file is never overwritten.",
        ),
        Late("check", "pst_check:check_command", "Verify everything in a PST file. Nothing is changed."),
        Late(
            "repair",
            "pst_repair:repair_command",
            "Save what can be read of a damaged PST file into a new one, and report every loss.",
        ),
        Late("compact", "pst_compact:compact_command", "Write a PST file anew without the room that lies idle in it."),
    ),
    help="Look into, fill, empty, check and mend PST files.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done, 1 findings or some items failed, 2 no PST or unusable, 3 in use, 4 disk errors.",
)
