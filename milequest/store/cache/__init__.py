"""Redis, for data that may be lost: wake-ups, presence, limits and budgets; and the fallbacks while it is away."""
