//! What a server says: each message, however it is cut, and what is refused.

mod reading;

use queryengine_protocol::backend::{
    Authentication, CopyResponse, Decoder, Limits, Message, Negotiation, Notification, TlsAnswer,
    TlsAnswerError, TransactionStatus, tls_answer,
};
use queryengine_protocol::errors::{DecodeError, ErrorFields, Severity, SqlState};
use queryengine_protocol::format::Format::{Binary, Text};
use reading::{error, frame, one, read};

#[test]
fn messages_without_a_body_are_known_by_their_tag() {
    let empty = [
        (b'1', Message::ParseComplete),
        (b'2', Message::BindComplete),
        (b'3', Message::CloseComplete),
        (b'c', Message::CopyDone),
        (b'I', Message::EmptyQueryResponse),
        (b'n', Message::NoData),
        (b's', Message::PortalSuspended),
    ];
    for (tag, message) in empty {
        assert_eq!(one(&frame(tag, b"")), message);
        assert_eq!(
            error(&frame(tag, b"?")),
            DecodeError::Trailing { tag, bytes: 1 }
        );
    }
}

#[test]
fn a_server_is_ready_in_one_of_three_states() {
    for (byte, status) in [
        (b'I', TransactionStatus::Idle),
        (b'T', TransactionStatus::Active),
        (b'E', TransactionStatus::Failed),
    ] {
        assert_eq!(one(&frame(b'Z', &[byte])), Message::ReadyForQuery(status));
    }
    assert_eq!(
        error(&frame(b'Z', b"X")),
        DecodeError::Value {
            tag: b'Z',
            value: 0x58
        }
    );
    assert_eq!(
        error(&frame(b'Z', b"")),
        DecodeError::Truncated { tag: b'Z' }
    );
}

#[test]
fn the_steps_of_authentication_are_read() {
    let steps = [
        (&b"\0\0\0\0"[..], Authentication::Ok),
        (b"\0\0\0\x03", Authentication::CleartextPassword),
        (
            b"\0\0\0\x05salt",
            Authentication::Md5Password { salt: *b"salt" },
        ),
        (
            b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
            Authentication::Sasl {
                mechanisms: ["SCRAM-SHA-256-PLUS".into(), "SCRAM-SHA-256".into()].into(),
            },
        ),
        (
            b"\0\0\0\x0br=1",
            Authentication::SaslContinue {
                data: b"r=1"[..].into(),
            },
        ),
        (
            b"\0\0\0\x0cv=1",
            Authentication::SaslFinal {
                data: b"v=1"[..].into(),
            },
        ),
        (b"\0\0\0\x07", Authentication::Unsupported { code: 7 }),
    ];
    for (body, step) in steps {
        assert_eq!(one(&frame(b'R', body)), Message::Authentication(step));
    }
    let tag = b'R';
    assert_eq!(
        error(&frame(tag, b"\0\0\0\x63")),
        DecodeError::Value { tag, value: 99 }
    );
    assert_eq!(
        error(&frame(tag, b"\0\0\0\x05sal")),
        DecodeError::Truncated { tag }
    );
    assert_eq!(
        error(&frame(tag, b"\0\0\0\x00?")),
        DecodeError::Trailing { tag, bytes: 1 }
    );
    assert_eq!(
        error(&frame(tag, b"\0\0\0\x0aSCRAM-SHA-256\0")),
        DecodeError::Truncated { tag }
    );
}

#[test]
fn the_key_of_a_connection_has_4_to_256_bytes() {
    let key = |bytes: usize| frame(b'K', &[&b"\0\0\0\x07"[..], &vec![1; bytes]].concat());
    for bytes in [4, 32, 256] {
        assert_eq!(
            one(&key(bytes)),
            Message::BackendKeyData {
                process_id: 7,
                key: vec![1; bytes].into()
            }
        );
    }
    assert_eq!(error(&key(3)), DecodeError::Truncated { tag: b'K' });
    assert_eq!(
        error(&key(257)),
        DecodeError::Trailing {
            tag: b'K',
            bytes: 1
        }
    );
}

