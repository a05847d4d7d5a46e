"""The live half of `make bench`: all its parts on one stage. Each can be run alone, of another size: see `--help`."""

from tests.performance import fanout, storm, topics, writes
from tests.performance.arena import arena
from tests.performance.population import Size


def main() -> None:
    """Run them."""
    with arena(Size()) as made:
        for part in (fanout, topics, storm, writes):
            part.run(made)


if __name__ == "__main__":
    main()
