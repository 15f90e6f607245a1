//! Makes new inputs out of known ones, with some sense for how messages are framed.

use crate::random::Random;

/// The most bytes of an input; what is wrong with more is wrong with fewer.
const LONGEST: usize = 4096;
/// The tags of a server's messages, and one that is none.
const TAGS: &[u8] = b"123ACcDdEGHIKNnRSsTtvWZ?";
/// Numbers at which things change.
const NUMBERS: &[i32] = &[
    i32::MIN,
    -65_536,
    -2,
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    8,
    10,
    11,
    12,
    127,
    128,
    255,
    256,
    4095,
    4096,
    32_767,
    32_768,
    32_769,
    65_535,
    65_536,
    16_777_216,
    16_777_217,
    1 << 30,
    (1 << 30) + 1,
    i32::MAX,
];
/// Texts that mean something.
const TEXTS: &[&[u8]] = &[
    b"SCRAM-SHA-256\0",
    b"SCRAM-SHA-256-PLUS\0",
    b"r=",
    b",s=",
    b",i=",
    b"v=",
    b"e=",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\0\0\0\x04",
    b"SELECT 1\0",
];

/// A new input, out of one input or two.
pub fn mutated(random: &mut Random, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(inputs).clone();
    for _ in 0..1 << random.below(4) {
        mutate(random, &mut bytes, inputs);
    }
    if random.below(2) == 0 {
        mend(random, &mut bytes);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
    let place = random.below(bytes.len() + 1);
    let end = place + random.below((bytes.len() - place + 1).min(64));
    match random.below(10) {
        0 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
        1 if place < bytes.len() => bytes[place] = random.number() as u8,
        2 => overwrite(bytes, place, &random.pick(NUMBERS).to_be_bytes()),
        3 => overwrite(bytes, place, &(*random.pick(NUMBERS) as i16).to_be_bytes()),
        4 => drop(bytes.drain(place..end)),
        5 => {
            let copy = bytes[place..end].to_vec();
            insert(bytes, place, &copy);
        }
        6 => insert(bytes, place, random.pick::<&[u8]>(TEXTS)),
        7 => {
            let other = random.pick(inputs);
            let start = random.below(other.len() + 1);
            let length = random.below(other.len() - start + 1);
            insert(bytes, place, &other[start..start + length]);
        }
        8 => bytes.truncate(place),
        _ => insert(bytes, place, &[*random.pick(TAGS), 0, 0, 0, 4]),
    }
}

fn overwrite(bytes: &mut [u8], place: usize, new: &[u8]) {
    if let Some(old) = bytes.get_mut(place..place + new.len()) {
        old.copy_from_slice(new);
    }
}

fn insert(bytes: &mut Vec<u8>, place: usize, new: &[u8]) {
    bytes.splice(place..place, new.iter().copied());
}

/// Makes of the bytes up to some place one message, so that a change of its body is not all about its length.
fn mend(random: &mut Random, bytes: &mut [u8]) {
    let length = bytes
        .len()
        .saturating_sub(1 + random.below(2) * random.below(bytes.len()));
    if length >= 4 {
        overwrite(
            bytes,
            1,
            &u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes(),
        );
    }
}
