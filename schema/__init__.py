"""The GraphQL schema, and the execution of documents."""
