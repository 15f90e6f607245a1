//! The scripts: what is said to the server, and what it is expected to answer.

use bytes::BufMut;
use queryengine_protocol::auth::{AuthError, ChannelBinding, Method, Policy, Transport};
use queryengine_protocol::backend::{Message, TlsAnswer, TransactionStatus, tls_answer};
use queryengine_protocol::copy;
use queryengine_protocol::errors::{BindError, Severity};
use queryengine_protocol::format::Format::{Binary, Text};
use queryengine_protocol::frontend::{self, IsNull, Target};

use super::conversation::Conversation;

/// What is connected before a script begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Nothing was said yet.
    Bare,
    /// Nothing was said yet, but for TLS.
    Tls,
    /// A session of a user who needs no password.
    Session,
}

type Script = fn(&mut Conversation<'_>);

/// Each script by the name of its record, and where it begins.
pub const SCRIPTS: &[(&str, Setting, Script)] = &[
    ("tls_request", Setting::Bare, tls_request),
    ("scram", Setting::Bare, scram),
    ("scram_plus", Setting::Tls, scram_plus),
    ("scram_wrong_user", Setting::Bare, scram_wrong_user),
    ("md5", Setting::Bare, md5),
    ("cleartext", Setting::Bare, cleartext),
    ("cleartext_refused", Setting::Bare, cleartext_refused),
    ("options", Setting::Bare, options),
    ("simple_query", Setting::Session, simple_query),
    ("extended_query", Setting::Session, extended_query),
    ("failed_transaction", Setting::Session, failed_transaction),
    ("error_fields", Setting::Session, error_fields),
    ("portal", Setting::Session, portal),
    ("pipeline", Setting::Session, pipeline),
    ("copy_in", Setting::Session, copy_in),
    ("copy_out", Setting::Session, copy_out),
    ("notification", Setting::Session, notification),
    ("cancel", Setting::Bare, cancel),
];

fn tls_request(conversation: &mut Conversation<'_>) {
    conversation.say(|out| {
        frontend::tls_request(out);
        Ok::<_, ()>(())
    });
    assert_eq!(
        tls_answer(&conversation.wire.receive()),
        Ok(Some(TlsAnswer::Accepted))
    );
}

fn scram(conversation: &mut Conversation<'_>) {
    let answer = conversation
        .start("scram_user", Policy::default(), Transport::Plain)
        .unwrap();
    let statuses: Vec<_> = answer.messages.iter().filter_map(status).collect();
    assert!(statuses.contains(&("client_encoding", "UTF8")));
    assert!(statuses.contains(&("integer_datetimes", "on")));
    assert!(
        statuses
            .iter()
            .any(|(name, value)| *name == "server_version" && value.starts_with("15."))
    );
    assert!(
        answer
            .messages
            .iter()
            .any(|message| matches!(message, Message::BackendKeyData { .. }))
    );
}

fn status(message: &Message) -> Option<(&str, &str)> {
    match message {
        Message::ParameterStatus { name, value } => Some((name, value)),
        _ => None,
    }
}

fn scram_plus(conversation: &mut Conversation<'_>) {
    let policy = Policy {
        channel_binding: ChannelBinding::Require,
        ..Policy::default()
    };
    let transport = Transport::Tls {
        end_point: Some(conversation.wire.end_point().into()),
    };
    let answer = conversation.start("scram_user", policy, transport).unwrap();
    assert_eq!(
        answer.messages.last(),
        Some(&Message::ReadyForQuery(TransactionStatus::Idle))
    );
}

fn scram_wrong_user(conversation: &mut Conversation<'_>) {
    let answer = conversation
        .start("nobody", Policy::default(), Transport::Plain)
        .unwrap();
    assert_eq!(answer.error().severity, Some(Severity::Fatal));
    assert_eq!(answer.error().code.as_str(), "28P01");
}

fn md5(conversation: &mut Conversation<'_>) {
    let policy = Policy {
        md5: true,
        ..Policy::default()
    };
    let answer = conversation
        .start("md5_user", policy, Transport::Plain)
        .unwrap();
    assert_eq!(
        answer.messages.last(),
        Some(&Message::ReadyForQuery(TransactionStatus::Idle))
    );
}

fn cleartext(conversation: &mut Conversation<'_>) {
    let policy = Policy {
        cleartext: true,
        ..Policy::default()
    };
    let answer = conversation
        .start("cleartext_user", policy, Transport::Plain)
        .unwrap();
    assert_eq!(
        answer.messages.last(),
        Some(&Message::ReadyForQuery(TransactionStatus::Idle))
    );
}

fn cleartext_refused(conversation: &mut Conversation<'_>) {
    let refused = conversation.start("cleartext_user", Policy::default(), Transport::Plain);
    assert_eq!(
        refused.unwrap_err(),
        AuthError::NotAllowed(Method::Cleartext)
    );
}

fn options(conversation: &mut Conversation<'_>) {
    conversation.say(|out| {
        frontend::startup(
            out,
            [
                ("user", "trust_user"),
                ("database", "postgres"),
                ("_pq_.unknown", "1"),
            ],
        )
    });
    let answer = conversation.ready(TransactionStatus::Idle);
    let Some(Message::NegotiateProtocolVersion(negotiation)) = answer.messages.first() else {
        panic!()
    };
    assert_eq!(*negotiation.unknown, ["_pq_.unknown".into()]);
}

fn simple_query(conversation: &mut Conversation<'_>) {
    let answer = conversation
        .query("SELECT 1 AS one, NULL; SELECT 'é'; ; DO $$BEGIN RAISE WARNING 'careful'; END$$");
    assert_eq!(answer.texts(), [vec!["1", ""], vec!["é"]]);
    assert_eq!(answer.tags(), ["SELECT 1", "SELECT 1", "DO"]);
    let notices = answer
        .messages
        .iter()
        .filter(|message| matches!(message, Message::Notice(_)));
    assert_eq!(notices.count(), 1);

    assert_eq!(
        conversation.query("").messages[0],
        Message::EmptyQueryResponse
    );
    assert_eq!(
        conversation.query("SELECT FROM generate_series(1, 3)").rows,
        vec![vec![]; 3]
    );

    let error = conversation.query("SELECT 1; SELEC 2");
    assert_eq!(
        (error.error().code.as_str(), error.error().position),
        ("42601", Some(11))
    );
}

fn extended_query(conversation: &mut Conversation<'_>) {
    conversation.say(|out| {
        frontend::parse(
            out,
            "s",
            "SELECT $1 + 1 AS more, $2::text, $3::bytea",
            &[20],
        )?;
        frontend::describe(out, Target::Statement("s"))?;
        frontend::flush(out);
        Ok::<_, queryengine_protocol::errors::EncodeError>(())
    });
    let answer = conversation.until(|message| matches!(message, Message::RowDescription(_)));
    let [
        Message::ParseComplete,
        Message::ParameterDescription(types),
        Message::RowDescription(fields),
    ] = &answer.messages[..]
    else {
        panic!()
    };
    assert_eq!(types[..], [20, 25, 17]);
    assert_eq!((&*fields[0].name, fields[0].type_oid), ("more", 20));

    for _ in 0..2 {
        conversation.say(|out| -> Result<(), BindError<()>> {
            let values = |index: usize, out: &mut bytes::BytesMut| {
                match index {
                    0 => out.put_i64(41),
                    1 => return Ok(IsNull::Yes),
                    _ => {}
                }
                Ok(IsNull::No)
            };
            frontend::bind(out, "", "s", &[Binary], 3, values, &[Binary, Text, Binary])?;
            frontend::execute(out, "", 0)?;
            frontend::sync(out);
            Ok(())
        });
        let answer = conversation.ready(TransactionStatus::Idle);
        assert_eq!(
            answer.rows,
            [vec![
                Some(42_i64.to_be_bytes().to_vec()),
                None,
                Some(vec![])
            ]]
        );
        assert_eq!(answer.tags(), ["SELECT 1"]);
    }

    conversation.say(|out| {
        frontend::close(out, Target::Statement("s"))?;
        frontend::parse(out, "", "CREATE TEMPORARY TABLE t (a int)", &[])?;
        frontend::describe(out, Target::Statement(""))?;
        frontend::sync(out);
        Ok::<_, queryengine_protocol::errors::EncodeError>(())
    });
    let answer = conversation.ready(TransactionStatus::Idle);
    assert_eq!(answer.messages[0], Message::CloseComplete);
    assert!(answer.messages.contains(&Message::NoData));
}

fn failed_transaction(conversation: &mut Conversation<'_>) {
    conversation.say(|out| frontend::query(out, "BEGIN"));
    conversation.ready(TransactionStatus::Active);
    conversation.say(|out| frontend::query(out, "SELECT 1 / 0"));
    assert_eq!(
        conversation
            .ready(TransactionStatus::Failed)
            .error()
            .code
            .as_str(),
        "22012"
    );
    conversation.say(|out| frontend::query(out, "SELECT 1"));
    assert_eq!(
        conversation
            .ready(TransactionStatus::Failed)
            .error()
            .code
            .as_str(),
        "25P02"
    );
    assert_eq!(conversation.query("COMMIT").tags(), ["ROLLBACK"]);
}

fn error_fields(conversation: &mut Conversation<'_>) {
    conversation.query(
        "CREATE TEMPORARY TABLE t (a int CONSTRAINT positive CHECK (a > 0), b int NOT NULL); \
         CREATE UNIQUE INDEX only_once ON t (a)",
    );
    let answer = conversation.query("INSERT INTO t VALUES (1, 1), (1, 2)");
    let error = answer.error();
    assert_eq!(
        (error.code.as_str(), error.constraint.as_deref()),
        ("23505", Some("only_once"))
    );
    assert_eq!(error.detail.as_deref(), Some("Key (a)=(1) already exists."));
    assert_eq!(
        (error.table.as_deref(), error.severity),
        (Some("t"), Some(Severity::Error))
    );

    let answer = conversation.query("INSERT INTO t VALUES (0, 1)");
    assert_eq!(
        (
            answer.error().code.as_str(),
            answer.error().constraint.as_deref()
        ),
        ("23514", Some("positive"))
    );
    let answer = conversation.query("INSERT INTO t VALUES (1, NULL)");
    assert_eq!(
        (
            answer.error().code.as_str(),
            answer.error().column.as_deref()
        ),
        ("23502", Some("b"))
    );

    let answer = conversation.query("DO $$BEGIN EXECUTE 'SELECT nothing'; END$$");
    let error = answer.error();
    assert_eq!(
        (error.internal_query.as_deref(), error.internal_position),
        (Some("SELECT nothing"), Some(8))
    );
    assert!(error.context.as_deref().unwrap().contains("PL/pgSQL"));
    assert!(error.file.is_some() && error.line.is_some() && error.routine.is_some());
}

fn portal(conversation: &mut Conversation<'_>) {
    conversation.say(|out| -> Result<(), BindError<()>> {
        frontend::query(out, "BEGIN")?;
        frontend::parse(out, "", "SELECT generate_series(1, 5)", &[])?;
        frontend::bind(out, "p", "", &[], 0, |_, _| Ok(IsNull::Yes), &[])?;
        frontend::describe(out, Target::Portal("p"))?;
        for _ in 0..3 {
            frontend::execute(out, "p", 2)?;
        }
        frontend::close(out, Target::Portal("p"))?;
        frontend::sync(out);
        frontend::query(out, "COMMIT")?;
        Ok(())
    });
    conversation.ready(TransactionStatus::Active);
    for rows in [vec![["1"], ["2"]], vec![["3"], ["4"]]] {
        assert_eq!(
            conversation
                .until(|message| *message == Message::PortalSuspended)
                .texts(),
            rows
        );
    }
    let last = conversation.ready(TransactionStatus::Active);
    assert_eq!(
        (last.texts(), last.tags()),
        (vec![vec!["5".to_owned()]], vec!["SELECT 1"])
    );
    assert!(last.messages.contains(&Message::CloseComplete));
    conversation.ready(TransactionStatus::Idle);
}

fn pipeline(conversation: &mut Conversation<'_>) {
    conversation.say(|out| -> Result<(), BindError<()>> {
        for sql in ["SELECT 'one'", "SELECT 1 / 0", "SELECT 'never'"] {
            frontend::parse(out, "", sql, &[])?;
            frontend::bind(out, "", "", &[], 0, |_, _| Ok(IsNull::Yes), &[])?;
            frontend::execute(out, "", 0)?;
        }
        frontend::sync(out);
        frontend::query(out, "SELECT 'after'")?;
        Ok(())
    });
    let first = conversation.ready(TransactionStatus::Idle);
    assert_eq!(
        (first.texts(), first.error().code.class()),
        (vec![vec!["one".to_owned()]], "22")
    );
    assert_eq!(
        conversation.ready(TransactionStatus::Idle).texts(),
        [["after"]]
    );
}

fn copy_in(conversation: &mut Conversation<'_>) {
    conversation.query("CREATE TEMPORARY TABLE t (a int, b text)");
    conversation.say(|out| frontend::query(out, "COPY t FROM STDIN (FORMAT binary)"));
    let answer = conversation.until(|message| matches!(message, Message::CopyIn(_)));
    let Some(Message::CopyIn(response)) = answer.messages.last() else {
        panic!()
    };
    assert_eq!(
        (response.format, &*response.columns),
        (Binary, &[Binary, Binary][..])
    );

    conversation.say(|out| -> Result<(), BindError<()>> {
        frontend::copy_data_from(out, |out| -> Result<(), BindError<()>> {
            copy::header(out);
            for number in 1..=3 {
                let values = |index: usize, out: &mut bytes::BytesMut| {
                    match index {
                        0 => out.put_i32(number),
                        1 if number == 2 => return Ok(IsNull::Yes),
                        _ => out.put_slice(b"text"),
                    }
                    Ok(IsNull::No)
                };
                copy::row(out, 2, values)?;
            }
            copy::trailer(out);
            Ok(())
        })?;
        frontend::copy_done(out);
        Ok(())
    });
    assert_eq!(
        conversation.ready(TransactionStatus::Idle).tags(),
        ["COPY 3"]
    );

    conversation.say(|out| frontend::query(out, "COPY t FROM STDIN"));
    conversation.until(|message| matches!(message, Message::CopyIn(_)));
    conversation.say(|out| {
        frontend::copy_data(out, b"4\tfo")?;
        frontend::copy_fail(out, "changed my mind")
    });
    let failed = conversation.ready(TransactionStatus::Idle);
    assert_eq!(failed.error().code.as_str(), "57014");
    assert!(failed.error().message.contains("changed my mind"));
    assert_eq!(
        conversation.query("SELECT * FROM t").texts(),
        [["1", "text"], ["2", ""], ["3", "text"]]
    );
}

fn copy_out(conversation: &mut Conversation<'_>) {
    let answer = conversation.query("COPY (SELECT generate_series(1, 3)) TO STDOUT");
    let data: Vec<&[u8]> = answer.messages.iter().filter_map(copied).collect();
    assert_eq!(data.concat(), b"1\n2\n3\n");
    assert!(answer.messages.contains(&Message::CopyDone));
    assert_eq!(answer.tags(), ["COPY 3"]);
}

fn copied(message: &Message) -> Option<&[u8]> {
    match message {
        Message::CopyData(data) => Some(data),
        _ => None,
    }
}

fn notification(conversation: &mut Conversation<'_>) {
    conversation.query("LISTEN news");
    conversation.say(|out| frontend::query(out, "NOTIFY news, 'hello'"));
    let answer = conversation.ready(TransactionStatus::Idle);
    let sent = answer.messages.iter().find_map(|message| match message {
        Message::Notification(notification) => {
            Some((&*notification.channel, &*notification.payload))
        }
        _ => None,
    });
    assert_eq!(sent, Some(("news", "hello")));
}

fn cancel(conversation: &mut Conversation<'_>) {
    let answer = conversation
        .start("trust_user", Policy::default(), Transport::Plain)
        .unwrap();
    let data = answer.messages.iter().find_map(|message| match message {
        Message::BackendKeyData { process_id, key } => Some((*process_id, key)),
        _ => None,
    });
    let (process_id, key) = data.unwrap();
    let sql = "DO $$BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(30); END$$";
    conversation.say(|out| frontend::query(out, sql));
    conversation.until(|message| matches!(message, Message::Notice(_)));
    let mut request = bytes::BytesMut::new();
    frontend::cancel_request(&mut request, process_id, key).unwrap();
    conversation.wire.send_aside(&request);
    assert_eq!(
        conversation
            .ready(TransactionStatus::Idle)
            .error()
            .code
            .as_str(),
        "57014"
    );
}
