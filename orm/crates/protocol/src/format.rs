//! How a value travels: as text or in the binary form of its type.

/// The form of a value on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// The text that `psql` would print.
    #[default]
    Text,
    /// The type's own binary form.
    Binary,
}

impl Format {
    /// The number that stands for the form in a message.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Text => 0,
            Self::Binary => 1,
        }
    }

    /// The form that a number stands for, if it stands for one.
    #[must_use]
    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            0 => Some(Self::Text),
            1 => Some(Self::Binary),
            _ => None,
        }
    }
}
