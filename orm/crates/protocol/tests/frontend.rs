//! What a client says: the bytes of each message, and that nothing is written of one that cannot be sent.

use bytes::{BufMut, BytesMut};
use queryengine_protocol::copy;
use queryengine_protocol::errors::{BindError, EncodeError};
use queryengine_protocol::format::Format::{Binary, Text};
use queryengine_protocol::frontend::{self, IsNull, MAX_MESSAGE, Target};

/// What `write` appends to a buffer that holds something already.
fn written(write: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::from(&b"before"[..]);
    write(&mut out);
    out.strip_prefix(b"before")
        .expect("what was there stays")
        .to_vec()
}

/// Makes sure that `write` fails with `error` and leaves the buffer as it was.
fn refused(error: EncodeError, write: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>) {
    let mut out = BytesMut::from(&b"before"[..]);
    assert_eq!(write(&mut out), Err(error));
    assert_eq!(&out[..], b"before");
}

#[test]
fn messages_without_a_body_are_a_tag_and_a_length() {
    assert_eq!(written(frontend::sync), b"S\0\0\0\x04");
    assert_eq!(written(frontend::flush), b"H\0\0\0\x04");
    assert_eq!(written(frontend::terminate), b"X\0\0\0\x04");
    assert_eq!(written(frontend::copy_done), b"c\0\0\0\x04");
}

#[test]
fn a_session_begins_with_a_request_for_tls_and_a_start_up_message() {
    assert_eq!(
        written(frontend::tls_request),
        b"\0\0\0\x08\x04\xd2\x16\x2f"
    );
    let parameters = [("user", "ada"), ("database", "db")];
    assert_eq!(
        written(|out| frontend::startup(out, parameters).unwrap()),
        b"\0\0\0\x1e\0\x03\0\0user\0ada\0database\0db\0\0"
    );
}

#[test]
fn a_cancel_request_carries_the_key_of_any_length() {
    assert_eq!(
        written(|out| frontend::cancel_request(out, 7, b"\x01\x02\x03\x04").unwrap()),
        b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07\x01\x02\x03\x04"
    );
    let long = written(|out| frontend::cancel_request(out, 7, &[9; 32]).unwrap());
    assert_eq!(long.len(), 44);
}

#[test]
fn statements_are_parsed_described_bound_executed_and_closed() {
    assert_eq!(
        written(|out| frontend::query(out, "SELECT 1").unwrap()),
        b"Q\0\0\0\x0dSELECT 1\0"
    );
    assert_eq!(
        written(|out| frontend::parse(out, "s", "SELECT $1", &[23]).unwrap()),
        b"P\0\0\0\x16s\0SELECT $1\0\0\x01\0\0\0\x17"
    );
    assert_eq!(
        written(|out| frontend::describe(out, Target::Statement("s")).unwrap()),
        b"D\0\0\0\x07Ss\0"
    );
    assert_eq!(
        written(|out| frontend::close(out, Target::Portal("")).unwrap()),
        b"C\0\0\0\x06P\0"
    );
    assert_eq!(
        written(|out| frontend::execute(out, "", 500).unwrap()),
        b"E\0\0\0\x09\0\0\0\x01\xf4"
    );
}

#[test]
fn a_bind_holds_values_nulls_and_formats() {
    let values = [Some(&b"ab"[..]), None, Some(b"")];
    let encode = |index: usize, out: &mut BytesMut| -> Result<IsNull, ()> {
        match values[index] {
            Some(value) => {
                out.put_slice(value);
                Ok(IsNull::No)
            }
            None => {
                out.put_slice(b"to be dropped");
                Ok(IsNull::Yes)
            }
        }
    };
    assert_eq!(
        written(|out| frontend::bind(out, "", "s", &[Binary], 3, encode, &[Text, Binary]).unwrap()),
        b"B\0\0\0\x21\0s\0\0\x01\0\x01\0\x03\0\0\0\x02ab\xff\xff\xff\xff\0\0\0\0\0\x02\0\0\0\x01"
    );
}

#[test]
fn the_most_parameters_are_65535() {
    let none = |_: usize, _: &mut BytesMut| -> Result<IsNull, ()> { Ok(IsNull::Yes) };
    let most = written(|out| frontend::bind(out, "", "", &[], 65_535, none, &[]).unwrap());
    assert_eq!(most.len(), 1 + 4 + 2 + 2 + 2 + 4 * 65_535 + 2);

    let mut out = BytesMut::new();
    let error = frontend::bind(&mut out, "", "", &[], 65_536, none, &[]);
    assert_eq!(
        error,
        Err(BindError::Encode(EncodeError::TooMany { count: 65_536 }))
    );
    assert!(out.is_empty());
    refused(EncodeError::TooMany { count: 65_536 }, |out| {
        frontend::parse(out, "", "", &vec![23; 65_536])
    });
}

#[test]
fn a_value_that_cannot_be_encoded_leaves_no_byte() {
    let mut out = BytesMut::from(&b"before"[..]);
    let encode = |index: usize, out: &mut BytesMut| {
        out.put_slice(b"some of it");
        if index == 1 {
            Err("no")
        } else {
            Ok(IsNull::No)
        }
    };
    let error = frontend::bind(&mut out, "", "s", &[], 3, encode, &[]);
    assert_eq!(
        error,
        Err(BindError::Value {
            index: 1,
            error: "no"
        })
    );
    assert_eq!(&out[..], b"before");
}

