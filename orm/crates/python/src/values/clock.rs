//! Dates and times as numbers and as ISO text, in the proleptic Gregorian calendar; no Python in it.

/// Days from 0001-01-01 to 1970-01-01.
pub const UNIX: i64 = 719_162;
/// Days from 0001-01-01 to 2000-01-01, where PostgreSQL counts from.
pub const POSTGRES: i64 = 730_119;
/// The last day that Python has, 9999-12-31, counted from 0001-01-01.
pub const LAST: i64 = 3_652_058;
/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// 1 to 9999
    pub year: i32,
    /// 1 to 12
    pub month: u8,
    /// 1 to 31
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// 0 to 23
    pub hour: u8,
    /// 0 to 59
    pub minute: u8,
    /// 0 to 59
    pub second: u8,
    /// 0 to 999,999
    pub microsecond: u32,
}

impl Day {
    /// The day that is `days` after 0001-01-01; None outside of the years 1 to 9999.
    pub fn of(days: i64) -> Option<Self> {
        if !(0..=LAST).contains(&days) {
            return None;
        }
        // In eras of 400 years that begin in March, so that a leap day is the last of its year.
        let shifted = days + 306;
        let (era, rest) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (rest - rest / 1_460 + rest / 36_524 - rest / 146_096) / 365;
        let day_of_year = rest - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        Some(Self {
            year: year as i32,
            month: month as u8,
            day: day as u8,
        })
    }

    /// Days from 0001-01-01.
    pub fn number(self) -> i64 {
        let (month, year) = (
            i64::from(self.month),
            i64::from(self.year) - i64::from(self.month <= 2),
        );
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 306
    }

    /// Whether the calendar has it.
    pub fn is_valid(self) -> bool {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let length = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => 0,
        };
        (1..=9999).contains(&self.year) && (1..=length).contains(&self.day)
    }

    /// Read `YYYY-MM-DD`.
    pub fn read(text: &[u8]) -> Option<Self> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
            return None;
        };
        let year = digits(&[*y1, *y2, *y3, *y4])? as i32;
        let day = Self {
            year,
            month: digits(&[*m1, *m2])? as u8,
            day: digits(&[*d1, *d2])? as u8,
        };
        day.is_valid().then_some(day)
    }

    /// Write `YYYY-MM-DD`.
    pub fn write(self, out: &mut String) {
        number(out, self.year as u32, 4);
        out.push('-');
        number(out, u32::from(self.month), 2);
        out.push('-');
        number(out, u32::from(self.day), 2);
    }
}

impl Time {
    /// The time that is so many microseconds after midnight; None outside of a day.
    pub fn of(microseconds: i64) -> Option<Self> {
        if !(0..DAY).contains(&microseconds) {
            return None;
        }
        let seconds = microseconds / 1_000_000;
        Some(Self {
            hour: (seconds / 3_600) as u8,
            minute: (seconds / 60 % 60) as u8,
            second: (seconds % 60) as u8,
            microsecond: (microseconds % 1_000_000) as u32,
        })
    }

    /// Microseconds after midnight.
    pub fn number(self) -> i64 {
        let seconds =
            i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second);
        seconds * 1_000_000 + i64::from(self.microsecond)
    }

    /// Read `HH:MM:SS`, or with a fraction of up to 6 digits that matter.
    pub fn read(text: &[u8]) -> Option<Self> {
        let [h1, h2, b':', m1, m2, b':', s1, s2, fraction @ ..] = text else {
            return None;
        };
        let microsecond = match fraction {
            [] => 0,
            [b'.', fraction @ ..] if !fraction.is_empty() => microseconds(fraction)?,
            _ => return None,
        };
        let (hour, minute, second) = (
            digits(&[*h1, *h2])?,
            digits(&[*m1, *m2])?,
            digits(&[*s1, *s2])?,
        );
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(Self {
            hour: hour as u8,
            minute: minute as u8,
            second: second as u8,
            microsecond,
        })
    }

    /// Write `HH:MM:SS.ffffff`.
    pub fn write(self, out: &mut String) {
        number(out, u32::from(self.hour), 2);
        out.push(':');
        number(out, u32::from(self.minute), 2);
        out.push(':');
        number(out, u32::from(self.second), 2);
        out.push('.');
        number(out, self.microsecond, 6);
    }
}

/// A date-time as text: its day, its time, and the seconds of its offset where it names one.
pub fn read_datetime(text: &[u8]) -> Option<(Day, Time, Option<i64>)> {
    let (day, rest) = text.split_at_checked(10)?;
    let [b' ' | b'T', rest @ ..] = rest else {
        return None;
    };
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'+' | b'-' | b'Z'))
        .unwrap_or(rest.len());
    let (time, offset) = rest.split_at(end);
    let offset = match offset {
        [] => None,
        [b'Z'] => Some(0),
        [sign, h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 3_600 + minutes * 60);
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => return None,
    };
    Some((Day::read(day)?, Time::read(time)?, offset))
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

fn microseconds(fraction: &[u8]) -> Option<u32> {
    let (kept, rest) = fraction.split_at(fraction.len().min(6));
    if rest.iter().any(|byte| *byte != b'0') {
        return None;
    }
    Some(digits(kept)? * 10_u32.pow(6 - kept.len() as u32))
}

fn number(out: &mut String, value: u32, width: u32) {
    for place in (0..width).rev() {
        out.push(char::from(b'0' + (value / 10_u32.pow(place) % 10) as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_python_s_calendar_has_its_number() {
        let mut last = None;
        for number in 0..=LAST {
            let day = Day::of(number).unwrap();
            assert!(day.is_valid() && day.number() == number, "{day:?}");
            let order = (day.year, day.month, day.day);
            assert!(last < Some(order));
            last = Some(order);
        }
        assert_eq!(
            Day::of(0),
            Some(Day {
                year: 1,
                month: 1,
                day: 1
            })
        );
        assert_eq!(
            Day::of(UNIX),
            Some(Day {
                year: 1970,
                month: 1,
                day: 1
            })
        );
        assert_eq!(
            Day::of(POSTGRES),
            Some(Day {
                year: 2000,
                month: 1,
                day: 1
            })
        );
        assert_eq!(last, Some((9999, 12, 31)));
        assert_eq!((Day::of(-1), Day::of(LAST + 1)), (None, None));
    }

    #[test]
    fn text_is_read_strictly() {
        let mut out = String::new();
        let (day, time, offset) = read_datetime(b"2024-02-29T23:59:59.5+01:30").unwrap();
        day.write(&mut out);
        time.write(&mut out);
        assert_eq!(
            (out.as_str(), offset),
            ("2024-02-2923:59:59.500000", Some(5_400))
        );
        for wrong in [
            "2023-02-29 00:00:00",
            "2024-02-29",
            "2024-02-29 24:00:00",
            "2024-2-29 00:00:00",
            "",
        ] {
            assert_eq!(read_datetime(wrong.as_bytes()), None, "{wrong}");
        }
        for wrong in [
            "00:00",
            "00:00:60",
            "00:00:00.",
            "00:00:00.0000001",
            "00:00:00.x",
            "0٣:00:00",
        ] {
            assert_eq!(Time::read(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Time::read(b"01:02:03.1000000000"), Time::of(3_723_100_000));
    }
}
