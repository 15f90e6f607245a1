//! The methods of `Link`: those that asyncio's transport calls, and those that Python's connection stands on.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use queryengine_protocol::backend::TransactionStatus;
use queryengine_protocol::frontend;

use super::arguments::{tuple, tuples};
use super::call::{Call, Query, Work};
use super::errors::End;
use super::handshake::{self, Credentials, DerivedPassword, Phase};
use super::link::Link;
use super::session::Session;

#[pymethods]
impl Link {
    #[new]
    #[pyo3(signature = (event_loop, /, *, statements = 256, prefix = "queryengine", timeout = None))]
    fn new(
        py: Python<'_>,
        event_loop: Py<PyAny>,
        statements: usize,
        prefix: &str,
        timeout: Option<f64>,
    ) -> PyResult<Self> {
        Self::made(py, event_loop, Session::new(statements, prefix), timeout)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.visit(&visit)
    }

    fn __clear__(&mut self) {
        self.let_go();
    }

    // -- what asyncio's transport calls

    fn connection_made(&mut self, transport: Py<PyAny>) {
        self.transport = Some(transport);
    }

    #[pyo3(signature = (exc))]
    fn connection_lost(slf: &Bound<'_, Self>, exc: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        Self::lost(slf, exc)
    }

    fn get_buffer(&self, py: Python<'_>, sizehint: isize) -> Py<PyAny> {
        let _ = sizehint; // a hint
        self.view.clone_ref(py)
    }

    fn buffer_updated(slf: &Bound<'_, Self>, nbytes: usize) -> PyResult<()> {
        Self::received(slf, nbytes)
    }

    fn eof_received(&self) -> bool {
        false
    }

    fn pause_writing(&mut self) {
        self.session.is_paused = true;
    }

    fn resume_writing(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::write_on(slf)
    }

    // -- the handshake

