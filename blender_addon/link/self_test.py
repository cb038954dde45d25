"""What a self-test of the backend found out."""

from __future__ import annotations

from dataclasses import dataclass

from ...protocol.messages import Finding


@dataclass(frozen=True)
class SelfTest:
    """One self-test, while it runs and when it is over.

    Attributes:
        round_trip: seconds that a ping took; None while it runs.
        findings: what the backend's doctor found.
    """

    round_trip: float | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def over(self) -> bool:
        return self.round_trip is not None

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What is not as it should be."""
        return tuple(finding for finding in self.findings if not finding.good)
