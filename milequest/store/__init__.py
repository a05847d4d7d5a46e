"""Storage, in three packages: PostgreSQL (`sql`), Redis (`cache`), and AWS's services (`aws`)."""
