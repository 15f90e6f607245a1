//! The prepared statements of one connection: what the server said of each, and which go when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use queryengine_protocol::Oid;
use queryengine_protocol::backend::Field;
use queryengine_protocol::format::Format;

use crate::columns::Columns;
use crate::values::{Kind, Parameters};

/// How many ways to show one statement's columns are kept.
const SHOWN: usize = 8;
/// How many descriptions are kept where statements have no names.
const UNNAMED: usize = 100;

/// A statement as the server described it.
pub struct Statement {
    /// Its name on the server; empty where every run parses it again.
    pub name: String,
    /// The types of its parameters.
    pub oids: Box<[Oid]>,
    /// Their encoders.
    pub parameters: Parameters,
    /// The form of the parameters in Bind.
    pub parameter_formats: Vec<Format>,
    /// The form of the columns that Bind asks for.
    pub result_formats: Vec<Format>,
    /// Names and types of the columns.
    pub fields: Box<[(Box<str>, Oid)]>,
    columns: Arc<Columns>,
    shown: Mutex<Vec<(Py<PyAny>, Arc<Columns>)>>,
}

impl Statement {
    /// A statement of which the server told the parameters and the columns.
    pub fn new(py: Python<'_>, name: String, oids: Box<[Oid]>, fields: &[Field]) -> PyResult<Self> {
        let fields: Box<[_]> = fields
            .iter()
            .map(|field| (field.name.clone(), field.type_oid))
            .collect();
        let columns = columns_of(py, &fields, None)?;
        Ok(Self {
            name,
            parameters: Parameters::new(&oids),
            parameter_formats: formats(oids.iter().map(|oid| Kind::of_oid(*oid).format())),
            result_formats: formats(columns.formats().into_iter()),
            oids,
            fields,
            columns,
            shown: Mutex::default(),
        })
    }

    /// The columns as the caller wants them shown.
    pub fn columns(&self, py: Python<'_>, result: Option<&Py<PyAny>>) -> PyResult<Arc<Columns>> {
        let Some(result) = result else {
            return Ok(Arc::clone(&self.columns));
        };
        if !result.bind(py).is_instance_of::<PyTuple>() {
            return columns_of(py, &self.fields, Some(result.bind(py))); // a list may change before the next run
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, columns)) = shown.iter().find(|(known, _)| known.is(result)) {
            return Ok(Arc::clone(columns));
        }
        let columns = columns_of(py, &self.fields, Some(result.bind(py)))?;
        if shown.len() == SHOWN {
            shown.remove(0);
        }
        shown.push((result.clone_ref(py), Arc::clone(&columns)));
        Ok(columns)
    }

    /// The same statement with the columns that a run of it has; none where their form is not the one to be read.
    pub fn giving(&self, py: Python<'_>, fields: &[Field]) -> PyResult<Option<Self>> {
        let anew = Self::new(py, self.name.clone(), self.oids.clone(), fields)?;
        let forms = anew.columns.formats();
        let are_those = (forms.iter().zip(fields))
            .all(|(form, field)| *form == i16::from(field.format == Format::Binary));
        Ok(are_those.then_some(anew))
    }

    /// Whether rows of this description are what the statement was described to give.
    pub fn gives(&self, fields: &[Field]) -> bool {
        self.fields.len() == fields.len()
            && (self.fields.iter().zip(fields))
                .all(|((name, oid), field)| *name == field.name && *oid == field.type_oid)
    }
}

fn columns_of(
    py: Python<'_>,
    fields: &[(Box<str>, Oid)],
    result: Option<&Bound<'_, PyAny>>,
) -> PyResult<Arc<Columns>> {
    let fields: Vec<(&str, Oid)> = fields.iter().map(|(name, oid)| (&**name, *oid)).collect();
    Columns::of_wire(py, &fields, result)
}

/// The codes for Bind: one for all if they are the same.
fn formats(codes: impl Iterator<Item = i16>) -> Vec<Format> {
    let mut formats: Vec<_> = codes
        .map(|code| {
            if code == 1 {
                Format::Binary
            } else {
                Format::Text
            }
        })
        .collect();
    if formats.windows(2).all(|pair| pair[0] == pair[1]) {
        formats.truncate(1);
    }
    formats
}

/// The statements that a connection knows, by their text; beyond `most` the one that was not used longest goes.
pub struct Statements {
    known: HashMap<Box<str>, (Arc<Statement>, u64)>,
    most: usize,
    clock: u64,
    prefix: Box<str>,
    named: u64,
}

impl Statements {
    /// None yet; with `most` of 0 statements have no names, and what is kept is only what they are.
    ///
    /// Names begin with `prefix`, which is this connection's own: where a pooler hands one session of the server to
    /// many, the name of another's statement must not be ours.
    pub fn new(most: usize, prefix: &str) -> Self {
        Self {
            known: HashMap::new(),
            most,
            clock: 0,
            prefix: prefix.into(),
            named: 0,
        }
    }

    /// Whether statements are kept on the server under names.
    pub fn are_named(&self) -> bool {
        self.most > 0
    }

    fn room(&self) -> usize {
        if self.are_named() { self.most } else { UNNAMED }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// A name that no statement of this connection has had.
    pub fn new_name(&mut self) -> String {
        if !self.are_named() {
            return String::new();
        }
        self.named += 1;
        format!("{}_{}", self.prefix, self.named)
    }

    /// Go on without names: the server does not keep what it was given.
    pub fn unname(&mut self) {
        self.most = 0;
        self.clear();
    }

    /// The statement of this text.
    pub fn get(&mut self, sql: &str) -> Option<Arc<Statement>> {
        self.clock += 1;
        let (statement, used) = self.known.get_mut(sql)?;
        *used = self.clock;
        Some(Arc::clone(statement))
    }

    /// Keep a statement; returns the one that has to go for it.
    pub fn insert(&mut self, sql: &str, statement: Arc<Statement>) -> Option<Arc<Statement>> {
        self.clock += 1;
        let before = self.known.insert(sql.into(), (statement, self.clock));
        if before.is_some() || self.known.len() <= self.room() {
            return before.map(|(statement, _)| statement);
        }
        let oldest = self.known.iter().min_by_key(|(_, (_, used))| *used);
        let oldest = oldest.map(|(sql, _)| sql.clone())?;
        self.known.remove(&oldest).map(|(statement, _)| statement)
    }

    /// Forget a statement; returns it if it was known.
    pub fn remove(&mut self, sql: &str) -> Option<Arc<Statement>> {
        self.known.remove(sql).map(|(statement, _)| statement)
    }

    /// Forget all of them, as the server did.
    pub fn clear(&mut self) {
        self.known.clear();
    }
}
