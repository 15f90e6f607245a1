-- What `prisma db push` makes of schema.prisma on SQLite, with indexes.

CREATE TABLE "Carrier" ("code" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL);

CREATE TABLE "Airport" (
    "code" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "lat" REAL NOT NULL, "lon" REAL NOT NULL,
    "alt" INTEGER NOT NULL, "tz" INTEGER NOT NULL, "dst" TEXT NOT NULL, "tzone" TEXT
);

CREATE TABLE "Plane" (
    "tailnum" TEXT NOT NULL PRIMARY KEY, "year" INTEGER, "type" TEXT NOT NULL, "manufacturer" TEXT NOT NULL,
    "model" TEXT NOT NULL, "engines" INTEGER NOT NULL, "seats" INTEGER NOT NULL, "speed" INTEGER,
    "engine" TEXT NOT NULL
);

CREATE TABLE "Weather" (
    "id" INTEGER NOT NULL PRIMARY KEY, "origin" TEXT NOT NULL, "time_hour" DATETIME NOT NULL,
    "temp" REAL, "dewp" REAL, "humid" REAL, "wind_dir" INTEGER, "wind_speed" REAL, "wind_gust" REAL,
    "precip" REAL NOT NULL, "pressure" REAL, "visib" REAL NOT NULL
);

CREATE TABLE "Flight" (
    "id" INTEGER NOT NULL PRIMARY KEY, "date" TEXT NOT NULL,
    "carrier_code" TEXT NOT NULL REFERENCES "Carrier" ("code"), "flight" INTEGER NOT NULL,
    "tailnum" TEXT, "plane_tailnum" TEXT REFERENCES "Plane" ("tailnum"),
    "origin" TEXT NOT NULL REFERENCES "Airport" ("code"),
    "dest" TEXT NOT NULL, "dest_code" TEXT REFERENCES "Airport" ("code"),
    "sched_dep_time" TEXT NOT NULL, "dep_time" TEXT, "dep_delay" INTEGER,
    "sched_arr_time" TEXT NOT NULL, "arr_time" TEXT, "arr_delay" INTEGER,
    "air_time" INTEGER, "distance" INTEGER NOT NULL, "time_hour" DATETIME NOT NULL,
    "weather_id" INTEGER REFERENCES "Weather" ("id")
);

CREATE INDEX "Flight_date" ON "Flight" ("date");
CREATE INDEX "Flight_dep_delay" ON "Flight" ("dep_delay");
CREATE INDEX "Flight_carrier_code" ON "Flight" ("carrier_code", "dep_delay");
CREATE INDEX "Flight_plane_tailnum" ON "Flight" ("plane_tailnum");
CREATE INDEX "Flight_dest" ON "Flight" ("dest", "plane_tailnum");
CREATE INDEX "Flight_origin" ON "Flight" ("origin");
