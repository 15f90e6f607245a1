//! Records the conversations of `tests/exchanges` with a PostgreSQL; `scripts/record_exchanges.py` starts one for it.
//!
//!     cargo run --example record -- HOST:PORT CERTIFICATE.der

#[path = "../tests/exchanges/mod.rs"]
mod exchanges;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use queryengine_protocol::auth::{Policy, Transport, server_end_point};

use exchanges::conversation::Conversation;
use exchanges::scripts::{SCRIPTS, Setting};
use exchanges::wire::{From, MARKS, Wire};

/// A connection to the server, by itself or through OpenSSL.
enum Stream {
    Tcp(TcpStream),
    Tls(Child),
}

/// A server that is listened to.
struct Live {
    address: String,
    certificate: Vec<u8>,
    stream: Stream,
    record: Vec<(From, Vec<u8>)>,
}

impl Live {
    fn new(address: &str, certificate: &[u8], setting: Setting) -> Self {
        let stream = match setting {
            Setting::Tls => Stream::Tls(
                Command::new("openssl")
                    .args([
                        "s_client",
                        "-quiet",
                        "-starttls",
                        "postgres",
                        "-connect",
                        address,
                    ])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("openssl runs"),
            ),
            Setting::Bare | Setting::Session => {
                Stream::Tcp(TcpStream::connect(address).expect("a server"))
            }
        };
        Self {
            address: address.into(),
            certificate: certificate.into(),
            stream,
            record: Vec::new(),
        }
    }

    /// Notes what was sent; what one side sends in a row is one line.
    fn note(&mut self, from: From, bytes: &[u8]) {
        match self.record.last_mut() {
            Some((last, line)) if *last == from && from == From::Server => {
                line.extend_from_slice(bytes)
            }
            _ => self.record.push((from, bytes.to_vec())),
        }
    }
}

impl Wire for Live {
    fn send(&mut self, bytes: &[u8]) {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes),
            Stream::Tls(child) => {
                let stdin = child.stdin.as_mut().expect("a pipe");
                stdin.write_all(bytes).and_then(|()| stdin.flush())
            }
        }
        .expect("the server listens");
        self.note(From::Client, bytes);
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 16];
        let read = match &mut self.stream {
            Stream::Tcp(stream) => stream.read(&mut bytes),
            Stream::Tls(child) => child.stdout.as_mut().expect("a pipe").read(&mut bytes),
        };
        bytes.truncate(read.expect("the server answers"));
        self.note(From::Server, &bytes);
        bytes
    }

    fn send_aside(&mut self, bytes: &[u8]) {
        let mut stream = TcpStream::connect(&self.address).expect("a server");
        stream.write_all(bytes).expect("the server listens");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("the server hangs up");
        self.note(From::Aside, bytes);
    }

    fn end_point(&mut self) -> Vec<u8> {
        let hash = server_end_point(&self.certificate)
            .expect("a certificate")
            .to_vec();
        self.note(From::Fact, &hash);
        hash
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Stream::Tls(child) = &mut self.stream {
            child
                .kill()
                .and_then(|()| child.wait())
                .expect("openssl ends");
        }
    }
}

fn line((from, bytes): &(From, Vec<u8>)) -> String {
    let (_, mark) = MARKS
        .iter()
        .find(|(other, _)| other == from)
        .expect("a mark");
    format!("{mark}{}\n", bytes.escape_ascii())
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, certificate] = &arguments[..] else {
        panic!("HOST:PORT CERTIFICATE.der")
    };
    let certificate = fs::read(certificate).expect("a certificate");
    for (name, setting, script) in SCRIPTS {
        let mut live = Live::new(address, &certificate, *setting);
        if *setting == Setting::Session {
            let policy = Policy::default();
            let started =
                Conversation::new(&mut live).start("trust_user", policy, Transport::Plain);
            started.expect("a session");
            live.record.clear();
        }
        script(&mut Conversation::new(&mut live));
        let record: String = live.record.iter().map(line).collect();
        fs::write(exchanges::folder().join(name), record).expect("a record");
        println!("{name}");
    }
}
