//! Who is let in, and which servers are refused, with a server of SCRAM that can be told to lie.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use hmac::{Hmac, KeyInit, Mac};
use queryengine_protocol::auth::{
    AuthError, Authenticator, ChannelBinding, Method, Nonce, Policy, ScramField, Step, Transport,
};
use queryengine_protocol::backend::Authentication;
use sha2::{Digest, Sha256};

const PASSWORD: &[u8] = b"pencil";
const PLAIN: &str = "SCRAM-SHA-256";
const PLUS: &str = "SCRAM-SHA-256-PLUS";

fn client(policy: Policy, transport: Transport) -> Authenticator {
    Authenticator::new(
        policy,
        "ada",
        Some(PASSWORD),
        transport,
        Nonce::new([7; 24]),
    )
}

fn tls() -> Transport {
    Transport::Tls {
        end_point: Some(b"hash"[..].into()),
    }
}

fn bound(channel_binding: ChannelBinding) -> Policy {
    Policy {
        channel_binding,
        ..Policy::default()
    }
}

fn sasl(mechanisms: &[&str]) -> Authentication {
    Authentication::Sasl {
        mechanisms: mechanisms.iter().map(|name| (*name).into()).collect(),
    }
}

/// What the client answers to a first message.
fn answer(
    policy: Policy,
    transport: Transport,
    message: &Authentication,
) -> Result<Vec<u8>, AuthError> {
    let mut out = BytesMut::new();
    let answered = client(policy, transport).received(message, &mut out);
    assert!(
        answered.is_ok() || out.is_empty(),
        "an answer was written with an error"
    );
    answered.map(|_| out.to_vec())
}

/// The server's part of SCRAM; its fields are the lies that it can be told to tell.
struct Server {
    nonce: String,
    salt: String,
    iterations: String,
    more: &'static str,
    password: &'static [u8],
    last: Option<&'static str>,
}

impl Default for Server {
    fn default() -> Self {
        let nonce = format!("{}server", Nonce::new([7; 24]).as_str());
        let (salt, iterations) = (STANDARD.encode("salt"), "4096".to_owned());
        Self {
            nonce,
            salt,
            iterations,
            more: "",
            password: PASSWORD,
            last: None,
        }
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(text)
        .finalize()
        .into_bytes()
        .to_vec()
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter()
        .zip(other)
        .map(|(one, other)| one ^ other)
        .collect()
}

impl Server {
    fn salted(&self) -> Vec<u8> {
        let mut last = mac(self.password, b"salt\0\0\0\x01");
        let mut key = last.clone();
        for _ in 1..4096 {
            last = mac(self.password, &last);
            key = xor(&key, &last);
        }
        key
    }

    /// Plays its part against a client, checks the client's proof, and returns how the client fared.
    fn play(&self, client: &mut Authenticator, mechanisms: &[&str]) -> Result<Vec<u8>, AuthError> {
        let mut out = BytesMut::new();
        assert_eq!(client.received(&sasl(mechanisms), &mut out)?, Step::Wait);
        let initial = out.split();
        let begin = initial.windows(2).position(|pair| pair == b"n=").unwrap();
        let bare = String::from_utf8(initial[begin..].to_vec()).unwrap();

        let first = format!(
            "r={},s={},i={}{}",
            self.nonce, self.salt, self.iterations, self.more
        );
        let message = Authentication::SaslContinue {
            data: first.as_bytes().into(),
        };
        let Step::Derive(derivation) = client.received(&message, &mut out)? else {
            panic!("no key is derived")
        };
        client.derived(derivation.run(), &mut out)?;
        let response = String::from_utf8(out.split()[5..].to_vec()).unwrap();
        let (response, proof) = response.split_once(",p=").unwrap();

        let signed = format!("{bare},{first},{response}");
        let salted = self.salted();
        let stored = Sha256::digest(mac(&salted, b"Client Key"));
        let key = xor(
            &STANDARD.decode(proof).unwrap(),
            &mac(&stored, signed.as_bytes()),
        );
        assert!(
            self.password != PASSWORD || Sha256::digest(key) == stored,
            "the client's proof is wrong"
        );

        let signature = mac(&mac(&salted, b"Server Key"), signed.as_bytes());
        let last = self
            .last
            .map_or(format!("v={}", STANDARD.encode(signature)), str::to_owned);
        let message = Authentication::SaslFinal {
            data: last.as_bytes().into(),
        };
        assert_eq!(client.received(&message, &mut out)?, Step::Wait);
        assert_eq!(client.received(&Authentication::Ok, &mut out)?, Step::Done);
        assert!(out.is_empty());
        Ok(initial.to_vec())
    }

