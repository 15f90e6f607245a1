//! `queryengine-protocol-fuzz SECONDS [SEED] [KEEP]`: runs new inputs for a time, each named by the seed.
//!
//! An input that breaks a target is written to the folder for temporary files and ends the run. With `keep` the
//! corpus becomes the shortest inputs that reach as much code as all did.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io};

use queryengine_protocol_fuzz::coverage::Coverage;
use queryengine_protocol_fuzz::random::Random;
use queryengine_protocol_fuzz::{corpus, mutation, targets};

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |index: usize| {
        arguments
            .get(index)
            .and_then(|argument| argument.parse().ok())
    };
    let seconds = number(0).unwrap_or(60);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seed = number(1).unwrap_or(now.as_secs());
    let keep = arguments.iter().any(|argument| argument == "keep");

    let mut coverage = Coverage::default();
    let mut inputs = corpus::read()?;
    println!(
        "seed {seed}, {} inputs, {} edges",
        inputs.len(),
        Coverage::edges()
    );
    for input in &inputs {
        if !stands(input, &mut coverage).0 {
            return failed(input);
        }
    }
    let mut random = Random::new(seed);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut runs: u64 = 0;
    while Instant::now() < end {
        let input = mutation::mutated(&mut random, &inputs);
        let (stands, is_new) = stands(&input, &mut coverage);
        if !stands {
            return failed(&input);
        }
        if is_new {
            inputs.push(input);
        }
        runs += 1;
    }
    println!(
        "{runs} runs, {} inputs, {} edges taken",
        inputs.len(),
        coverage.taken()
    );
    if keep {
        write_corpus(inputs)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Keeps the shortest inputs that take all the edges that were taken.
fn write_corpus(mut inputs: Vec<Vec<u8>>) -> io::Result<()> {
    let mut coverage = Coverage::default();
    inputs.sort();
    inputs.sort_by_key(Vec::len);
    inputs.retain(|input| {
        let taken = coverage.taken();
        coverage.is_new(|| targets::run(input));
        coverage.taken() > taken
    });
    corpus::write(&inputs)
}

/// Whether the targets hold for an input, and whether it reached new code.
fn stands(input: &[u8], coverage: &mut Coverage) -> (bool, bool) {
    let mut stands = true;
    let is_new =
        coverage.is_new(|| stands = catch_unwind(AssertUnwindSafe(|| targets::run(input))).is_ok());
    (stands, is_new)
}

fn failed(input: &[u8]) -> io::Result<ExitCode> {
    let path = env::temp_dir().join(format!("queryengine-protocol-{}", name(input)));
    fs::write(&path, input)?;
    println!(
        "a target does not hold for {}: {}",
        path.display(),
        input.escape_ascii()
    );
    Ok(ExitCode::FAILURE)
}

fn name(input: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
