"""Distribution of a run's tests over its workers."""

from xdist.scheduler.loadscope import LoadScopeScheduling


class Spread(LoadScopeScheduling):  # type: ignore[misc]  # its library has no types
    """One by one to any idle worker; those of the deployed service to one worker, which begins with them.

    A deployment is thirty processes, so there is never more than one.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "deployed" if "deployed" in nodeid else nodeid
