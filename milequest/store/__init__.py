"""Storage, in three rooms: PostgreSQL (`sql`), Redis (`cache`), and AWS's services (`aws`)."""
