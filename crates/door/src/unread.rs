//! A connection whose answers must be read: one that stands still, or nearly so, is closed with what it holds.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Once the kernel takes no more, so much must be read within the limit.
const READ_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub struct Unread<S> {
    stream: S,
    limit: Duration,
    /// Since the kernel's buffer was full; boxed, since most connections never have one.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    until: Pin<Box<Sleep>>,
    read: usize,
}

impl<S> Unread<S> {
    pub fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None }
    }

    /// What a write came to; an error where it has waited too long.
    fn judge(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                if let Some(waiting) = &mut self.waiting {
                    waiting.read += bytes;
                    if waiting.read >= READ_BYTES {
                        self.waiting = None;
                    }
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(error) => Poll::Ready(error),
            Poll::Pending => {
                let until = Instant::now() + self.limit;
                let begin = || Waiting { until: Box::pin(tokio::time::sleep_until(until)), read: 0 };
                let waiting = self.waiting.get_or_insert_with(begin);
                ready!(waiting.until.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is not read")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unread<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unread<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        // The kernel has all of it, so the next answer begins anew.
        self.waiting = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_is_cut() {
        let (reader, writer) = tokio::io::duplex(1 << 10);
        let mut writer = Unread::new(writer, LIMIT);
        let error = writer.write_all(&[0; 4 << 10]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(reader);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_cut_and_a_slow_reader_is_not() {
        let check = async |every: Duration, expected: bool| {
            let (mut reader, writer) = tokio::io::duplex(8 << 10);
            let reading = tokio::spawn(async move {
                let mut buffer = vec![0; 8 << 10];
                while reader.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {
                    tokio::time::sleep(every).await;
                }
            });
            let mut writer = Unread::new(writer, LIMIT);
            assert_eq!(writer.write_all(&vec![0; 256 << 10]).await.is_ok(), expected, "{every:?}");
            drop(writer);
            reading.await.unwrap();
        };
        check(Duration::from_secs(2), true).await;
        check(Duration::from_secs(20), false).await;
    }
}
