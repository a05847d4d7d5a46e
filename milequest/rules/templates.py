"""Famous walks to choose from instead of drawing a route: the towns along them. A router plans the legs.

The coordinates are facts; the names are those on signposts. Straight legs between towns are shorter than the trails.
"""

from dataclasses import dataclass
from uuid import UUID

from milequest.rules.geo import LatLng
from milequest.rules.routes import Waypoint


@dataclass(frozen=True, slots=True)
class RouteTemplate:
    """A walk with up to 25 waypoints; `country` is ISO 3166-1 alpha-2, of its largest part."""

    id: UUID
    name: str
    description: str
    country: str
    waypoints: tuple[Waypoint, ...]


def _towns(*towns: tuple[str, float, float]) -> tuple[Waypoint, ...]:
    return tuple(Waypoint(LatLng(lat, lng), name) for name, lat, lng in towns)


CAMINO_FRANCES = RouteTemplate(
    UUID("bedf572e-4366-5266-ae0d-48d7099c010c"),
    "Camino Francés",
    "From the foot of the Pyrenees to Santiago de Compostela, the way pilgrims have walked for a thousand years.",
    "ES",
    _towns(
        ("Saint-Jean-Pied-de-Port", 43.163, -1.237),
        ("Roncesvalles", 43.009, -1.319),
        ("Pamplona", 42.817, -1.643),
        ("Puente la Reina", 42.672, -1.814),
        ("Estella-Lizarra", 42.672, -2.032),
        ("Los Arcos", 42.569, -2.192),
        ("Logroño", 42.466, -2.445),
        ("Nájera", 42.416, -2.734),
        ("Santo Domingo de la Calzada", 42.44, -2.953),
        ("Belorado", 42.42, -3.19),
        ("Burgos", 42.341, -3.704),
        ("Castrojeriz", 42.288, -4.138),
        ("Frómista", 42.267, -4.406),
        ("Carrión de los Condes", 42.338, -4.603),
        ("Sahagún", 42.371, -5.029),
        ("Mansilla de las Mulas", 42.499, -5.417),
        ("León", 42.599, -5.567),
        ("Astorga", 42.459, -6.056),
        ("Ponferrada", 42.55, -6.598),
        ("Villafranca del Bierzo", 42.606, -6.811),
        ("O Cebreiro", 42.708, -7.044),
        ("Sarria", 42.781, -7.414),
        ("Portomarín", 42.807, -7.616),
        ("Arzúa", 42.926, -8.164),
        ("Santiago de Compostela", 42.8805, -8.5457),
    ),
)
PACIFIC_CREST_TRAIL = RouteTemplate(
    UUID("19f9eb6e-d008-5eea-8cb2-960604cab2ff"),
    "Pacific Crest Trail",
    "From the Mexican border to Canada by deserts, the Sierra Nevada and the Cascades, from town to town.",
    "US",
    _towns(
        ("Campo", 32.6065, -116.469),
        ("Warner Springs", 33.282, -116.634),
        ("Idyllwild", 33.74, -116.719),
        ("Big Bear City", 34.261, -116.845),
        ("Wrightwood", 34.361, -117.633),
        ("Acton", 34.47, -118.197),
        ("Tehachapi", 35.132, -118.449),
        ("Lone Pine", 36.606, -118.063),
        ("Mammoth Lakes", 37.649, -118.972),
        ("South Lake Tahoe", 38.933, -119.984),
        ("Truckee", 39.328, -120.183),
        ("Sierra City", 39.566, -120.634),
        ("Chester", 40.306, -121.232),
        ("Burney", 40.882, -121.661),
        ("Dunsmuir", 41.208, -122.272),
        ("Etna", 41.457, -122.895),
        ("Ashland", 42.195, -122.709),
        ("Sisters", 44.291, -121.549),
        ("Government Camp", 45.304, -121.755),
        ("Cascade Locks", 45.67, -121.891),
        ("Packwood", 46.606, -121.67),
        ("Snoqualmie Pass", 47.392, -121.4),
        ("Skykomish", 47.709, -121.36),
        ("Stehekin", 48.309, -120.657),
        ("Manning Park", 49.065, -120.782),
    ),
)
WEST_HIGHLAND_WAY = RouteTemplate(
    UUID("fd2b01ac-d310-5257-bf4c-96dd239abe47"),
    "West Highland Way",
    "From the edge of Glasgow past Loch Lomond and over Rannoch Moor to the foot of Ben Nevis.",
    "GB",
    _towns(
        ("Milngavie", 55.9414, -4.3137),
        ("Drymen", 56.066, -4.451),
        ("Balmaha", 56.0845, -4.54),
        ("Rowardennan", 56.153, -4.643),
        ("Inverarnan", 56.328, -4.718),
        ("Crianlarich", 56.392, -4.619),
        ("Tyndrum", 56.436, -4.711),
        ("Bridge of Orchy", 56.517, -4.766),
        ("Kingshouse", 56.651, -4.84),
        ("Kinlochleven", 56.714, -4.964),
        ("Fort William", 56.8198, -5.1052),
    ),
)

# In the order they are listed: by name.
ROUTE_TEMPLATES = (CAMINO_FRANCES, PACIFIC_CREST_TRAIL, WEST_HIGHLAND_WAY)
