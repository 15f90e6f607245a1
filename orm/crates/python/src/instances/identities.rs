//! `IdentityMap`: the objects of one class by primary key. It keeps the objects alone: each knows its key.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::Instance;
use crate::errors::UsageError;

/// The least number of places in a table.
const LEAST: usize = 8;

/// The objects of a mapped class, each row as one object, found by the key that its row has.
///
/// `names` are the attributes of the primary key. An object whose key was changed is found by what it was
/// before, until `forget_changes`: such an object is dropped first, and put again afterwards.
#[pyclass(module = "queryengine_orm._native")]
pub struct IdentityMap {
    keys: Vec<(Py<PyString>, usize)>,
    /// Open addressing, a power of two: an object stands in the first free place from where its hash points.
    table: Vec<Option<Py<PyAny>>>,
    /// The hash of the key of each: to move an object no code of its key's class has to run, which may fail.
    hashes: Vec<u32>,
    length: usize,
}

/// The place of a table where something is, or could be put.
enum Found {
    Taken(usize),
    Free(usize),
}

#[pymethods]
impl IdentityMap {
    #[new]
    fn new(class_: &Bound<'_, PyType>, names: Vec<Bound<'_, PyString>>) -> PyResult<Self> {
        let places = class_.getattr("__places__")?.cast_into::<PyDict>()?;
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            let place = places
                .get_item(&name)?
                .ok_or_else(|| UsageError::new_err("a key is of places of the class"))?;
            keys.push((name.unbind(), place.extract()?));
        }
        Ok(Self {
            keys,
            table: Vec::new(),
            hashes: Vec::new(),
            length: 0,
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.table
            .iter()
            .flatten()
            .try_for_each(|held| visit.call(held))
    }

    fn __clear__(&mut self) {
        self.length = 0;
        self.hashes = Vec::new();
        self.table = Vec::new();
    }

    fn __len__(&self) -> usize {
        self.length
    }

    /// Return the object of the row with this key, if there is one.
    fn get<'py>(&self, key: &Bound<'py, PyTuple>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = key.py();
        if self.length == 0 || key.len() != self.keys.len() {
            return Ok(None);
        }
        let values: Vec<_> = key.iter().collect();
        Ok(match self.find(py, hash_of(&values)?, &values)? {
            Found::Taken(place) => self.at(py, place).cloned(),
            Found::Free(_) => None,
        })
    }

    /// Keep an object as the one of its row.
    fn put(&mut self, instance: &Bound<'_, PyAny>) -> PyResult<()> {
        self.reserve(1);
        let key = self.key_of(instance)?;
        let hash = hash_of(&key)?;
        let place = match self.find(instance.py(), hash, &key)? {
            Found::Taken(place) => place,
            Found::Free(place) => {
                self.length += 1;
                place
            }
        };
        self.hashes[place] = hash;
        let before = self.table[place].replace(instance.clone().unbind());
        drop(before);
        Ok(())
    }

    /// Forget the object of the row that an object has.
    fn drop(&mut self, instance: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.length == 0 {
            return Ok(());
        }
        let key = self.key_of(instance)?;
        if let Found::Taken(place) = self.find(instance.py(), hash_of(&key)?, &key)? {
            let gone = self.table[place].take();
            self.length -= 1;
            self.close_gap(place);
            drop(gone);
        }
        Ok(())
    }

    /// Keep these objects, which were just read; return them, and in their places those that are known.
    ///
    /// The list is the same one where none is known.
    fn adopt<'py>(&mut self, objects: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
        let py = objects.py();
        self.reserve(objects.len());
        let mut adopted = objects.clone();
        let mut key = Vec::with_capacity(self.keys.len());
        for index in 0..objects.len() {
            let fresh = objects.get_item(index)?;
            self.read_key(&fresh, &mut key)?;
            let hash = hash_of(&key)?;
            match self.find(py, hash, &key)? {
                Found::Taken(place) => {
                    if adopted.is(objects) {
                        adopted = objects.get_slice(0, objects.len());
                    }
                    adopted.set_item(index, self.table[place].as_ref())?;
                }
                Found::Free(place) => {
                    self.table[place] = Some(fresh.unbind());
                    self.hashes[place] = hash;
                    self.length += 1;
                }
            }
        }
        Ok(adopted)
    }

    /// Return the objects.
    fn values(&self, py: Python<'_>) -> Vec<Py<PyAny>> {
        let held = self.table.iter().flatten();
        held.map(|held| held.clone_ref(py)).collect()
    }

    /// Return another map of the same objects.
    fn copy(&self, py: Python<'_>) -> Self {
        let clone = |held: &Option<Py<PyAny>>| held.as_ref().map(|held| held.clone_ref(py));
        let keys = self.keys.iter();
        Self {
            keys: keys
                .map(|(name, place)| (name.clone_ref(py), *place))
                .collect(),
            table: self.table.iter().map(clone).collect(),
            hashes: self.hashes.clone(),
            length: self.length,
        }
    }

    /// Return the objects of which something was noted: they may have changed.
    fn changed<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let mut changed = Vec::new();
        for held in self.table.iter().flatten() {
            let held = held.bind(py);
            if Instance::of(held)?.changes().is_some() {
                changed.push(held.clone());
            }
        }
        Ok(changed)
    }
}

