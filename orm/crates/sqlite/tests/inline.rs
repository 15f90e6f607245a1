//! Reads where nothing may block: what is short is done, the rest is left to a thread, with its parameters.

use std::time::Duration;

use queryengine_sqlite::{Budget, Cancel, Cell, Connection, Mode, Outcome, Settings, Value};

const HOUR: Budget = Budget {
    steps: u32::MAX,
    time: Duration::from_secs(3_600),
};
const NO_TIME: Budget = Budget {
    steps: u32::MAX,
    time: Duration::ZERO,
};
const COUNT: &str = "SELECT count(*) FROM t";

fn open() -> Connection {
    let settings = Settings {
        path: ":memory:".to_owned(),
        mode: Mode::Write,
        busy: Duration::ZERO,
        statements: 10,
        script: "CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)".to_owned(),
    };
    Connection::open(&settings).unwrap()
}

fn on_a_thread(connection: &mut Connection, sql: &str, values: Vec<Value>) -> usize {
    connection.threaded(&Cancel::default());
    connection.run(sql, values).unwrap().cells.len()
}

fn is_done(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Done(answer) => answer.unwrap().cells.len() == 1,
        Outcome::Longer(_) | Outcome::Unseen(_) => false,
        Outcome::Writes(_) => panic!("it is a query"),
    }
}

#[test]
fn a_table_is_counted_at_once_only_when_it_was_seen_to_be_short() {
    let mut connection = open();
    assert!(!is_done(connection.run_inline(COUNT, vec![], HOUR)));
    assert_eq!(on_a_thread(&mut connection, COUNT, vec![]), 1);
    assert!(is_done(connection.run_inline(COUNT, vec![], HOUR)));
    for sql in [
        "SELECT count(x) FROM t",
        "SELECT count(*) FROM t WHERE x > 0",
        "SELECT 'count(*)' FROM t LIMIT 1",
    ] {
        assert!(is_done(connection.run_inline(sql, vec![], HOUR)), "{sql}");
    }
}

#[test]
fn what_took_long_goes_to_the_thread_the_next_time() {
    let mut connection = open();
    let sql = "SELECT max(x) FROM t";
    assert!(is_done(connection.run_inline(sql, vec![], NO_TIME)));
    assert!(!is_done(connection.run_inline(sql, vec![], NO_TIME)));
    assert!(!is_done(connection.run_inline(COUNT, vec![], NO_TIME)));
    for _ in 0..50 {
        on_a_thread(&mut connection, COUNT, vec![]);
        assert!(!is_done(connection.run_inline(COUNT, vec![], NO_TIME)));
    }
}

#[test]
fn a_long_value_is_for_the_thread() {
    let mut connection = open();
    let long = "x".repeat((1 << 20) + 1);
    let sql = "SELECT length(?1)";
    let Outcome::Longer(values) = connection.run_inline(sql, vec![Value::Text(long.clone())], HOUR)
    else {
        panic!("it was bound");
    };
    assert_eq!(values, [Value::Text(long)]);
    assert_eq!(on_a_thread(&mut connection, sql, values), 1);
    for sql in [
        "SELECT hex(zeroblob(600000))",
        "SELECT replace(hex(zeroblob(90000)), '0', '0123456789012345')",
    ] {
        assert!(!is_done(connection.run_inline(sql, vec![], HOUR)), "{sql}");
        assert_eq!(on_a_thread(&mut connection, sql, vec![]), 1);
    }
    connection.threaded(&Cancel::default());
    let answer = connection.run("SELECT zeroblob(3000000)", vec![]).unwrap();
    assert!(matches!(answer.cells.get(0, 0), Cell::Blob(blob) if blob.len() == 3_000_000));
}
