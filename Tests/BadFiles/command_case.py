"""What a case of a wrong file says of the command, and its exit statuses."""

import dataclasses

FAILED, MALFORMED, UNSUPPORTED = 1, 3, 4


@dataclasses.dataclass
class Case:
    """A file and what is said of it."""

    name: str
    data: bytes
    status: int
    says: list[str]
