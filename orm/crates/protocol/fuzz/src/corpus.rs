//! The inputs to begin with: those that earlier runs kept, and what servers said in the recorded conversations.

#[path = "../../tests/replay/escaped.rs"]
mod escaped;

use std::path::{Path, PathBuf};
use std::{fs, io};

use escaped::unescaped;

/// Where the inputs of earlier runs lie, one a line, as `escape_ascii` writes them.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus.txt")
}

/// All inputs, always in the same order.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn read() -> io::Result<Vec<Vec<u8>>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
    let mut inputs: Vec<_> = fs::read_to_string(kept())?
        .lines()
        .map(|line| unescaped(line.as_bytes()))
        .collect();
    for path in files(&tests.join("certificates"))? {
        inputs.push(fs::read(path)?);
    }
    for path in files(&tests.join("exchanges/recorded"))? {
        let record = fs::read_to_string(path)?;
        let server = record.lines().filter_map(|line| line.strip_prefix("< "));
        inputs.extend(server.map(|line| unescaped(line.as_bytes())));
    }
    Ok(inputs)
}

/// Makes these the inputs that later runs begin with.
///
/// # Errors
/// A file that cannot be written.
pub fn write(inputs: &[Vec<u8>]) -> io::Result<()> {
    let lines: String = inputs
        .iter()
        .map(|input| format!("{}\n", input.escape_ascii()))
        .collect();
    fs::write(kept(), lines)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