#[test]
fn texts_with_a_nul_are_refused() {
    refused(EncodeError::Nul, |out| {
        frontend::query(out, "SELECT 1\0; DROP")
    });
    refused(EncodeError::Nul, |out| {
        frontend::parse(out, "a\0b", "SELECT 1", &[])
    });
    refused(EncodeError::Nul, |out| {
        frontend::parse(out, "", "SELECT '\0'", &[])
    });
    refused(EncodeError::Nul, |out| frontend::execute(out, "\0", 0));
    refused(EncodeError::Nul, |out| {
        frontend::describe(out, Target::Portal("\0"))
    });
    refused(EncodeError::Nul, |out| {
        frontend::close(out, Target::Statement("\0"))
    });
    refused(EncodeError::Nul, |out| frontend::copy_fail(out, "\0"));
    refused(EncodeError::Nul, |out| {
        frontend::password(out, b"pass\0word")
    });
    refused(EncodeError::Nul, |out| {
        frontend::sasl_initial_response(out, "\0", b"")
    });
    refused(EncodeError::Nul, |out| {
        frontend::startup(out, [("user", "a\0database\0b")])
    });
}

#[test]
fn a_start_up_parameter_without_a_name_is_refused() {
    refused(EncodeError::NoName, |out| {
        frontend::startup(out, [("user", "a"), ("", "b")])
    });
}

#[test]
fn a_limit_of_rows_that_the_wire_cannot_hold_is_refused() {
    refused(EncodeError::RowLimit(1 << 31), |out| {
        frontend::execute(out, "", 1 << 31)
    });
    assert_eq!(
        written(|out| frontend::execute(out, "", i32::MAX as u32).unwrap())[6..],
        [0x7f, 0xff, 0xff, 0xff]
    );
}

#[test]
fn what_is_too_long_is_refused_before_it_is_copied() {
    let long = vec![0; 1 << 31]; // zeroed memory that is never touched
    let limit = MAX_MESSAGE;
    refused(
        EncodeError::TooLong {
            length: (1 << 31) + 4,
            limit,
        },
        |out| frontend::copy_data(out, &long),
    );
    refused(
        EncodeError::TooLong {
            length: 1 << 31,
            limit: 65_535,
        },
        |out| frontend::password(out, &long),
    );
    refused(
        EncodeError::TooLong {
            length: 1 << 31,
            limit: 65_535,
        },
        |out| frontend::sasl_initial_response(out, "SCRAM-SHA-256", &long),
    );
    refused(
        EncodeError::TooLong {
            length: 1 << 31,
            limit: 65_535,
        },
        |out| frontend::sasl_response(out, &long),
    );
    // SAFETY: zeros are UTF-8; to check that would touch all of the memory.
    let sql = unsafe { String::from_utf8_unchecked(long) };
    refused(
        EncodeError::TooLong {
            length: 1 << 31,
            limit,
        },
        |out| frontend::query(out, &sql),
    );
    refused(
        EncodeError::TooLong {
            length: 1 << 31,
            limit,
        },
        |out| frontend::parse(out, "", &sql, &[]),
    );
    let user = "u".repeat(10_000);
    refused(
        EncodeError::TooLong {
            length: 10_015,
            limit: 10_000,
        },
        |out| frontend::startup(out, [("user", user.as_str())]),
    );
}

#[test]
fn a_value_that_is_too_long_is_refused_with_its_message() {
    // Memory that is never touched; what is in it is never read.
    let long = |_: usize, out: &mut BytesMut| -> Result<IsNull, ()> {
        out.reserve(1 << 31);
        // SAFETY: it was reserved, and any byte is one.
        unsafe { out.set_len(out.len() + (1 << 31)) };
        Ok(IsNull::No)
    };
    let too_long = EncodeError::TooLong {
        length: 1 << 31,
        limit: MAX_MESSAGE,
    };
    let mut out = BytesMut::from(&b"before"[..]);
    let error = frontend::bind(&mut out, "", "s", &[], 1, long, &[]);
    assert_eq!(error, Err(BindError::Encode(too_long)));
    assert_eq!(&out[..], b"before");
    let error = frontend::copy_data_from(&mut out, |out| copy::row(out, 1, long));
    assert_eq!(error, Err(BindError::Encode(too_long)));
    assert_eq!(&out[..], b"before");
}

#[test]
fn rows_of_a_copy_are_written_into_its_data() {
    let encode = |index: usize, out: &mut BytesMut| -> Result<IsNull, ()> {
        out.put_u8(b'a');
        Ok(if index == 0 { IsNull::No } else { IsNull::Yes })
    };
    let data = written(|out| {
        frontend::copy_data_from(out, |out| {
            copy::header(out);
            copy::row(out, 2, encode)?;
            copy::trailer(out);
            Ok::<_, BindError<()>>(())
        })
        .unwrap();
    });
    assert_eq!(
        data,
        b"d\0\0\0\x24PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x01a\xff\xff\xff\xff\xff\xff"
    );
    assert_eq!(
        written(|out| frontend::copy_data(out, b"ab").unwrap()),
        b"d\0\0\0\x06ab"
    );
    assert_eq!(
        written(|out| frontend::copy_fail(out, "no").unwrap()),
        b"f\0\0\0\x07no\0"
    );
}

#[test]
fn a_row_of_a_copy_that_cannot_be_written_leaves_no_byte() {
    let encode = |index: usize, out: &mut BytesMut| {
        out.put_slice(b"some of it");
        if index == 1 {
            Err("no")
        } else {
            Ok(IsNull::No)
        }
    };
    let mut out = BytesMut::from(&b"before"[..]);
    assert_eq!(
        copy::row(&mut out, 3, encode),
        Err(BindError::Value {
            index: 1,
            error: "no"
        })
    );
    let error = EncodeError::TooMany {
        count: copy::MAX_COLUMNS + 1,
    };
    assert_eq!(
        copy::row(&mut out, copy::MAX_COLUMNS + 1, encode),
        Err(BindError::Encode(error))
    );
    assert_eq!(&out[..], b"before");
}
