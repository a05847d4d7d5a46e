"""What each field does: one function per field, AppSync-style; one module per noun."""