    /// Ask for TLS; the future says whether the server has it.
    fn request_tls<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let mut this = Self::lock(slf)?;
        this.phase = Phase::Asked;
        frontend::tls_request(&mut this.session.out);
        drop(this);
        Self::wait_for_progress(slf)
    }

    /// Begin the session; the future gives None when it is open, or a `Derivation` for `derived`.
    #[pyo3(signature = (user, parameters, *, password, methods, channel_binding, is_tls, certificate, random))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn start<'py>(
        slf: &Bound<'py, Self>,
        user: &str,
        parameters: Vec<(String, String)>,
        password: Option<&str>,
        methods: Vec<String>,
        channel_binding: &str,
        is_tls: bool,
        certificate: Option<&[u8]>,
        random: [u8; 24],
    ) -> PyResult<Bound<'py, PyAny>> {
        let credentials = Credentials {
            user,
            password,
            methods,
            channel_binding,
            is_tls,
            certificate,
            random,
        };
        Self::begin(slf, &parameters, credentials)
    }

    /// Go on with the key that was derived; the future gives None when the session is open.
    fn derived<'py>(slf: &Bound<'py, Self>, key: &DerivedPassword) -> PyResult<Bound<'py, PyAny>> {
        let mut guard = Self::lock(slf)?;
        let this = &mut *guard;
        handshake::derived(&mut this.phase, key, &mut this.session.out)?;
        drop(guard);
        Self::wait_for_progress(slf)
    }

    // -- calls

    /// Run one statement; the future gives its rows.
    #[pyo3(signature = (sql, parameters = None, /, *, result = None, clean = false))]
    fn query<'py>(
        slf: &Bound<'py, Self>,
        sql: Py<PyString>,
        parameters: Option<&Bound<'py, PyAny>>,
        result: Option<Py<PyAny>>,
        clean: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let query = Query::new(sql, tuple(slf.py(), parameters)?, result);
        let future = Self::call(slf, Work::Query(Box::new(query)))?;
        Self::leave(slf, clean)?;
        Self::tell_if_idle(slf)?; // as it is if the call could not be written
        Ok(future)
    }

    /// Run one statement for a future that somebody waits for already.
    #[pyo3(signature = (future, sql, parameters, /, *, result, clean))]
    fn query_for(
        slf: &Bound<'_, Self>,
        future: &Bound<'_, PyAny>,
        sql: Py<PyString>,
        parameters: &Bound<'_, PyAny>,
        result: Option<Py<PyAny>>,
        clean: bool,
    ) -> PyResult<()> {
        let query = Query::new(sql, tuple(slf.py(), Some(parameters))?, result);
        Self::call_for(slf, future, Work::Query(Box::new(query)))?;
        Self::leave(slf, clean)
    }

    /// Open a portal; the future gives its first rows, and whether there may be more.
    #[pyo3(signature = (name, limit, sql, parameters = None, /, *, result = None))]
    fn open_portal<'py>(
        slf: &Bound<'py, Self>,
        name: String,
        limit: u32,
        sql: Py<PyString>,
        parameters: Option<&Bound<'py, PyAny>>,
        result: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut query = Query::new(sql, tuple(slf.py(), parameters)?, result);
        query.portal = Some((name, limit));
        Self::lock(slf)?.session.is_dirty = true;
        Self::call(slf, Work::Query(Box::new(query)))
    }

    /// Ask for more rows of a portal.
    fn fetch<'py>(slf: &Bound<'py, Self>, name: String, limit: u32) -> PyResult<Bound<'py, PyAny>> {
        Self::call(slf, Work::portal(name, Some(limit)))
    }

    /// Close a portal.
    fn close_portal<'py>(slf: &Bound<'py, Self>, name: String) -> PyResult<Bound<'py, PyAny>> {
        Self::call(slf, Work::portal(name, None))
    }

    /// Run one statement with each of `rows`, all or nothing; the future gives how many rows were written.
    #[pyo3(signature = (sql, rows, /, *, clean = false))]
    fn query_many<'py>(
        slf: &Bound<'py, Self>,
        sql: Py<PyString>,
        rows: &Bound<'py, PyAny>,
        clean: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let rows = tuples(rows)?;
        let future = Self::call(slf, Work::many(sql, rows))?;
        Self::leave(slf, clean)?;
        Ok(future)
    }

    /// Run statements without parameters; the future gives the last one's tag.
    #[pyo3(signature = (sql, /, *, clean = false))]
    fn run_script<'py>(
        slf: &Bound<'py, Self>,
        sql: String,
        clean: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let future = Self::call(slf, Work::script(sql, false))?;
        Self::leave(slf, clean)?;
        Ok(future)
    }

    /// The future gives name and type of each column of a statement, as the server sees it now.
    #[pyo3(signature = (sql, /))]
    fn describe<'py>(slf: &Bound<'py, Self>, sql: Py<PyString>) -> PyResult<Bound<'py, PyAny>> {
        Self::lock(slf)?.session.forget(sql.to_str(slf.py())?);
        Self::call(slf, Work::Describe { sql })
    }

    /// Have a statement such as `BEGIN` travel with the next one; if it fails, that one is not run.
    fn send_before(slf: &Bound<'_, Self>, sql: String) -> PyResult<()> {
        let call = Call::new(None, Work::Prelude { sql });
        Self::lock(slf)?.session.submit(slf.py(), call);
        Ok(())
    }

    /// Take such a statement back; false if it was sent, or will be.
    fn withdraw(&mut self, sql: &str) -> bool {
        self.session.withdraw(sql)
    }

    /// Make the session as it was when it began; nothing is sent behind it before that is done.
    fn reset(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::lock(slf)?.session.reset(slf.py());
        Self::after(slf)
    }

    // -- COPY

    /// Begin a COPY from the client; the future is done when the server takes rows.
    #[pyo3(signature = (sql, /))]
    fn copy_in<'py>(slf: &Bound<'py, Self>, sql: String) -> PyResult<Bound<'py, PyAny>> {
        Self::call(slf, Work::copy_in(sql))
    }

    /// Write rows of a binary COPY, whose columns have these types; `first` writes what goes before all rows.
    fn copy_chunk<'py>(
        slf: &Bound<'py, Self>,
        rows: &Bound<'py, PyAny>,
        types: Vec<u32>,
        first: bool,
    ) -> PyResult<()> {
        Self::copy(slf, &tuples(rows)?, &types, first)
    }

    /// End a COPY from the client, or break it off with a reason; the future gives the number of rows.
    #[pyo3(signature = (reason = None, /))]
    fn copy_end<'py>(slf: &Bound<'py, Self>, reason: Option<&str>) -> PyResult<Bound<'py, PyAny>> {
        Self::end_copy(slf, reason)
    }

    /// Whether the server takes rows of a COPY from the client; it does not after an error of its own.
    #[getter]
    fn is_copying_in(&self) -> bool {
        self.session.is_copying_in()
    }

    /// Let the server wait, and with it the time of what it does.
    fn pause_reading(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::hold_back(slf)
    }

    /// Read on.
    fn resume_reading(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::read_on(slf)
    }

    /// Run a COPY to the client; `sink` is called with each piece, the future is done at the end.
    #[pyo3(signature = (sql, sink, /))]
    fn copy_out<'py>(
        slf: &Bound<'py, Self>,
        sql: String,
        sink: Py<PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::call(slf, Work::CopyOut { sql, sink })
    }

    // -- cancelling

    /// What a new connection has to send so that the server cancels what runs on this one.
    fn cancel_request<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.request_to_cancel(py)
    }

    /// Go on after a request to cancel was heard; the future is done when nothing of it is left.
    fn barrier<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::go_on(slf)
    }

    /// Drop the connection; every call fails with `ConnectionLost` for this reason.
    fn abort(slf: &Bound<'_, Self>, why: String) -> PyResult<()> {
        Self::lock(slf)?.session.fail(slf.py(), End::Lost(why));
        Self::after(slf)
    }

    /// Take leave of the server; what is under way fails.
    fn terminate(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::take_leave(slf)
    }

    // -- what the loop calls back

    /// Send what was written.
    fn _flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::flush(slf)
    }

    /// A future is done; if it was cancelled, nobody waits for its call any more.
    fn _settled(slf: &Bound<'_, Self>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::lock(slf)?.session.abandon(future);
        Self::after(slf)?;
        Self::tell_if_idle(slf)
    }

    /// Give up the calls that took too long.
    fn _look_at_time(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::give_up_late(slf)
    }

    // -- how it stands

    /// How many calls are under way.
    #[getter]
    fn load(&self) -> usize {
        self.session.load()
    }

    /// Whether it is open and its server is not being asked to cancel.
    #[getter]
    fn is_ready(&self) -> bool {
        self.session.is_ready()
    }

    /// Whether another call would travel with those of this turn of the loop, which were not sent yet.
    #[getter]
    fn is_joinable(&self) -> bool {
        self.is_shared && self.is_flushing && self.session.is_ready()
    }

    /// Whether the transport has enough to send for now.
    #[getter]
    fn is_paused(&self) -> bool {
        self.session.is_paused
    }

    /// asyncio's transport, while there is one.
    #[getter]
    fn transport(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.transport.as_ref().map(|own| own.clone_ref(py))
    }

    /// Whether it is over.
    #[getter]
    fn is_closed(&self) -> bool {
        self.session.end.is_some()
    }

    /// Whether something ran that may have changed the session for those who come after.
    #[getter]
    fn is_dirty(&self) -> bool {
        self.session.is_dirty
    }

    /// Whether several tasks use it: then what is not clean is followed by a reset at once.
    #[getter]
    fn is_shared(&self) -> bool {
        self.is_shared
    }

    #[setter]
    fn set_is_shared(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
    }

    /// How many transactions of ours have been entered and are not finished.
    #[getter]
    fn transactions(&self) -> u32 {
        self.session.transactions
    }

    #[setter]
    fn set_transactions(&mut self, transactions: u32) {
        self.session.transactions = transactions;
        self.session.is_left &= transactions > 0;
    }

    /// Whether a statement of its own ended the transaction that is open for us.
    #[getter]
    fn is_left(&self) -> bool {
        self.session.is_left
    }

    /// Where the session stands: "idle", "active" in a transaction, or "failed" in one.
    #[getter]
    fn status(&self) -> &'static str {
        match self.session.status {
            TransactionStatus::Idle => "idle",
            TransactionStatus::Active => "active",
            TransactionStatus::Failed => "failed",
        }
    }

    /// The server's process for this session; 0 if it did not say.
    #[getter]
    fn process_id(&self) -> i32 {
        self.session.key.as_ref().map_or(0, |(process, _)| *process)
    }

    /// How many portals are taken to be open.
    #[getter]
    fn portals(&self) -> usize {
        self.session.portals.len()
    }

    /// How many prepared statements are kept.
    #[getter]
    fn statements(&self) -> usize {
        self.session.statements.len()
    }

    /// A setting that the server reports, such as `server_version`.
    fn setting(&self, name: &str) -> Option<&str> {
        self.session.settings.get(name).map(|value| &**value)
    }
}
