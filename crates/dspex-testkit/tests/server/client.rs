//! A client that knows nothing of HTTP but how to write a request.

use std::time::Duration;

use dspex_testkit::{Answer, Fault, Script, TestServer};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came over the socket, and how it ended.
pub(crate) struct Seen {
    pub(crate) bytes: Vec<u8>,
    /// Whether the connection was reset, where it ended.
    pub(crate) reset: bool,
    /// Whether it was still open when the client lost its patience.
    pub(crate) open: bool,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn status(&self) -> u16 {
        self.text().split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.text().split("\r\n\r\n").next()?.to_owned();
        let line = head.lines().find(|l| l.to_lowercase().starts_with(&format!("{name}: ")))?.to_owned();
        Some(line[name.len() + 2..].to_owned())
    }

    /// The body as it stands, with the framing of its chunks taken off.
    pub(crate) fn body(&self) -> Vec<u8> {
        let start =
            self.bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(self.bytes.len(), |at| at + 4);
        let mut rest = &self.bytes[start..];
        if self.header("transfer-encoding").is_none() {
            return rest.to_vec();
        }
        let mut body = Vec::new();
        while let Some(at) = rest.windows(2).position(|w| w == b"\r\n") {
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap_or(0);
            let from = (at + 2).min(rest.len());
            let to = (from + size).min(rest.len());
            body.extend_from_slice(&rest[from..to]);
            rest = &rest[(to + 2).min(rest.len())..];
            if size == 0 {
                break;
            }
        }
        body
    }

    pub(crate) fn body_text(&self) -> String {
        String::from_utf8(self.body()).unwrap()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body()).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The data of its events.
    pub(crate) fn data(&self) -> Vec<String> {
        let text = self.body_text();
        text.lines().filter_map(|l| l.strip_prefix("data: ")).map(str::to_owned).collect()
    }
}

pub(crate) async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(&server.origin()["http://".len()..]).await.unwrap()
}

pub(crate) async fn send(stream: &mut TcpStream, path: &str, headers: &str, body: &Json) {
    let body = body.to_string();
    let method = if body == "null" { "GET" } else { "POST" };
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}");
    let head = format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.unwrap();
}

/// Reads until the connection ends, or the client is out of patience or memory.
pub(crate) async fn read(stream: &mut TcpStream, patience: Duration, most: usize) -> Seen {
    let mut seen = Seen { bytes: Vec::new(), reset: false, open: false };
    let mut buffer = vec![0; 64 << 10];
    let read = async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) => break,
                Ok(n) => seen.bytes.extend_from_slice(&buffer[..n]),
                Err(_) => {
                    seen.reset = true;
                    break;
                }
            }
            if seen.bytes.len() >= most {
                break;
            }
        }
    };
    let out_of_patience = tokio::time::timeout(patience, read).await.is_err();
    seen.open = out_of_patience;
    seen
}

pub(crate) async fn ask_with(server: &TestServer, path: &str, headers: &str, body: &Json) -> Seen {
    let mut stream = connect(server).await;
    send(&mut stream, path, &format!("connection: close\r\n{headers}"), body).await;
    read(&mut stream, Duration::from_secs(20), usize::MAX).await
}

pub(crate) async fn ask(server: &TestServer, path: &str, body: &Json) -> Seen {
    ask_with(server, path, "", body).await
}

pub(crate) const CHAT: &str = "/v1/chat/completions";

/// A request for a chat completion.
pub(crate) fn chat(stream: bool) -> Json {
    json!({"model": "m", "messages": [{"role": "user", "content": "The capital of France?"}], "stream": stream})
}

/// A server whose every answer is this text under a fault.
pub(crate) async fn faulty(fault: &str) -> TestServer {
    let answer = Answer::text("Paris is the capital").with_fault(fault.parse::<Fault>().unwrap());
    TestServer::script(Script::always(answer)).start().await.unwrap()
}

/// What a client sees of a fault.
pub(crate) async fn seen(fault: &str, stream: bool) -> Seen {
    let server = faulty(fault).await;
    ask(&server, CHAT, &chat(stream)).await
}

/// The same where the server may never end.
pub(crate) async fn seen_for(fault: &str, stream: bool, patience: Duration) -> Seen {
    let server = faulty(fault).await;
    let mut connection = connect(&server).await;
    send(&mut connection, CHAT, "", &chat(stream)).await;
    read(&mut connection, patience, usize::MAX).await
}
