"""The domain of the product: rules, storage, actions, jobs, and the outside services they use."""
