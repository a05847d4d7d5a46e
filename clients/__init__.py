"""What clients of Mile Quest may copy or import; the service itself uses none of it."""
