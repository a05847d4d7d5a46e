"""Every write of the product, one verb per function: lock, ask the policy, apply the rule, store, record events."""