#[test]
fn a_tag_says_how_many_rows_there_were() {
    for (text, rows) in [
        ("SELECT 3", Some(3)),
        ("INSERT 0 5", Some(5)),
        ("COPY 18446744073709551615", Some(u64::MAX)),
        ("BEGIN", None),
        ("CREATE TABLE", None),
        ("SELECT 99999999999999999999", None),
        ("", None),
    ] {
        let Message::CommandComplete(tag) = one(&frame(b'C', format!("{text}\0").as_bytes()))
        else {
            panic!()
        };
        assert_eq!((tag.as_str(), tag.rows()), (text, rows));
    }
    assert_eq!(
        error(&frame(b'C', b"SELECT 3")),
        DecodeError::Truncated { tag: b'C' }
    );
    assert_eq!(
        error(&frame(b'C', b"SELECT\0 3")),
        DecodeError::Trailing {
            tag: b'C',
            bytes: 2
        }
    );
    assert_eq!(
        error(&frame(b'C', b"\xff\0")),
        DecodeError::NotUtf8 { tag: b'C' }
    );
}

#[test]
fn columns_are_described() {
    let body = b"\0\x01id\0\0\0\x40\x01\0\x02\0\0\0\x17\0\x04\xff\xff\xff\xff\0\x01";
    let Message::RowDescription(fields) = one(&frame(b'T', body)) else {
        panic!()
    };
    let [field] = &fields[..] else { panic!() };
    assert_eq!(
        (&*field.name, field.table, field.attribute),
        ("id", 0x4001, 2)
    );
    assert_eq!(
        (field.type_oid, field.type_size, field.type_modifier),
        (23, 4, -1)
    );
    assert_eq!(field.format, Binary);

    let tag = b'T';
    assert_eq!(
        one(&frame(tag, b"\0\0")),
        Message::RowDescription([].into())
    );
    assert_eq!(
        error(&frame(tag, b"\xff\xff")),
        DecodeError::Truncated { tag }
    );
    assert_eq!(
        error(&frame(tag, &body[..body.len() - 1])),
        DecodeError::Truncated { tag }
    );
    let format = [&body[..body.len() - 1], b"\x02"].concat();
    assert_eq!(
        error(&frame(tag, &format)),
        DecodeError::Value { tag, value: 2 }
    );
}

#[test]
fn parameters_are_described() {
    let tag = b't';
    assert_eq!(
        one(&frame(tag, b"\0\x02\0\0\0\x17\0\0\0\x19")),
        Message::ParameterDescription([23, 25].into())
    );
    assert_eq!(
        error(&frame(tag, b"\0\x03\0\0\0\x17\0\0\0\x19")),
        DecodeError::Truncated { tag }
    );
    assert_eq!(
        error(&frame(tag, b"\0\x01\0\0\0\x17\0")),
        DecodeError::Trailing { tag, bytes: 1 }
    );
}

#[test]
fn settings_notifications_and_versions_are_read() {
    assert_eq!(
        one(&frame(b'S', b"TimeZone\0UTC\0")),
        Message::ParameterStatus {
            name: "TimeZone".into(),
            value: "UTC".into()
        }
    );
    assert_eq!(
        one(&frame(b'A', b"\0\0\0\x09news\0hello\0")),
        Message::Notification(Notification {
            process_id: 9,
            channel: "news".into(),
            payload: "hello".into()
        })
    );
    assert_eq!(
        one(&frame(b'v', b"\0\x03\0\0\0\0\0\x01_pq_.x\0")),
        Message::NegotiateProtocolVersion(Negotiation {
            version: 3 << 16,
            unknown: ["_pq_.x".into()].into()
        })
    );
    assert_eq!(
        error(&frame(b'v', b"\0\x03\0\0\xff\xff\xff\xff\0")),
        DecodeError::Truncated { tag: b'v' }
    );
}

#[test]
fn a_copy_begins_with_the_form_of_its_columns() {
    let both = CopyResponse {
        format: Binary,
        columns: [Binary, Text].into(),
    };
    for (tag, message) in [
        (b'G', Message::CopyIn(both.clone())),
        (b'H', Message::CopyOut(both.clone())),
        (b'W', Message::CopyBoth(both.clone())),
    ] {
        assert_eq!(one(&frame(tag, b"\x01\0\x02\0\x01\0\0")), message);
        assert_eq!(
            error(&frame(tag, b"\x02\0\0")),
            DecodeError::Value { tag, value: 2 }
        );
        assert_eq!(
            error(&frame(tag, b"\x01\xff\xff\0\x01")),
            DecodeError::Truncated { tag }
        );
    }
    assert_eq!(
        one(&frame(b'd', b"1\t2\n")),
        Message::CopyData(b"1\t2\n"[..].into())
    );
}

