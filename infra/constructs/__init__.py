"""Parts with our defaults. Stacks are made of them."""
