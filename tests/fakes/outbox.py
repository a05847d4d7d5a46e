"""A mail service, which is outside our own account: it keeps its mails, and can be out of order."""

import re
from dataclasses import dataclass, field

from milequest.rules.mail import Mail


@dataclass
class Outbox:
    """`sent` is every mail, `fails` an outage."""

    sent: list[Mail] = field(default_factory=list)
    fails: bool = False

    async def send(self, mail: Mail) -> None:
        """Take a mail over."""
        if self.fails:
            raise OSError("no route to the mail service")
        self.sent.append(mail)

    def code(self, number: int = -1) -> str:
        """Return the code in a mail, by default the newest."""
        found = re.search(r"\b\d{6}\b", self.sent[number].text)
        assert found is not None
        return found[0]
