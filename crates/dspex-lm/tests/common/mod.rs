//! A server that answers as a test says, over real sockets.

use std::fmt::Write as _;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::{FutureExt as _, future};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What is answered: status, what the body is, the body.
pub(crate) type Said = (u16, &'static str, String);

pub(crate) fn json(status: u16, body: &Json) -> Said {
    (status, "application/json", body.to_string())
}

/// Runs a client, who is told the server's address, beside a server that answers as it is told.
pub(crate) async fn against<T>(answer: impl Fn(&Sent) -> Said, client: impl AsyncFnOnce(String) -> T) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = async {
        let mut connections = FuturesUnordered::new();
        loop {
            futures_util::select_biased! {
                accepted = listener.accept().fuse() => connections.push(talk(accepted.unwrap().0, &answer)),
                () = connections.select_next_some() => {}
            }
        }
    };
    let (server, client) = (Box::pin(server), Box::pin(client(address)));
    match future::select(server, client).await {
        future::Either::Right((done, _)) => done,
        future::Either::Left(((), _)) => unreachable!("it serves for ever"),
    }
}

async fn talk(mut stream: TcpStream, answer: &impl Fn(&Sent) -> Said) {
    let mut rest = Vec::new();
    while let Some(sent) = read(&mut stream, &mut rest).await {
        let (status, kind, body) = answer(&sent);
        let mut whole = format!("HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\nx-request-id: r\r\n");
        write!(whole, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        if stream.write_all(whole.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request of a connection; none at its end.
async fn read(stream: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Sent> {
    loop {
        let end = rest.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(rest[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
            let pairs = lines.filter_map(|l| l.split_once(": "));
            let headers: Vec<_> = pairs.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
            let length = headers.iter().find(|(n, _)| n == "content-length");
            let length: usize = length.map_or(0, |(_, n)| n.parse().unwrap());
            if rest.len() >= end + 4 + length {
                let body = rest[end + 4..end + 4 + length].to_vec();
                rest.drain(..end + 4 + length);
                return Some(Sent {
                    method: first.next().unwrap(),
                    path: first.next().unwrap(),
                    headers,
                    body,
                });
            }
        }
        let mut piece = vec![0; 1 << 16];
        let n = stream.read(&mut piece).await.unwrap_or(0);
        if n == 0 {
            return None;
        }
        rest.extend_from_slice(&piece[..n]);
    }
}
