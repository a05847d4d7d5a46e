"""Storage: tables and statements per noun, transactions, migrations."""
