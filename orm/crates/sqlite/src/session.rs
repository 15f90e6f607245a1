//! One connection and its thread: what is short runs where it is called, the rest in order on the thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rusqlite::ffi;

use crate::cells::{Answer, Value};
use crate::connection::{Connection, Outcome, Settings};
use crate::error::{Error, Result};
use crate::limits::{Budget, Cancel};

/// What a thread is asked to do.
#[derive(Debug)]
pub enum Work {
    /// One statement.
    Query(String, Vec<Value>),
    /// One statement with each of several rows of parameters, all or nothing.
    Many(String, Vec<Vec<Value>>),
    /// Several statements without parameters, all or nothing.
    Script(String),
    /// COMMIT, ROLLBACK, a savepoint.
    Control(String),
    /// Make the cursor of this number, and give its first rows, as many as said.
    Open(u64, String, Vec<Value>, usize),
    /// Give its next rows.
    Fetch(u64, usize),
    /// Close it.
    CloseCursor(u64),
    /// Copy the database into a file.
    BackUp(String),
}

/// Work, what has to hold for it, and who waits.
pub struct Job {
    /// What to do.
    pub work: Work,
    /// Begin a transaction by this statement first.
    pub begin: Option<&'static str>,
    /// Whether it belongs to a transaction, which has to be open still.
    pub inside: bool,
    /// Set when nobody waits any more.
    pub cancel: Cancel,
    /// Called on the thread with what came of it.
    pub done: Done,
}

/// What became of a read that was tried where it was called.
#[derive(Debug)]
pub enum Inline {
    /// It is done.
    Done(Result<Answer>),
    /// It is a query, and has to go to the thread, with these parameters.
    Thread(Vec<Value>),
    /// The connection is at work: what the statement does was not seen.
    Busy(Vec<Value>),
    /// It is no query, and was not run.
    Writes(Vec<Value>),
}

type Shared = Arc<Mutex<Option<Connection>>>;
type Done = Box<dyn FnOnce(Result<Answer>) + Send>;

/// One connection and its thread. Jobs run in the order in which they were submitted.
pub struct Session {
    connection: Shared,
    jobs: Mutex<Option<Sender<Job>>>,
    closed: Arc<Mutex<Option<Done>>>,
    waiting: Arc<AtomicUsize>,
}

impl Session {
    /// Start the thread, open the connection on it, and say how that went.
    pub fn start(
        settings: Settings,
        done: impl FnOnce(Result<Answer>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let connection: Shared = Arc::new(Mutex::new(None));
        let waiting = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = channel();
        let closed: Arc<Mutex<Option<Done>>> = Arc::default();
        let (place, count, tell) = (
            Arc::clone(&connection),
            Arc::clone(&waiting),
            Arc::clone(&closed),
        );
        thread::Builder::new()
            .name("queryengine-sqlite".into())
            .spawn(move || {
                let opened = guarded(|| Connection::open(&settings));
                let told = opened.map(|open| *lock(&place) = Some(open));
                done(told.map(|()| Answer::written(0)));
                serve(&place, &count, receiver);
                if let Some(done) = tell.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    done(Ok(Answer::written(0)));
                }
            })?;
        Ok(Self {
            connection,
            jobs: Mutex::new(Some(sender)),
            closed,
            waiting,
        })
    }

    /// Run a query here and now if it is short, and nothing waits for the thread.
    ///
    /// `inside` says that it belongs to a transaction, which has to be open still.
    pub fn inline(&self, sql: &str, values: Vec<Value>, budget: Budget, inside: bool) -> Inline {
        if self.waiting.load(Ordering::Acquire) > 0 {
            return Inline::Busy(values);
        }
        let Ok(mut connection) = self.connection.try_lock() else {
            return Inline::Busy(values);
        };
        let Some(connection) = connection.as_mut() else {
            return Inline::Done(Err(closed()));
        };
        if inside && !connection.in_transaction() {
            return Inline::Done(Err(ended()));
        }
        match connection.run_inline(sql, values, budget) {
            Outcome::Done(done) => Inline::Done(done),
            Outcome::Longer(values) => Inline::Thread(values),
            Outcome::Unseen(values) => Inline::Busy(values),
            Outcome::Writes(values) => Inline::Writes(values),
        }
    }

