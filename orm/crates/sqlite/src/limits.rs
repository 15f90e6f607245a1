//! How long a statement may run: a budget where it runs on an event loop, a cancel flag where it has a thread.

use std::ffi::{c_int, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::ffi;

/// The progress handler is asked once in so many steps of SQLite's machine: some 20 microseconds.
const STEPS: c_int = 1_000;

/// More time than any read takes where it must not block, which a clock can be ahead by.
const MOST: Duration = Duration::from_secs(3_600);

/// What a read may cost where it must not block: whichever of the two is used up first.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Steps of SQLite's machine, counted in thousands.
    pub steps: u32,
    /// Time, because a step may read from a slow disk.
    pub time: Duration,
}

/// Says to a statement on another thread that nobody waits for it any more.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stop the statement, or keep it from beginning.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What the handlers of one connection look at.
#[derive(Debug)]
struct Limits {
    left: u64,
    until: Option<Instant>,
    cancel: Option<Cancel>,
    busy: Duration,
    waiting: Option<Instant>,
}

/// The handlers of one connection: SQLite holds the address of their limits, so that they live on the heap.
#[derive(Debug)]
pub(crate) struct Handlers(NonNull<Limits>);

// SAFETY: the limits have one owner; what they hold is `Send`.
unsafe impl Send for Handlers {}

impl Drop for Handlers {
    fn drop(&mut self) {
        // SAFETY: made from a box in `install`, freed here alone.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl Handlers {
    /// Install the handlers on a connection.
    ///
    /// # Safety
    /// `db` is open, and closed before the handlers are dropped.
    pub(crate) unsafe fn install(db: *mut ffi::sqlite3, busy: Duration) -> Self {
        let limits = Limits {
            left: u64::MAX,
            until: None,
            cancel: None,
            busy,
            waiting: None,
        };
        let limits = NonNull::from(Box::leak(Box::new(limits)));
        let place = limits.as_ptr().cast();
        // SAFETY: the caller says that the limits outlive the connection.
        unsafe {
            ffi::sqlite3_progress_handler(db, STEPS, Some(on_progress), place);
            ffi::sqlite3_busy_handler(db, Some(on_busy), place);
        }
        Self(limits)
    }

    fn limits(&mut self) -> &mut Limits {
        // SAFETY: SQLite reads the limits only while a statement runs, and then nobody is here.
        unsafe { self.0.as_mut() }
    }

    /// The next statement runs where it must not block: it does not wait for locks either.
    pub(crate) fn inline(&mut self, budget: Budget) {
        let limits = self.limits();
        limits.left = u64::from(budget.steps) / STEPS as u64;
        limits.until = Some(Instant::now() + budget.time.min(MOST));
        limits.cancel = None;
    }

    /// The next statement runs on a thread, until it is cancelled.
    pub(crate) fn threaded(&mut self, cancel: &Cancel) {
        let limits = self.limits();
        limits.left = u64::MAX;
        limits.until = None;
        limits.cancel = Some(cancel.clone());
    }
}

impl Limits {
    fn goes_on(&mut self) -> bool {
        if self.left == 0 || self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return false;
        }
        self.left -= 1;
        self.until.is_none_or(|until| Instant::now() < until)
    }

    fn waits(&mut self, times: c_int) -> bool {
        if self.until.is_some() || self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return false;
        }
        let now = Instant::now();
        let since = if times == 0 {
            now
        } else {
            self.waiting.unwrap_or(now)
        };
        self.waiting = Some(since);
        if now.duration_since(since) >= self.busy {
            return false;
        }
        std::thread::sleep(Duration::from_millis((1 + times as u64).min(10)));
        true
    }
}

unsafe extern "C" fn on_progress(place: *mut c_void) -> c_int {
    // SAFETY: `install` gave SQLite this address; SQLite calls back on the thread that runs the statement.
    let limits = unsafe { &mut *place.cast::<Limits>() };
    c_int::from(!limits.goes_on())
}

unsafe extern "C" fn on_busy(place: *mut c_void, times: c_int) -> c_int {
    // SAFETY: as above.
    let limits = unsafe { &mut *place.cast::<Limits>() };
    c_int::from(limits.waits(times))
}

#[cfg(test)]
mod tests {
    use rusqlite::{ErrorCode, StatementStatus};

    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c";

    fn steps_within(budget: Budget) -> c_int {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        // SAFETY: the connection is open; its last statement ends before the handlers do.
        let mut handlers = unsafe { Handlers::install(db.handle(), Duration::ZERO) };
        handlers.inline(budget);
        let mut statement = db.prepare(ENDLESS).unwrap();
        let stopped = statement.query_row([], |_| Ok(())).unwrap_err();
        let code = stopped.sqlite_error_code();
        assert_eq!(code, Some(ErrorCode::OperationInterrupted));
        statement.get_status(StatementStatus::VmStep)
    }

    #[test]
    fn a_query_that_may_not_block_ends_with_its_steps() {
        let hour = Duration::from_secs(3_600);
        for thousands in [0, 1, 50] {
            let (steps, time) = (thousands * STEPS as u32, hour);
            let taken = steps_within(Budget { steps, time });
            assert!(taken >= steps as c_int);
            assert!(taken <= steps as c_int + 2 * STEPS, "{taken} of {steps}");
        }
    }

    #[test]
    fn a_query_that_may_not_block_ends_when_its_time_is_over() {
        let (steps, time) = (u32::MAX, Duration::ZERO);
        let taken = steps_within(Budget { steps, time });
        assert!(taken <= 2 * STEPS, "{taken}");
    }
}
