"""What docker/.env.example offers."""

from tests.docker.running_role import DOCKER

__all__ = ["EXAMPLE", "PLACEHOLDER", "SECRETS", "good_secrets"]

PLACEHOLDER = "change-me"

EXAMPLE = dict(
    line.split("=", 1)
    for line in (DOCKER / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
"""Every variable, with the value that it is shipped with."""

SECRETS = [name for name, value in EXAMPLE.items() if value == PLACEHOLDER]


def good_secrets() -> dict[str, str]:
    """Return a different good value for each secret."""
    return {name: f"{number}" * 40 for number, name in enumerate(SECRETS)}