#[test]
fn an_error_keeps_each_of_its_fields() {
    let body =
        b"SERROR\0VERROR\0C23505\0Mduplicate\0DKey\0Hhint\0P7\0p8\0qSELECT\0Wfunction\0spublic\0\
        tuser\0cname\0dtext\0nuser_pkey\0Fnbtinsert.c\0L671\0R_bt_check_unique\0Znew\0\0";
    let text = |text: &str| Some(text.to_owned());
    let fields = ErrorFields {
        severity: Some(Severity::Error),
        code: SqlState::parse(b"23505").unwrap(),
        message: "duplicate".into(),
        detail: text("Key"),
        hint: text("hint"),
        position: Some(7),
        internal_position: Some(8),
        internal_query: text("SELECT"),
        context: text("function"),
        schema: text("public"),
        table: text("user"),
        column: text("name"),
        data_type: text("text"),
        constraint: text("user_pkey"),
        file: text("nbtinsert.c"),
        line: Some(671),
        routine: text("_bt_check_unique"),
    };
    assert_eq!(
        one(&frame(b'E', body)),
        Message::Error(Box::new(fields.clone()))
    );
    assert_eq!(one(&frame(b'N', body)), Message::Notice(Box::new(fields)));
}

#[test]
fn an_error_is_read_though_it_is_poor() {
    let Message::Error(fields) = one(&frame(b'E', b"SFATAL\0Mna\xefve\0\0")) else {
        panic!()
    };
    assert_eq!(fields.severity, Some(Severity::Fatal));
    assert_eq!(
        (fields.code, fields.message.as_str()),
        (SqlState::INTERNAL, "na\u{fffd}ve")
    );
    assert_eq!(
        error(&frame(b'E', b"SFATAL\0")),
        DecodeError::Truncated { tag: b'E' }
    );
    assert_eq!(
        error(&frame(b'E', b"\0\0")),
        DecodeError::Trailing {
            tag: b'E',
            bytes: 1
        }
    );
}

#[test]
fn a_sqlstate_is_five_digits_or_capitals() {
    let code = SqlState::parse(b"40P01").unwrap();
    assert_eq!((code.as_str(), code.class()), ("40P01", "40"));
    for wrong in [&b"4000"[..], b"400001", b"40p01", b"40\xff01", b""] {
        assert_eq!(SqlState::parse(wrong), None);
    }
}

#[test]
fn rows_that_arrive_together_are_given_together() {
    let bytes = [
        frame(b'D', b"\0\x02\0\0\0\x01a\xff\xff\xff\xff"),
        frame(b'D', b"\0\x02\0\0\0\0\0\0\0\x02bc"),
        frame(b'C', b"SELECT 2\0"),
    ]
    .concat();
    let mut decoder = Decoder::default();
    decoder.feed(&bytes);
    let Ok(Some(Message::DataRows(rows))) = decoder.next_message() else {
        panic!()
    };
    let values: Vec<Vec<_>> = rows.iter().map(Iterator::collect).collect();
    assert_eq!(values, [[Some(&b"a"[..]), None], [Some(b""), Some(b"bc")]]);
    assert_eq!((rows.len(), rows.columns()), (2, 2));
    let (memory, starts, columns) = rows.into_parts();
    assert_eq!((starts.as_slice(), columns), (&[5, 21][..], 2));
    assert_eq!(memory, bytes[..33]);
    assert!(matches!(
        decoder.next_message(),
        Ok(Some(Message::CommandComplete(_)))
    ));
    assert_eq!((decoder.next_message(), decoder.buffered()), (Ok(None), 0));
}

#[test]
fn rows_of_another_width_are_given_apart() {
    let bytes = [
        frame(b'D', b"\0\0"),
        frame(b'D', b"\0\0"),
        frame(b'D', b"\0\x01\xff\xff\xff\xff"),
    ]
    .concat();
    let mut decoder = Decoder::default();
    decoder.feed(&bytes);
    for (length, width) in [(2, 0), (1, 1)] {
        let Ok(Some(Message::DataRows(rows))) = decoder.next_message() else {
            panic!()
        };
        assert_eq!((rows.len(), rows.columns()), (length, width));
    }
}

