//! Tells whether a run reached code that no run before it did.
//!
//! With the flags of `make fuzz-protocol` the compiler counts each edge in 8 bits and says where by the function
//! below, which is all that a runtime for it has to have. Without the flags nothing is counted and nothing is new.

use std::sync::Mutex;

/// The counters of each part of the program, by where they begin and how many there are.
static COUNTERS: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called by each part of the program before `main`.
///
/// # Safety
/// `start` and `end` have to bound counters that live as long as the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, end: *mut u8) {
    if let Ok(mut counters) = COUNTERS.lock() {
        let part = (start as usize, end as usize - start as usize);
        if part.1 > 0 && !counters.contains(&part) {
            counters.push(part);
        }
    }
}

/// Which edges were taken so far, and how often, in powers of two.
#[derive(Debug, Default)]
pub struct Coverage {
    seen: Vec<u8>,
}

impl Coverage {
    /// How many edges are counted; 0 without the compiler's flags.
    #[must_use]
    pub fn edges() -> usize {
        COUNTERS.lock().map_or(0, |counters| {
            counters.iter().map(|(_, length)| length).sum()
        })
    }

    /// How many of them were taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.seen.iter().filter(|seen| **seen != 0).count()
    }

    /// Runs something and tells whether it took an edge for the first time, or far more often than before.
    pub fn is_new(&mut self, run: impl FnOnce()) -> bool {
        each(|_, counter| *counter = 0);
        run();
        let mut is_new = false;
        self.seen.resize(Self::edges(), 0);
        each(|index, counter| {
            let often = 1_u8
                .checked_shl(counter.checked_ilog2().unwrap_or(8))
                .unwrap_or(0);
            is_new |= often & !self.seen[index] != 0;
            self.seen[index] |= often;
        });
        is_new
    }
}

fn each(mut visit: impl FnMut(usize, &mut u8)) {
    let counters = COUNTERS
        .lock()
        .map_or_else(|_| Vec::new(), |counters| counters.clone());
    let mut index = 0;
    for (start, length) in counters {
        for offset in 0..length {
            // SAFETY: the compiler's counters live as long as the program, and only this thread runs.
            visit(index, unsafe { &mut *((start + offset) as *mut u8) });
            index += 1;
        }
    }
}
