//! The test server, seen by a client that is nothing but a socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod faults;
mod life;
mod weather;
mod wires;
