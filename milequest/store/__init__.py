"""What is stored and how it is asked for: tables and statements per noun, transactions, migrations."""
