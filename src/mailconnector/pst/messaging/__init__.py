"""The messaging layer ([MS-PST] 2.4): stores, folders, messages, attachments, named properties.

Other rooms import what `mailconnector.pst` re-exports of it; a module itself only where they show a file from within.
"""
