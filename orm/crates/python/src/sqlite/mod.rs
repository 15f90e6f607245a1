//! SQLite for asyncio: what is short is answered at once, the rest by a future that a thread's answer completes.

mod answers;
mod post;
mod session;

pub use answers::Ready;
pub use post::SQLitePost;
pub use session::SQLiteSession;
