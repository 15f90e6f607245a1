//! What a server says of an error or in a notice, field by field.

use crate::backend::Reader;
use crate::errors::{DecodeError, SqlState};

/// How grave a report is; of `Error` and above, a statement ended; of `Fatal` and above, the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For developers of the server.
    Debug,
    /// For the server's log.
    Log,
    /// What was asked for.
    Info,
    /// What may be of interest.
    Notice,
    /// What is probably a mistake.
    Warning,
    /// The statement failed.
    Error,
    /// The session ended.
    Fatal,
    /// All sessions ended.
    Panic,
}

impl Severity {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "DEBUG" => Self::Debug,
            "LOG" => Self::Log,
            "INFO" => Self::Info,
            "NOTICE" => Self::Notice,
            "WARNING" => Self::Warning,
            "ERROR" => Self::Error,
            "FATAL" => Self::Fatal,
            "PANIC" => Self::Panic,
            _ => return None,
        })
    }
}

/// The fields of an `ErrorResponse` or a `NoticeResponse`.
///
/// Texts that are not UTF-8 are mended with U+FFFD: a server reports its first errors before the encoding of the
/// session is settled, and a report that can be read beats one that cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorFields {
    /// How grave; none if the server said a word that we do not know.
    pub severity: Option<Severity>,
    /// The SQLSTATE; `SqlState::INTERNAL` if the server sent none.
    pub code: SqlState,
    /// The main message.
    pub message: String,
    /// More about the problem. It may quote values of rows.
    pub detail: Option<String>,
    /// What could be done.
    pub hint: Option<String>,
    /// The place in the statement, in characters from 1.
    pub position: Option<u32>,
    /// The place in `internal_query`, in characters from 1.
    pub internal_position: Option<u32>,
    /// The statement of a function of the server's that failed.
    pub internal_query: Option<String>,
    /// The call stack within the server's languages.
    pub context: Option<String>,
    /// The schema that the error is about.
    pub schema: Option<String>,
    /// The table that the error is about.
    pub table: Option<String>,
    /// The column that the error is about.
    pub column: Option<String>,
    /// The data type that the error is about.
    pub data_type: Option<String>,
    /// The constraint that the error is about.
    pub constraint: Option<String>,
    /// The file of the server's source.
    pub file: Option<String>,
    /// The line in that file.
    pub line: Option<u32>,
    /// The routine in that file.
    pub routine: Option<String>,
}

impl Default for SqlState {
    fn default() -> Self {
        Self::INTERNAL
    }
}

impl ErrorFields {
    /// Reads the body of a report.
    pub(crate) fn parse(mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let mut fields = Self::default();
        let mut localised = None;
        loop {
            let kind = reader.u8()?;
            if kind == 0 {
                break;
            }
            let value = String::from_utf8_lossy(reader.until_nul()?);
            match kind {
                b'S' => localised = Severity::parse(&value),
                b'V' => fields.severity = Severity::parse(&value),
                b'C' => fields.code = SqlState::parse(value.as_bytes()).unwrap_or_default(),
                b'P' => fields.position = value.parse().ok(),
                b'p' => fields.internal_position = value.parse().ok(),
                b'L' => fields.line = value.parse().ok(),
                b'M' => fields.message = value.into_owned(),
                // The protocol has clients pass over the kinds that they do not know.
                _ => {
                    if let Some(field) = fields.text(kind) {
                        *field = Some(value.into_owned());
                    }
                }
            }
        }
        reader.finish()?;
        fields.severity = fields.severity.or(localised);
        Ok(fields)
    }

    fn text(&mut self, kind: u8) -> Option<&mut Option<String>> {
        Some(match kind {
            b'D' => &mut self.detail,
            b'H' => &mut self.hint,
            b'q' => &mut self.internal_query,
            b'W' => &mut self.context,
            b's' => &mut self.schema,
            b't' => &mut self.table,
            b'c' => &mut self.column,
            b'd' => &mut self.data_type,
            b'n' => &mut self.constraint,
            b'F' => &mut self.file,
            b'R' => &mut self.routine,
            _ => return None,
        })
    }
}
