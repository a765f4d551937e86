"""Verification of PST files: `check` and the report that it gives."""

from mailconnector.pst.check.checker import check
from mailconnector.pst.check.findings import Counts, Finding, Progress, Report, Severity

__all__ = ["Counts", "Finding", "Progress", "Report", "Severity", "check"]
