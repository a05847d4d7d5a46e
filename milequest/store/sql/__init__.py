"""PostgreSQL: tables and migrations, transactions, and the statements of each noun."""
