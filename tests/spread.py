"""How the tests of a run are spread over its workers."""

from xdist.scheduler.loadscope import LoadScopeScheduling


class Spread(LoadScopeScheduling):  # type: ignore[misc]  # its library has no types
    """One by one to whoever is free; those of the deployed service to one worker, which begins with them.

    What is deployed is thirty processes, so there is never more of it than one.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "deployed" if "deployed" in nodeid else nodeid
