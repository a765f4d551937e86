"""Repairing PST files: `repair` and the report that it gives."""

from mailconnector.pst.repair.repairer import RepairReport, repair

__all__ = ["RepairReport", "repair"]
