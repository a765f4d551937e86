"""The commands of the top."""

from mailconnector.cli.late import Late, late_group

Commands = late_group(
    Late("account", "account:account_app", "The accounts that are kept in step: which PST, which server."),
    Late("sync", "sync:sync_command", "Bring PST and server into step."),
    Late("run", "run:run_command", "Stay, and keep PST and server in step."),
    Late(
        "status",
        "status:status_command",
        "Show how accounts stand: the last run, what is in step, what waits, what failed, what is held.",
    ),
    Late(
        "log",
        "log:log_command",
        "Show what was changed, on which side, and when. The log goes back a month, unless the profile says otherwise.",
    ),
    Late(
        "folder",
        "folder:folder_app",
        "When and how far each folder is synchronised, and where the special ones stand.",
    ),
    Late("item", "item:item_app", "Single items: show all that one has, compare its two sides."),
    Late("share", "share:share_app", "Who may do what in a folder: granted, changed and explained."),
    Late(
        "delegate",
        "delegate:delegate_app",
        "Who acts for you: roles in your main folders, sending on your behalf, copies of meeting requests.",
    ),
    Late("send", "send:send_command", "Send a message to the recipients that it names in To, Cc and Bcc."),
    Late(
        "meeting",
        "meeting:meeting_app",
        "Meeting requests: accept and decline them, for yourself or for somebody whose delegate you are.",
    ),
    Late(
        "outbox",
        "outbox:outbox_app",
        "Messages that are to be sent: what lies in the Outbox, and what is to become of it.",
    ),
    Late(
        "demo",
        "demo:demo_command",
        "Show two-way synchronisation on a private mail server: fill, synchronise, change both "
        "sides, synchronise again.",
    ),
    Late("pst", "pst:pst_app", "Look into, fill, empty, check and mend PST files."),
    Late(
        "lab",
        "lab:lab_app",
        "Private mail servers on this machine, to try things on: real ones, with four users.",
    ),
)