    /// Give the thread a job; its `done` is called in any case.
    pub fn submit(&self, job: Job) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let refused = match jobs.as_ref() {
            Some(sender) => sender.send(job).err().map(|unsent| unsent.0),
            None => Some(job),
        };
        if let Some(job) = refused {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            (job.done)(Err(closed()));
        }
    }

    /// Whether the thread has nothing to do.
    pub fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// Take no more jobs; the thread does those that wait, closes the connection, says so, and ends.
    pub fn close(&self, done: impl FnOnce(Result<Answer>) + Send + 'static) {
        if self
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
        {
            return done(Ok(Answer::written(0)));
        }
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(done));
        *self.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn lock(connection: &Shared) -> MutexGuard<'_, Option<Connection>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Error {
    Error::new(ffi::SQLITE_MISUSE, "the connection is closed")
}

fn ended() -> Error {
    Error::new(
        ffi::SQLITE_MISUSE,
        "the transaction has ended: an error or a cancelled call undid it",
    )
}

fn serve(connection: &Shared, waiting: &AtomicUsize, jobs: Receiver<Job>) {
    for job in jobs {
        let Job {
            work,
            begin,
            inside,
            cancel,
            done,
        } = job;
        let answer = match lock(connection).as_mut() {
            None => Err(closed()),
            Some(_) if cancel.is_cancelled() => {
                Err(Error::new(ffi::SQLITE_INTERRUPT, "interrupted"))
            }
            Some(connection) => guarded(|| run(connection, work, begin, inside, &cancel)),
        };
        // First, so that the next call may run where it is made.
        waiting.fetch_sub(1, Ordering::AcqRel);
        done(answer);
    }
    let open = lock(connection).take();
    drop(open);
}

fn run(
    connection: &mut Connection,
    work: Work,
    begin: Option<&'static str>,
    inside: bool,
    cancel: &Cancel,
) -> Result<Answer> {
    if inside && begin.is_none() && !connection.in_transaction() {
        return Err(ended());
    }
    connection.threaded(cancel);
    if let Some(begin) = begin {
        connection.control(begin)?;
    }
    let alone = !inside && matches!(work, Work::Query(..));
    let done = perform(connection, work, cancel);
    connection.threaded(&Cancel::default());
    if alone && connection.in_transaction() {
        connection.control("ROLLBACK")?;
        return Err(Error::new(
            ffi::SQLITE_MISUSE,
            "BEGIN belongs to transaction(), and was undone",
        ));
    }
    done
}

fn perform(connection: &mut Connection, work: Work, cancel: &Cancel) -> Result<Answer> {
    match work {
        Work::Query(sql, values) => connection.run(&sql, values),
        Work::Many(sql, rows) => connection.run_many(&sql, rows).map(Answer::written),
        Work::Script(sql) => connection.script(&sql).map(|()| Answer::written(0)),
        Work::Control(sql) => connection.control(&sql).map(|()| Answer::written(0)),
        Work::Open(id, sql, values, batch) => {
            connection.open_cursor(id, &sql, values)?;
            connection.fetch(id, batch)
        }
        Work::Fetch(id, batch) => connection.fetch(id, batch),
        Work::CloseCursor(id) => {
            connection.close_cursor(id);
            Ok(Answer::written(0))
        }
        Work::BackUp(path) => connection
            .back_up(&path, cancel)
            .map(|()| Answer::written(0)),
    }
}

/// A panic is an error of one call, and never a call that nobody answers.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(
            ffi::SQLITE_INTERNAL,
            "an internal error of queryengine-orm",
        ))
    })
}
