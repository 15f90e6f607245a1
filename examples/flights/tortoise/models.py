"""The tables as Tortoise's models. Knows Tortoise only.

Relations are foreign keys to rows that are there: a flight keeps its tail number and its destination besides,
as some are not listed. Each weather has a key of its own: Tortoise has none of two columns. Clock times are
texts, `21:30:00`, which have their order: the SQLite driver takes no times of day.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.fields import ForeignKeyNullableRelation, ForeignKeyRelation, ReverseRelation
from tortoise.models import Model

__all__ = ["Airport", "Carrier", "Flight", "Plane", "Weather"]


class Carrier(Model):
    """An airline."""

    code = fields.CharField(max_length=2, primary_key=True)
    name = fields.TextField()

    flights: ReverseRelation[Flight]

    class Meta(Model.Meta):
        """The table's name."""

        table = "carriers"


class Airport(Model):
    """An airport of the United States, by its FAA code. `alt` is in feet, `tz` in hours from UTC."""

    code = fields.CharField(max_length=3, primary_key=True)
    name = fields.TextField()
    lat = fields.FloatField()
    lon = fields.FloatField()
    alt = fields.IntField()
    tz = fields.IntField()
    dst = fields.CharField(max_length=1)
    tzone = fields.TextField(null=True)

    departures: ReverseRelation[Flight]

    class Meta(Model.Meta):
        """The table's name."""

        table = "airports"


class Plane(Model):
    """An aircraft. `speed` is known for 23 of 3,322 and not to be relied on."""

    tailnum = fields.CharField(max_length=6, primary_key=True)
    year = fields.IntField(null=True)
    type = fields.TextField()
    manufacturer = fields.TextField()
    model = fields.TextField()
    engines = fields.IntField()
    seats = fields.IntField()
    speed = fields.IntField(null=True)
    engine = fields.TextField()

    flights: ReverseRelation[Flight]

    class Meta(Model.Meta):
        """The table's name."""

        table = "planes"


class Weather(Model):
    """An hour's weather at one of the three airports.

    Temperatures are in degrees Fahrenheit, wind in miles an hour, precipitation in inches, sight in miles.
    """

    id = fields.IntField(primary_key=True)
    origin = fields.CharField(max_length=3)
    time_hour = fields.DatetimeField()
    temp = fields.FloatField(null=True)
    dewp = fields.FloatField(null=True)
    humid = fields.FloatField(null=True)
    wind_dir = fields.IntField(null=True)
    wind_speed = fields.FloatField(null=True)
    wind_gust = fields.FloatField(null=True)
    precip = fields.FloatField()
    pressure = fields.FloatField(null=True)
    visib = fields.FloatField()

    class Meta(Model.Meta):
        """The table's name."""

        table = "weather"


class Flight(Model):
    """A flight from JFK, LGA or EWR. Clock times are local, delays in minutes, early being negative."""

    id = fields.IntField(primary_key=True)
    date = fields.DateField(db_index=True)
    carrier: ForeignKeyRelation[Carrier] = fields.ForeignKeyField("flights.Carrier", related_name="flights")
    flight = fields.IntField()
    tailnum = fields.CharField(max_length=6, null=True)
    plane: ForeignKeyNullableRelation[Plane] = fields.ForeignKeyField(
        "flights.Plane", related_name="flights", null=True
    )
    origin_airport: ForeignKeyRelation[Airport] = fields.ForeignKeyField(
        "flights.Airport", related_name="departures"
    )
    dest = fields.CharField(max_length=3)
    dest_airport: ForeignKeyNullableRelation[Airport] = fields.ForeignKeyField(
        "flights.Airport", related_name="arrivals", null=True
    )
    sched_dep_time = fields.CharField(max_length=8)
    dep_time = fields.CharField(max_length=8, null=True)
    dep_delay = fields.IntField(null=True, db_index=True)
    sched_arr_time = fields.CharField(max_length=8)
    arr_time = fields.CharField(max_length=8, null=True)
    arr_delay = fields.IntField(null=True)
    air_time = fields.IntField(null=True)
    distance = fields.IntField()
    time_hour = fields.DatetimeField()
    weather: ForeignKeyNullableRelation[Weather] = fields.ForeignKeyField(
        "flights.Weather", related_name="flights", null=True
    )

    class Meta(Model.Meta):
        """The table's name and indexes."""

        table = "flights"
        indexes = (("carrier", "dep_delay"), ("dest", "plane"), ("plane",))