impl IdentityMap {
    fn at<'py>(&self, py: Python<'py>, place: usize) -> Option<&Bound<'py, PyAny>> {
        Some(self.table.get(place)?.as_ref()?.bind(py))
    }

    fn key_of<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let mut key = Vec::with_capacity(self.keys.len());
        self.read_key(object, &mut key)?;
        Ok(key)
    }

    /// Read the key of an object's row.
    fn read_key<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        key: &mut Vec<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let instance = Instance::of(object)?;
        key.clear();
        for (name, place) in &self.keys {
            let name = name.bind(object.py());
            let value = instance.stored(*place, name)?;
            key.push(value.ok_or_else(|| PyKeyError::new_err(name.clone().unbind()))?);
        }
        Ok(())
    }

    /// Where the search for a key of this hash begins, in a table that has places.
    fn start(&self, hash: u32) -> usize {
        let bits = self.table.len().trailing_zeros();
        hash.checked_shr(32 - bits).unwrap_or(0) as usize
    }

    /// Find the object of this key, in a table that has a free place.
    fn find(&self, py: Python<'_>, hash: u32, key: &[Bound<'_, PyAny>]) -> PyResult<Found> {
        let mut place = self.start(hash);
        while let Some(held) = self.at(py, place) {
            if self.hashes[place] == hash && self.has_key(held, key)? {
                return Ok(Found::Taken(place));
            }
            place = (place + 1) % self.table.len();
        }
        Ok(Found::Free(place))
    }

    fn has_key<'py>(&self, held: &Bound<'py, PyAny>, key: &[Bound<'py, PyAny>]) -> PyResult<bool> {
        let instance = Instance::of(held)?;
        for ((name, place), value) in self.keys.iter().zip(key) {
            match instance.stored(*place, name.bind(held.py()))? {
                Some(own) if own.is(value) || own.eq(value)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Make room for so many more: at most seven of eight places are taken.
    fn reserve(&mut self, more: usize) {
        let wanted = (self.length + more) * 8 / 7 + 1;
        if wanted <= self.table.len() {
            return;
        }
        let size = wanted.next_power_of_two().max(LEAST);
        let empty = std::iter::repeat_with(|| None).take(size).collect();
        let before = std::mem::replace(&mut self.table, empty);
        let hashes = std::mem::replace(&mut self.hashes, vec![0; size]);
        for (held, hash) in before.into_iter().zip(hashes) {
            if let Some(held) = held {
                self.place_again(held, hash);
            }
        }
    }

    /// Put an object of which it is known that no other has its key.
    fn place_again(&mut self, held: Py<PyAny>, hash: u32) {
        let mut place = self.start(hash);
        while self.table[place].is_some() {
            place = (place + 1) % self.table.len();
        }
        self.table[place] = Some(held);
        self.hashes[place] = hash;
    }

    /// Put those that stand behind a place that is free now where they are found.
    fn close_gap(&mut self, gap: usize) {
        let mut place = (gap + 1) % self.table.len();
        while let Some(held) = self.table[place].take() {
            self.place_again(held, self.hashes[place]);
            place = (place + 1) % self.table.len();
        }
    }
}

/// Keys that follow one another have hashes that do: the high bits of a product do not.
fn hash_of(key: &[Bound<'_, PyAny>]) -> PyResult<u32> {
    let mut sum = 0_u64;
    for value in key {
        sum = (sum ^ value.hash()? as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    Ok((sum >> 32) as u32)
}
