//! What a conversation runs over, and the lines of its record: who sent what.

/// A connection to a server, or what stands for it.
pub trait Wire {
    /// Sends bytes to the server.
    fn send(&mut self, bytes: &[u8]);
    /// The next bytes of the server, as many as there are; none if it hung up.
    fn receive(&mut self) -> Vec<u8>;
    /// Sends bytes over a connection of their own.
    fn send_aside(&mut self, bytes: &[u8]);
    /// A fact about the connection that the script needs: the hash of the server's certificate.
    fn end_point(&mut self) -> Vec<u8>;
}

/// Who sent the bytes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
    Aside,
    Fact,
}

/// How a line begins, by who sent it.
pub const MARKS: [(From, &str); 4] = [
    (From::Client, "> "),
    (From::Server, "< "),
    (From::Aside, "~ "),
    (From::Fact, "= "),
];
