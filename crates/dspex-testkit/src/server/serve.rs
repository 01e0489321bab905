//! Connections: taken, spoken with, and given to the raw writer where HTTP has to be broken.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::handle::{Link, State, handle};
use super::log::Open;

/// How a server is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    Serve,
    /// What is open may end.
    Finish,
    /// Everything ends now.
    End,
}

/// Serves until it is told otherwise, and leaves no task behind.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>, mut course: watch::Receiver<Course>) {
    let mut tasks = JoinSet::new();
    let told = course.clone();
    while *course.borrow() == Course::Serve {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(connection(stream, Arc::clone(&state), told.clone()));
                }
                // Too many open files, most likely: they become fewer.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            },
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            changed = course.changed() => if changed.is_err() { break },
        }
    }
    drop(listener);
    loop {
        if *course.borrow() == Course::End {
            tasks.shutdown().await;
        }
        tokio::select! {
            done = tasks.join_next() => if done.is_none() { return },
            changed = course.changed() => if changed.is_err() { return },
        }
    }
}

async fn connection(stream: TcpStream, state: Arc<State>, mut course: watch::Receiver<Course>) {
    let open = Open::new(&state.log);
    // Without it, answers are only later.
    let _ = stream.set_nodelay(true);
    let (raw, mut plans) = mpsc::channel(1);
    let link = Arc::new(Link { number: open.1, requests: AtomicUsize::new(0), raw });
    let service = service_fn(move |request| {
        let (state, link) = (Arc::clone(&state), Arc::clone(&link));
        async move { Ok::<_, Infallible>(handle(state, link, request).await) }
    });
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let plan = loop {
        tokio::select! {
            biased;
            Some(plan) = plans.recv() => break plan,
            // A client that breaks off is what the tests are for.
            _ = &mut http => return,
            changed = course.changed() => match changed {
                Ok(()) => std::pin::Pin::new(&mut http).graceful_shutdown(),
                Err(_) => return,
            },
        }
    };
    plan.run(http.into_parts().io.into_inner()).await;
}
