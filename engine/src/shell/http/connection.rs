//! Connections that cannot be held for ever.
//!
//! The HTTP library waits without limit for a header that never ends. [`Guarded`] hands it sockets
//! that do not: from the first byte of a request its answer must begin within
//! [`Patience::request`], and nothing may stay silent for longer than [`Patience::idle`], else
//! reading or writing fails and the connection is closed. [`Guarded`] also holds at most
//! [`Patience::connections_max`] sockets; the next one waits in the system's queue.
//!
//! Cost: a look at the clock for each read and write. The timer is moved only when it fires or the
//! socket goes silent, not for each request.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long and how often connections may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte of a request to the first byte of its answer.
    pub request: Duration,
    /// From the last byte of an answer to the first of the next request.
    pub idle: Duration,
    /// Connections held at once.
    pub connections_max: usize,
}

/// A listener whose connections run out of patience.
#[derive(Debug)]
pub(crate) struct Guarded {
    listener: TcpListener,
    patience: Patience,
    places: Arc<Semaphore>,
}

/// A connection and the instant at which it is given up.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    patience: Patience,
    /// When to give up; the timer may stand earlier and is moved here when it fires.
    limit: Instant,
    timer: Pin<Box<Sleep>>,
    /// Whether the next byte read begins a request.
    is_between_requests: bool,
    _place: OwnedSemaphorePermit,
}

impl Guarded {
    /// Guards a listener.
    pub(crate) fn new(listener: TcpListener, patience: Patience) -> Guarded {
        Guarded { listener, patience, places: Arc::new(Semaphore::new(patience.connections_max)) }
    }
}

impl Listener for Guarded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers are short; waiting to fill a packet would only delay them. A socket that refuses
        // the option is one that is already closed.
        let _ = stream.set_nodelay(true);
        let limit = Instant::now() + self.patience.request;
        let timer = Box::pin(sleep_until(limit));
        let patience = self.patience;
        let connection =
            Connection { stream, patience, limit, timer, is_between_requests: true, _place: place };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connection {
    /// Whether the limit has passed; asks to be woken then, when it has not.
    fn is_overdue(&mut self, context: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(context).is_ready() {
            if self.limit <= Instant::now() {
                return true;
            }
            self.timer.as_mut().reset(self.limit);
        }
        false
    }

    fn give_up<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.is_overdue(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    fn note_read(&mut self, bytes: usize) {
        if self.is_between_requests && 0 < bytes {
            self.is_between_requests = false;
            self.set_limit(self.patience.request);
        }
    }

    fn note_written(&mut self) {
        self.is_between_requests = true;
        self.set_limit(self.patience.idle);
    }

    fn set_limit(&mut self, patience: Duration) {
        self.limit = Instant::now() + patience;
        if self.limit < self.timer.deadline() {
            self.timer.as_mut().reset(self.limit);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.give_up(context),
            Poll::Ready(read) => {
                self.note_read(buffer.filled().len() - before);
                Poll::Ready(read)
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.give_up(context),
            Poll::Ready(written) => {
                self.note_written();
                Poll::Ready(written)
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, slices) {
            Poll::Pending => self.give_up(context),
            Poll::Ready(written) => {
                self.note_written();
                Poll::Ready(written)
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    async fn serve(patience: Patience) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(axum::serve(Guarded::new(listener, patience), router).into_future());
        address
    }

    /// What comes back until the other side closes.
    async fn talk(address: SocketAddr, sent: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn half_a_header_is_not_waited_for() {
        let request = Duration::from_millis(20);
        let address = serve(Patience { request, idle: LONG, connections_max: 8 }).await;
        assert_eq!(talk(address, b"GET / HT").await, b"");
        assert_eq!(talk(address, b"").await, b"");
    }

    #[tokio::test]
    async fn a_silent_connection_is_closed_after_its_answer() {
        let idle = Duration::from_millis(20);
        let address = serve(Patience { request: LONG, idle, connections_max: 8 }).await;
        let answer = talk(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK") && answer.ends_with(b"here"));
    }

    #[tokio::test]
    async fn a_connection_over_the_limit_waits_for_a_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let patience = Patience { request: LONG, idle: LONG, connections_max: 1 };
        let mut guarded = Guarded::new(listener, patience);
        let _clients = [0; 2].map(|_| tokio::spawn(TcpStream::connect(address)));
        let (first, _) = guarded.accept().await;
        let mut second = std::pin::pin!(guarded.accept());
        let is_waiting =
            std::future::poll_fn(|context| Poll::Ready(second.as_mut().poll(context).is_pending()));
        assert!(is_waiting.await);
        drop(first);
        second.await;
    }
}
