//! Plays each conversation against what PostgreSQL 15 answered when it was recorded, heard in pieces of any size.

mod exchanges;
mod replay;

use exchanges::conversation::Conversation;
use exchanges::scripts::SCRIPTS;
use replay::Replay;

#[test]
fn each_conversation_is_the_same_however_it_is_cut() {
    for piece in [1, 2, 3, 5, 64, usize::MAX] {
        for (name, _, script) in SCRIPTS {
            let mut replay = Replay::new(name, piece);
            script(&mut Conversation::new(&mut replay));
            replay.finish();
        }
    }
}

#[test]
fn each_record_has_its_conversation() {
    let mut names: Vec<_> = std::fs::read_dir(exchanges::folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    let mut scripts: Vec<_> = SCRIPTS
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    scripts.sort_unstable();
    assert_eq!(names, scripts);
}
