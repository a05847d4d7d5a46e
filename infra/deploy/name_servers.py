"""The DNS, asked for a domain's name servers."""


def name_servers(domain: str) -> frozenset[str]:
    """Return the name servers that the domain is delegated to, in lower case; none if it is not."""
    import dns.exception
    import dns.resolver

    try:
        found = dns.resolver.resolve(domain, "NS")
    except dns.exception.DNSException:
        return frozenset()
    return frozenset(str(one).rstrip(".").lower() for one in found)
