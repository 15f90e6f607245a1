//! How long a message may be, by its kind: what a server claims is believed only so far.

/// The most bytes of a message that is taken, its length field included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For rows and COPY's data. PostgreSQL itself makes none longer than 1 GiB.
    pub data: usize,
    /// For descriptions, notifications, errors and notices.
    pub text: usize,
    /// For all other messages, which are short by their nature.
    pub other: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            data: 1 << 30,
            text: 16 << 20,
            other: 32 << 10,
        }
    }
}

impl Limits {
    /// The limit for messages of a tag.
    #[must_use]
    pub const fn of(&self, tag: u8) -> usize {
        match tag {
            b'D' | b'd' => self.data,
            b'T' | b't' | b'E' | b'N' | b'A' => self.text,
            _ => self.other,
        }
    }
}
