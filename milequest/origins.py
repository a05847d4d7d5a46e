"""Web origins (RFC 6454) as browsers and apps write them, and the check whether one is that of the requested address.

Any scheme can have one: apps by Capacitor, Ionic, Tauri or Electron and browser extensions use their own.
"""

import re
from ipaddress import IPv6Address, ip_address

DEFAULT_PORTS = {"http": "80", "https": "443"}

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]\\,*%]+)(?::([0-9]{1,5}))?/?", re.IGNORECASE)
_OF_AN_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]+)[/?#]", re.IGNORECASE)
_DEVIATIONS = "ßς\u200c\u200d"  # browsers and Python's codec read them differently in a host


def origin(given: str) -> str:
    """Return an origin as browsers send it: in lower case, the host in Punycode, without a default port.

    Raises ValueError for any other text, with the form that a browser would send.
    """
    match = _ORIGIN.fullmatch(given)
    if match is None:
        raise ValueError(f"must be an origin such as {_meant(given)}, not {given!r}")
    scheme, host, port = match[1].lower(), match[2], match[3]
    try:
        host = _host(host) if scheme in DEFAULT_PORTS else host.lower()
    except ValueError:
        raise ValueError(f"must be an origin with a host as browsers write it (xn--…), not {given!r}") from None
    if port is None or str(int(port)) == DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    if not 0 < int(port) < 65_536:
        raise ValueError(f"must be an origin with a port up to 65535, not {given!r}")
    return f"{scheme}://{host}:{int(port)}"


def web_origin(given: str) -> str:
    """Return the origin of a web page. Raises ValueError."""
    found = origin(given)
    if found.partition("://")[0] not in DEFAULT_PORTS:
        raise ValueError(f"must be an origin such as https://milequest.example, not {given!r}")
    return found


def is_same(origin: str, host: str) -> bool:
    """Return whether a page of `origin` calls the address it came from, which is the request's `Host`.

    The schemes are not compared: a TLS proxy before us need not pass them on. A foreign name that was made to lead here
    (DNS rebinding) passes too, and gains nothing: no cookie and no other credential is sent automatically, so its page
    is an anonymous caller, as any program is.
    """
    scheme, _, place = origin.lower().partition("://")
    default = DEFAULT_PORTS.get(scheme)
    return default is not None and place != "" and _with_port(place, default) == _with_port(host.lower(), default)


def _with_port(place: str, default: str) -> str:
    return place if re.search(r":[0-9]+$", place) else f"{place}:{default}"


def _host(host: str) -> str:
    """Return a host as browsers write it. Raises ValueError for what they don't accept as one."""
    if host.startswith("["):
        return f"[{IPv6Address(host[1:-1]).compressed}]"
    if any(letter in host for letter in _DEVIATIONS):
        raise ValueError("ambiguous")
    ascii_host = host.encode("idna").decode().lower()
    if re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", ascii_host.rstrip(".").rpartition(".")[2]):
        return str(ip_address(ascii_host))  # a host whose last label is a number is an address
    if not re.fullmatch(r"[a-z0-9._-]+", ascii_host):
        raise ValueError("no host")
    return ascii_host


def _meant(given: str) -> str:
    """Return the origin in a text that is more than one; else an example."""
    found = _OF_AN_ORIGIN.match(given)
    if found is not None:
        scheme = given.partition("://")[0]
        try:
            return origin(f"{scheme}://{found[1]}")
        except ValueError:
            pass
    return "https://milequest.example"
