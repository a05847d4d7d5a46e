"""Redis, for what may be lost: wake-ups, presence, limits and budgets; and what stands in for it while it is away."""
