//! Replays every input that is known.

use queryengine_protocol_fuzz::{corpus, targets};

#[test]
fn every_known_input_is_stood() {
    let inputs = corpus::read().unwrap();
    assert!(inputs.len() > 30);
    for input in inputs {
        targets::run(&input);
    }
}