    /// The error that the client refuses it with.
    fn refused(&self) -> AuthError {
        let mut client = client(Policy::default(), Transport::Plain);
        self.play(&mut client, &[PLAIN])
            .expect_err("the client believed a lie")
    }
}

#[test]
fn scram_lets_in_who_knows_the_password() {
    let initial = Server::default()
        .play(&mut client(Policy::default(), Transport::Plain), &[PLAIN])
        .unwrap();
    let expected = format!("n,,n=,r={}", Nonce::new([7; 24]).as_str());
    assert_eq!(
        initial,
        [
            &b"p\0\0\0\x3eSCRAM-SHA-256\0\0\0\0\x28"[..],
            expected.as_bytes()
        ]
        .concat()
    );
}

#[test]
fn scram_is_bound_to_tls_if_both_can() {
    for policy in [ChannelBinding::Prefer, ChannelBinding::Require] {
        let initial = Server::default()
            .play(&mut client(bound(policy), tls()), &[PLUS, PLAIN])
            .unwrap();
        assert!(
            initial
                .windows(25)
                .any(|window| window == b"p=tls-server-end-point,,n")
        );
    }
}

#[test]
fn a_client_that_could_bind_says_that_the_server_did_not_offer_it() {
    let initial = Server::default()
        .play(&mut client(Policy::default(), tls()), &[PLAIN])
        .unwrap();
    assert!(initial.windows(5).any(|window| window == b"y,,n="));
}

#[test]
fn scram_is_not_bound_if_it_must_not_be_or_cannot_be() {
    let no_hash = || Transport::Tls { end_point: None };
    for (policy, transport) in [
        (ChannelBinding::Disable, tls()),
        (ChannelBinding::Prefer, no_hash()),
    ] {
        let initial = Server::default()
            .play(&mut client(bound(policy), transport), &[PLUS, PLAIN])
            .unwrap();
        assert!(initial.windows(5).any(|window| window == b"n,,n="));
    }
    for (policy, transport) in [
        (ChannelBinding::Disable, tls()),
        (ChannelBinding::Prefer, no_hash()),
    ] {
        assert_eq!(
            answer(bound(policy), transport, &sasl(&[PLUS])),
            Err(AuthError::NoMechanism)
        );
    }
}

#[test]
fn a_required_channel_binding_is_not_done_without() {
    let require = || bound(ChannelBinding::Require);
    let refused = Err(AuthError::NoChannelBinding);
    assert_eq!(answer(require(), tls(), &sasl(&[PLAIN])), refused);
    assert_eq!(
        answer(
            require(),
            Transport::Tls { end_point: None },
            &sasl(&[PLUS, PLAIN])
        ),
        refused
    );
    assert_eq!(
        answer(require(), Transport::Plain, &sasl(&[PLAIN])),
        refused
    );
    assert_eq!(answer(require(), tls(), &Authentication::Ok), refused);
    let all = Policy {
        cleartext: true,
        md5: true,
        ..require()
    };
    assert_eq!(
        answer(all.clone(), tls(), &Authentication::CleartextPassword),
        refused
    );
    assert_eq!(
        answer(all, tls(), &Authentication::Md5Password { salt: *b"salt" }),
        refused
    );
}

#[test]
fn channel_binding_without_tls_is_a_lie() {
    let offered = sasl(&[PLUS, PLAIN]);
    assert_eq!(
        answer(Policy::default(), Transport::Plain, &offered),
        Err(AuthError::BindingWithoutTls)
    );
}

#[test]
fn passwords_are_sent_only_where_that_is_allowed() {
    let (cleartext, md5) = (
        Authentication::CleartextPassword,
        Authentication::Md5Password { salt: *b"salt" },
    );
    let default = |message| answer(Policy::default(), Transport::Plain, message);
    assert_eq!(
        default(&cleartext),
        Err(AuthError::NotAllowed(Method::Cleartext))
    );
    assert_eq!(default(&md5), Err(AuthError::NotAllowed(Method::Md5)));

    let allowed = Policy {
        cleartext: true,
        md5: true,
        ..Policy::default()
    };
    let sent = |message| answer(allowed.clone(), Transport::Plain, message).unwrap();
    assert_eq!(sent(&cleartext), b"p\0\0\0\x0bpencil\0");
    assert_eq!(
        sent(&md5),
        b"p\0\0\0\x28md5ec2ff800e521b2ddaedb76ea6f06e5bb\0"
    );

    let mut client = client(allowed, Transport::Plain);
    let mut out = BytesMut::new();
    assert_eq!(client.received(&cleartext, &mut out), Ok(Step::Wait));
    assert_eq!(
        client.received(&Authentication::Ok, &mut out),
        Ok(Step::Done)
    );
}

#[test]
fn a_server_that_asks_nothing_is_believed_only_where_that_is_allowed() {
    assert_eq!(
        answer(Policy::default(), Transport::Plain, &Authentication::Ok),
        Ok(vec![])
    );
    let strict = Policy {
        trust: false,
        ..Policy::default()
    };
    assert_eq!(
        answer(strict, Transport::Plain, &Authentication::Ok),
        Err(AuthError::NotAllowed(Method::Trust))
    );
}

#[test]
fn methods_that_are_not_there_are_refused() {
    let default = |message| answer(Policy::default(), Transport::Plain, message);
    assert_eq!(
        default(&Authentication::Unsupported { code: 7 }),
        Err(AuthError::Unsupported { code: 7 })
    );
    assert_eq!(
        default(&sasl(&["OAUTHBEARER"])),
        Err(AuthError::NoMechanism)
    );
    let without = Policy {
        scram: false,
        ..Policy::default()
    };
    assert_eq!(
        answer(without, Transport::Plain, &sasl(&[PLAIN])),
        Err(AuthError::NotAllowed(Method::Scram))
    );
}

#[test]
fn without_a_password_there_is_no_answer() {
    for password in [None, Some(&b""[..])] {
        let policy = Policy {
            cleartext: true,
            md5: true,
            ..Policy::default()
        };
        for message in [
            sasl(&[PLAIN]),
            Authentication::CleartextPassword,
            Authentication::Md5Password { salt: *b"salt" },
        ] {
            let mut client = Authenticator::new(
                policy.clone(),
                "ada",
                password,
                Transport::Plain,
                Nonce::new([7; 24]),
            );
            let mut out = BytesMut::new();
            assert_eq!(
                client.received(&message, &mut out),
                Err(AuthError::NoPassword)
            );
            assert!(out.is_empty());
        }
    }
}

#[test]
fn too_few_and_too_many_iterations_are_refused() {
    for found in [
        0,
        1,
        4095,
        1_000_001,
        u32::try_from(i32::MAX).unwrap(),
        u32::MAX,
    ] {
        let server = Server {
            iterations: found.to_string(),
            ..Server::default()
        };
        let (least, most) = (4096, 1_000_000);
        assert_eq!(
            server.refused(),
            AuthError::Iterations { found, least, most }
        );
    }
    for wrong in ["", "-1", "+4096", "4096.0", "99999999999", "4096 "] {
        let server = Server {
            iterations: wrong.into(),
            ..Server::default()
        };
        assert_eq!(
            server.refused(),
            AuthError::Malformed(ScramField::Iterations)
        );
    }
}

#[test]
fn the_bounds_of_iterations_are_the_policys() {
    let policy = Policy {
        iterations: 10_000..=20_000,
        ..Policy::default()
    };
    let refused = Server::default().play(&mut client(policy, Transport::Plain), &[PLAIN]);
    assert_eq!(
        refused,
        Err(AuthError::Iterations {
            found: 4096,
            least: 10_000,
            most: 20_000
        })
    );
}

#[test]
fn a_nonce_has_to_continue_the_clients() {
    let own = Nonce::new([7; 24]).as_str().to_owned();
    for wrong in ["", "server", &own[1..], &own] {
        let server = Server {
            nonce: wrong.into(),
            ..Server::default()
        };
        assert_eq!(server.refused(), AuthError::Nonce);
    }
    for wrong in [" ", "\u{e9}", "\x01"] {
        let server = Server {
            nonce: format!("{own}{wrong}"),
            ..Server::default()
        };
        assert_eq!(server.refused(), AuthError::Malformed(ScramField::Nonce));
    }
}

#[test]
fn a_first_message_has_a_nonce_a_salt_iterations_and_nothing_else() {
    for wrong in ["", "?", "====", "c2Fsd"] {
        let server = Server {
            salt: wrong.into(),
            ..Server::default()
        };
        assert_eq!(server.refused(), AuthError::Malformed(ScramField::Salt));
    }
    for more in [",", ",m=1", ",x=y"] {
        let server = Server {
            more,
            ..Server::default()
        };
        assert_eq!(server.refused(), AuthError::Malformed(ScramField::Message));
    }
    for (data, field) in [
        (&b"\xff"[..], ScramField::Message),
        (b"", ScramField::Nonce),
        (b"m=1,r=x", ScramField::Nonce),
        (b"r=x", ScramField::Salt),
        (b"r=x,i=4096,s=c2FsdA==", ScramField::Salt),
        (b"r=x,s=c2FsdA==", ScramField::Iterations),
    ] {
        let mut client = client(Policy::default(), Transport::Plain);
        let mut out = BytesMut::new();
        client.received(&sasl(&[PLAIN]), &mut out).unwrap();
        let message = Authentication::SaslContinue { data: data.into() };
        assert_eq!(
            client.received(&message, &mut out),
            Err(AuthError::Malformed(field))
        );
    }
}

#[test]
fn a_server_that_does_not_know_the_password_is_refused() {
    let server = Server {
        password: b"another",
        ..Server::default()
    };
    assert_eq!(server.refused(), AuthError::Signature);
    for (last, error) in [
        ("v=", AuthError::Malformed(ScramField::Signature)),
        ("", AuthError::Malformed(ScramField::Signature)),
        ("v=?", AuthError::Malformed(ScramField::Signature)),
        ("v=AAAA", AuthError::Signature),
        (
            "e=invalid-proof",
            AuthError::Refused("invalid-proof".into()),
        ),
    ] {
        assert_eq!(
            Server {
                last: Some(last),
                ..Server::default()
            }
            .refused(),
            error
        );
    }
}

#[test]
fn a_server_is_believed_only_after_its_proof() {
    let steps = [
        sasl(&[PLAIN]),
        Authentication::Ok,
        Authentication::SaslFinal {
            data: b"v=AAAA"[..].into(),
        },
        Authentication::CleartextPassword,
        Authentication::Md5Password { salt: *b"salt" },
        Authentication::Unsupported { code: 7 },
    ];
    let policy = || Policy {
        cleartext: true,
        md5: true,
        ..Policy::default()
    };
    for step in &steps {
        let mut client = client(policy(), Transport::Plain);
        let mut out = BytesMut::new();
        client.received(&sasl(&[PLAIN]), &mut out).unwrap();
        out.clear();
        assert_eq!(
            client.received(step, &mut out),
            Err(AuthError::OutOfOrder),
            "{step:?}"
        );
        assert_eq!(
            client.received(&Authentication::Ok, &mut out),
            Err(AuthError::OutOfOrder)
        );
        assert!(out.is_empty());
    }
}

#[test]
fn nothing_is_answered_after_the_end() {
    let mut client = client(Policy::default(), Transport::Plain);
    let mut out = BytesMut::new();
    assert_eq!(
        client.received(&Authentication::Ok, &mut out),
        Ok(Step::Done)
    );
    for message in [
        Authentication::Ok,
        sasl(&[PLAIN]),
        Authentication::CleartextPassword,
    ] {
        assert_eq!(
            client.received(&message, &mut out),
            Err(AuthError::OutOfOrder)
        );
    }
    assert!(out.is_empty());
}
