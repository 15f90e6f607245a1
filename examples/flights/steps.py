"""The requests that the demo makes, each with what must come back. Knows neither service nor database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["STEPS", "Refused", "Rows", "Step"]


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer is the rows of this hand-written SQL, in its order, under the names of its columns.

    `shown` are the columns of the table that the walk prints, as dotted paths into a row. With `only`, a row
    has no other members than the columns of the SQL.
    """

    sql: str
    shown: tuple[str, ...]
    only: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is status 422 with this error: its type, where it is, and some of its context."""

    type: str
    loc: tuple[str | int, ...]
    context: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Step:
    """A request, as a person would type it into a browser, and the answer that is expected."""

    name: str
    title: str
    path: str
    parameters: Mapping[str, str]
    expected: Rows | Refused


STEPS: tuple[Step, ...] = (
    Step(
        "delays",
        "United's worst delays: a comparison, and a path to the carrier",
        "/flights",
        {
            "filter": '{"where": {"dep_delay": {"gt": 60}, "carrier.name": {"contains": "United"}},'
            ' "order": "-dep_delay", "limit": 5}'
        },
        Rows(
            """
            SELECT id FROM flights WHERE dep_delay > 60 AND carrier_code IN
                (SELECT code FROM carriers WHERE instr(name, 'United') > 0)
            ORDER BY dep_delay DESC, id LIMIT 5
            """,
            ("date", "carrier.name", "flight", "origin", "dest", "dep_delay"),
        ),
    ),
    Step(
        "logic",
        "and, or and not, one inside the other",
        "/flights",
        {
            "filter": '{"where": {"or": [{"origin": "JFK", "dest": {"in": ["LAX", "SFO"]}}, {"and": ['
            '{"origin": "LGA"}, {"not": {"distance": {"lt": 1500}}}]}], "dep_delay": {"gte": 120}},'
            ' "order": "distance,-dep_delay", "limit": 5}'
        },
        Rows(
            """
            SELECT id FROM flights
            WHERE (origin = 'JFK' AND dest IN ('LAX', 'SFO') OR origin = 'LGA' AND distance >= 1500)
                AND dep_delay >= 120
            ORDER BY distance, dep_delay DESC, id LIMIT 5
            """,
            ("date", "carrier_code", "flight", "origin", "dest", "distance", "dep_delay"),
        ),
    ),
    Step(
        "times",
        "Dates, clock times, and instants in any time zone",
        "/flights",
        {
            "filter": '{"where": {"date": {"between": ["2013-01-01", "2013-01-02"]},'
            ' "sched_dep_time": {"gte": "21:30"}, "time_hour": {"lt": "2013-01-01T23:00:00-05:00"}},'
            ' "order": "sched_dep_time", "limit": 5}'
        },
        Rows(
            """
            SELECT id FROM flights
            WHERE date BETWEEN '2013-01-01' AND '2013-01-02' AND sched_dep_time >= '21:30'
                AND time_hour < '2013-01-02 04:00:00'
            ORDER BY sched_dep_time, id LIMIT 5
            """,
            ("date", "sched_dep_time", "time_hour", "carrier_code", "flight", "dest"),
        ),
    ),
    Step(
        "nulls",
        "Nulls: not gives all other rows, also those of cancelled flights, whose delay is null",
        "/flights",
        {
            "filter": '{"where": {"date": "2013-01-02", "not": {"dep_delay": {"lte": 180}}},'
            ' "order": "dep_delay NULLS LAST", "limit": 8}'
        },
        Rows(
            """
            SELECT id FROM flights
            WHERE date = '2013-01-02' AND (dep_delay > 180 OR dep_delay IS NULL)
            ORDER BY dep_delay NULLS LAST, id LIMIT 8
            """,
            ("date", "carrier_code", "flight", "sched_dep_time", "dep_time", "dep_delay"),
        ),
    ),
    Step(
        "order",
        "Order: nulls are the smallest value, unless the filter says otherwise",
        "/flights",
        {
            "filter": '{"where": {"date": "2013-01-02", "dest": {"in": ["GRR", "IND"]}},'
            ' "order": ["arr_delay DESC NULLS FIRST", "sched_dep_time"], "limit": 5}'
        },
        Rows(
            """
            SELECT id FROM flights WHERE date = '2013-01-02' AND dest IN ('GRR', 'IND')
            ORDER BY arr_delay DESC NULLS FIRST, sched_dep_time, id LIMIT 5
            """,
            ("date", "sched_dep_time", "carrier_code", "flight", "dest", "arr_delay"),
        ),
    ),
    Step(
        "like",
        "LIKE: % is any text; after a backslash it and _ are themselves",
        "/airports",
        {
            "filter": r'{"where": {"name": {"like": "San%Intl"}, "tzone": {"like": "%\\_%"}},'
            ' "order": "name"}'
        },
        Rows(
            r"""
            SELECT code FROM airports WHERE name GLOB 'San*Intl' AND instr(tzone, '_') > 0
            ORDER BY name, code
            """,
            ("code", "name", "tzone"),
        ),
    ),
    Step(
        "literal",
        r"A literal % is in no airport's name (as a wildcard it would be in all 1,458), a literal \ in two",
        "/airports",
        {"filter": r'{"where": {"or": [{"name": {"like": "%\\%%"}}, {"name": {"contains": "\\"}}]}}'},
        Rows(
            r"""
            SELECT code FROM airports WHERE instr(name, '%') > 0 OR instr(name, '\') > 0 ORDER BY code
            """,
            ("code", "name"),
        ),
    ),
    Step(
        "to-one",
        "To-one relations: into a storm, on an old plane, to a place in another time zone",
        "/flights",
        {
            "filter": '{"where": {"date": {"lt": "2013-02-01"}, "weather": {"wind_gust": {"gt": 28}},'
            ' "plane.year": {"lt": 1995}, "dest_airport.tzone": {"ne": "America/New_York"}},'
            ' "order": "plane.year,-weather.wind_gust", "limit": 5}'
        },
        Rows(
            """
            SELECT f.id FROM flights f
            JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
            JOIN planes p ON p.tailnum = f.tailnum
            LEFT JOIN airports a ON a.code = f.dest
            WHERE f.date < '2013-02-01' AND w.wind_gust > 28 AND p.year < 1995
                AND a.tzone IS NOT 'America/New_York'
            ORDER BY p.year, w.wind_gust DESC, f.id LIMIT 5
            """,
            (
                "date",
                "plane.year",
                "plane.model",
                "weather.wind_gust",
                "dest_airport.name",
                "dest_airport.tzone",
            ),
        ),
    ),
    Step(
        "missing",
        "A missing to-one: tail numbers that the list of planes does not have",
        "/flights",
        {
            "filter": '{"where": {"tailnum": {"isNull": false}, "plane": {"isNull": true},'
            ' "dest_airport": {"isNull": true}}, "limit": 5}'
        },
        Rows(
            """
            SELECT id FROM flights
            WHERE tailnum IS NOT NULL AND tailnum NOT IN (SELECT tailnum FROM planes)
                AND dest NOT IN (SELECT code FROM airports)
            ORDER BY id LIMIT 5
            """,
            ("date", "carrier_code", "flight", "tailnum", "plane", "dest", "dest_airport"),
        ),
    ),
    Step(
        "some",
        "To-many, some: planes that left late for Honolulu, each once, however often they did",
        "/planes",
        {
            "filter": '{"where": {"flights": {"some": {"dest": "HNL", "dep_delay": {"gt": 0}}}},'
            ' "order": "year,tailnum", "limit": 5}'
        },
        Rows(
            """
            SELECT tailnum FROM planes
            WHERE tailnum IN (SELECT tailnum FROM flights WHERE dest = 'HNL' AND dep_delay > 0)
            ORDER BY year, tailnum LIMIT 5
            """,
            ("tailnum", "year", "manufacturer", "model", "seats"),
        ),
    ),
    Step(
        "every",
        "To-many, every and none: carriers that never flew from JFK, nor ever 1,500 miles or more",
        "/carriers",
        {
            "filter": '{"where": {"flights": {"none": {"origin": "JFK"},'
            ' "every": {"distance": {"lt": 1500}}}}, "order": "name"}'
        },
        Rows(
            """
            SELECT code FROM carriers
            WHERE code NOT IN (SELECT carrier_code FROM flights WHERE origin = 'JFK' OR distance >= 1500)
            ORDER BY name, code
            """,
            ("code", "name"),
        ),
    ),
    Step(
        "projection",
        "Projection: only the fields that are named are read and sent",
        "/flights",
        {
            "filter": '{"where": {"dest": "HNL"}, "fields": ["date", "flight", "air_time"],'
            ' "order": "-air_time", "limit": 5}'
        },
        Rows(
            """
            SELECT date, flight, air_time FROM flights WHERE dest = 'HNL'
            ORDER BY air_time DESC, id LIMIT 5
            """,
            ("date", "flight", "air_time"),
            only=True,
        ),
    ),
    Step(
        "brackets",
        "The same language as bracket parameters",
        "/flights",
        {
            "filter[where][origin]": "LGA",
            "filter[where][dep_delay][gte]": "120",
            "filter[order]": "-dep_delay",
            "filter[limit]": "3",
        },
        Rows(
            """
            SELECT id FROM flights WHERE origin = 'LGA' AND dep_delay >= 120
            ORDER BY dep_delay DESC, id LIMIT 3
            """,
            ("date", "carrier.name", "flight", "origin", "dest", "dep_delay"),
        ),
    ),
    Step(
        "groups",
        "Groups: the carriers whose late flights were latest, with at least twenty of them",
        "/flights/delays",
        {
            "aggregate": '{"groupBy": "carrier.name", "count": true, "avg": "dep_delay", "max": "dep_delay",'
            ' "where": {"dep_delay": {"gt": 0}}, "having": {"count": {"gte": 20}},'
            ' "order": "-avg_dep_delay", "limit": 5}'
        },
        Rows(
            """
            SELECT c.name AS carrier_name, count(*) AS count, avg(f.dep_delay) AS avg_dep_delay,
                max(f.dep_delay) AS max_dep_delay
            FROM flights f JOIN carriers c ON c.code = f.carrier_code
            WHERE f.dep_delay > 0 GROUP BY c.name HAVING count(*) >= 20
            ORDER BY avg_dep_delay DESC, c.name LIMIT 5
            """,
            ("carrier_name", "count", "avg_dep_delay", "max_dep_delay"),
            only=True,
        ),
    ),
    Step(
        "hidden",
        "A hidden field: planes have a speed, but the response model has none, so nobody can ask for it",
        "/flights",
        {"filter": '{"where": {"plane.speed": {"gt": 100}}}'},
        Refused("unknown_field", ("query", "filter", "where", "plane.speed")),
    ),
    Step(
        "misspelt",
        "A misspelt operator",
        "/flights",
        {"filter": '{"where": {"dep_delay": {"gtt": 60}}}'},
        Refused("unknown_operator", ("query", "filter", "where", "dep_delay", "gtt")),
    ),
    Step(
        "syntax",
        "A syntax error, with its position",
        "/flights",
        {"filter": '{"where": {"dep_delay": {"gt": 60}} "limit": 5}'},
        Refused("syntax_error", ("query", "filter", "limit"), {"line": 1, "column": 37}),
    ),
)
"""The walk, in its order."""
