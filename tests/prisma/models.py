"""Models with a field of every type that Prisma has on PostgreSQL, and with the attributes that matter."""

from __future__ import annotations

from typing import Final

EVERY_TYPE: Final = """
enum Color {
  RED   @map("z")
  GREEN
}

model Sample {
  id       Int       @id @default(autoincrement())
  small    Int       @db.SmallInt
  plain    Int?
  big      BigInt
  double   Float
  single   Float     @db.Real
  price    Decimal   @db.Decimal(10, 2)
  wide     Decimal
  cash     Decimal   @db.Money
  active   Boolean
  text     String
  short    String    @db.VarChar(5)
  padded   String    @db.Char(5)
  folded   String    @db.Citext
  remark   String?
  key      String    @db.Uuid
  moment   DateTime
  exact    DateTime  @db.Timestamptz(6)
  day      DateTime  @db.Date
  clock    DateTime  @db.Time(6)
  blob     Bytes
  data     Json
  extra    Json?
  color    Color
  shade    Color?
  numbers  Int[]
  colors   Color[]
  days     DateTime[] @db.Date
  /// @queryengine(hidden)
  margin   Int
  note     String? /// The pilot's. @queryengine(hidden)
  owner_a  Int
  owner_b  String
  owner    Owner     @relation(fields: [owner_a, owner_b], references: [a, b])
  twin     Sample?   @relation("twins", fields: [twin_id], references: [id])
  twin_id  Int?      @unique
  other    Sample?   @relation("twins")
}

model Owner {
  a       Int
  b       String   @default("} // no comment @id")
  samples Sample[]

  @@id([a, b], map: "owner_key")
  @@index([b])
}
"""