#[test]
fn a_row_whose_values_do_not_fill_it_is_refused() {
    let tag = b'D';
    let good = frame(tag, b"\0\x01\0\0\0\x01a");
    for (body, expected) in [
        (&b""[..], DecodeError::Truncated { tag }),
        (b"\0", DecodeError::Truncated { tag }),
        (b"\0\x01", DecodeError::Truncated { tag }),
        (b"\0\x01\0\0\0", DecodeError::Truncated { tag }),
        (b"\0\x01\0\0\0\x02a", DecodeError::Truncated { tag }),
        (b"\0\x01\x7f\xff\xff\xffa", DecodeError::Truncated { tag }),
        (
            b"\0\x01\xff\xff\xff\xfea",
            DecodeError::Value { tag, value: -2 },
        ),
        (
            b"\0\x01\x80\0\0\0a",
            DecodeError::Value {
                tag,
                value: i32::MIN.into(),
            },
        ),
        (b"\0\x01\0\0\0\0a", DecodeError::Trailing { tag, bytes: 1 }),
        (b"\xff\xff\0\0\0\0", DecodeError::Truncated { tag }),
    ] {
        assert_eq!(error(&frame(tag, body)), expected, "{body:?}");
        // The rows before it are given all the same.
        let (messages, failed) = read(&[good.clone(), good.clone(), frame(tag, body)].concat());
        assert_eq!((messages.len(), failed), (2, Some(expected)), "{body:?}");
    }
}

#[test]
fn a_frame_is_refused_by_its_tag_and_by_its_length() {
    let claim = |tag: u8, length: i32| [&[tag][..], &length.to_be_bytes()].concat();
    assert_eq!(error(b"?"), DecodeError::UnknownTag { tag: b'?' });
    for length in [i32::MIN, -1, 0, 3] {
        assert_eq!(
            error(&claim(b'Z', length)),
            DecodeError::Length { tag: b'Z', length }
        );
        assert_eq!(
            error(&claim(b'D', length)),
            DecodeError::Length { tag: b'D', length }
        );
    }
    let limits = Limits::default();
    for (tag, limit) in [
        (b'D', limits.data),
        (b'd', limits.data),
        (b'E', limits.text),
        (b'T', limits.text),
        (b'Z', limits.other),
    ] {
        let claimed = claim(tag, i32::try_from(limit + 1).unwrap());
        assert_eq!(
            error(&claimed),
            DecodeError::TooLong {
                tag,
                length: limit + 1,
                limit
            }
        );
        assert_eq!(
            read(&claim(tag, i32::try_from(limit).unwrap())),
            (vec![], None)
        );
    }
}

#[test]
fn a_decoder_that_failed_fails_for_good() {
    let mut decoder = Decoder::default();
    decoder.feed(b"?");
    let failed = decoder.next_message();
    assert_eq!(failed, Err(DecodeError::UnknownTag { tag: b'?' }));
    decoder.feed(&frame(b'1', b""));
    assert_eq!(decoder.next_message(), failed);
}

#[test]
fn memory_grows_with_what_came_and_not_with_what_is_claimed() {
    let mut decoder = Decoder::default();
    decoder.feed(&[&b"D"[..], &(1_i32 << 30).to_be_bytes()].concat());
    assert!(decoder.space(1).len() <= 1 << 16);
    assert_eq!(decoder.next_message(), Ok(None));
}

#[test]
fn bytes_can_be_received_in_place() {
    let row = frame(
        b'D',
        &[&b"\0\x01\0\x03\x0d\x40"[..], &[7; 200_000]].concat(),
    );
    let mut decoder = Decoder::default();
    let mut rest = &row[..];
    while !rest.is_empty() {
        assert_eq!(decoder.next_message(), Ok(None));
        let space = decoder.space(1);
        let taken = rest.len().min(space.len()).min(30_000);
        space[..taken].copy_from_slice(&rest[..taken]);
        decoder.filled(taken).unwrap();
        rest = &rest[taken..];
    }
    let Ok(Some(Message::DataRows(rows))) = decoder.next_message() else {
        panic!()
    };
    assert_eq!(rows.into_parts().0, row);
}

#[test]
fn more_than_the_space_cannot_be_filled() {
    let mut decoder = Decoder::default();
    let space = decoder.space(10).len();
    assert!(space >= 10);
    assert_eq!(
        decoder.filled(space + 1),
        Err(DecodeError::Overfilled {
            bytes: space + 1,
            space
        })
    );
    assert_eq!(decoder.filled(0), Ok(()));
}

#[test]
fn the_answer_to_the_request_for_tls_is_one_byte_and_no_more() {
    assert_eq!(tls_answer(b""), Ok(None));
    assert_eq!(tls_answer(b"S"), Ok(Some(TlsAnswer::Accepted)));
    assert_eq!(tls_answer(b"N"), Ok(Some(TlsAnswer::Refused)));
    assert_eq!(
        tls_answer(b"SR\0\0\0\x08\0\0\0\0"),
        Err(TlsAnswerError::Stuffed(9))
    );
    assert_eq!(tls_answer(b"NR"), Err(TlsAnswerError::Stuffed(1)));
    assert_eq!(tls_answer(b"EFATAL"), Err(TlsAnswerError::Unknown(b'E')));
}
